"""What is left when a webinar has ended: guests read of answers by mail, speakers of their tasks, and moderators deal with what nobody decided."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.kernel import clock
from app.kernel.access import Role
from app.kernel.db import db, transaction
from app.kernel.jobs import Job
from app.kernel.worker import drain
from app.notifications.models import Notification, OutboxMail
from app.people.models import User
from app.room.jobs import tell_answer, tell_tasks
from app.room.models import QuestionState as State
from app.room.models import RoomQuestion
from app.webinars import links, queries
from app.webinars.models import WebinarGuest, WebinarSpeaker
from tests.people.factories import make_user, sign_in
from tests.room.kit import Visitor
from tests.room.talk import Talk
from tests.webinars.factories import make_guest, make_speaker

pytestmark = pytest.mark.usefixtures("no_beat")
ANSWER = "Boleh, dengan persetujuan."


@pytest.fixture
def talk(app: Flask) -> Talk:
    return Talk(app)


def guest_of(talk: Talk) -> tuple[WebinarGuest, Visitor]:
    guest = make_guest(talk.webinar)
    with transaction():
        guest = db.session.get_one(WebinarGuest, guest.id)
        guest.link_digest = links.digest_of(links.guest_secret(guest))
    person = queries.participant_for_guest(talk.webinar, guest)
    assert person is not None
    return guest, Visitor(talk.app, person)


def speaker_of(talk: Talk, email: str | None = "fatimah@contoh.go.id", days: int = 14) -> WebinarSpeaker:
    ends = clock.now() + timedelta(days=days)
    return make_speaker(talk.webinar, email=email, link_digest=links.digest_of(links.make_secret()), link_made_at=clock.now(), link_ends_at=ends)


def moderator_of(talk: Talk) -> User:
    return db.session.get_one(User, talk.moderator.person.user_id)


def over(talk: Talk) -> None:
    talk.begin()
    talk.end()


def mails_to(address: str | None) -> list[OutboxMail]:
    db.session.rollback()  # the worker wrote since this session last looked
    return list(db.session.scalars(select(OutboxMail).where(OutboxMail.address == address).execution_options(populate_existing=True)))


def state_of(question: int) -> str:
    return db.session.get_one(RoomQuestion, question, populate_existing=True).state


# ---- guests ----


def test_a_guest_reads_an_answer_in_writing_by_mail_once(talk: Talk, client: FlaskClient) -> None:
    guest, visitor = guest_of(talk)
    question = talk.ask(visitor)
    talk.moderator.send("answer_question", {"question": question, "text": ANSWER})
    for _ in range(2):  # a job may run twice
        tell_answer(question)
    [mail] = mails_to(guest.email)
    assert ANSWER in mail.body
    assert mail.secret, "it holds the link"
    path = re.search(r"/webinar/tamu/\S+", mail.body)
    assert path is not None
    assert client.get(path.group()).location == f"/webinar/{talk.webinar.slug}"


def test_a_guest_who_follows_reads_of_an_answer_aloud_by_mail(talk: Talk) -> None:
    guest, visitor = guest_of(talk)
    question = talk.ask(talk.alia)
    talk.decide(question, "approve")
    visitor.send("follow", {"question": question, "on": True})
    talk.decide(question, "stage")
    talk.decide(question, "answered")
    tell_answer(question)
    [mail] = mails_to(guest.email)
    assert "Dijawab lisan" in mail.body
    assert list(db.session.scalars(select(Notification.user_id))) == [talk.people[0].id]


def test_an_address_that_nobody_confirmed_is_not_written_to(talk: Talk) -> None:
    guest, visitor = guest_of(talk)
    question = talk.ask(visitor)
    talk.moderator.send("answer_question", {"question": question, "text": ANSWER})
    with transaction():
        db.session.get_one(WebinarGuest, guest.id).confirmed_at = None
    tell_answer(question)
    assert mails_to(guest.email) == []


# ---- tasks of the speakers ----


def test_speakers_read_once_how_many_questions_wait_and_their_mail_opens_the_page(talk: Talk, client: FlaskClient) -> None:
    speaker, second = speaker_of(talk), speaker_of(talk, "aini@contoh.go.id")
    questions = [talk.ask(talk.alia), talk.ask(talk.budi, "Soal lain tentang loket?")]
    for question in questions:
        talk.decide(question, "approve")
    over(talk)
    drain(talk.app)
    tell_tasks(talk.webinar.id)
    [mail], [_other] = mails_to(speaker.email), mails_to(second.email)
    assert "2 pertanyaan peserta" in mail.body
    found = re.search(r"/webinar/\S+tautan=\S+", mail.body)
    assert found is not None
    page = client.get(found.group())
    assert page.status_code == 200
    assert "<textarea" in page.text
    secret = found.group().partition("tautan=")[2]
    answered = client.post(f"/webinar/{talk.webinar.slug}/tanya-jawab/{questions[0]}?tautan={secret}", data={"text": ANSWER})
    assert answered.status_code == 303
    row = db.session.get_one(RoomQuestion, questions[0], populate_existing=True)
    assert (row.state, row.answered_by) == (State.WRITTEN, f"s{speaker.id}")


@pytest.mark.parametrize("why", ["no address", "no link", "over"])
def test_no_mail_goes_to_whom_it_does_not_help(talk: Talk, why: str) -> None:
    speaker = speaker_of(talk, None if why == "no address" else "fatimah@contoh.go.id", days=-1 if why == "over" else 14)
    if why == "no link":
        with transaction():
            db.session.get_one(WebinarSpeaker, speaker.id).link_digest = None
    talk.decide(talk.ask(talk.alia), "approve")
    over(talk)
    tell_tasks(talk.webinar.id)
    assert db.session.scalars(select(OutboxMail)).all() == []


def test_no_mail_goes_out_without_a_task_nor_before_the_end(talk: Talk) -> None:
    speaker = speaker_of(talk)
    talk.decide(talk.ask(talk.alia), "approve")
    tell_tasks(talk.webinar.id)
    over(talk)
    with transaction() as session:
        for row in session.scalars(select(RoomQuestion)):
            row.state = State.WRITTEN
    tell_tasks(talk.webinar.id)
    assert mails_to(speaker.email) == []


def test_a_link_that_was_replaced_ends_the_one_in_the_mail_too(talk: Talk, client: FlaskClient) -> None:
    speaker = speaker_of(talk)
    secret = links.second_secret(speaker)
    assert links.find_speaker(secret) is not None
    for forged in (f"{speaker.id}.{'0' * 40}", f"{speaker.id}.", "9999999999.x", f"{speaker.id + 1}.{secret.partition('.')[2]}", str(speaker.id), "é.x"):
        assert links.find_speaker(forged) is None
    with transaction():
        db.session.get_one(WebinarSpeaker, speaker.id).link_digest = links.digest_of(links.make_secret())
    assert links.find_speaker(secret) is None


def test_the_closed_stage_leads_a_speaker_to_the_questions(talk: Talk, client: FlaskClient) -> None:
    speaker = speaker_of(talk)
    over(talk)
    secret = links.second_secret(speaker)
    page = client.get(f"/narasumber/{secret}")
    assert f"/webinar/{talk.webinar.slug}/tanya-jawab?tautan={secret}" in page.text
    assert page.headers["Referrer-Policy"] == "no-referrer"


# ---- what nobody decided ----


def decide(client: FlaskClient, talk: Talk, question: int, to: str) -> Any:
    return client.post(f"/webinar/{talk.webinar.slug}/tanya-jawab/{question}/keputusan", data={"to": to})


def test_moderators_are_told_of_questions_nobody_decided_about(talk: Talk) -> None:
    talk.ask(talk.alia)
    over(talk)
    for _ in range(2):
        tell_tasks(talk.webinar.id)
    [told] = db.session.scalars(select(Notification)).all()
    assert told.user_id == moderator_of(talk).id
    assert told.url == f"/webinar/{talk.webinar.slug}/tanya-jawab"


def test_what_is_passed_on_afterwards_becomes_a_task_and_is_seen(talk: Talk, client: FlaskClient) -> None:
    speaker_of(talk)
    question = talk.ask(talk.alia)
    over(talk)
    drain(talk.app)
    assert state_of(question) == State.NEW
    assert mails_to("fatimah@contoh.go.id") == []
    sign_in(client, moderator_of(talk))
    assert "Teruskan ke narasumber" in client.get(f"/webinar/{talk.webinar.slug}/tanya-jawab").text
    assert decide(client, talk, question, "pass_on").status_code == 303
    assert state_of(question) == State.DEFERRED
    assert talk.part.asked[question].state == State.DEFERRED
    drain(talk.app)
    assert "1 pertanyaan peserta" in mails_to("fatimah@contoh.go.id")[0].body
    sign_in(client, talk.people[1])
    assert "Apakah formulir" in client.get(f"/webinar/{talk.webinar.slug}/tanya-jawab").text


def test_what_is_refused_afterwards_is_not_seen_and_can_still_be_passed_on(talk: Talk, client: FlaskClient) -> None:
    question = talk.ask(talk.alia)
    over(talk)
    sign_in(client, moderator_of(talk))
    decide(client, talk, question, "reject")
    assert state_of(question) == State.REJECTED
    decide(client, talk, question, "pass_on")
    assert state_of(question) == State.DEFERRED


def test_before_the_end_the_desk_decides(talk: Talk, client: FlaskClient) -> None:
    question = talk.ask(talk.alia)
    sign_in(client, moderator_of(talk))
    assert "Teruskan ke narasumber" not in client.get(f"/webinar/{talk.webinar.slug}/tanya-jawab").text
    decide(client, talk, question, "pass_on")
    assert state_of(question) == State.NEW


def test_what_was_answered_meanwhile_stays_answered(talk: Talk, client: FlaskClient) -> None:
    question = talk.ask(talk.alia)
    talk.moderator.send("answer_question", {"question": question, "text": ANSWER})
    over(talk)
    sign_in(client, moderator_of(talk))
    decide(client, talk, question, "reject")
    assert state_of(question) == State.WRITTEN


def test_only_who_moderates_this_webinar_decides(app: Flask, talk: Talk, client: FlaskClient) -> None:
    question = talk.ask(talk.alia)
    other = Talk(app)
    foreign = other.ask(other.alia)
    over(talk)
    for outsider in (talk.people[0], make_user("Dewi", role=Role.MODERATOR)):
        sign_in(client, outsider)
        assert decide(client, talk, question, "pass_on").status_code in (403, 404)
    sign_in(client, moderator_of(talk))
    assert decide(client, talk, question, "terserah").status_code == 422
    assert decide(client, talk, foreign, "pass_on").status_code == 404
    assert state_of(question) == state_of(foreign) == State.NEW
    assert not db.session.scalars(select(Job).where(Job.name == "room.tell_answer")).all()
