"""Seats, the lease and the still: who composes, who follows, and what stands when nothing arrives. No socket here."""

from __future__ import annotations

from typing import Any

import pytest

from app.room.hands import Hands
from app.room.presence import Presence
from app.room.room import Room
from app.stage.lease import SILENT_SECONDS
from app.stage.part import ASKED, BEHIND, KEPT_SECONDS, STARTING_SECONDS, WEARY_SECONDS, StagePart
from app.stage.seats import FORGIVEN_SECONDS, GREEN, MODERATOR, ON_STAGE, SPEAKER, VOICE, Seat, best_composer, has_room
from app.stage.takes import Takes


@pytest.fixture
def told() -> list[tuple[str, str, Any]]:
    return []


@pytest.fixture
def part(told: list[tuple[str, str, Any]]) -> StagePart:
    room = Room(1, [Presence, Hands, Takes, StagePart])
    room.send_own = lambda connections, kind, body: told.extend((connection, kind, body) for connection in connections)
    part = room.part(StagePart)
    part.live = True
    return part


def seat(key: str, role: str = SPEAKER, **values: Any) -> Seat:
    return Seat(**{"key": key, "name": key, "note": "", "role": role, "connection": f"c-{key}", "composes": True, "place": GREEN} | values)


def composing(told: list[tuple[str, str, Any]]) -> list[tuple[str, int]]:
    return [(connection, body["epoch"]) for connection, kind, body in told if kind == "compose"]


def test_a_moderator_composes_before_a_speaker_and_the_better_link_before_the_weaker() -> None:
    seats = {one.key: one for one in (seat("s1", kbps=9000), seat("u1", MODERATOR, kbps=900), seat("u2", MODERATOR, kbps=2000))}
    assert best_composer(seats, 0.0) is seats["u2"]
    seats["u2"].failed_at = 0.0
    assert best_composer(seats, 1.0) is seats["u1"]
    assert best_composer(seats, 100.0) is seats["u2"]


def test_a_voice_an_absent_browser_and_one_that_cannot_record_never_compose() -> None:
    seats = {one.key: one for one in (seat("u5", VOICE), seat("s1", connection=None), seat("s2", composes=False))}
    assert best_composer(seats, 0.0) is None


def test_the_first_able_browser_gets_the_lease_once_on_air(part: StagePart, told: list[Any]) -> None:
    part.live = False
    part.sit(seat("s1"))
    assert composing(told) == []
    part.went_live()
    assert composing(told) == [("c-s1", 1)]
    part.sit(seat("u1", MODERATOR))
    assert part.lease.participant == "s1"


def test_a_cut_composer_is_replaced_at_once_and_its_pieces_are_refused(part: StagePart, told: list[Any]) -> None:
    part.sit(seat("s1"))
    part.sit(seat("s2"))
    part.cut("c-s1")
    assert composing(told) == [("c-s1", 1), ("c-s2", 2)]
    assert not part.lease.holds("c-s1", 1)
    assert not part.lease.holds("c-s1", 2)
    assert part.lease.holds("c-s2", 2)


def test_a_silent_composer_is_replaced_and_told(part: StagePart, told: list[Any]) -> None:
    part.sit(seat("s1"))
    part.sit(seat("s2"))
    part.lease.heard(100.0)
    part.look_after(100.0 + SILENT_SECONDS)
    assert part.lease.participant == "s1"
    part.look_after(100.1 + SILENT_SECONDS)
    assert part.lease.participant == "s2"
    assert ("c-s1", "stop_composing", {"epoch": 1}) in told
    part.look_after(100.2 + SILENT_SECONDS + STARTING_SECONDS)
    assert part.lease.participant == "s2"


def test_two_weak_browsers_do_not_take_turns(part: StagePart) -> None:
    part.sit(seat("s1"))
    part.sit(seat("s2"))
    assert part.pass_on(99.0, BEHIND)
    assert not part.pass_on(100.0, BEHIND), "a smaller picture is better than a browser that has just failed"
    part.lease.heard(100.0)
    part.look_after(100.1 + SILENT_SECONDS)
    assert part.lease.participant == "s2"
    part.look_after(100.1 + SILENT_SECONDS + WEARY_SECONDS)
    assert part.lease.participant == "s1"
    assert part.pass_on(107.0, ASKED), "a moderator's word holds always"
    assert part.pass_on(108.0 + FORGIVEN_SECONDS, BEHIND)


def test_alone_a_silent_composer_keeps_the_lease_and_a_still_stands_until_pieces_come(part: StagePart) -> None:
    part.sit(seat("s1", place=ON_STAGE))
    part.lease.heard(100.0)
    part.look_after(101.0)
    assert part.still is None
    part.look_after(103.0)
    assert part.lease.holds("c-s1", 1)
    assert part.still == {"name": "s1", "reason": "lost"}
    part.lease.heard(103.5)
    part.look_after(104.0)
    assert part.still is None


def test_nobody_has_composed_yet_is_said_apart_from_a_loss(part: StagePart) -> None:
    part.look_after(1.0)
    assert part.still == {"name": "", "reason": "waiting"}


def test_a_seat_waits_for_its_browser_and_then_is_free(part: StagePart) -> None:
    part.sit(seat("s1", place=ON_STAGE))
    part.cut("c-s1")
    lost_at = part.seats["s1"].lost_at or 0.0
    part.look_after(lost_at + KEPT_SECONDS)
    assert "s1" in part.seats
    part.look_after(lost_at + KEPT_SECONDS + 0.1)
    assert part.seats == {}


def test_whoever_was_on_stage_by_the_rows_comes_back_there(part: StagePart) -> None:
    part.called = {"s1": False}
    part.sit(seat("s1"))
    assert part.shown()["people"][0]["key"] == "s1"


def test_the_stage_tells_whose_place_is_kept_while_their_browser_is_away(part: StagePart) -> None:
    part.called = {"s1": False}
    part.sit(seat("s1"))
    part.cut("c-s1")
    part.look_after((part.seats["s1"].lost_at or 0.0) + KEPT_SECONDS + 0.1)
    assert part.shown_to_stage()["seats"] == []
    assert part.shown_to_stage()["called"] == ["s1"]


def test_three_speakers_and_one_voice_at_a_time() -> None:
    seats = {f"s{n}": seat(f"s{n}", place=ON_STAGE) for n in range(3)}
    assert not has_room(seats, SPEAKER)
    assert has_room(seats, MODERATOR)
    seats["u9"] = seat("u9", VOICE, place=ON_STAGE)
    assert not has_room(seats, VOICE)


def test_the_end_takes_the_lease_back_and_empties_the_stage(part: StagePart, told: list[Any]) -> None:
    part.sit(seat("s1", place=ON_STAGE))
    part.ended()
    assert part.lease.connection is None
    assert ("c-s1", "stop_composing", {"epoch": 1}) in told
    assert part.shown()["people"] == []
    assert part.shown_to_stage()["called"] == []
    part.sit(seat("s2"))
    assert part.lease.connection is None
