"""The drawings tell the truth about the numbers they are given."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.ui import figures


def _lit(pattern: str) -> float:
    numbers = [float(n) for n in pattern.split()]
    return sum(numbers[0::2])


def test_one_tick_is_one_jp():
    drawn = figures.ring(12, 20)
    assert drawn.ticks == 20
    assert _lit(drawn.on) == pytest.approx(12 * 0.8)


def test_half_a_jp_lights_half_a_tick():
    assert _lit(figures.ring(12.5, 20).on) == pytest.approx(12.5 * 0.8)


def test_nothing_gained_lights_nothing():
    assert _lit(figures.ring(0, 20).on) == 0


def test_more_than_the_target_is_a_full_ring_not_more():
    assert figures.ring(31.5, 20).on == figures.ring(20, 20).on
    assert figures.ring(31.5, 20).reached


def test_a_target_too_large_for_ticks_of_one_jp_is_drawn_in_twentieths():
    drawn = figures.ring(60, 120)
    assert drawn.ticks == 20
    assert _lit(drawn.on) == pytest.approx(10 * 0.8)


def test_without_a_target_nothing_is_missing():
    assert figures.ring(3, 0).reached


def test_the_pace_mark_stands_at_its_share_of_the_circle():
    assert figures.ring(2, 20, pace=5).pace == (105.0, 60.0, 120.0, 60.0)  # a quarter past: three o'clock


def test_the_pace_mark_goes_once_the_target_is_reached():
    assert figures.ring(20, 20, pace=17.9).pace is None


@given(st.floats(0, 500), st.floats(0.5, 200))
def test_the_pattern_fills_the_circle_once(value, target):
    drawn = figures.ring(value, target)
    numbers = [float(n) for n in drawn.on.split()]
    assert len(numbers) % 2 == 0
    assert sum(numbers) >= drawn.ticks


@given(st.floats(0, 100), st.integers(1, 100))
def test_ticks_are_all_lit_only_when_the_target_is_reached(value, target):
    lit, total = figures.tick_count(value, target)
    assert (lit == total) == (value >= target)


def test_watched_seconds_outside_the_recording_are_cut_off():
    strip = figures.strip(100, [(-5, 10), (90, 130), (200, 300)])
    assert [(bar.x, bar.width) for bar in strip.once] == [(0, 80), (720, 80)]


def test_the_position_mark_stays_inside():
    assert figures.strip(100, [], position=100).head == 796
    assert figures.strip(100, [], position=0).head == 0


def test_a_recording_without_length_draws_an_empty_strip():
    assert figures.strip(0, [(0, 5)], chapters=[1], position=2) == figures.Strip([], [], [], None)


def test_a_chapter_at_the_very_start_needs_no_cut():
    assert figures.strip(100, [], chapters=[0, 50]).cuts == [398.5]


def test_steps_leave_out_other_years_and_the_future():
    today = date(2026, 11, 23)
    entries = [(date(2025, 12, 31), 9), (date(2026, 12, 1), 9), (date(2026, 2, 17), 3)]
    assert figures.month_steps(entries, 20, today).path == figures.month_steps([(date(2026, 2, 17), 3)], 20, today).path


def test_more_jp_than_the_target_stays_on_the_field():
    drawn = figures.month_steps([(date(2026, 3, 1), 50)], 20, date(2026, 3, 2))
    assert drawn.dot[1] == figures.TOP


def test_even_pace_reaches_the_target_on_the_last_day_also_in_leap_years():
    assert figures.even_pace(20, date(2026, 12, 31)) == 20
    assert figures.even_pace(20, date(2028, 12, 31)) == 20
    assert figures.even_pace(20, date(2026, 11, 23)) == pytest.approx(17.92, abs=0.01)
