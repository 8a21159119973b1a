"""Guests: a link by mail shows that the address is theirs; nobody learns who is registered; nothing goes on for ever."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select

from app.kernel import clock
from app.kernel.db import db, transaction
from app.notifications.models import OutboxMail
from app.webinars import guests, links
from app.webinars.models import RegistrationState, Webinar, WebinarGuest, WebinarRegistration, WebinarState
from tests.people.factories import make_user, sign_in
from tests.webinars.factories import make_webinar, register

At = Callable[..., None]
WHO = {"full_name": "Tamu Batam", "institution": "Pemko Batam", "email": "tamu@contoh.go.id"}


@pytest.fixture(autouse=True)
def _monday(app: object, at: At) -> None:
    at(2026, 11, 23, 9, 0)


@pytest.fixture
def webinar() -> Webinar:
    return make_webinar(starts_at=datetime(2026, 12, 2, 9, 0, tzinfo=clock.local_zone()), guests_welcome=True)


def ask(client: FlaskClient, webinar: Webinar, **changes: str) -> Any:
    return client.post(f"/webinar/{webinar.slug}/tamu", data=WHO | changes)


def mailed_path(email: str = WHO["email"]) -> str:
    body = db.session.scalars(select(OutboxMail.body).where(OutboxMail.address == email).order_by(OutboxMail.id.desc())).first()
    return re.search(r"/webinar/tamu/\S+", str(body)).group()  # type: ignore[union-attr]


def test_by_their_link_a_guest_registers_enters_and_leaves(client: FlaskClient, webinar: Webinar) -> None:
    assert ask(client, webinar).status_code == 303
    path = mailed_path()
    opened = client.get(path)
    assert (opened.status_code, opened.headers["Cache-Control"], opened.headers["Referrer-Policy"]) == (200, "no-store", "no-referrer")
    assert db.session.scalar(select(func.count(WebinarRegistration.id))) == 0, "opening a link registers nobody: mail programs do that too"
    for _twice in range(2):
        confirmed = client.post(path)
        assert confirmed.headers["Location"] == f"/webinar/{webinar.slug}"
    row = db.session.scalars(select(WebinarRegistration)).one()
    assert (row.state, row.org_unit_name) == (RegistrationState.REGISTERED, "Pemko Batam")
    assert "Anda terdaftar" in client.get(f"/webinar/{webinar.slug}").text
    assert client.get(path).status_code == 303, "later it leads straight to the page"
    assert client.post(f"/webinar/{webinar.slug}/pendaftaran/batal").status_code == 303
    db.session.expire_all()
    assert db.session.scalars(select(WebinarRegistration.state)).one() == RegistrationState.CANCELED


def test_a_guest_leaves_a_shared_computer_and_comes_back_by_the_link(client: FlaskClient, webinar: Webinar) -> None:
    address = f"/webinar/{webinar.slug}"
    assert 'tamu/keluar"' not in client.get(address).text, "nobody is a guest here yet"
    ask(client, webinar)
    client.post(mailed_path())
    page = client.get(address).text
    assert "<b>Tamu Batam</b>" in page
    assert f'action="{address}/tamu/keluar"' in page
    assert client.post(f"{address}/tamu/keluar").headers["Location"] == address
    page = client.get(address).text
    assert "Anda terdaftar" not in page
    assert "Tamu Batam" not in page
    assert db.session.scalars(select(WebinarRegistration.state)).one() == RegistrationState.REGISTERED
    client.get(mailed_path())
    assert "Anda terdaftar" in client.get(address).text
    assert client.post("/webinar/tidak-ada/tamu/keluar").status_code == 404


def test_nobody_else_can_make_a_guest_leave(client: FlaskClient, webinar: Webinar) -> None:
    """Leaving needs the page's own token."""
    ask(client, webinar)
    client.post(mailed_path())
    client.application.config["WTF_CSRF_ENABLED"] = True
    try:
        assert client.post(f"/webinar/{webinar.slug}/tamu/keluar").status_code == 400
    finally:
        client.application.config["WTF_CSRF_ENABLED"] = False
    assert "Anda terdaftar" in client.get(f"/webinar/{webinar.slug}").text


def test_only_a_digest_of_the_link_is_kept(client: FlaskClient, webinar: Webinar) -> None:
    ask(client, webinar)
    secret = mailed_path().rpartition("/")[2]
    guest = db.session.scalars(select(WebinarGuest)).one()
    assert secret not in str(vars(guest))
    assert guest.link_digest == links.digest_of(secret)
    assert db.session.scalars(select(OutboxMail.secret)).one() is True


def test_the_answer_is_the_same_whoever_is_registered(client: FlaskClient, webinar: Webinar) -> None:
    user = make_user(email="siti@contoh.go.id")
    register(webinar, user)
    ask(client, webinar)
    client.post(mailed_path())
    other = client.application.test_client()
    answers = [ask(other, webinar, email=email) for email in (WHO["email"], "siti@contoh.go.id", "belum-pernah@contoh.go.id")]
    assert len({(answer.status_code, answer.headers["Location"]) for answer in answers}) == 1
    pages = [re.sub(r'value="[^"]*"', "", other.get(f"/webinar/{webinar.slug}").text) for _answer in answers]
    assert "siti@contoh.go.id" not in pages[0]


def test_the_same_link_is_mailed_again_and_none_ends_another(client: FlaskClient, webinar: Webinar) -> None:
    ask(client, webinar)
    first = mailed_path()
    client.post(first)
    ask(client.application.test_client(), webinar, full_name="Orang Lain")
    assert mailed_path() == first
    guest = db.session.scalars(select(WebinarGuest)).one()
    assert guest.full_name == "Tamu Batam", "nobody renames a guest who has confirmed"


def test_a_link_that_was_not_opened_in_two_days_is_over(client: FlaskClient, webinar: Webinar, at: At) -> None:
    ask(client, webinar)
    old = mailed_path()
    at(2026, 11, 25, 9, 1)
    for method in (client.get, client.post):
        answer = method(old)
        assert answer.status_code == 409
        assert "48 jam" in answer.text
    ask(client, webinar)
    assert mailed_path() != old
    assert client.get(old).status_code == 404
    assert client.post(mailed_path()).status_code == 303


def test_long_after_the_event_a_link_is_over(client: FlaskClient, webinar: Webinar, at: At) -> None:
    ask(client, webinar)
    path = mailed_path()
    client.post(path)
    at(2027, 1, 2, 9, 0)
    assert client.get(path).status_code == 409


@pytest.mark.parametrize("secret", ["x", "x" * 3000, "%00", "../../etc", "' OR 1=1"])
def test_a_link_that_was_never_given_out_opens_nothing(client: FlaskClient, secret: str) -> None:
    for method in (client.get, client.post):
        assert method(f"/webinar/tamu/{secret}").status_code == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"full_name": ""},
        {"full_name": "x" * 101},
        {"full_name": "Menang hadiah https://jahat.test"},
        {"full_name": "Buka www.jahat.test"},
        {"institution": "<script>"},
        {"email": ""},
        {"email": "bukan surel"},
        {"email": "a@b.id\r\nBcc: c@d.id"},
    ],
)
def test_what_is_no_name_or_address_is_refused(client: FlaskClient, webinar: Webinar, changes: dict[str, str]) -> None:
    assert ask(client, webinar, **changes).status_code == 422
    assert db.session.scalar(select(func.count(OutboxMail.id))) == 0


def test_the_page_leads_to_the_guests_form_and_its_errors(client: FlaskClient, webinar: Webinar) -> None:
    page = client.get(f"/webinar/{webinar.slug}").text
    assert 'href="#tamu"' in page
    assert f'action="/webinar/{webinar.slug}/tamu#tamu"' in page
    assert ask(client, webinar).headers["Location"].endswith("#isi"), "what was done is said at the top"
    assert "#tamu" not in client.get(f"/webinar/{make_webinar().slug}").text


def test_guests_are_let_in_only_where_they_are_welcome(client: FlaskClient, webinar: Webinar, at: At) -> None:
    assert ask(client, make_webinar()).status_code == 404
    assert ask(client, make_webinar(guests_welcome=True, state=WebinarState.DRAFT)).status_code == 404
    assert ask(client, make_webinar(guests_welcome=True, state=WebinarState.CANCELED)).status_code == 409
    at(2026, 12, 2, 11, 0)
    assert ask(client, webinar).status_code == 409


def test_asking_again_and_again_is_slowed_down(client: FlaskClient, webinar: Webinar) -> None:
    statuses = [ask(client, webinar).status_code for _n in range(7)]
    assert statuses == [303] * 5 + [429] * 2
    assert db.session.scalar(select(func.count(OutboxMail.id))) == 5


def test_a_hall_of_people_behind_one_address_registers_at_once(client: FlaskClient, webinar: Webinar) -> None:
    statuses = [ask(client, webinar, email=f"peserta{n}@contoh.go.id").status_code for n in range(150)]
    assert set(statuses) == {303}


def test_one_place_cannot_mail_the_whole_city(client: FlaskClient, webinar: Webinar, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guests, "PLACE_ASKS", 10)
    statuses = [ask(client, webinar, email=f"korban{n}@contoh.go.id").status_code for n in range(12)]
    assert statuses == [303] * 10 + [429, 429]
    assert db.session.scalar(select(func.count(OutboxMail.id))) == 10
    user = make_user()
    assert sign_in(client, user).get("/beranda").status_code == 200


def test_a_guest_waits_when_it_is_full(client: FlaskClient, webinar: Webinar) -> None:
    with transaction():
        db.session.get_one(Webinar, webinar.id).seats = 1
    register(webinar, make_user())
    ask(client, webinar)
    client.post(mailed_path())
    assert "Anda nomor 1 di daftar tunggu" in client.get(f"/webinar/{webinar.slug}").text


def test_addresses_that_nobody_confirmed_are_forgotten(client: FlaskClient, webinar: Webinar, at: At) -> None:
    ask(client, webinar)
    ask(client, webinar, email="lain@contoh.go.id")
    client.post(mailed_path("lain@contoh.go.id"))
    at(2026, 12, 1, 9, 0)
    with transaction():
        assert guests.forget_unconfirmed() == 1
    assert db.session.scalars(select(WebinarGuest.email)).all() == ["lain@contoh.go.id"]
