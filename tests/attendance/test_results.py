"""What presence comes to: conditions, JP once, again after a post-test, and nothing twice."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.assessment.events import AttemptGraded
from app.assessment.models import AttemptState, Quiz, QuizAttempt
from app.attendance import checkins, held, queries, results
from app.attendance.models import AttendanceResult
from app.kernel import clock, events
from app.kernel.db import db, transaction
from app.kernel.regulation import RegulatedValue
from app.learning import evidence, rebuild
from app.learning.models import JpCredit, LearningEvent
from app.notifications.models import Notification
from app.people.models import User
from app.room.rooms import NAMESPACE
from app.webinars.models import Webinar
from app.webinars.queries import participant_for_guest
from tests.assessment.factories import make_quiz
from tests.attendance.kit import end, go_live, part_of, run_jobs, settled
from tests.people.factories import make_user, sign_in
from tests.room.kit import Visitor, forget_everybody, visit, visit_as_speaker
from tests.webinars.factories import make_guest, make_speaker, make_webinar, register

At = Callable[..., None]


def hold(
    app: Flask, at: At, *, present: int = 120, live: int = 120, user: User | None = None, before_end: Callable[[Webinar], Any] | None = None, **values: Any
) -> tuple[Webinar, User]:
    """A webinar of two hours, or of other minutes, and one ASN who stays for some minutes of it."""
    at(2026, 11, 28, 8, 50)
    webinar = make_webinar(**{"checkin_count": 0} | values)
    person = user or make_user("Alia")
    register(webinar, person)
    visitor = visit(app, webinar, person)
    at(2026, 11, 28, 9, 0)
    go_live(webinar)
    at(2026, 11, 28, 9 + present // 60, present % 60)
    visitor.socket.disconnect(NAMESPACE)
    settled(app, webinar.id)
    at(2026, 11, 28, 9 + live // 60, live % 60)
    if before_end:
        before_end(webinar)
    end(webinar)
    settled(app, webinar.id)
    at(2026, 11, 28, 11, 1)
    run_jobs()
    return webinar, person


def result_of(webinar: Webinar, user: User) -> AttendanceResult:
    db.session.expire_all()
    found = queries.find_result(webinar.id, f"u{user.id}")
    assert found is not None
    return found


def credits_of(user: User) -> list[tuple[str, int]]:
    return [(row.activity, row.jp) for row in db.session.scalars(select(JpCredit).where(JpCredit.user_id == user.id))]


def test_who_was_there_gets_the_jp_once_and_is_told(app: Flask, at: At) -> None:
    webinar, user = hold(app, at, present=96)
    result = result_of(webinar, user)
    assert (result.present_ms, result.live_ms, result.fulfilled, result.jp) == (96 * 60_000, 120 * 60_000, True, 2)
    results.compute(webinar.id)
    assert credits_of(user) == [(f"webinar:{webinar.id}", 2)]
    assert evidence.verify(user.id) == []
    assert rebuild.differences(user.id) == []
    assert [note.kind for note in db.session.scalars(select(Notification).where(Notification.user_id == user.id))] == ["jp"]


def test_who_missed_too_much_gets_none_and_learns_why(app: Flask, at: At) -> None:
    webinar, user = hold(app, at, present=90)
    result = result_of(webinar, user)
    assert (result.fulfilled, result.jp) == (False, 0)
    assert result.missing == {"presence": {"have": 90 * 60_000, "need": 96 * 60_000}}
    assert credits_of(user) == []
    note = db.session.scalars(select(Notification).where(Notification.user_id == user.id)).one()
    assert note.url == f"/webinar/{webinar.slug}/kehadiran"


def test_a_webinar_that_ended_early_gives_the_jp_of_its_time_on_air(app: Flask, at: At) -> None:
    webinar, user = hold(app, at, present=40, live=40)
    assert (result_of(webinar, user).fulfilled, result_of(webinar, user).jp) == (True, 1)
    entry = db.session.scalars(select(JpCredit)).one()
    assert (entry.jp, entry.course_jp, entry.reason) == (1, 2, held.REASON)
    assert rebuild.differences(user.id) == []
    assert "paling banyak 1 dari 2 JP" in sign_in(app.test_client(), user).get(f"/webinar/{webinar.slug}/kehadiran").text


def test_a_webinar_of_minutes_is_recorded_without_jp(app: Flask, at: At) -> None:
    webinar, user = hold(app, at, present=20, live=20)
    assert (result_of(webinar, user).fulfilled, result_of(webinar, user).jp) == (True, 0)
    assert credits_of(user) == [(f"webinar:{webinar.id}", 0)]
    note = db.session.scalars(select(Notification).where(Notification.user_id == user.id)).one()
    assert note.title == f"Kehadiran tercatat tanpa JP: {webinar.title}"


def test_a_rule_of_zero_percent_asks_for_no_time_on_air(app: Flask, at: At) -> None:
    with transaction() as session:
        session.scalars(select(RegulatedValue).where(RegulatedValue.key == held.HELD_PERCENT)).one().value = 0
    webinar, user = hold(app, at, present=5, live=5)
    assert result_of(webinar, user).jp == 2


def test_an_activity_without_a_plan_to_read_is_not_limited(app: Flask) -> None:
    assert [held.limit_held(1, key, 3) for key in ("webinar:999", "course:1")] == [3, 3]


def test_guests_speakers_and_the_absent_are_recorded_without_jp(app: Flask, at: At) -> None:
    def others(webinar: Webinar) -> None:
        register(webinar, make_user("Budi"))
        guest = participant_for_guest(webinar, make_guest(webinar))
        assert guest is not None
        Visitor(app, guest)
        visit_as_speaker(app, make_speaker(webinar))
        settled(app, webinar.id)

    webinar, _user = hold(app, at, before_end=others)
    rows = {row.participant[0]: row for row in db.session.scalars(select(AttendanceResult).where(AttendanceResult.user_id.is_(None)))}
    assert {key: (row.registered, row.jp) for key, row in rows.items()} == {"g": (True, 0), "s": (False, 0)}
    absent = db.session.scalars(select(User).where(User.full_name == "Budi")).one()
    assert result_of(webinar, absent).present_ms == 0
    assert db.session.scalars(select(Notification).where(Notification.user_id == absent.id)).all() == []


def test_check_ins_are_asked_for_when_the_webinar_says_so(app: Flask, at: At) -> None:
    def ask(webinar: Webinar) -> None:
        held = checkins.open_another(webinar.id)
        part_of(app, webinar.id).note_opened(held)

    webinar, user = hold(app, at, checkins_needed=2, before_end=ask)
    assert result_of(webinar, user).missing == {"checkins": {"have": 0, "need": 1}}


def test_a_post_test_passed_later_completes_it(app: Flask, at: At) -> None:
    webinar, user = hold(app, at, posttest_key="uji/post")
    assert result_of(webinar, user).missing == {"posttest": {"have": 0, "need": 1}}
    pass_posttest(app, at, user, "uji/post")
    assert run_jobs() == 1
    assert result_of(webinar, user).fulfilled
    assert credits_of(user) == [(f"webinar:{webinar.id}", 2)]


def pass_posttest(app: Flask, at: At, user: User, key: str, passed: bool = True) -> None:
    """An attempt as assessment leaves and announces it."""
    version = make_quiz(key=key)
    with transaction() as session:
        quiz = session.scalars(select(Quiz).where(Quiz.key == key)).one()
        attempt = QuizAttempt(
            quiz_id=quiz.id, quiz_version_id=version.id, user_id=user.id, number=1, started_at=clock.now(), layout={},
            state=AttemptState.SUBMITTED, submitted_at=clock.now(), percent=90, passed=passed,
        )
        session.add(attempt)
        session.flush()
        events.record(AttemptGraded(attempt.id, user.id, quiz.id, key, 90, passed, clock.now()))


def test_a_post_test_after_its_closing_does_not_count(app: Flask, at: At) -> None:
    at(2026, 11, 28, 11, 0)
    webinar, user = hold(app, at, posttest_key="uji/post", posttest_closes_at=clock.now())
    at(2026, 11, 29, 8, 0)
    pass_posttest(app, at, user, "uji/post")
    run_jobs()
    assert not result_of(webinar, user).fulfilled


def test_a_crash_between_two_people_is_made_good_by_running_again(app: Flask, at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    at(2026, 11, 28, 8, 50)
    webinar = make_webinar()
    for n in range(15):
        person = make_user(f"Orang {n}")
        register(webinar, person)
        visit(app, webinar, person)
    at(2026, 11, 28, 9, 0)
    go_live(webinar)
    at(2026, 11, 28, 11, 0)
    end(webinar)
    settled(app, webinar.id)
    real, calls = results.compute_some, []

    def die(*given: Any) -> None:
        calls.append(given)
        if len(calls) == 2:
            raise KeyboardInterrupt  # as kill -9 between two transactions
        real(*given)

    monkeypatch.setattr(results, "compute_some", die)
    with pytest.raises(KeyboardInterrupt):
        results.compute(webinar.id)
    db.session.rollback()
    assert len(db.session.scalars(select(JpCredit)).all()) == results.AT_ONCE
    monkeypatch.setattr(results, "compute_some", real)
    results.compute(webinar.id)
    assert len(db.session.scalars(select(JpCredit)).all()) == 15
    assert len(db.session.scalars(select(LearningEvent).where(LearningEvent.verb == "attended")).all()) == 15


def test_the_statements_do_not_grow_with_the_people(app: Flask, at: At, count_queries: list[str]) -> None:
    webinar, user = hold(app, at)
    counted = []
    for keys in ([f"u{user.id}"], [f"u{n}" for n in range(1, 60)]):
        count_queries.clear()
        queries.figures_of(webinar, keys, webinar.ended_at)
        counted.append(len(count_queries))
    assert counted[0] == counted[1] <= 6


def test_a_crashed_server_costs_nobody_their_presence(app: Flask, at: At) -> None:
    at(2026, 11, 28, 8, 50)
    webinar, user = make_webinar(), make_user("Alia")
    register(webinar, user)
    visit(app, webinar, user)
    at(2026, 11, 28, 9, 0)
    go_live(webinar)
    settled(app, webinar.id)
    at(2026, 11, 28, 10, 0)
    part_of(app, webinar.id).seen_at -= 11
    settled(app, webinar.id)
    forget_everybody(app)
    at(2026, 11, 28, 10, 2)
    visit(app, webinar, user)
    settled(app, webinar.id)
    at(2026, 11, 28, 11, 0)
    end(webinar)
    settled(app, webinar.id)
    run_jobs()
    assert result_of(webinar, user).present_ms == 120 * 60_000
