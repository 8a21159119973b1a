"""The room's pages: who gets in, what stands there without a script, and written answers afterwards."""

from __future__ import annotations

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
from app.people.models import User
from app.room.models import RoomQuestion
from app.webinars import links
from app.webinars.models import WebinarSpeaker
from app.webinars.visitors import remember_guest
from tests.people.factories import make_user, sign_in
from tests.room.talk import TEXT, Talk
from tests.webinars.factories import make_guest, make_speaker, register

pytestmark = pytest.mark.usefixtures("no_beat")
NASTY = "<img src=x onerror=alert(1)> & \"kutip\" {{ 7*7 }} bagaimana?"


@pytest.fixture
def talk(app: Flask) -> Talk:
    return Talk(app)


def address(talk: Talk, tail: str = "") -> str:
    return f"/webinar/{talk.webinar.slug}{tail}"


def read(client: FlaskClient, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, answer.status_code
    return answer.get_data(as_text=True)


def moderator_of(talk: Talk) -> User:
    return db.session.get_one(User, talk.moderator.person.user_id)


def put_off(talk: Talk, text: str = TEXT) -> int:
    question = talk.ask(talk.alia, text)
    talk.decide(question, "approve")
    talk.begin()
    talk.end()
    return question


def test_who_is_registered_gets_the_room_while_it_is_live(talk: Talk, client: FlaskClient) -> None:
    talk.begin()
    sign_in(client, talk.people[0])
    page = read(client, address(talk))
    assert 'id="room"' in page
    assert f'data-me="u{talk.people[0].id}"' in page
    assert 'data-rights="webinars.attend"' in page


def test_outsiders_and_strangers_get_no_ticket(talk: Talk, client: FlaskClient) -> None:
    talk.begin()
    assert "data-ticket" not in read(client, address(talk))
    sign_in(client, make_user("Cici"))
    assert "data-ticket" not in read(client, address(talk))


def test_the_doors_open_a_quarter_of_an_hour_before(app: Flask, client: FlaskClient) -> None:
    talk = Talk(app, starts_at=clock.now() + timedelta(minutes=40))
    sign_in(client, talk.people[0])
    assert "data-ticket" not in read(client, address(talk))
    clock.freeze(clock.now() + timedelta(minutes=26))
    assert "data-ticket" in read(client, address(talk))


def test_the_last_standing_is_there_without_a_script_and_markup_is_text(talk: Talk, client: FlaskClient) -> None:
    question = talk.ask(talk.alia, NASTY)
    talk.decide(question, "approve")
    talk.budi.send("say", {"key": "line-00001", "text": NASTY})
    talk.begin()
    sign_in(client, talk.people[0])
    page = read(client, address(talk))
    assert page.count("&lt;img src=x onerror=alert(1)&gt; &amp; &#34;kutip&#34; {{ 7*7 }} bagaimana?") == 2
    assert "<img src=x" not in page
    assert "<noscript>" in page


def test_a_guest_in_the_room_can_leave_a_shared_computer_and_others_sign_out_as_ever(app: Flask, talk: Talk, client: FlaskClient) -> None:
    guest = make_guest(talk.webinar)
    talk.begin()
    with app.test_request_context():
        response = app.make_response("")
        remember_guest(response, guest)
    name, _equals, value = response.headers["Set-Cookie"].split(";")[0].partition("=")
    client.set_cookie(name, value)
    leave = f'action="{address(talk)}/tamu/keluar"'
    assert leave in read(client, address(talk))
    sign_in(client, talk.people[0])
    assert leave not in read(client, address(talk))


def test_the_page_is_asked_in_a_constant_number_of_statements(talk: Talk, client: FlaskClient, count_queries: list[str]) -> None:
    talk.begin()
    sign_in(client, talk.people[0])
    read(client, address(talk))
    count_queries.clear()
    read(client, address(talk))
    before = len(count_queries)
    for number in range(4):
        talk.decide(talk.ask(talk.alia, f"{TEXT} {number}"), "approve")
        talk.budi.send("say", {"key": f"line-{number:05}", "text": "Halo"})
    count_queries.clear()
    read(client, address(talk))
    assert len(count_queries) == before <= 20


def test_the_desk_is_for_who_runs_this_webinar(talk: Talk, client: FlaskClient) -> None:
    assert client.get(address(talk, "/moderasi")).status_code == 303
    sign_in(client, moderator_of(talk))
    assert "data-desk" in read(client, address(talk, "/moderasi"))
    for outsider in (make_user("Dewi", role=Role.MODERATOR), talk.people[0]):
        sign_in(client, outsider)
        assert client.get(address(talk, "/moderasi")).status_code in (403, 404)


def test_the_desk_of_an_ended_webinar_leads_to_its_questions(talk: Talk, client: FlaskClient) -> None:
    talk.begin()
    talk.end()
    sign_in(client, moderator_of(talk))
    assert client.get(address(talk, "/moderasi")).location == address(talk, "/tanya-jawab")


# ---- questions and answers ----


def test_questions_are_read_by_participants_alone(talk: Talk, client: FlaskClient) -> None:
    put_off(talk)
    assert client.get(address(talk, "/tanya-jawab")).status_code == 404
    sign_in(client, talk.people[1])
    page = read(client, address(talk, "/tanya-jawab"))
    assert TEXT in page
    assert "<textarea" not in page


def test_a_question_without_a_name_keeps_it_hidden_on_the_page(talk: Talk, client: FlaskClient) -> None:
    question = talk.ask(talk.alia, anonymous=True)
    talk.decide(question, "approve")
    sign_in(client, talk.people[1])
    assert "Alia" not in read(client, address(talk, "/tanya-jawab"))


def test_what_waits_or_was_refused_is_not_on_the_page_of_the_audience(talk: Talk, client: FlaskClient) -> None:
    talk.ask(talk.alia, "Masih menunggu moderator, ya?")
    talk.decide(talk.ask(talk.alia, "Ditolak moderator, ya?"), "reject")
    sign_in(client, talk.people[1])
    page = read(client, address(talk, "/tanya-jawab"))
    assert "Masih menunggu" not in page
    assert "Ditolak moderator" not in page


def linked(talk: Talk, **values: Any) -> tuple[WebinarSpeaker, str]:
    secret = links.make_secret()
    ends = clock.now() + timedelta(days=14)
    return make_speaker(talk.webinar, link_digest=links.digest_of(secret), link_made_at=clock.now(), link_ends_at=values.get("ends", ends)), secret


def test_a_speaker_answers_in_writing_by_the_personal_link(talk: Talk, client: FlaskClient) -> None:
    question = put_off(talk)
    _, secret = linked(talk)
    path = address(talk, f"/tanya-jawab?tautan={secret}")
    assert "<textarea" in read(client, path)
    answer = client.post(address(talk, f"/tanya-jawab/{question}?tautan={secret}"), data={"text": "Boleh, dengan persetujuan."})
    assert answer.status_code == 303
    row = db.session.get_one(RoomQuestion, question, populate_existing=True)
    assert (row.state, row.answer_text, row.answered_by[:1]) == ("WRITTEN", "Boleh, dengan persetujuan.", "s")  # type: ignore[index]
    assert db.session.scalars(select(Job.name).where(Job.name == "room.tell_answer")).all()
    assert "Boleh, dengan persetujuan." in read(client, path)


def test_a_link_that_is_over_or_of_another_webinar_opens_nothing(app: Flask, talk: Talk, client: FlaskClient) -> None:
    question = put_off(talk)
    _, over = linked(talk, ends=clock.now() - timedelta(seconds=1))
    _, other = linked(Talk(app))
    for secret in (over, other, "dikarang", ""):
        assert client.get(address(talk, f"/tanya-jawab?tautan={secret}")).status_code == 404
        assert client.post(address(talk, f"/tanya-jawab/{question}?tautan={secret}"), data={"text": "x"}).status_code == 404


def test_participants_do_not_answer(talk: Talk, client: FlaskClient) -> None:
    question = put_off(talk)
    sign_in(client, talk.people[1])
    assert client.post(address(talk, f"/tanya-jawab/{question}"), data={"text": "Saya tahu"}).status_code == 404


def test_staff_answers_and_bad_answers_are_refused(app: Flask, talk: Talk, client: FlaskClient) -> None:
    question, other = put_off(talk), put_off(Talk(app))
    sign_in(client, moderator_of(talk))
    assert client.post(address(talk, f"/tanya-jawab/{question}"), data={"text": "  "}).status_code == 422
    assert client.post(address(talk, f"/tanya-jawab/{question}"), data={"text": "x" * 4001}).status_code == 422
    assert client.post(address(talk, f"/tanya-jawab/{other}"), data={"text": "Ya"}).status_code == 404
    assert client.post(address(talk, f"/tanya-jawab/{question}"), data={"text": "Ya."}).status_code == 303


def test_a_merged_question_takes_no_answer(talk: Talk, client: FlaskClient) -> None:
    first, second = talk.ask(talk.alia), talk.ask(talk.budi)
    talk.moderator.send("merge_questions", {"question": first, "into": second})
    sign_in(client, moderator_of(talk))
    assert client.post(address(talk, f"/tanya-jawab/{first}"), data={"text": "Ya."}).status_code == 303
    assert db.session.get_one(RoomQuestion, first, populate_existing=True).answer_text == ""


def test_markup_stays_text_on_the_page(talk: Talk, client: FlaskClient) -> None:
    question = put_off(talk, NASTY)
    sign_in(client, moderator_of(talk))
    client.post(address(talk, f"/tanya-jawab/{question}"), data={"text": "<script>alert(1)</script>"})
    page = read(client, address(talk, "/tanya-jawab"))
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<img src=x" not in page
    assert "<script>alert" not in page


def test_many_questions_come_in_pages(talk: Talk, client: FlaskClient) -> None:
    with transaction() as session:
        session.add_all(
            RoomQuestion(
                webinar_id=talk.webinar.id, participant=f"u{n + 1000}", key=f"old-{n:05}", author_name="Alia", author_unit="", text=f"Soal {n:03}?",
                state="DEFERRED", asked_at=clock.now(),
            )
            for n in range(120)
        )  # fmt: skip
    user = make_user("Eko")
    register(talk.webinar, user)
    sign_in(client, user)
    assert "Soal 099?" in read(client, address(talk, "/tanya-jawab"))
    assert "Soal 119?" in read(client, address(talk, "/tanya-jawab?halaman=2"))
    assert "Soal 119?" in read(client, address(talk, f"/tanya-jawab?halaman={'9' * 20}"))
    assert "Soal 099?" in read(client, address(talk, "/tanya-jawab?halaman=-1"))
