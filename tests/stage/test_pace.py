"""When the encoder does with less: late and not catching up, never for a moment's sake, and back after a calm while."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from app.stage.encoder.ladders import ladders
from app.stage.encoder.pace import FIRST_PATIENCE, LATE_MS, LONGEST_PATIENCE, WATCHED_SECONDS, Pace

Course = Callable[[float], float]  # second → second


def watch(pace: Pace, seconds: float, arrived: Course, made: Course, begin: float = 0.0) -> list[tuple[float, int]]:
    """Looks ten times a second, as the encoder does; each change of the step with its moment."""
    changes = []
    for tenth in range(int(seconds * 10)):
        before, now = pace.step, tenth / 10
        step = pace.look(begin + now, round(arrived(now) * 1000), round(made(now) * 1000))
        if step != before:
            changes.append((now, step))
            pace.begin(pace.steps)
    return changes


def test_a_run_that_keeps_up_is_left_alone_for_hours() -> None:
    assert watch(Pace(3), 7200, lambda now: now, lambda now: max(0.0, now - 2.5) // 1) == []


def test_a_run_that_falls_behind_is_replaced_by_a_cheaper_one() -> None:
    changes = watch(Pace(3), 30, lambda now: now, lambda now: now * 0.7 // 1)
    assert [step for _now, step in changes] == [1]
    assert LATE_MS / 300 <= changes[0][0] <= LATE_MS / 300 + WATCHED_SECONDS + 2


def test_one_that_stays_behind_at_the_pace_of_time_is_too_slow_as_well() -> None:
    assert [step for _now, step in watch(Pace(2), 15, lambda now: now + 60, lambda now: now // 1)] == [1]


@pytest.mark.parametrize("speed", [1.3, 2, 20])
def test_after_a_break_it_may_be_late_as_long_as_it_catches_up(speed: float) -> None:
    assert watch(Pace(3), 120, lambda now: now + 30, lambda now: min(now * speed, now + 28) // 1) == []


def test_a_burst_of_what_was_held_up_is_no_reason() -> None:
    assert watch(Pace(3), 60, lambda now: now if not 20 < now < 28 else 20.0, lambda now: max(0.0, (now if not 20 < now < 29 else 20.0) - 2)) == []


def test_a_moments_standstill_is_no_reason() -> None:
    assert watch(Pace(3), 60, lambda now: now, lambda now: max(0.0, now - 2) if not 20 < now < 28 else 18.0) == []


def test_nothing_at_all_is_for_others_to_judge() -> None:
    assert watch(Pace(3), 30, lambda now: now + 30, lambda now: 5.0) == []


def test_the_cheapest_step_is_kept_however_late() -> None:
    pace = Pace(2, step=1)
    assert watch(pace, 120, lambda now: now + 20, lambda now: now * 0.5 // 1) == []
    assert pace.step == 1


def test_after_a_calm_while_the_better_one_is_tried_again() -> None:
    (when, step), *more = watch(Pace(2, step=1), FIRST_PATIENCE + 60, lambda now: now, lambda now: max(0.0, now - 2))
    assert (round(when), step, more) == (FIRST_PATIENCE, 0, [])


def test_being_late_begins_the_calm_anew() -> None:
    late_at = FIRST_PATIENCE - 10
    (when, _step), *_more = watch(
        Pace(2, step=1), 3 * FIRST_PATIENCE, lambda now: now + (5 if late_at < now < late_at + 3 else 0), lambda now: max(0.0, now - 2)
    )
    assert when == pytest.approx(late_at + 3 + FIRST_PATIENCE, abs=1)


def test_what_does_not_hold_is_tried_ever_more_rarely() -> None:
    pace = Pace(2, step=1)
    waits = []
    begin = 0.0
    for _try in range(6):
        ((up, _step),) = watch(pace, LONGEST_PATIENCE + 10, lambda now: now, lambda now: max(0.0, now - 2), begin)[:1] or [(0.0, 0)]
        waits.append(round(up))
        pace.step, pace.rose_at = 0, begin + up
        pace.begin(2)
        begin += up
        ((down, _step),) = watch(pace, 60, lambda now: now, lambda now: now * 0.5 // 1, begin)
        begin += down
    assert waits == [300, 600, 1200, 2400, 3600, 3600]


def test_another_recording_has_other_steps() -> None:
    pace = Pace(3, step=2)
    pace.begin(2)
    assert pace.step == 1


@pytest.mark.parametrize("copies_picture", [True, False])
def test_sound_is_in_every_ladder_and_a_copied_picture_stays_copied(copies_picture: bool) -> None:
    steps = ladders(copies_picture)
    assert len(steps) > 1
    for ladder in steps:
        assert ladder.rungs[0] == "video"
        assert ladder.rungs[-1] == "audio"
        assert (ladder.picture is None) == copies_picture
