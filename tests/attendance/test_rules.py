"""Presence, conditions and the drawing of check-ins: plain values."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.attendance.rules import (
    CHECKIN_APART,
    CHECKIN_OPEN,
    Condition,
    Facts,
    Visit,
    conditions,
    draw_moments,
    is_fulfilled,
    jp_of_held,
    merged,
    presence_of,
)

NINE = datetime(2026, 11, 28, 2, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NINE + timedelta(minutes=minutes)


def visit(since: float, until: float, ended_by: str | None = "LEFT") -> Visit:
    return Visit(at(since), at(until), ended_by)


def minutes_of(*visits: Visit, live: tuple[float, float] = (0, 120)) -> tuple[float, float, float]:
    """Present, lost and away, in minutes."""
    found = presence_of(visits, at(live[0]), at(live[1]))
    return found.present_ms / 60_000, found.lost_ms / 60_000, found.away_ms / 60_000


def test_two_devices_count_once() -> None:
    assert minutes_of(visit(0, 60), visit(30, 90)) == (90, 0, 30)
    assert minutes_of(visit(0, 90), visit(30, 60, "LOST")) == (90, 0, 30)


def test_only_the_time_on_air_counts() -> None:
    assert minutes_of(visit(-15, 130), live=(0, 120)) == (120, 0, 0)
    assert minutes_of(visit(-15, -1)) == (0, 0, 120)
    assert presence_of([visit(0, 60)], None, None).present_ms == 0


def test_a_lost_connection_is_told_apart_from_leaving() -> None:
    assert minutes_of(visit(0, 20, "LOST"), visit(25, 60), visit(70, 120, "CLOSED")) == (105, 5, 10)


def test_a_page_loaded_anew_is_no_gap() -> None:
    assert minutes_of(visit(0, 20), visit(20 + 4 / 60, 120, "CLOSED")) == (120, 0, 0)


def test_the_servers_own_stop_is_held_against_nobody_who_returns_soon() -> None:
    assert minutes_of(visit(0, 20, "CRASH"), visit(24, 120, "CLOSED")) == (120, 0, 0)
    assert minutes_of(visit(0, 20, "CRASH"), visit(26, 120, "CLOSED")) == (114, 6, 0)
    assert minutes_of(visit(0, 20, "CRASH")) == (20, 100, 0)


def test_who_is_still_there_has_no_gap() -> None:
    assert minutes_of(visit(10, 120, None)) == (110, 0, 0)


def test_a_gap_that_began_before_the_start_is_one_from_the_start() -> None:
    assert minutes_of(visit(-10, -2, "LOST"), visit(5, 120, "CLOSED")) == (115, 5, 0)


spans = st.lists(
    st.tuples(st.integers(-30, 130), st.integers(0, 60), st.sampled_from(["LEFT", "LOST", "CRASH", "REMOVED"])).map(
        lambda t: visit(t[0], t[0] + t[1], t[2])
    ),
    max_size=8,
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(spans)
def test_presence_and_gaps_never_exceed_the_time_on_air(visits: list[Visit]) -> None:
    found = presence_of(visits, at(0), at(120))
    assert found.present_ms + found.lost_ms + found.away_ms <= 120 * 60_000
    assert found == presence_of(list(reversed(visits)), at(0), at(120))
    whole = merged(visits)
    assert all(one.until < two.since for one, two in pairwise(whole))


def facts(**values: object) -> Facts:
    known: dict[str, object] = {
        "live_ms": 120 * 60_000, "present_ms": 96 * 60_000, "presence_percent": 80, "checkins": 0, "checkins_held": 2, "checkins_needed": 0,
    }
    return Facts(**(known | values))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "fulfilled"),
    [
        ({}, True),
        ({"present_ms": 96 * 60_000 - 1}, False),
        ({"present_ms": 90 * 60_000, "granted_ms": 6 * 60_000}, True),
        ({"checkins": 1, "checkins_needed": 2}, False),
        ({"checkins": 1, "checkins_needed": 2, "granted_checkins": 1}, True),
        ({"checkins": 1, "checkins_needed": 2, "checkins_held": 1}, True),
        ({"posttest_asked": True}, False),
        ({"posttest_asked": True, "posttest_passed": True}, True),
        ({"live_ms": 0, "present_ms": 0}, False),
    ],
)
def test_what_a_webinar_asks_for(given: dict[str, object], fulfilled: bool) -> None:
    assert is_fulfilled(facts(**given)) is fulfilled


def test_granted_minutes_never_make_more_than_the_time_on_air() -> None:
    assert conditions(facts(granted_ms=10**9))[0] == Condition("presence", 120 * 60_000, 96 * 60_000)


def test_check_ins_lie_in_their_windows_outside_of_breaks_and_apart() -> None:
    below = random.Random(4).randrange
    pause = (at(20), at(50))
    for count in (1, 2, 3, 4, 5):
        for _round in range(200):
            moments = draw_moments(at(0), at(180), count, [pause], below)
            assert len(moments) == count
            assert all(at(5) <= moment <= at(175) for moment in moments)
            assert not any(pause[0] - CHECKIN_OPEN < moment < pause[1] for moment in moments)
            assert all(two - one >= CHECKIN_APART - timedelta(seconds=1) for one, two in pairwise(moments))
            if count > 1:
                assert moments[0] <= at(60)
                assert moments[-1] >= at(120)


def test_a_very_short_webinar_is_asked_all_the_same() -> None:
    moments = draw_moments(at(0), at(10), 3, [], random.Random(1).randrange)
    assert len(moments) == 3
    assert all(at(0) <= moment <= at(10) for moment in moments)


@pytest.mark.parametrize(
    ("minutes", "planned", "percent", "jp"),
    [(90, 2, 80, 2), (72, 2, 80, 2), (71.9, 2, 80, 1), (36, 2, 80, 1), (35.9, 2, 80, 0), (0, 2, 80, 0), (-5, 2, 80, 0), (600, 2, 80, 2), (90, 2, 100, 2), (89, 2, 100, 1), (1, 2, 0, 2), (600, 0, 80, 0)],
)
def test_jp_follow_the_time_on_air_up_to_what_was_planned(minutes: float, planned: int, percent: float, jp: int) -> None:
    assert jp_of_held(minutes, planned, 45, percent) == jp
