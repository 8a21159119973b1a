"""The evidence as people read it: each fact in words, its number found, a damaged chain told, nobody else's."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import delete, select, update

from app.assessment.models import AttemptState, QuizAttempt
from app.home import proofs
from app.kernel import clock
from app.kernel.access import Role
from app.kernel.db import db, transaction, write_intent
from app.learning import evidence, services
from app.learning.models import LearningEvent
from app.people.models import AuditEntry, User
from tests.assessment.factories import make_quiz
from tests.learning.factories import publish_course
from tests.people.factories import make_unit, make_user, sign_in


@pytest.fixture
def head(app, at) -> User:
    at(2026, 11, 23, 9, 0)
    return make_user("Raja Hafizah", unit=make_unit(code="A"), role=Role.SUPERVISOR)


@pytest.fixture
def siti(head) -> User:
    """Assigned a course of three lessons, and done with it: five facts."""
    course = publish_course()
    user = make_user("Siti Rahmah", unit=head.employee.org_unit, supervisor_id=head.id)
    with transaction():
        services.enrol(db.session.get_one(User, user.id), course, assigned_by=db.session.get_one(User, head.id), due_on=date(2026, 12, 1))
    for item in course.lessons:
        with transaction():
            services.complete_lesson(user.id, course, item)
    return user


def tamper(*statements: object) -> None:
    db.session.rollback()
    with write_intent(), db.engine.begin() as connection:
        for statement in statements:
            connection.execute(statement)  # type: ignore[call-overload]


def test_every_fact_is_told_in_words_with_its_number(client, siti):
    page = sign_in(client, siti).get("/rekam-jejak/bukti").text
    assert "5 bukti. Yang di halaman ini diperiksa barusan dan utuh." in page
    for words in ("Mengikuti kursus: Kursus contoh", "ditugaskan, tenggat 1 Desember 2026", "Menyelesaikan materi: Materi satu", "bernilai 20 menit", "1 JP"):
        assert words in page
    assert page.index('id="bukti-5"') < page.index('id="bukti-1"')


def test_every_number_of_the_record_leads_to_its_proof(client, head, siti):
    assert 'href="/rekam-jejak/bukti?nomor=2#bukti-2"' in sign_in(client, siti).get("/rekam-jejak").text
    assert f'href="/tim/{siti.id}/bukti?nomor=2#bukti-2"' in sign_in(client, head).get(f"/tim/{siti.id}").text


def test_the_ledger_leads_to_the_evidence_before_anything_counts(client, head):
    new = make_user("Baru Datang", unit=head.employee.org_unit, supervisor_id=head.id)
    for who, address, proof in ((new, "/rekam-jejak", "/rekam-jejak/bukti"), (head, f"/tim/{new.id}", f"/tim/{new.id}/bukti")):
        page = sign_in(client, who).get(address).text
        assert f'<a href="{proof}">Lihat semua bukti</a>' in page[page.index('id="buku"') : page.index('id="kursus"')]


def hand_in(user: User, purpose: str, passing_score: int, *, passed: bool) -> None:
    """An attempt that scored 20, and the fact about it as grading writes it."""
    quiz = make_quiz(f"contoh/{purpose}-{passing_score}", title=f"Kuis {purpose}", purpose=purpose, passing_score=passing_score)
    with transaction():
        attempt = QuizAttempt(
            quiz_id=quiz.quiz_id, quiz_version_id=quiz.id, user_id=user.id, number=1, layout={}, state=AttemptState.SUBMITTED,
            started_at=clock.now(), submitted_at=clock.now(), percent=20, passed=passed,
        )  # fmt: skip
        db.session.add(attempt)
        db.session.flush()
        evidence.append(user.id, "passed" if passed else "failed", "quiz", quiz.quiz_id, facts={"attempt": attempt.id, "percent": 20})


def statements(user: User, counted: list[str]) -> int:
    counted.clear()
    proofs.read(user.id, 1)
    return len(counted)


def test_a_quiz_without_a_passing_score_was_handed_in_and_not_passed(client, siti, count_queries):
    hand_in(siti, "MODULE_QUIZ", 20, passed=True)
    hand_in(siti, "MODULE_QUIZ", 70, passed=False)
    hand_in(siti, "PRE_TEST", 0, passed=True)
    few = statements(siti, count_queries)
    hand_in(siti, "PRACTICE", 0, passed=True)
    assert statements(siti, count_queries) == few
    page = sign_in(client, siti).get("/rekam-jejak/bukti").text
    for words in ("Lulus kuis: Kuis MODULE_QUIZ", "Mengumpulkan kuis, belum lulus: Kuis MODULE_QUIZ", "Mengumpulkan kuis: Kuis PRE_TEST", "Mengumpulkan kuis: Kuis PRACTICE"):
        assert words in page


def test_a_number_is_found_on_its_page(app, client, siti):
    with transaction():
        for number in range(1, 2 * proofs.PAGE + 1):
            evidence.append(siti.id, "initialized", "lesson", number, facts={"lesson": f"materi-{number}"})
    sign_in(client, siti)
    total = 2 * proofs.PAGE + 5
    for number, page in ((total, 1), (total - proofs.PAGE + 1, 1), (total - proofs.PAGE, 2), (1, 3), (0, 3), (-7, 3), (10**9, 1)):
        assert proofs.read(siti.id, 1, number).page == page, number
    assert 'id="bukti-1"' in client.get("/rekam-jejak/bukti?nomor=1").text
    assert 'id="bukti-1"' in client.get("/rekam-jejak/bukti?page=99").text
    assert f'id="bukti-{total}"' in client.get("/rekam-jejak/bukti?nomor=satu&page=-3").text
    assert "materi-100" in client.get("/rekam-jejak/bukti").text
    for number in (2**63, -(2**63) - 1, 10**400):
        assert client.get(f"/rekam-jejak/bukti?nomor={number}").status_code == 200


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        (update(LearningEvent).where(LearningEvent.sequence == 3).values(verb="failed"), "nomor 3 isinya diubah"),
        (delete(LearningEvent).where(LearningEvent.sequence == 3), "nomor 3 tidak ada"),
        (delete(LearningEvent).where(LearningEvent.sequence == 5), "nomor 5 dan sesudahnya tidak ada"),
    ],
)
def test_a_damaged_chain_is_told(client, siti, statement, words):
    tamper(statement)
    page = sign_in(client, siti).get("/rekam-jejak/bukti").text
    assert words in page
    assert "utuh." not in page.replace("tidak utuh", "")


def test_a_page_is_held_against_the_fact_before_it(siti):
    with transaction():
        for number in range(proofs.PAGE):
            evidence.append(siti.id, "initialized", "lesson", number)
    assert proofs.read(siti.id, 1).faults == []
    tamper(delete(LearningEvent).where(LearningEvent.sequence == 5))
    assert proofs.read(siti.id, 1).faults == ["nomor 5 tidak ada"]
    assert proofs.read(siti.id, 2).faults == []


def test_nobody_elses_proofs_are_shown_and_a_look_is_written_down(client, head, siti):
    other = make_user("Kepala Lain", unit=make_unit(code="B"), role=Role.SUPERVISOR)
    for who, status in ((other, 404), (siti, 403)):
        assert sign_in(client, who).get(f"/tim/{siti.id}/bukti").status_code == status
    assert "Belum ada bukti" in sign_in(client, other).get("/rekam-jejak/bukti").text
    page = sign_in(client, head).get(f"/tim/{siti.id}/bukti")
    assert (page.status_code, page.headers["Cache-Control"]) == (200, "no-store")
    assert client.get("/tim/999999/bukti").status_code == 404
    seen = db.session.execute(select(AuditEntry.actor_id, AuditEntry.object_id).where(AuditEntry.action == "learning.progress_seen")).all()
    assert [tuple(row) for row in seen] == [(head.id, siti.id)]
