"""Starting, continuing, submitting and closing attempts."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.assessment import services
from app.assessment.events import AttemptGraded
from app.assessment.jobs import close_overdue_attempts
from app.assessment.models import AttemptState, ClosedBy, QuizAttempt
from app.assessment.queries import get_attempt_for, standing_of
from app.assessment.quizzes import get_attempt_facts
from app.kernel import clock, events
from app.kernel.db import db, transaction
from app.kernel.errors import Conflict, NotAllowed, NotFound
from tests.assessment.conftest import Sitting
from tests.assessment.factories import make_quiz, true_false
from tests.people.factories import make_user, sign_in


@pytest.fixture
def graded(monkeypatch: pytest.MonkeyPatch) -> list[AttemptGraded]:
    """What the features above hear, in the transaction that grades."""
    heard: list[AttemptGraded] = []
    monkeypatch.setitem(events._inside, AttemptGraded, [heard.append])
    return heard


def _attempt(attempt_id: int) -> QuizAttempt:
    db.session.rollback()
    return db.session.scalars(select(QuizAttempt).where(QuizAttempt.id == attempt_id).execution_options(populate_existing=True)).one()


# Starting.


def test_the_deadline_is_set_from_the_first_moment(sitting: Sitting, at):
    attempt = _attempt(sitting.started())
    assert attempt.deadline_at is not None
    assert (attempt.deadline_at - attempt.started_at).total_seconds() == 15 * 60
    at(2026, 11, 23, 9, 40)
    assert sitting.started() == attempt.id
    assert _attempt(attempt.id).deadline_at == attempt.deadline_at


def test_a_quiz_without_a_limit_has_no_deadline(sitting: Sitting):
    sitting.version = make_quiz("x/bebas", time_limit_minutes=0)
    attempt = sitting.started()
    assert _attempt(attempt).deadline_at is None
    assert "data-timer" not in sitting.client.get(f"/kuis/percobaan/{attempt}/1").text


def test_an_open_attempt_is_continued_on_another_device_too(sitting: Sitting, app: Flask):
    attempt = sitting.started()
    sitting.save(attempt, 3, True)
    phone = sign_in(app.test_client(), sitting.user)
    assert phone.post(f"/kuis/{sitting.version.quiz_id}/percobaan").location == f"/kuis/percobaan/{attempt}"
    page = phone.get(f"/kuis/percobaan/{attempt}/3").text
    assert 'value="true" checked' in page
    assert "Tersimpan 09.30" in page


def test_order_is_mixed_once_and_then_fixed(sitting: Sitting):
    sitting.version = make_quiz("x/acak", [true_false(f"soal-{n}") for n in range(40)], shuffle=True)
    attempt = sitting.started()
    order = get_attempt_facts(attempt).order
    assert sorted(order) == sorted(f"soal-{n}" for n in range(40))
    assert order != tuple(f"soal-{n}" for n in range(40))
    get_attempt_facts.cache_clear()
    assert get_attempt_facts(attempt).order == order


def test_without_shuffling_the_authors_order_stays(sitting: Sitting):
    assert get_attempt_facts(sitting.started()).order == ("siapa", "asas", "benar", "singkatan", "hari", "pasangan", "urutan")


def test_the_same_press_sent_again_gives_the_same_attempt_even_after_submitting(sitting: Sitting):
    first = sitting.start(start_key="tekan-1").location
    sitting.submit(int(first.split("/")[3]))
    assert sitting.start(start_key="tekan-1").location == first
    assert sitting.start(start_key="tekan-2").location != first


def test_an_attempt_keeps_its_questions_when_the_quiz_changes(sitting: Sitting):
    attempt = sitting.started()
    make_quiz(questions=[true_false()])
    assert "dari 7" in sitting.client.get(f"/kuis/percobaan/{attempt}/1").text
    sitting.submit(attempt)
    assert len(get_attempt_facts(sitting.started()).order) == 1


def test_attempts_run_out_and_come_back_after_the_cooldown(sitting: Sitting, at):
    for _round in range(3):
        sitting.submit(sitting.started())
    refused = sitting.start()
    assert refused.location == "/kursus/antikorupsi/belajar/kuis-2"
    page = sitting.client.post(f"/kuis/{sitting.version.quiz_id}/percobaan", headers={"Accept": "application/json"})
    assert page.status_code == 409
    assert page.json["error"] == "cooling_down"
    assert "23 November 2026, 10.30 WIB" in page.json["message"]
    assert page.json["facts"]["opens_at"].startswith("2026-11-23T03:30")
    at(2026, 11, 23, 10, 31)
    assert _attempt(sitting.started()).number == 4


def test_without_a_cooldown_used_up_is_used_up(sitting: Sitting):
    sitting.version = make_quiz("x/sekali", attempts=1, cooldown_minutes=0)
    sitting.submit(sitting.started())
    with pytest.raises(Conflict) as refused, transaction():
        services.start_attempt(sitting.user, sitting.version.quiz_id)
    assert refused.value.code == "no_attempts_left"
    assert len(standing_of(sitting.user.id, sitting.version.quiz_id).attempts) == 1


def _refuse(error: Exception) -> Callable[[Any, str], None]:
    def gate(user: Any, key: str) -> None:
        raise error

    return gate


def test_a_gate_refuses_and_nothing_is_started(sitting: Sitting, gates):
    gates(_refuse(NotAllowed("Ikuti kursusnya dulu.")))
    assert sitting.start().status_code == 403
    assert standing_of(sitting.user.id, sitting.version.quiz_id).attempts == []


def test_a_gate_that_closes_does_not_stop_an_open_attempt(sitting: Sitting, gates):
    attempt = sitting.started()
    gates(_refuse(NotFound()))
    assert sitting.started() == attempt
    assert sitting.save(attempt, 3, True).status_code == 200


def test_without_any_gate_nobody_starts(sitting: Sitting, monkeypatch):
    monkeypatch.setattr("app.assessment.slots._gates", [])
    assert sitting.start().status_code == 404


def test_unknown_quizzes_and_visitors(sitting: Sitting, app: Flask):
    assert sitting.client.post("/kuis/999/percobaan").status_code == 404
    stranger = app.test_client()
    assert stranger.post(f"/kuis/{sitting.version.quiz_id}/percobaan").location.startswith("/masuk")
    assert stranger.get("/kuis/percobaan/1/1").location.startswith("/masuk")


def test_two_starts_in_the_same_second_make_one_attempt(sitting: Sitting, app: Flask):
    clock.freeze(None)
    clients = [sign_in(app.test_client(), sitting.user) for _ in range(6)]
    db.session.remove()
    gathered, places = threading.Barrier(len(clients)), []

    def press(client: Any, number: int) -> None:
        gathered.wait()
        places.append(client.post(f"/kuis/{sitting.version.quiz_id}/percobaan", data={"start_key": f"k{number % 2}"}).location)

    threads = [threading.Thread(target=press, args=(client, number)) for number, client in enumerate(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(places)) == 1, places
    assert places[0].startswith("/kuis/percobaan/")
    assert db.session.scalar(select(func.count()).select_from(QuizAttempt)) == 1


# Submitting.


def test_submitting_grades_once_and_says_so_in_the_same_transaction(sitting: Sitting, graded: list[AttemptGraded]):
    attempt = sitting.started()
    sitting.save(attempt, 3, True)
    for _again in range(2):
        assert sitting.submit(attempt).location == f"/kuis/percobaan/{attempt}/hasil"
    [fact] = graded
    assert (fact.attempt_id, fact.user_id, fact.quiz_key, fact.percent, fact.passed) == (
        attempt,
        sitting.user.id,
        "antikorupsi/kuis-2",
        14,
        False,
    )
    row = _attempt(attempt)
    assert (row.state, row.closed_by, row.percent, row.passed) == (AttemptState.SUBMITTED, ClosedBy.LEARNER, 14, False)


def test_when_a_listener_fails_the_attempt_stays_open(sitting: Sitting, monkeypatch):
    attempt = sitting.started()

    def fail(fact: AttemptGraded) -> None:
        raise Conflict("tidak bisa sekarang")

    monkeypatch.setitem(events._inside, AttemptGraded, [fail])
    assert sitting.submit(attempt).status_code == 409
    assert _attempt(attempt).state == AttemptState.OPEN


def test_everything_right_is_a_hundred(sitting: Sitting, graded: list[AttemptGraded]):
    from app.assessment.question_types import perfect_response

    attempt = sitting.started()
    facts = get_attempt_facts(attempt)
    for place, key in enumerate(facts.order, 1):
        sitting.save(attempt, place, perfect_response(facts.content.questions[key], facts.options[key]).to_json(), place)
    sitting.submit(attempt)
    assert (graded[0].percent, graded[0].passed) == (100, True)
    assert standing_of(sitting.user.id, sitting.version.quiz_id).has_passed


def test_a_pre_test_is_passed_by_submitting(sitting: Sitting, graded: list[AttemptGraded]):
    sitting.version = make_quiz("x/awal", purpose="PRE_TEST", passing_score=0, attempts=1, cooldown_minutes=0)
    sitting.submit(sitting.started())
    assert (graded[0].percent, graded[0].passed) == (0, True)


# The clock.


def test_an_attempt_past_its_deadline_is_closed_with_what_was_in_time(sitting: Sitting, graded: list[AttemptGraded], at):
    attempt = sitting.started()
    sitting.save(attempt, 3, True)
    at(2026, 11, 23, 9, 45, 6)
    assert sitting.client.get(f"/kuis/percobaan/{attempt}/1").location.endswith("/hasil")
    row = _attempt(attempt)
    assert (row.closed_by, row.submitted_at, row.percent) == (ClosedBy.CLOCK, row.deadline_at, 14)
    assert graded[0].submitted_at == row.deadline_at
    assert "Waktu habis pukul 09.45 WIB" in sitting.client.get(f"/kuis/percobaan/{attempt}/hasil").text


def test_within_the_grace_it_goes_on(sitting: Sitting, at):
    attempt = sitting.started()
    at(2026, 11, 23, 9, 45, 5)
    assert sitting.client.get(f"/kuis/percobaan/{attempt}/1").status_code == 200
    sitting.submit(attempt)
    assert _attempt(attempt).closed_by == ClosedBy.LEARNER


def test_submitting_too_late_is_closed_by_the_clock(sitting: Sitting, at):
    attempt = sitting.started()
    at(2026, 11, 23, 9, 50)
    sitting.submit(attempt)
    assert _attempt(attempt).closed_by == ClosedBy.CLOCK


def test_the_worker_closes_what_nobody_comes_back_to(sitting: Sitting, graded: list[AttemptGraded], at):
    overdue = sitting.started()
    at(2026, 11, 23, 9, 40)
    other = make_user("Budi")
    with transaction():
        open_one = services.start_attempt(other, sitting.version.quiz_id).id
    at(2026, 11, 23, 9, 45, 30)
    close_overdue_attempts()
    close_overdue_attempts()
    assert [fact.attempt_id for fact in graded] == [overdue]
    assert _attempt(open_one).state == AttemptState.OPEN


def test_starting_after_the_deadline_closes_the_old_one_first(sitting: Sitting, graded: list[AttemptGraded], at):
    first = sitting.started()
    at(2026, 11, 23, 9, 45, 1)
    second = sitting.started()
    assert second != first
    assert [fact.attempt_id for fact in graded] == [first]
    assert _attempt(second).number == 2


def test_only_the_owner_gets_an_attempt(sitting: Sitting):
    attempt = sitting.started()
    assert get_attempt_for(sitting.user, attempt).number == 1
    with pytest.raises(NotFound):
        get_attempt_for(make_user("Charlie"), attempt)
    with pytest.raises(NotFound), transaction():
        services.submit_attempt(make_user("Charlie"), attempt)


# What the page of the lesson shows.


def _panel(app: Flask, sitting: Sitting) -> str:
    macros = app.jinja_env.get_template("assessment/_attempts.html").module
    with app.test_request_context():
        return str(macros.attempts(standing_of(sitting.user.id, sitting.version.quiz_id)))  # type: ignore[attr-defined]


def test_the_panel_says_the_policy_and_offers_to_start(app: Flask, sitting: Sitting):
    panel = _panel(app, sitting)
    for words in ("7 soal, waktu 15 menit", "Nilai lulus 70 dari 100.", "3 kali kesempatan, sisa 3.", "sesudah 1 jam", "Mulai"):
        assert words in panel


def test_the_panel_offers_to_continue_and_lists_what_was_done(app: Flask, sitting: Sitting):
    sitting.submit(sitting.started())
    attempt = sitting.started()
    panel = _panel(app, sitting)
    assert f'href="/kuis/percobaan/{attempt}"' in panel
    assert "Lanjutkan percobaan 2" in panel
    assert "Belum lulus" in panel
    assert "sisa 1" in panel


def test_the_panel_says_when_the_next_attempt_opens(app: Flask, sitting: Sitting):
    for _round in range(3):
        sitting.submit(sitting.started())
    assert "Dapat dicoba lagi pada 23 November 2026, 10.30 WIB" in _panel(app, sitting)


def test_where_one_stands_is_one_query(app: Flask, sitting: Sitting, count_queries: list[str]):
    sitting.submit(sitting.started())
    standing_of(sitting.user.id, sitting.version.quiz_id)
    count_queries.clear()
    standing_of(sitting.user.id, sitting.version.quiz_id)
    assert len([query for query in count_queries if query.startswith("SELECT")]) == 1
