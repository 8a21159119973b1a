"""Signing in and out, over the real pages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from flask_login import current_user
from sqlalchemy import select

from app.kernel import clock
from app.kernel.access import Role
from app.kernel.db import db, transaction
from app.people import throttle
from app.people.models import User, UserSession
from app.people.services import grant_role
from tests.people.factories import PASSWORD, make_nip, make_unit, make_user, sign_in


def _try(client: FlaskClient, identifier: str, password: str = PASSWORD, **more: str):
    return client.post("/masuk", data={"identifier": identifier, "password": password} | more)


def test_one_signs_in_with_nip_or_email(client):
    make_user(unit=make_unit(), nip=make_nip(), email="siti@contoh.go.id")
    assert _try(client, "19900517 201503 1 001", next="/profil").location == "/profil"
    assert _try(client, "SITI@contoh.go.id").location == "/beranda"


@pytest.mark.parametrize(("identifier", "password"), [("siti@contoh.go.id", "salah"), ("tidak@ada.go.id", PASSWORD), ("", ""), ("19900517201503100", PASSWORD)])
def test_a_wrong_password_and_an_unknown_account_look_the_same(client, identifier, password):
    make_user(email="siti@contoh.go.id")
    answer = _try(client, identifier, password)
    assert answer.status_code == 422
    assert "tidak cocok" in answer.text
    assert db.session.scalar(select(UserSession.id)) is None


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/a\nb"])
def test_the_way_on_never_leaves_the_site(client, target):
    make_user(email="siti@contoh.go.id")
    assert _try(client, "siti@contoh.go.id", next=target).location == "/beranda"


def test_a_disabled_account_stays_outside(client):
    user = make_user(email="siti@contoh.go.id")
    with transaction():
        db.session.get(User, user.id).disabled_at = clock.now()
    assert _try(client, "siti@contoh.go.id").status_code == 422


def test_signing_out_ends_the_session_in_the_database(client):
    sign_in(client, make_user())
    assert client.post("/keluar").location == "/masuk"
    assert db.session.scalar(select(UserSession.revoked_at)) is not None
    assert client.post("/keluar", headers={"Accept": "application/json"}).status_code == 401


def test_a_session_ends_after_twelve_idle_hours(client, at):
    at(2026, 3, 2, 8, 0)
    sign_in(client, make_user())
    at(2026, 3, 2, 19, 50)
    assert client.get("/masuk").status_code == 302
    at(2026, 3, 3, 7, 40)
    assert client.get("/masuk").status_code == 302
    at(2026, 3, 3, 19, 45)
    assert client.get("/masuk").status_code == 200


def test_a_remembered_session_ends_after_thirty_days_come_what_may(client, at):
    at(2026, 3, 2, 8, 0)
    make_user(email="siti@contoh.go.id")
    _try(client, "siti@contoh.go.id", remember="1")
    for day in (12, 22, 31):
        at(2026, 3, day, 8, 0)
        assert client.get("/masuk").status_code == 302
    at(2026, 4, 1, 8, 1)
    assert client.get("/masuk").status_code == 200


def test_the_sixth_try_has_to_wait_and_says_how_long(client, at):
    at(2026, 3, 2, 8, 0)
    make_user(email="siti@contoh.go.id")
    for _ in range(throttle.FREE_TRIES):
        assert _try(client, "siti@contoh.go.id", "salah").status_code == 422
    answer = _try(client, "siti@contoh.go.id")
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "16"
    assert "16 detik" in answer.text
    clock.freeze(clock.now() + timedelta(seconds=16))
    assert _try(client, "siti@contoh.go.id").status_code == 303


def test_fifteen_failures_lock_the_account_for_an_hour(client, at):
    at(2026, 3, 2, 8, 0)
    user = make_user(email="siti@contoh.go.id")
    for _ in range(throttle.LOCK_AFTER):
        _try(client, "siti@contoh.go.id", "salah")
        clock.freeze(clock.now() + throttle.LONGEST_WAIT)
    db.session.expire_all()
    assert db.session.get(User, user.id).locked_until is not None
    assert "dikunci" in _try(client, "siti@contoh.go.id").text
    clock.freeze(clock.now() + throttle.LOCK)
    assert _try(client, "siti@contoh.go.id").status_code == 303


def test_an_unknown_account_is_throttled_like_a_known_one(client):
    for _ in range(throttle.FREE_TRIES):
        _try(client, "tidak@ada.go.id")
    assert _try(client, "tidak@ada.go.id").status_code == 429


def test_one_address_cannot_try_account_after_account(client):
    for number in range(throttle.ADDRESS_TRIES):
        _try(client, f"orang{number}@ada.go.id")
    make_user(email="siti@contoh.go.id")
    assert _try(client, "siti@contoh.go.id").status_code == 429


def test_an_office_that_asks_for_mails_still_signs_in(client):
    make_user(email="siti@contoh.go.id")
    answers = [client.post("/masuk/lupa", data={"identifier": f"orang{number}@ada.go.id"}).status_code for number in range(throttle.ADDRESS_TRIES + 1)]
    assert (answers[0], answers[-1]) == (200, 429)
    assert _try(client, "siti@contoh.go.id", PASSWORD).status_code == 303


def test_who_is_signed_in_costs_one_query(client, count_queries):
    sign_in(client, make_user(unit=make_unit(), nip=make_nip()))
    client.get("/masuk")
    count_queries.clear()
    client.get("/masuk")
    assert len([q for q in count_queries if q.startswith("SELECT")]) == 1


@pytest.mark.parametrize(
    "change",
    [
        lambda user: grant_role(user, Role.AUDITOR),
        lambda user: setattr(user, "full_name", "Siti Rahmah Baru"),
        lambda user: setattr(user.employee, "position", "Analis Muda"),
        lambda user: setattr(user.employee.org_unit, "name", "Dinas Baru"),
        lambda user: setattr(user, "locale", "en"),
    ],
    ids=["role", "name", "position", "unit", "language"],
)
def test_what_changed_about_a_person_holds_at_their_next_request(client, app, change):
    user = make_user(unit=make_unit(), nip=make_nip())
    sign_in(client, user)

    def seen() -> list[object]:
        with client:
            client.get("/masuk")
            post = current_user.employee
            return [sorted(current_user.roles), current_user.full_name, post.position, post.org_unit.name, current_user.locale]

    before = seen()
    assert seen() == before
    with transaction():
        change(db.session.get_one(User, user.id))
    assert sum(old != new for old, new in zip(before, seen(), strict=True)) == 1


def test_the_token_in_the_cookie_is_not_in_the_database(client, app):
    sign_in(client, make_user())
    with client.session_transaction() as cookie:
        token = cookie["token"]
    assert token not in str(db.session.execute(select(UserSession.token_digest)).all())


def test_a_database_that_does_not_answer_is_told_as_that(client, monkeypatch):
    from app.kernel.errors import Busy
    from app.people.routes import access

    def locked(*_arguments):
        raise Busy(code="database_locked")

    monkeypatch.setattr(access, "_check", locked)
    answer = client.post("/masuk", data={"identifier": "siti@uji.test", "password": "Rahasia-Panjang-1"})
    assert answer.status_code == 503
    assert "sedang sibuk" in answer.text
