"""The doors: a speaker's personal link, valid, expired, renewed, of a webinar that is over; and the stage page, for its moderators alone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from app.kernel import clock
from app.kernel.access import Role
from app.kernel.db import db, transaction
from app.room.ticket import read_ticket
from app.webinars import links
from app.webinars.models import Webinar, WebinarSpeaker, WebinarState
from app.webinars.permissions import MODERATE, SPEAK
from tests.people.factories import make_user, sign_in
from tests.webinars.factories import make_speaker, make_webinar, register


def speaker_with_link(webinar: Webinar, **values: object) -> tuple[WebinarSpeaker, str]:
    secret = links.make_secret()
    known = {"link_digest": links.digest_of(secret), "link_made_at": clock.now(), "link_ends_at": links.ends_at(webinar)}
    return make_speaker(webinar, **known | values), links.speaker_path(secret)  # type: ignore[arg-type]


def ticket_in(page: str) -> str:
    return page.split('data-ticket="', 1)[1].split('"', 1)[0]


def test_a_speaker_enters_by_the_link_without_an_account(app: Flask) -> None:
    speaker, path = speaker_with_link(make_webinar())
    answer = app.test_client().get(path)
    assert answer.status_code == 200
    person = read_ticket(ticket_in(answer.text))
    assert person.key == f"s{speaker.id}"
    assert person.may(SPEAK)
    assert not person.may(MODERATE)
    assert "Selamat datang, Raja Fatimah" in answer.text
    assert "Mulai siaran" not in answer.text
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("broken", ["expired", "renewed", "made up"])
def test_a_link_that_is_over_says_so_and_opens_nothing(app: Flask, broken: str) -> None:
    webinar = make_webinar()
    speaker, path = speaker_with_link(webinar, **({"link_ends_at": clock.now() - timedelta(seconds=1)} if broken == "expired" else {}))
    if broken == "renewed":
        with transaction() as session:
            session.get_one(WebinarSpeaker, speaker.id).link_digest = links.digest_of(links.make_secret())
    answer = app.test_client().get("/narasumber/tebakan" if broken == "made up" else path)
    assert answer.status_code == 404
    assert "Tautan ini tidak berlaku lagi" in answer.text
    assert "data-ticket" not in answer.text


def test_before_the_webinar_is_announced_the_link_says_that_it_is_right(app: Flask) -> None:
    webinar = make_webinar(state=WebinarState.DRAFT)
    _speaker, path = speaker_with_link(webinar)
    answer = app.test_client().get(path)
    assert answer.status_code == 200
    assert "Tautan Anda benar. Panggung dibuka setelah webinar diumumkan." in answer.text
    assert "tidak berlaku lagi" not in answer.text
    assert "data-ticket" not in answer.text
    assert f"/webinar/{webinar.slug}" not in answer.text, "that page is not open yet"
    assert answer.headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize(("state", "said"), [(WebinarState.ENDED, "sudah berakhir"), (WebinarState.CANCELED, "dibatalkan")])
def test_after_the_end_the_link_says_that_it_is_over(app: Flask, state: str, said: str) -> None:
    _speaker, path = speaker_with_link(make_webinar(state=state))
    answer = app.test_client().get(path)
    assert said in answer.text
    assert "data-ticket" not in answer.text


def test_who_is_on_the_page_at_the_end_has_the_ways_on_already_there(app: Flask) -> None:
    webinar = make_webinar()
    _speaker, path = speaker_with_link(webinar)
    over = app.test_client().get(path).text.partition("data-over")[2].partition("</section>")[0]
    assert f'href="/webinar/{webinar.slug}/tanya-jawab?tautan={path.rpartition("/")[2]}"' in over
    assert f'href="/webinar/{webinar.slug}"' in over


def test_the_stage_page_is_for_moderators_of_this_webinar(app: Flask) -> None:
    dewi, other, learner = make_user("Dewi", role=Role.MODERATOR), make_user("Budi", role=Role.MODERATOR), make_user("Alia")
    webinar = make_webinar(dewi)
    register(webinar, other)
    register(webinar, learner)
    address = f"/webinar/{webinar.slug}/panggung"
    assert app.test_client().get(address).status_code in (302, 303, 401)
    for user, status in ((other, 404), (learner, 403)):
        client = app.test_client()
        sign_in(client, user)
        assert client.get(address).status_code == status
    client = app.test_client()
    sign_in(client, dewi)
    page = client.get(address).text
    assert read_ticket(ticket_in(page)).may(MODERATE)
    assert "Mulai siaran" in page
    assert client.get("/webinar/tidak-ada/panggung").status_code == 404


def test_names_and_titles_are_written_as_text(app: Flask) -> None:
    _speaker, path = speaker_with_link(make_webinar(title="<script>alert(1)</script>"), full_name="<b>Raja</b>")
    answer = app.test_client().get(path)
    assert answer.status_code == 200
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in answer.text
    assert "&lt;b&gt;Raja&lt;/b&gt;" in answer.text
    assert "<script>alert" not in answer.text
    assert "<b>Raja</b>" not in answer.text


def test_the_page_costs_a_constant_number_of_queries(app: Flask, count_queries: list[str]) -> None:
    webinar = make_webinar()
    _speaker, path = speaker_with_link(webinar)
    app.test_client().get(path)
    db.session.remove()
    count_queries.clear()
    app.test_client().get(path)
    few = len(count_queries)
    for number in range(4):
        make_speaker(webinar, f"Pembicara {number}")
    db.session.remove()
    count_queries.clear()
    app.test_client().get(path)
    assert len(count_queries) == few <= 4
