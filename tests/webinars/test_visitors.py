"""Who somebody is in a webinar, by account or by the link of a guest; and whose page is drawn."""

from __future__ import annotations

from flask import Flask, make_response
from flask.testing import FlaskClient

from app.kernel.access import Role
from app.kernel.db import db, transaction
from app.webinars import slots, visitors
from app.webinars.models import RegistrationState, Webinar, WebinarGuest, WebinarState
from tests.people.factories import make_user, sign_in
from tests.webinars.factories import make_guest, make_webinar, register


def _cookie_for(app: Flask, guest: WebinarGuest) -> str:
    with app.test_request_context("/"):
        answer = make_response("")
        visitors.remember_guest(answer, guest)
        return answer.headers["Set-Cookie"].split(";")[0]


def _key_of(app: Flask, webinar: Webinar, cookie: str) -> str | None:
    with app.test_request_context("/", headers={"Cookie": cookie}):
        known = visitors.current_participant(webinar)
        return known.key if known else None


def test_a_guest_is_known_by_their_browser_and_in_their_webinar_alone(app: Flask) -> None:
    webinar, other = make_webinar(), make_webinar()
    guest = make_guest(webinar)
    cookie = _cookie_for(app, guest)
    assert _key_of(app, webinar, cookie) == f"g{guest.id}"
    assert _key_of(app, other, cookie) is None
    assert _key_of(app, other, cookie.replace(f"_{webinar.id}=", f"_{other.id}=")) is None
    assert _key_of(app, webinar, cookie[:-2] + "xx") is None
    assert _key_of(app, webinar, f"gurindam_tamu_{webinar.id}=apa-saja") is None


def test_a_new_link_ends_what_the_old_one_opened(app: Flask) -> None:
    webinar = make_webinar()
    guest = make_guest(webinar)
    cookie = _cookie_for(app, guest)
    with transaction():
        db.session.get_one(WebinarGuest, guest.id).link_digest = "another"
    assert _key_of(app, webinar, cookie) is None


def test_the_page_of_a_state_is_drawn_by_whoever_said_so(client: FlaskClient, monkeypatch) -> None:
    user = make_user()
    webinar = make_webinar(state=WebinarState.LIVE)
    register(webinar, user)
    address = f"/webinar/{webinar.slug}"
    monkeypatch.setattr(slots, "PAGES", slots.PAGES)
    monkeypatch.setitem(slots.PAGES, WebinarState.LIVE, lambda shown, person: f"{shown.slug} {person and person.key}")
    assert client.get(address).text == f"{webinar.slug} None"
    assert sign_in(client, user).get(address).text == f"{webinar.slug} u{user.id}"


def test_a_draft_is_shown_to_those_who_run_it_alone(client: FlaskClient) -> None:
    staff = make_user("Dewi Lestari", role=Role.MODERATOR)
    webinar = make_webinar(staff, state=WebinarState.DRAFT)
    address = f"/webinar/{webinar.slug}"
    assert client.get(address).status_code == 404
    assert sign_in(client, make_user(role=Role.MODERATOR)).get(address).status_code == 404
    assert sign_in(client, staff).get(address).status_code == 200


def test_the_list_shows_what_is_announced(client: FlaskClient) -> None:
    shown, draft = make_webinar(), make_webinar(state=WebinarState.DRAFT)
    held = make_webinar(state=WebinarState.ENDED)
    register(held, make_user(), RegistrationState.REGISTERED)
    page = client.get("/webinar").text
    assert all(title in page for title in (shown.title, held.title))
    assert draft.title not in page
