"""Questions in a real room: asked, moderated, merged, answered; and what is refused."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from app.kernel import clock
from app.kernel.db import db, transaction
from app.notifications.models import Notification, OutboxMail
from app.room import words
from app.room.jobs import tell_answer
from app.room.models import QuestionState, RoomQuestion, RoomQuestionVote
from app.room.on_air import OnAir
from app.room.questions import part
from app.room.rooms import rooms_of
from app.webinars.models import Webinar, WebinarState
from tests.room.kit import forget_everybody, visit_as_speaker
from tests.room.talk import TEXT, Talk
from tests.webinars.factories import make_speaker

pytestmark = pytest.mark.usefixtures("no_beat")


@pytest.fixture
def talk(app: Flask) -> Talk:
    return Talk(app)


def row_of(question: int) -> RoomQuestion:
    db.session.rollback()
    return db.session.get_one(RoomQuestion, question, populate_existing=True)


def test_a_question_waits_for_the_moderator_and_is_then_shown_to_all(talk: Talk) -> None:
    question = talk.ask(talk.alia)
    assert [body["question"]["name"] for body in talk.moderator.heard_of("question_kept")] == ["Alia"]
    assert talk.budi.heard_of("question_shown") == []
    assert talk.decide(question, "approve") == []
    assert [body["question"]["text"] for body in talk.budi.heard_of("question_shown")] == [TEXT]


def test_a_question_asked_after_moderation_is_shown_at_once(app: Flask) -> None:
    talk = Talk(app, question_moderation="AFTER")
    question = talk.ask(talk.alia)
    assert [body["question"]["id"] for body in talk.budi.heard_of("question_shown")] == [question]
    talk.decide(question, "reject")
    assert talk.budi.heard_of("question_gone") == [{"id": question}]


def test_without_a_name_it_has_none_for_the_audience_and_one_for_the_record(talk: Talk) -> None:
    question = talk.ask(talk.alia, anonymous=True)
    talk.decide(question, "approve")
    [shown] = talk.budi.heard_of("question_shown")
    assert (shown["question"]["name"], shown["question"]["unit"]) == ("", "")
    assert "Alia" not in str(talk.budi.heard)
    assert "asker" not in str(talk.budi.heard)
    assert {body["question"]["name"] for body in talk.moderator.heard_of("question_kept")} == {"Alia"}
    assert row_of(question).author_name == "Alia"


def test_a_speaker_does_not_see_who_asked_without_a_name(talk: Talk) -> None:
    question = talk.ask(talk.alia, anonymous=True)
    talk.decide(question, "approve")
    speaker = visit_as_speaker(talk.app, make_speaker(talk.webinar))
    assert "Alia" not in str(speaker.joined)
    assert speaker.joined["state"]["stage"]["questions"]["next"][0]["id"] == question


def test_a_webinar_may_want_names(app: Flask) -> None:
    talk = Talk(app, anonymous_questions=False)
    answer = talk.alia.send("ask", {"key": "key-00001", "text": TEXT, "anonymous": True})
    assert answer["error"] == "invalid"
    assert "anonymous" in answer["fields"]


def test_asking_twice_with_one_key_is_asking_once(talk: Talk) -> None:
    first = talk.alia.send("ask", {"key": "key-00001", "text": TEXT})
    again = talk.alia.send("ask", {"key": "key-00001", "text": TEXT})
    assert first["question"]["id"] == again["question"]["id"]
    assert db.session.scalar(select(func.count()).select_from(RoomQuestion)) == 1
    assert len(talk.moderator.heard_of("question_kept")) == 1


def test_one_persons_own_key_is_not_another_persons(talk: Talk) -> None:
    mine = talk.alia.send("ask", {"key": "key-00001", "text": TEXT})
    other = talk.budi.send("ask", {"key": "key-00001", "text": TEXT})
    assert mine["question"]["id"] != other["question"]["id"]


def test_votes_are_counted_by_person_and_can_be_taken_back(talk: Talk) -> None:
    question = talk.ask(talk.alia)
    talk.decide(question, "approve")
    second_device = talk.come_back(talk.budi)
    for device in (talk.budi, second_device, talk.budi):
        assert device.send("upvote", {"question": question, "on": True}) == []
    assert talk.part.asked[question].votes == {talk.budi.person.key}
    assert db.session.scalar(select(func.count()).select_from(RoomQuestionVote)) == 1
    assert second_device.heard_of("own_wish")[-1] == {"id": question, "votes": True, "follows": None}
    talk.budi.send("upvote", {"question": question, "on": False})
    assert talk.alia.heard_of("question_counted")[-1] == {"id": question, "votes": 0}


def test_nobody_supports_their_own_question_or_one_that_is_answered(talk: Talk) -> None:
    question = talk.ask(talk.alia)
    talk.decide(question, "approve")
    assert talk.alia.send("upvote", {"question": question, "on": True})["error"] == "own_question"
    talk.decide(question, "stage")
    talk.decide(question, "answered")
    assert talk.budi.send("upvote", {"question": question, "on": True})["error"] == "answered"


def test_a_question_that_waits_is_nothing_to_others(talk: Talk) -> None:
    question = talk.ask(talk.alia)
    assert talk.budi.send("upvote", {"question": question, "on": True})["error"] == "not_found"
    assert talk.budi.send("follow", {"question": question, "on": True})["error"] == "not_found"


def test_one_question_is_on_stage_and_each_keeps_its_moments(talk: Talk, at: Any) -> None:
    first, second = talk.ask(talk.alia), talk.ask(talk.budi, "Kapan juru bahasa isyarat disediakan?")
    begun = clock.now()
    talk.decide(first, "stage")
    talk.decide(second, "stage")
    assert (row_of(first).state, row_of(second).state) == (QuestionState.ANSWERED, QuestionState.ON_STAGE)
    staged, answered = row_of(first).staged_at, row_of(first).answered_at
    assert staged is not None
    assert answered is not None
    assert begun <= staged <= answered
    talk.decide(second, "answered")
    assert row_of(second).answered_at is not None
    assert talk.part.next() == {"now": None, "next": [], "waiting": 0}


def test_the_stage_reads_the_question_at_hand_and_the_next_three(talk: Talk) -> None:
    speaker = visit_as_speaker(talk.app, make_speaker(talk.webinar))
    numbers = [talk.ask(who, f"Pertanyaan tentang hal nomor {n}?") for n, who in enumerate([talk.alia, talk.budi, talk.alia, talk.budi, talk.alia])]
    for number in numbers:
        talk.decide(number, "approve")
    talk.moderator.send("upvote", {"question": numbers[4], "on": True})
    talk.decide(numbers[0], "stage")
    view = speaker.heard_of("next_questions")[-1]
    assert view["now"]["id"] == numbers[0]
    assert [one["id"] for one in view["next"]] == [numbers[4], numbers[1], numbers[2]]
    assert talk.budi.heard_of("next_questions") == []


@pytest.mark.parametrize(("first", "then"), [("stage", "reject"), ("reject", "stage"), ("approve", "answered"), ("defer", "answered")])
def test_a_question_does_not_jump(talk: Talk, first: str, then: str) -> None:
    question = talk.ask(talk.alia)
    assert talk.decide(question, first) == []
    before = row_of(question).state
    assert talk.decide(question, then)["error"] == "moved"
    assert row_of(question).state == before


def test_deciding_the_same_again_is_nothing(talk: Talk) -> None:
    question = talk.ask(talk.alia)
    talk.decide(question, "approve")
    talk.moderator.hear()
    assert talk.decide(question, "approve") == []
    assert talk.moderator.heard_of("question_kept") == []


def test_the_asker_is_told_what_becomes_of_a_question(talk: Talk) -> None:
    question = talk.ask(talk.alia)
    talk.decide(question, "reject")
    assert [body["question"]["state"] for body in talk.alia.heard_of("own_question")] == ["NEW", "REJECTED"]
    again = talk.come_back(talk.alia)
    assert [one["state"] for one in again.joined["own"]["questions"]["mine"]] == ["REJECTED"]
    assert "REJECTED" not in str(talk.budi.heard)


def test_near_duplicates_are_suggested_and_merged_with_their_votes(talk: Talk) -> None:
    stays, gone = talk.ask(talk.alia), talk.ask(talk.budi, "Bolehkah petugas loket mengisikan formulir?")
    assert talk.moderator.heard_of("question_kept")[-1]["question"]["alike"] == [stays]
    for question in (stays, gone):
        talk.decide(question, "approve")
        talk.moderator.send("upvote", {"question": question, "on": True})
    assert talk.moderator.send("merge_questions", {"question": gone, "into": stays}) == []
    assert talk.part.asked[stays].votes == {talk.moderator.person.key, talk.budi.person.key}
    assert set(db.session.scalars(select(RoomQuestionVote.participant).where(RoomQuestionVote.question_id == stays))) == talk.part.asked[stays].votes
    assert talk.budi.heard_of("own_question")[-1]["question"]["merged_into"] == stays
    assert {"id": gone} in talk.alia.heard_of("question_gone")
    assert talk.part.asked[stays].follows == {talk.alia.person.key, talk.budi.person.key}


def test_likeness_is_worked_out_once_when_a_question_is_asked(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[int] = []

    def compare_and_count(wanted: frozenset[str], others: Iterable[tuple[int, frozenset[str]]], patience: words.Patience) -> list[tuple[float, int]]:
        known = list(others)
        compared.append(len(known))
        return words.find_alike(wanted, known, patience)

    monkeypatch.setattr(part, "find_alike", compare_and_count)
    asked = [talk.ask(who) for who in (talk.alia, talk.budi, talk.alia)]
    talk.decide(asked[0], "approve")
    again = talk.come_back(talk.moderator)
    assert [one["alike"] for one in again.joined["state"]["staff"]["questions"]] == [asked[1:], [asked[0], asked[2]], asked[:2]]
    assert compared == [0, 1, 2]


def test_merging_again_takes_the_first_asker_along(talk: Talk) -> None:
    first, second, third = (talk.ask(who, f"Soal {n} tentang loket?") for n, who in enumerate([talk.alia, talk.budi, talk.moderator]))
    talk.moderator.send("merge_questions", {"question": first, "into": second})
    talk.moderator.send("merge_questions", {"question": second, "into": third})
    assert row_of(first).merged_into_id == third
    assert talk.alia.heard_of("own_question")[-1]["question"]["merged_into"] == third
    assert talk.part.asked[third].votes == {talk.alia.person.key, talk.budi.person.key}


def test_a_question_is_not_merged_into_itself_or_into_a_merged_one(talk: Talk) -> None:
    first, second, third = (talk.ask(who, f"Soal {n} tentang loket?") for n, who in enumerate([talk.alia, talk.budi, talk.alia]))
    assert talk.moderator.send("merge_questions", {"question": first, "into": first})["error"] == "moved"
    talk.moderator.send("merge_questions", {"question": first, "into": second})
    assert talk.moderator.send("merge_questions", {"question": third, "into": first})["error"] == "moved"


def test_an_answer_in_writing_is_shown_and_told_to_asker_and_followers(talk: Talk) -> None:
    question = talk.ask(talk.alia)
    talk.decide(question, "approve")
    talk.budi.send("follow", {"question": question, "on": True})
    speaker = visit_as_speaker(talk.app, make_speaker(talk.webinar))
    assert speaker.send("answer_question", {"question": question, "text": "Boleh, dengan persetujuan."}) == []
    assert talk.budi.heard_of("question_shown")[-1]["question"]["answer"] == "Boleh, dengan persetujuan."
    for _ in range(2):  # a job may run twice
        tell_answer(question)
    told = db.session.scalars(select(Notification.user_id)).all()
    assert sorted(told) == sorted(person.id for person in talk.people)
    assert db.session.scalar(select(func.count()).select_from(OutboxMail)) == 2


def test_an_answer_aloud_is_a_line_behind_the_bell(talk: Talk) -> None:
    question = talk.ask(talk.alia)
    talk.decide(question, "stage")
    talk.decide(question, "answered")
    tell_answer(question)
    assert list(db.session.scalars(select(Notification.user_id))) == [talk.people[0].id]
    assert db.session.scalar(select(func.count()).select_from(OutboxMail)) == 0


def test_what_is_open_at_the_end_becomes_a_task(talk: Talk) -> None:
    waiting, approved, staged = (talk.ask(who, f"Soal {n} tentang loket?") for n, who in enumerate([talk.alia, talk.budi, talk.alia]))
    talk.decide(approved, "approve")
    talk.begin()
    talk.decide(staged, "stage")
    talk.end()
    assert [row_of(question).state for question in (waiting, approved, staged)] == ["NEW", "DEFERRED", "ANSWERED"]
    assert talk.part.asked[approved].state == "DEFERRED"
    assert talk.alia.send("ask", {"key": "key-after", "text": TEXT})["error"] == "over"


def test_refused_words_are_refused_wherever_they_stand(app: Flask) -> None:
    talk = Talk(app, refused_words=["bodoh"])
    answer = talk.alia.send("ask", {"key": "key-00001", "text": "Kenapa aturan ini BODOH sekali?"})
    assert answer["error"] == "refused_words"
    assert "bodoh" in answer["fields"]["text"]
    assert db.session.scalar(select(func.count()).select_from(RoomQuestion)) == 0


def test_a_flood_of_questions_is_refused(talk: Talk) -> None:
    answers = [talk.alia.send("ask", {"key": f"flood-{n:03}", "text": f"{TEXT} {n}"}) for n in range(6)]
    assert [answer.get("error") for answer in answers] == [None] * 4 + ["too_many"] * 2
    assert "question" in talk.budi.send("ask", {"key": "key-00001", "text": TEXT})


def test_nobody_asks_without_end(talk: Talk) -> None:
    with transaction() as session:
        session.add_all(
            RoomQuestion(
                webinar_id=talk.webinar.id, participant=talk.alia.person.key, key=f"old-{n:05}", author_name="Alia", author_unit="", text=TEXT,
                state="NEW", asked_at=clock.now(),
            )
            for n in range(25)
        )  # fmt: skip
    assert talk.alia.send("ask", {"key": "key-00001", "text": TEXT})["error"] == "too_many"


@pytest.mark.parametrize(
    ("event", "body"),
    [
        ("decide_question", {"question": 1, "to": "approve"}),
        ("merge_questions", {"question": 1, "into": 2}),
        ("answer_question", {"question": 1, "text": "Ya."}),
    ],
)
def test_who_attends_does_not_moderate(talk: Talk, event: str, body: dict[str, Any]) -> None:
    talk.ask(talk.alia)
    assert talk.alia.send(event, body)["error"] == "not_allowed"


def test_another_webinars_questions_are_not_there(app: Flask, talk: Talk) -> None:
    other = Talk(app)
    question = other.ask(other.alia)
    assert talk.decide(question, "approve")["error"] == "not_found"
    assert talk.alia.send("upvote", {"question": question, "on": True})["error"] == "not_found"
    mine = talk.ask(talk.alia)
    assert talk.moderator.send("merge_questions", {"question": question, "into": mine})["error"] == "not_found"
    assert talk.moderator.send("answer_question", {"question": question, "text": "Ya."})["error"] == "not_found"


@pytest.mark.parametrize(
    "body",
    [
        {"key": "short", "text": TEXT},
        {"key": "key-00001", "text": "?"},
        {"key": "key-00001", "text": "x" * 601},
        {"key": "key-00001", "text": 7},
        {"key": "key-00001", "text": TEXT, "state": "APPROVED"},
        {"key": "key-00001", "text": TEXT, "anonymous": "ya"},
        [],
        "teks",
    ],
)
def test_odd_questions_are_refused_in_words(talk: Talk, body: Any) -> None:
    answer = talk.alia.send("ask", body)
    assert answer["error"] == "invalid"
    assert answer["message"]


def test_markup_stays_text(talk: Talk) -> None:
    question = talk.ask(talk.alia, "<img src=x onerror=alert(1)> boleh?")
    assert row_of(question).text == "<img src=x onerror=alert(1)> boleh?"


def test_a_room_that_was_forgotten_comes_back_from_its_rows(talk: Talk) -> None:
    question = talk.ask(talk.alia)
    talk.decide(question, "approve")
    talk.budi.send("upvote", {"question": question, "on": True})
    before = talk.part.shown()
    forget_everybody(talk.app)
    again = talk.come_back(talk.budi)
    assert again.joined["state"]["all"]["questions"] == before
    assert again.joined["own"]["questions"]["votes"] == [question]


def test_the_state_is_bounded_and_asked_in_a_few_statements(talk: Talk, count_queries: list[str]) -> None:
    with transaction() as session:
        session.add_all(
            RoomQuestion(
                webinar_id=talk.webinar.id, participant=f"u{n + 1000}", key=f"old-{n:05}", author_name="Alia", author_unit="", text=f"{TEXT} {n}",
                state="APPROVED" if n % 2 else "NEW", asked_at=clock.now() + timedelta(seconds=n),
            )
            for n in range(1300)
        )  # fmt: skip
    forget_everybody(talk.app)
    count_queries.clear()
    joined = talk.come_back(talk.moderator).joined
    assert len(count_queries) <= 40
    assert len(joined["state"]["all"]["questions"]) == 300
    assert len(joined["state"]["staff"]["questions"]) <= 600


def test_an_ended_webinar_elsewhere_is_noticed(talk: Talk) -> None:
    talk.begin()
    with transaction() as session:  # as another process does it: nothing is announced here
        session.execute(update(Webinar).where(Webinar.id == talk.webinar.id).values(state=WebinarState.ENDED, ended_at=clock.now()))
    part = rooms_of(talk.app).get(talk.webinar.id).part(OnAir)
    part._look_at = 0.0
    part.every_second()
    assert len(talk.alia.heard_of("webinar_ended")) == 1
