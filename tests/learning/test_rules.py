from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.learning import rules
from app.learning.rules import DayCap

CAP = DayCap(135.0, "PerLAN 10/2018", 3)
T0 = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Item:
    key: str
    requires: tuple[str, ...] = ()


def test_minutes_count_until_the_days_cap() -> None:
    assert rules.counted_minutes(20, 0, CAP) == 20
    assert rules.counted_minutes(20, 130, CAP) == 5
    assert rules.counted_minutes(20, 135, CAP) == 0
    assert rules.counted_minutes(20, 500, None) == 20


@given(st.lists(st.integers(1, 240).map(lambda n: n / 2), max_size=30))
def test_a_day_never_counts_more_than_its_cap(lessons: list[float]) -> None:
    counted = 0.0
    for minutes in lessons:
        counted += rules.counted_minutes(minutes, counted, CAP)
    assert counted == min(sum(lessons), CAP.minutes)


@pytest.mark.parametrize(("minutes", "most", "jp"), [(179.5, 4, 3), (180, 4, 4), (400, 4, 4), (44.5, 4, 0), (0, 4, 0)])
def test_jp_are_whole_hours_of_45_minutes(minutes: float, most: int, jp: int) -> None:
    assert rules.jp_of(minutes, 45, most) == jp


def test_a_linear_course_opens_one_lesson_after_the_other() -> None:
    lessons = [Item("a"), Item("b"), Item("c")]
    assert rules.what_locks(lessons, "a", True, set()) == ()
    assert rules.what_locks(lessons, "c", True, {"a"}) == ("b",)
    assert rules.what_locks(lessons, "c", False, set()) == ()


def test_what_was_completed_stays_open_when_a_lesson_is_put_before_it() -> None:
    lessons = [Item("new"), Item("a"), Item("b"), Item("c", ("new",))]
    assert rules.what_locks(lessons, "a", True, {"a"}) == ()
    assert rules.what_locks(lessons, "c", False, {"c"}) == ()
    assert rules.what_locks(lessons, "b", True, {"a"}) == ("new",)


def test_a_free_course_still_keeps_what_a_lesson_requires() -> None:
    lessons = [Item("a"), Item("b"), Item("c", ("a",))]
    assert rules.what_locks(lessons, "c", False, {"b"}) == ("a",)


def test_time_is_allowed_from_the_opening_and_not_twice() -> None:
    later = T0 + timedelta(seconds=30)
    assert rules.allowance(later, T0, None, 1.0).milliseconds == 30_000
    assert rules.allowance(later, T0, T0 + timedelta(seconds=20), 1.0).milliseconds == 10_000
    assert rules.allowance(later, T0, later + timedelta(seconds=5), 2.0).milliseconds == 0
    assert rules.allowance(later, T0, None, 2.0).milliseconds == 60_000


def test_hundred_percent_means_nothing_is_missing() -> None:
    assert rules.percent(999, 1000) == 99
    assert rules.percent(1000, 1000) == 100
    assert rules.percent(1, 0) == 0
    assert rules.percent(8, 28) == 28


@given(st.lists(st.integers(1, 50), max_size=60))
def test_a_number_is_taken_once_whatever_the_order(numbers: list[int]) -> None:
    last = received = 0
    taken = []
    for number in numbers:
        state = rules.take_number(last, received, number)
        if state is not None:
            last, received = state
            taken.append(number)
    assert sorted(taken) == sorted(set(numbers))


def test_what_is_too_far_behind_is_not_taken() -> None:
    assert rules.take_number(100, 1, 40) is None
    assert rules.take_number(100, 1, 41) is not None
    assert rules.take_number(1, 1, 10**6) == (10**6, 1)
