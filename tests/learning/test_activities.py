"""Activities that are no course in the ledger: once, by the day's rule, changed only by a new fact, and rebuilt the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from app.kernel.db import db, transaction, write_intent
from app.learning import evidence, ledger, rebuild, services, slots
from app.learning.models import JpCredit, LearningEvent
from app.notifications.models import Notification
from tests.learning.factories import lesson, publish_course
from tests.people.factories import make_user, sign_in

At = Callable[..., None]
DAY = date(2026, 11, 23)


@pytest.fixture
def limits() -> Iterator[None]:
    """Limits that a test registers end with it."""
    kept = list(slots.JP_LIMITS), list(slots.ACTIVITY_LIMITS)
    yield
    slots.JP_LIMITS[:], slots.ACTIVITY_LIMITS[:] = kept


def attend(user_id: int, number: int = 12, jp: int = 2, **more: Any) -> JpCredit | None:
    with transaction():
        return services.credit_activity(user_id, f"webinar:{number}", "SEMINAR", f"Webinar {number}", jp, 92.0, DAY, **more)


def events_of(user_id: int) -> list[tuple[str, str]]:
    rows = db.session.execute(select(LearningEvent.verb, LearningEvent.object_type).where(LearningEvent.person_id == user_id)).all()
    return [(verb, kind) for verb, kind in rows]


def test_an_activity_is_credited_once_with_its_evidence_and_told(app: Flask, at: At) -> None:
    at(2026, 11, 23, 12, 0)
    user = make_user()
    attend(user.id)
    attend(user.id)
    entry = db.session.scalars(select(JpCredit)).one()
    assert (entry.activity, entry.course_id, entry.jp, entry.course_jp, entry.reason) == ("webinar:12", None, 2, 2, "")
    assert entry.legal_basis.startswith("PerLAN 10/2018")
    assert events_of(user.id) == [("attended", "webinar")]
    assert evidence.verify(user.id) == []
    assert db.session.scalar(select(func.count(Notification.id)).where(Notification.user_id == user.id)) == 1


def test_nothing_earned_writes_nothing(app: Flask) -> None:
    user = make_user()
    assert attend(user.id, jp=0) is None
    assert events_of(user.id) == []


def test_a_day_gives_no_more_than_its_rule_over_all_seminars(app: Flask) -> None:
    user = make_user()
    entries = [attend(user.id, number, jp=3) for number in (1, 2, 3)]
    assert [(entry.jp, entry.reason) for entry in entries if entry] == [(3, ""), (1, "per_day"), (0, "per_day")]
    assert rebuild.differences(user.id) == []


def test_a_change_is_a_new_fact_with_its_reason_and_the_old_one_stays(app: Flask) -> None:
    user = make_user()
    attend(user.id, jp=1, worth=2)
    attend(user.id, jp=2, worth=2, reason="appeal")
    attend(user.id, jp=0, worth=2, reason="appeal")
    entry = db.session.scalars(select(JpCredit)).one()
    assert (entry.jp, entry.course_jp, entry.reason, entry.event_sequence) == (0, 2, "appeal", 3)
    facts = db.session.scalars(select(LearningEvent.facts).order_by(LearningEvent.sequence)).all()
    assert [(fact["jp"], fact["why"]) for fact in facts] == [(1, ""), (2, "appeal"), (0, "appeal")]
    assert evidence.verify(user.id) == []
    assert rebuild.differences(user.id) == []


def test_rebuilding_gives_activities_and_courses_the_same(app: Flask, at: At, limits: None) -> None:
    at(2026, 11, 23, 9, 0)
    user, course = make_user(), publish_course("satu", lesson("a", minutes=100), jp=2)
    slots.register_jp_limit(lambda user_id, course_id, jp: 1, "twin")
    with transaction():
        services.enrol(user, course)
        services.complete_lesson(user.id, course, course.lesson("a"))
    attend(user.id, 1, jp=3)
    attend(user.id, 2, jp=3)
    before = rebuild.stored(user.id)
    assert [(key, entry[3], entry[-1]) for key, entry in before.credits.items()] == [
        (f"course:{course.course_id}", 1, "twin"), ("webinar:1", 3, ""), ("webinar:2", 1, "per_day")
    ]
    with write_intent(), db.engine.begin() as connection:
        connection.execute(update(JpCredit).values(jp=9, reason="x"))
    db.session.remove()
    with transaction():
        assert len(rebuild.rebuild(user.id)) == 3
    assert rebuild.stored(user.id) == before


def test_the_least_of_all_limits_wins_and_its_reason_is_kept(app: Flask, limits: None) -> None:
    user = make_user()
    slots.register_activity_limit(lambda user_id, activity, jp: 2, "generous")
    slots.register_activity_limit(lambda user_id, activity, jp: 1 if activity == "webinar:12" else jp, "twin", "Sudah dihitung.")
    slots.register_activity_limit(lambda user_id, activity, jp: jp + 5, "none")
    entry = attend(user.id, jp=3)
    assert entry is not None
    assert (entry.jp, entry.course_jp, entry.reason) == (1, 3, "twin")
    assert slots.reason_words("twin") == "Sudah dihitung."
    assert ledger.least(2, [(-4, "below")]) == ledger.Limit(0, "below")
    assert rebuild.differences(user.id) == []


def test_the_record_shows_an_activity_with_its_minutes(app: Flask, at: At) -> None:
    at(2026, 11, 23, 12, 0)
    user = make_user()
    attend(user.id, jp=3)
    attend(user.id, 13, jp=3)
    page = sign_in(app.test_client(), user).get("/rekam-jejak").text
    assert "Webinar 12" in page
    assert "Hadir 92 menit." in page
    assert "seminar atau webinar" in page
    assert "Dibatasi oleh JP paling banyak sehari" in page
