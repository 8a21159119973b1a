"""Enrolling, completing, JP under the day's cap, rebuilding."""

import threading
from collections.abc import Callable
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from app.kernel import clock
from app.kernel.db import db, transaction, write_intent
from app.kernel.errors import Conflict, Invalid
from app.learning import evidence, ledger, queries, rebuild, services
from app.learning.models import Enrollment, JpAccrual, JpCredit, LearningEvent, LessonProgress
from tests.learning.factories import lesson, publish_course
from tests.people.factories import make_unit, make_user

At = Callable[..., None]


def take(user_id: int, outline, *keys: str) -> None:  # type: ignore[no-untyped-def]
    for key in keys:
        with transaction():
            services.complete_lesson(user_id, outline, outline.lesson(key))


def enrol(user, outline) -> None:  # type: ignore[no-untyped-def]
    with transaction():
        services.enrol(user, outline)


def test_a_course_is_credited_once_with_the_jp_of_its_minutes(app: Flask, at: At) -> None:
    user, outline = make_user(), publish_course(jp=1)
    at(2026, 11, 23, 9, 0)
    enrol(user, outline)
    take(user.id, outline, "satu", "dua", "tiga", "tiga", "satu")
    credit = db.session.scalars(select(JpCredit)).one()
    assert (credit.jp, credit.counted_minutes, credit.credited_on) == (1, 60.0, date(2026, 11, 23))
    assert db.session.scalar(select(func.count()).select_from(JpAccrual)) == 3
    assert evidence.verify(user.id) == []


def test_a_day_counts_at_most_its_cap_over_all_courses(app: Flask, at: At) -> None:
    user = make_user()
    one = publish_course("satu", lesson("a", minutes=100), jp=2)
    two = publish_course("dua", lesson("b", minutes=100), jp=2)
    at(2026, 11, 23, 9, 0)
    for outline, key in ((one, "a"), (two, "b")):
        enrol(user, outline)
        take(user.id, outline, key)
    assert [c.jp for c in db.session.scalars(select(JpCredit).order_by(JpCredit.id))] == [2, 0]
    assert ledger.counted_on(user.id, "E_LEARNING", date(2026, 11, 23)) == 135


def test_the_day_is_the_one_where_the_learner_lives(app: Flask, at: At) -> None:
    user, outline = make_user(), publish_course()
    at(2026, 11, 23, 0, 30)  # 22 November 17.30 UTC
    enrol(user, outline)
    take(user.id, outline, "satu")
    assert db.session.scalars(select(JpAccrual.learned_on)).one() == date(2026, 11, 23)


def test_the_learner_can_be_told_before_the_cap_is_passed(app: Flask, at: At) -> None:
    user, outline = make_user(), publish_course("panjang", lesson("a", minutes=130), lesson("b", minutes=20), jp=3)
    at(2026, 11, 23, 9, 0)
    enrol(user, outline)
    take(user.id, outline, "a")
    room = ledger.day_room(user.id, "E_LEARNING", clock.today())
    assert (room.left, room.loses(20)) == (5.0, 15.0)


def test_enrolling_in_the_same_second_makes_one_enrollment(app: Flask) -> None:
    user, outline = make_user(), publish_course()
    new: list[bool] = []
    faults: list[Exception] = []

    def go() -> None:
        with app.app_context():
            try:
                with transaction():
                    new.append(services.enrol(db.session.merge(user, load=False), outline)[1])
            except Exception as fault:
                faults.append(fault)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=go) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert sorted(new) == [False] * 5 + [True]
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(LearningEvent).where(LearningEvent.verb == "registered")) == 1


def test_prerequisites_are_asked_for(app: Flask) -> None:
    user = make_user()
    publish_course("dasar")
    outline = publish_course("lanjut", prerequisites=("dasar",))
    with pytest.raises(Conflict) as refused:
        enrol(user, outline)
    assert refused.value.code == "prerequisites"
    assert db.session.scalar(select(func.count()).select_from(Enrollment)) == 0


def test_assigning_sets_a_date_and_keeps_the_units_name_of_the_day(app: Flask, at: At) -> None:
    at(2026, 11, 23, 9, 0)
    boss, user, outline = make_user("Atasan"), make_user("Staf", unit=make_unit("Kelurahan Penyengat")), publish_course()
    with transaction():
        assert services.enrol(user, outline, assigned_by=boss, due_on=date(2026, 12, 4))[1] is True
        assert services.enrol(user, outline, assigned_by=boss, due_on=date(2026, 12, 4))[1] is False
    row = db.session.scalars(select(Enrollment)).one()
    assert (row.source, row.due_on, row.org_unit_name) == ("ASSIGNED", date(2026, 12, 4), "Kelurahan Penyengat")


def test_nobody_loses_progress_when_the_course_gets_a_new_version(app: Flask) -> None:
    user, first = make_user(), publish_course("v", lesson("a"), lesson("b"))
    enrol(user, first)
    take(user.id, first, "a")
    second = publish_course("v", lesson("baru"), lesson("a"), lesson("b"))
    standing = queries.standing_in(user.id, second)
    assert second.number == first.number + 1
    assert standing.completed == {"a"}


def test_rebuilding_from_the_evidence_gives_the_same(app: Flask, at: At) -> None:
    user = make_user()
    one, two = publish_course("satu", lesson("a", minutes=100), jp=2), publish_course("dua", lesson("b", minutes=100), lesson("c"), jp=2)
    at(2026, 11, 23, 9, 0)
    for outline in (one, two):
        enrol(user, outline)
    take(user.id, one, "a")
    take(user.id, two, "b")
    at(2026, 11, 24, 9, 0)
    take(user.id, two, "c")
    assert rebuild.differences(user.id) == []
    before = rebuild.stored(user.id)
    with write_intent(), db.engine.begin() as connection:
        connection.execute(update(JpCredit).values(jp=9))
        connection.execute(update(JpAccrual).values(counted_minutes=1))
        connection.execute(update(LessonProgress).values(state="STARTED", completed_at=None))
        connection.execute(update(Enrollment).values(completed_at=None))
    db.session.remove()
    with transaction():
        assert rebuild.rebuild(user.id) != []
    assert rebuild.stored(user.id) == before
    assert rebuild.differences(user.id) == []


def test_reading_too_fast_is_told_and_not_counted(app: Flask, at: At) -> None:
    user, outline = make_user(), publish_course("baca", lesson("a", minutes=8))
    at(2026, 11, 23, 9, 0)
    enrol(user, outline)
    with transaction():
        services.open_lesson(user.id, outline, outline.lesson("a"))
    started = queries.standing_in(user.id, outline).lessons["a"].started_at
    at(2026, 11, 23, 9, 1)
    with pytest.raises(services.TooEarly) as refused, transaction():
        services.mark_read(user.id, outline, outline.lesson("a"), started)
    assert refused.value.facts["seconds_left"] == 61
    at(2026, 11, 23, 9, 2)
    with transaction():
        assert services.mark_read(user.id, outline, outline.lesson("a"), started)


@pytest.mark.parametrize("position", [{}, {"seconds": "3"}, {"seconds": -1}, {"seconds": float("inf")}, {"other": 3}, {"part": True}])
def test_a_position_that_is_none_is_refused(app: Flask, position: dict[str, object]) -> None:
    user, outline = make_user(), publish_course()
    with pytest.raises(Invalid), transaction():
        services.keep_position(user.id, outline.lesson("satu").lesson_id, position)
