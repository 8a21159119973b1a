"""One clock of reading per person: texts that stand open side by side take as long as texts read one after the other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from app.courses.outline import CourseOutline
from app.kernel.db import db, transaction
from app.learning import queries, services
from app.learning.kinds import behavior_of
from app.learning.models import LessonProgress
from app.learning.reading import TEXTS, TextRead, lacking
from app.people.models import User
from tests.learning.factories import lesson, publish_course
from tests.people.factories import make_user

At = Callable[..., None]
NINE = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


def moment(minute: float) -> datetime:
    return NINE + timedelta(minutes=minute)


def text(opened: float, marked: float, minutes: float = 20) -> TextRead:
    return TextRead(0, moment(opened), moment(marked), minutes)


def minutes_lacking(opened: float, now: float, *beside: TextRead, minutes: float = 20) -> float:
    return lacking(moment(opened), minutes, beside, moment(now)) / 60_000


def test_a_text_alone_lacks_a_quarter_of_its_time_less_what_has_passed() -> None:
    assert minutes_lacking(0, 2) == 3
    assert minutes_lacking(0, 5) == 0


def test_what_was_read_before_it_was_opened_takes_nothing() -> None:
    assert minutes_lacking(10, 15, text(0, 10)) == 0


def test_a_text_that_stood_open_beside_it_takes_its_own_time_once() -> None:
    assert minutes_lacking(0, 5, text(0, 5)) == 5
    assert minutes_lacking(0, 100, *[text(0, 100)] * 19) == 0
    assert minutes_lacking(0, 100, *[text(0, 100)] * 20) == 5


def test_the_earliest_free_time_is_taken_so_that_waiting_is_never_lost() -> None:
    assert minutes_lacking(10, 15, text(0, 15)) == 0  # the other had its five minutes before this one was opened
    assert minutes_lacking(10, 15, text(0, 5), text(4, 15)) == 0
    assert minutes_lacking(10, 15, text(0, 10), text(0, 10), text(8, 15)) == 5


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(4, 60)), min_size=1, max_size=12))
def test_whoever_marks_as_soon_as_it_goes_has_spent_the_time_of_all_texts(opened: list[tuple[int, int]]) -> None:
    marked: list[TextRead] = []
    now = 0.0
    for at, minutes in opened:
        now = max(now, at)
        now += max(0, lacking(moment(at), minutes, marked, moment(now))) / 60_000
        marked.append(text(at, now, minutes))
    assert now - min(at for at, _minutes in opened) >= sum(minutes for _at, minutes in opened) / 4 - 0.001


def test_the_kinds_that_share_the_clock_are_those_that_readers_mark(app: Flask) -> None:
    assert [kind for kind in ("article", "document", "quiz", "video") if behavior_of(kind).marked_by_reader] == list(TEXTS)


# ---- marking ----


@pytest.fixture
def course(app: Flask) -> CourseOutline:
    return publish_course("baca", *(lesson(key, minutes=20) for key in "abc"), sequence="FREE")


@pytest.fixture
def reader(app: Flask, course: CourseOutline, at: At) -> User:
    """Has opened all three texts at nine."""
    at(2026, 11, 23, 9, 0)
    user = make_user()
    with transaction():
        services.enrol(user, course)
        for key in "abc":
            services.open_lesson(user.id, course, course.lesson(key))
    return user


def mark(user_id: int, course: CourseOutline, key: str) -> bool:
    opened_at = queries.standing_in(user_id, course).lessons[key].started_at
    with transaction():
        return services.mark_read(user_id, course, course.lesson(key), opened_at)


def test_opening_everything_at_once_saves_no_time(reader: User, course: CourseOutline, at: At) -> None:
    at(2026, 11, 23, 9, 5)
    assert mark(reader.id, course, "a")
    with pytest.raises(services.TooEarly) as refused:
        mark(reader.id, course, "b")
    assert refused.value.facts["seconds_left"] == 301
    at(2026, 11, 23, 9, 10)
    assert mark(reader.id, course, "b")
    with pytest.raises(services.TooEarly):
        mark(reader.id, course, "c")
    at(2026, 11, 23, 9, 15)
    assert mark(reader.id, course, "c")


def test_the_clock_is_one_for_all_courses_and_each_persons_own(reader: User, course: CourseOutline, at: At) -> None:
    other, budi = publish_course("lain", lesson("x", minutes=20)), make_user("Budi")
    with transaction():
        services.enrol(reader, other)
        services.open_lesson(reader.id, other, other.lesson("x"))
        services.enrol(budi, other)
        services.open_lesson(budi.id, other, other.lesson("x"))
    at(2026, 11, 23, 9, 5)
    assert mark(reader.id, course, "a")
    with pytest.raises(services.TooEarly):
        mark(reader.id, other, "x")
    assert mark(budi.id, other, "x")


def test_marking_again_what_is_read_is_no_fault(reader: User, course: CourseOutline, at: At) -> None:
    at(2026, 11, 23, 9, 10)
    assert mark(reader.id, course, "a")
    assert mark(reader.id, course, "b")
    assert mark(reader.id, course, "a") is False


def test_two_texts_marked_in_the_same_moment_do_not_share_their_time(app: Flask, reader: User, course: CourseOutline, at: At) -> None:
    at(2026, 11, 23, 9, 5)
    user_id, start = reader.id, threading.Barrier(2)
    db.session.rollback()

    def go(key: str) -> None:
        with app.app_context():
            try:
                opened_at = queries.standing_in(user_id, course).lessons[key].started_at
                db.session.rollback()
                start.wait(20)
                with transaction():
                    services.mark_read(user_id, course, course.lesson(key), opened_at)
            except services.TooEarly:
                pass
            finally:
                db.session.remove()

    threads = [threading.Thread(target=go, args=(key,)) for key in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    done = db.session.scalars(select(LessonProgress.lesson_id).where(LessonProgress.user_id == user_id, LessonProgress.completed_at.is_not(None))).all()
    assert len(done) == 1
