"""Saving answers: acknowledged once, replayed in order, late ones kept and not counted, nonsense refused."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.assessment import answers
from app.assessment.models import AttemptState, QuizAnswer, QuizAttempt
from app.assessment.quizzes import get_attempt_facts
from app.assessment.sheets import Entry, in_order, read_sheet
from app.kernel import clock
from app.kernel.access import Permission, Role, Scope, identifies
from app.kernel.db import db, transaction
from app.people.models import User, UserSession
from tests.assessment.conftest import Sitting
from tests.people.factories import sign_in


def _rows() -> list[Any]:
    db.session.rollback()
    return list(db.session.scalars(select(QuizAnswer).order_by(QuizAnswer.id)))


def _answers(attempt_id: int) -> dict[str, Any]:
    db.session.rollback()
    return dict(read_sheet(get_attempt_facts(attempt_id)).answers)


def _operation(sequence: int, question: int, response: Any, client_id: str = "peramban-1", **more: Any) -> dict[str, Any]:
    return {"client_id": client_id, "sequence": sequence, "question": question, "response": response} | more


# Acknowledged after the commit, once.


def test_an_answer_is_saved_and_told_when(sitting: Sitting):
    attempt = sitting.started()
    answer = sitting.save(attempt, 3, True, answered_at=1_795_401_000_000)
    assert answer.json["time"] == "09.30"
    assert answer.json["late"] is False
    [row] = _rows()
    assert (row.question_key, row.response, row.client_id, row.client_sequence, row.saved_at) == (
        "benar",
        True,
        "peramban-1",
        1,
        clock.now(),
    )
    assert row.answered_at is not None


def test_a_repeat_is_answered_with_the_first_result(sitting: Sitting, at):
    attempt = sitting.started()
    first = sitting.save(attempt, 3, True)
    at(2026, 11, 23, 9, 40)
    assert sitting.save(attempt, 3, False).json == first.json
    assert _answers(attempt) == {"benar": True}
    at(2026, 11, 23, 10, 40)
    assert sitting.save(attempt, 3, True).json == first.json
    assert len(_rows()) == 1


def test_the_last_answer_counts_and_an_answer_can_be_taken_back(sitting: Sitting):
    attempt = sitting.started()
    sitting.save(attempt, 4, "UPK", 1)
    sitting.save(attempt, 4, "UPG", 2)
    sitting.save(attempt, 5, "30", 3)
    sitting.save(attempt, 5, None, 4)
    assert _answers(attempt) == {"singkatan": "UPG", "hari": None}
    assert len(_rows()) == 4


def test_saving_costs_one_statement_besides_signing_in(sitting: Sitting, count_queries: list[str]):
    attempt = sitting.started()
    sitting.save(attempt, 3, True)
    count_queries.clear()
    sitting.save(attempt, 3, False, 2)
    mine = [query for query in count_queries if "quiz" in query]
    assert len(mine) == 1
    assert mine[0].startswith("INSERT INTO quiz_answer")


def test_queries_do_not_grow_with_answers(sitting: Sitting, count_queries: list[str]):
    attempt, counts = sitting.started(), []
    for sequence in (1, 60):
        batch = [_operation(sequence + n, 3, True) for n in range(sequence)]
        sitting.client.post(f"/kuis/percobaan/{attempt}/jawaban", json=batch)
        count_queries.clear()
        sitting.client.get(f"/kuis/percobaan/{attempt}/1")
        counts.append(len([query for query in count_queries if query.startswith("SELECT")]))
    assert counts[0] == counts[1] <= 8


# Journals replayed.


def test_a_journal_is_replayed_in_order(sitting: Sitting):
    attempt = sitting.started()
    batch = [_operation(1, 4, "A"), _operation(2, 3, False), _operation(3, 4, "UPG"), _operation(4, 3, True) | {"doubtful": True}]
    answer = sitting.client.post(f"/kuis/percobaan/{attempt}/jawaban", json=batch)
    assert [result["sequence"] for result in answer.json["results"]] == [1, 2, 3, 4]
    assert _answers(attempt) == {"singkatan": "UPG", "benar": False}
    assert read_sheet(get_attempt_facts(attempt)).doubtful == {"benar"}
    assert sitting.client.post(f"/kuis/percobaan/{attempt}/jawaban", json=batch).json == answer.json


def test_a_replay_that_arrives_out_of_order_counts_by_the_pages_own_count(sitting: Sitting):
    attempt = sitting.started()
    sitting.save(attempt, 4, "UPG", 7)
    sitting.save(attempt, 4, "lama", 6)
    assert _answers(attempt) == {"singkatan": "UPG"}


def test_going_on_at_another_device_the_newest_answer_counts(sitting: Sitting):
    attempt = sitting.started()
    for sequence in (1, 2, 3):
        sitting.save(attempt, 4, f"laptop {sequence}", sequence, "laptop-aaaa")
    sitting.save(attempt, 4, "ponsel", 1, "ponsel-bbbb")
    assert _answers(attempt) == {"singkatan": "ponsel"}
    sitting.save(attempt, 4, "laptop lagi", 4, "laptop-aaaa")
    assert _answers(attempt) == {"singkatan": "laptop lagi"}


def test_order_within_a_page_and_between_pages(app: Flask):
    def entry(id: int, client: str, sequence: int) -> Entry:
        return Entry(id, "answer", "soal", client, sequence, None, clock.now(), False)

    arrived = [entry(1, "a", 2), entry(2, "b", 1), entry(3, "a", 1), entry(4, "b", 2)]
    assert [(e.client_id, e.client_sequence) for e in in_order(arrived)] == [("a", 1), ("b", 1), ("a", 2), ("b", 2)]


def test_in_a_batch_what_is_wrong_is_told_and_the_rest_is_saved(sitting: Sitting):
    attempt = sitting.started()
    batch = [_operation(1, 3, True), _operation(2, 5, "dua belas"), _operation(3, 99, True), "?", _operation(4, 4, "UPG")]
    results = sitting.client.post(f"/kuis/percobaan/{attempt}/jawaban", json=batch).json["results"]
    assert [result.get("error") for result in results] == [None, "not_a_number", "unknown_question", "malformed", None]
    assert "Tulis angkanya saja" in results[1]["message"]
    assert _answers(attempt) == {"benar": True, "singkatan": "UPG"}


def test_a_batch_has_its_limit(sitting: Sitting):
    attempt = sitting.started()
    batch = [_operation(n, 3, True) for n in range(1, 202)]
    assert sitting.client.post(f"/kuis/percobaan/{attempt}/jawaban", json=batch).status_code == 413
    assert _rows() == []
    assert sitting.client.post(f"/kuis/percobaan/{attempt}/jawaban", json=batch[:200]).status_code == 200
    assert len(_rows()) == 200


def test_an_empty_batch_is_fine(sitting: Sitting):
    attempt = sitting.started()
    assert sitting.client.post(f"/kuis/percobaan/{attempt}/jawaban", json=[]).json == {"results": []}


# Late: stored, told, never counted.


@pytest.mark.parametrize(("second", "late"), [(0, False), (5, False), (6, True)])
def test_late_begins_after_the_grace(sitting: Sitting, at, second: int, late: bool):
    attempt = sitting.started()
    at(2026, 11, 23, 9, 45, second)
    answer = sitting.save(attempt, 3, True)
    assert (answer.status_code, answer.json["late"]) == (200, late)
    assert len(_rows()) == 1
    assert _answers(attempt) == ({} if late else {"benar": True})


def test_late_answers_are_shown_and_do_not_change_the_score(sitting: Sitting, at):
    attempt = sitting.started()
    sitting.save(attempt, 3, False)
    at(2026, 11, 23, 10, 0)
    sitting.save(attempt, 3, True, 2, answered_at=1_795_401_000_000)
    page = sitting.client.get(f"/kuis/percobaan/{attempt}/hasil").text
    assert "terlambat, tidak dihitung" in page
    assert "Soal 3, sampai 23 November 2026, 10.00 WIB" in page
    assert db.session.scalar(select(QuizAttempt.percent)) == 0


def test_after_submitting_answers_are_late_though_the_time_is_not_over(sitting: Sitting):
    attempt = sitting.started()
    sitting.submit(attempt)
    assert sitting.save(attempt, 3, True).json["late"] is True
    assert _answers(attempt) == {}
    page = sitting.client.post(f"/kuis/percobaan/{attempt}/4", data={"jawaban": "UPG"}, follow_redirects=True).text
    assert "disimpan sebagai terlambat" in page
    assert len(_rows()) == 2


def test_an_answer_that_meets_the_submission_either_counts_or_is_late(sitting: Sitting, app: Flask):
    clock.freeze(None)
    sign_in(sitting.client, sitting.user)
    attempt = sitting.started()
    clients = [sign_in(app.test_client(), sitting.user) for _ in range(5)]
    db.session.remove()
    gathered, saved = threading.Barrier(len(clients)), []

    def answer(client: Any, number: int) -> None:
        gathered.wait()
        if number == 2:
            client.post(f"/kuis/percobaan/{attempt}/kumpulkan")
        else:
            body = _operation(1, 3, True, f"peramban-{number}")
            saved.append(client.post(f"/kuis/percobaan/{attempt}/jawaban", json=body).json["late"])

    threads = [threading.Thread(target=answer, args=(client, number)) for number, client in enumerate(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    row = db.session.scalars(select(QuizAttempt)).one()
    assert row.state == AttemptState.SUBMITTED
    assert len(saved) == 4
    assert row.percent == (0 if all(saved) else 14)
    assert _answers(attempt) == ({} if all(saved) else {"benar": True})


# Nonsense.

GOOD = _operation(1, 3, True)


@pytest.mark.parametrize(
    "body",
    [
        "teks",
        42,
        {},
        GOOD | {"client_id": "x"},
        GOOD | {"client_id": "../../etc/passwd"},
        GOOD | {"client_id": 12345678},
        GOOD | {"sequence": 0},
        GOOD | {"sequence": True},
        GOOD | {"sequence": 1.5},
        GOOD | {"sequence": 2_000_000_001},
        GOOD | {"sequence": "1"},
        GOOD | {"question": 0},
        GOOD | {"question": 8},
        GOOD | {"question": "benar"},
        GOOD | {"question": True},
        GOOD | {"question": [1]},
        GOOD | {"response": "mungkin"},
        GOOD | {"response": {"a": [[[]]]}},
        GOOD | {"doubtful": "ya"},
        {key: value for key, value in GOOD.items() if key != "response"},
        _operation(1, 1, "pilihan-palsu"),
        _operation(1, 2, ["pilihan-palsu"]),
        _operation(1, 4, "x" * 1001),
        _operation(1, 4, ["x"]),
        _operation(1, 5, "1e999999"),
        _operation(1, 6, {"kiri": "kanan"}),
        _operation(1, 7, ["a", "b", "c"]),
    ],
)
def test_forged_operations_are_refused_and_leave_nothing(sitting: Sitting, body: Any):
    attempt = sitting.started()
    answer = sitting.client.post(f"/kuis/percobaan/{attempt}/jawaban", json=body)
    assert answer.status_code == 422
    assert answer.json["message"]
    assert _rows() == []


@pytest.mark.parametrize("raw", [b"", b"{", b"null", b"\xff\xfe", b"[" * 100_000, b'{"a": NaN', b"9" * 10_000])
def test_bodies_that_are_no_json_are_refused(sitting: Sitting, raw: bytes):
    attempt = sitting.started()
    answer = sitting.client.post(f"/kuis/percobaan/{attempt}/jawaban", data=raw, content_type="application/json")
    assert answer.status_code == 422
    assert _rows() == []


def test_a_huge_body_is_refused(sitting: Sitting):
    attempt = sitting.started()
    answer = sitting.save(attempt, 4, "x" * 600_000)
    assert answer.status_code == 413
    assert _rows() == []


@pytest.mark.parametrize("claim", ["kemarin", -1, 10**30, 1.5, True, None, [1]])
def test_a_claimed_moment_that_is_none_is_no_reason_to_lose_the_answer(sitting: Sitting, claim: Any):
    attempt = sitting.started()
    assert sitting.save(attempt, 3, True, answered_at=claim).status_code == 200
    assert _rows()[0].answered_at is None


def test_odd_characters_are_kept_without_harm(sitting: Sitting):
    attempt = sitting.started()
    assert sitting.save(attempt, 4, "a\x00b\ud800c 🙂 \u202e").status_code == 200
    assert "🙂" in _answers(attempt)["singkatan"]
    assert sitting.client.get(f"/kuis/percobaan/{attempt}/4").status_code == 200


# The session ends in the middle.


def test_an_ended_session_is_told_as_such_and_sending_again_after_signing_in_loses_nothing(sitting: Sitting, app: Flask):
    attempt = sitting.started()
    sitting.save(attempt, 3, True)
    with transaction() as session:
        for row in session.scalars(select(UserSession)):
            row.revoked_at = clock.now()
    batch = [_operation(2, 4, "UPG"), _operation(3, 5, "30")]
    refused = sitting.client.post(f"/kuis/percobaan/{attempt}/jawaban", json=batch)
    assert (refused.status_code, refused.json["error"]) == (401, "sign_in_needed")
    assert sitting.client.get(f"/kuis/percobaan/{attempt}/keadaan", headers={"Accept": "application/json"}).status_code == 401
    sign_in(sitting.client, sitting.user)
    assert sitting.client.post(f"/kuis/percobaan/{attempt}/jawaban", json=batch).status_code == 200
    assert _answers(attempt) == {"benar": True, "singkatan": "UPG", "hari": "30"}


def test_a_stale_token_is_told_and_a_fresh_one_is_given(sitting: Sitting, app: Flask):
    attempt = sitting.started()
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        address = f"/kuis/percobaan/{attempt}/jawaban"
        refused = sitting.client.post(address, json=GOOD, headers={"X-CSRFToken": "usang"})
        assert (refused.status_code, refused.json["error"]) == (400, "stale_form")
        token = sitting.client.get(f"/kuis/percobaan/{attempt}/keadaan").json["csrf_token"]
        assert sitting.client.post(address, json=GOOD, headers={"X-CSRFToken": token}).status_code == 200
    finally:
        app.config["WTF_CSRF_ENABLED"] = False


def test_the_state_tells_the_servers_clock_and_what_came_from_elsewhere(sitting: Sitting):
    attempt = sitting.started()
    before = sitting.client.get(f"/kuis/percobaan/{attempt}/keadaan").json
    assert (before["state"], before["last_entry"]) == ("OPEN", 0)
    assert before["now"].startswith("2026-11-23T02:30")
    entry = sitting.save(attempt, 3, True).json["entry"]
    sitting.submit(attempt)
    after = sitting.client.get(f"/kuis/percobaan/{attempt}/keadaan").json
    assert (after["state"], after["last_entry"]) == ("SUBMITTED", entry)


def test_an_attempt_that_is_gone_takes_no_answers(sitting: Sitting):
    attempt = sitting.started()
    sitting.save(attempt, 3, True)
    with transaction() as session:
        session.execute(QuizAnswer.__table__.delete())
        session.execute(QuizAttempt.__table__.delete())
    assert sitting.save(attempt, 3, True, 2).status_code == 404
    assert db.session.scalar(select(func.count()).select_from(QuizAnswer)) == 0


def test_a_first_password_comes_before_answers(sitting: Sitting):
    attempt = sitting.started()
    with transaction() as session:
        session.get_one(User, sitting.user.id).must_change_password = True
    refused = sitting.save(attempt, 3, True)
    assert (refused.status_code, refused.json["error"]) == (403, "password_change_needed")
    assert _rows() == []


def test_a_disabled_account_saves_nothing(sitting: Sitting):
    attempt = sitting.started()
    with transaction() as session:
        session.get_one(User, sitting.user.id).disabled_at = clock.now()
    assert sitting.save(attempt, 3, True).status_code == 401


def test_a_session_past_its_time_saves_nothing(sitting: Sitting, at):
    attempt = sitting.started()
    at(2026, 11, 23, 21, 31)
    assert sitting.save(attempt, 3, True).status_code == 401


def test_a_door_may_identify_itself_only_when_every_role_may_pass():
    with pytest.raises(ValueError, match="every role"):
        identifies(Permission("x.y", {Role.LEARNER: Scope.SELF}))


def test_an_attempt_takes_no_more_than_anybody_enters(sitting: Sitting, monkeypatch: pytest.MonkeyPatch):
    """Each entry is read by every page of the attempt, so a machine could make them slow for everyone, even after submitting."""
    monkeypatch.setattr(answers, "MOST_ENTRIES", 3)
    answers._insert.cache_clear()
    attempt = sitting.started()
    for sequence in (1, 2, 3):
        assert sitting.save(attempt, 3, True, sequence=sequence).status_code == 200
    first = sitting.save(attempt, 3, True, sequence=3)
    assert (first.status_code, first.json["entry"]) == (200, _rows()[-1].id)
    refused = sitting.save(attempt, 3, False, sequence=4)
    assert (refused.status_code, refused.json["error"]) == (429, "too_many_entries")
    assert len(_rows()) == 3
