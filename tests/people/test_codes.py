"""First access and forgotten passwords: one-time codes, the forced change, the rules of a password."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.kernel import clock, events
from app.kernel.access import Role
from app.kernel.db import db, transaction
from app.kernel.errors import NotAllowed
from app.kernel.worker import drain
from app.people import codes, passwords, throttle
from app.people.events import PasswordResetRequested
from app.people.models import AccessCode, CodePurpose, User
from app.people.queries import get_user
from tests.people.factories import PASSWORD, make_nip, make_unit, make_user, sign_in

NEW = "Kapal-Pompong 7 tiba"


def _issue(user: User, lifetime=codes.FROM_ADMIN) -> str:
    with transaction():
        return codes.written(codes.issue_code(user.id, CodePurpose.ACTIVATION, lifetime, None)[0])


def _redeem(client, user, code, password=NEW, repeat=None):
    form = {"identifier": user.email, "code": code, "password": password, "repeat": password if repeat is None else repeat}
    return client.post("/masuk/kode", data=form)


def test_a_code_sets_the_password_signs_in_and_works_once(client):
    user = make_user()
    code = _issue(user)
    assert _redeem(client, user, code.lower().replace("-", " ")).location == "/beranda"
    assert client.get("/masuk").status_code == 302
    assert "sudah dipakai" in _redeem(client, user, code).text
    db.session.expire_all()
    assert passwords.verify_password(db.session.get(User, user.id).password_hash, NEW)


def test_a_code_of_somebody_else_or_past_its_time_is_refused(client, at):
    at(2026, 3, 2, 8, 0)
    user, other = make_user(), make_user()
    code = _issue(user)
    assert _redeem(client, other, code).status_code == 422
    clock.freeze(clock.now() + codes.FROM_ADMIN + timedelta(seconds=1))
    assert _redeem(client, user, code).status_code == 422


def test_a_weak_password_keeps_the_code_and_what_was_typed(client):
    user = make_user("Siti Rahmah")
    code = _issue(user)
    answer = _redeem(client, user, code, "pendek", "lain")
    assert answer.status_code == 422
    assert "Paling sedikit 12" in answer.text
    assert "tidak sama" in answer.text
    assert code in answer.text
    assert _redeem(client, user, code).status_code == 303


def test_a_newer_code_ends_the_older(client):
    user = make_user()
    first, second = _issue(user), _issue(user)
    assert _redeem(client, user, first).status_code == 422
    assert _redeem(client, user, second).status_code == 303


def test_a_locked_account_is_opened_by_its_code(client, at):
    at(2026, 3, 2, 8, 0)
    user = make_user(email="siti@contoh.go.id")
    for _ in range(throttle.LOCK_AFTER):
        client.post("/masuk", data={"identifier": user.email, "password": "x"})
        clock.freeze(clock.now() + throttle.LONGEST_WAIT)
    assert _redeem(client, user, _issue(user)).status_code == 303


def test_guessing_codes_is_throttled(client):
    user = make_user()
    for _ in range(throttle.FREE_TRIES):
        _redeem(client, user, "AAAAA-AAAAA")
    assert _redeem(client, user, _issue(user)).status_code == 429


def test_the_plain_code_is_not_in_the_database_nor_in_the_events_text(app):
    user = make_user()
    code = _issue(user)
    assert code.replace("-", "") not in str(db.session.execute(select(AccessCode.code_digest)).all())
    assert "ABCDE" not in repr(PasswordResetRequested(1, clock.now(), "ABCDE-FGHJK"))


def test_asking_by_mail_says_the_same_for_everyone_and_announces_only_real_accounts(app, client, monkeypatch):
    heard: list[PasswordResetRequested] = []
    monkeypatch.setitem(events._inside, PasswordResetRequested, [heard.append])
    user = make_user()
    known = client.post("/masuk/lupa", data={"identifier": user.email}).text.replace(user.email, "")
    unknown = client.post("/masuk/lupa", data={"identifier": "a@b.go.id"}).text.replace("a@b.go.id", "")
    assert known == unknown
    assert heard == []  # left to the worker, so that the answer takes as long for both
    assert drain(app) == 2
    assert [event.user_id for event in heard] == [user.id]
    assert _redeem(client, user, heard[0].code).status_code == 303


def test_a_mail_that_anybody_can_ask_for_ends_no_code_of_an_admin(app, client):
    user, admin = make_user(), make_user("Alma Admin")
    with transaction():
        handed_over = codes.issue_code(user.id, CodePurpose.RESET, codes.FROM_ADMIN, admin.id)[0]
    client.post("/masuk/lupa", data={"identifier": user.email})
    drain(app)
    assert db.session.scalar(select(func.count()).select_from(AccessCode).where(AccessCode.user_id == user.id)) == 2
    assert _redeem(client, user, handed_over).status_code == 303
    assert db.session.scalar(select(func.count()).select_from(AccessCode).where(AccessCode.used_at.is_(None))) == 0


def test_one_code_sent_twice_at_once_works_once(app, client):
    user = make_user()
    code = _issue(user)
    answers: list[int] = []
    both = [threading.Thread(target=lambda: answers.append(_redeem(app.test_client(), user, code).status_code)) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert answers.count(303) == 1


def test_the_first_sign_in_opens_nothing_but_the_new_password(client):
    user = make_user(must_change_password=True)
    sign_in(client, user)
    assert client.get("/profil").location == "/profil/kata-sandi"
    assert client.get("/profil", headers={"Accept": "application/json"}).status_code == 403
    assert client.post("/profil/kata-sandi", data={"password": NEW, "repeat": NEW}).location == "/beranda"
    assert client.get("/profil").status_code == 200


def test_a_demo_account_is_not_asked_for_a_new_password(client):
    user = make_user(must_change_password=True, is_demo=True)
    sign_in(client, user)
    assert client.get("/profil").status_code == 200


def test_changing_the_password_needs_the_present_one_and_ends_other_browsers(client, app):
    user = make_user()
    elsewhere = sign_in(app.test_client(), user)
    sign_in(client, user)
    assert client.post("/profil/kata-sandi", data={"current": "salah", "password": NEW, "repeat": NEW}).status_code == 422
    assert client.post("/profil/kata-sandi", data={"current": PASSWORD, "password": PASSWORD, "repeat": PASSWORD}).status_code == 422
    assert client.post("/profil/kata-sandi", data={"current": PASSWORD, "password": NEW, "repeat": NEW}).status_code == 303
    assert client.get("/masuk").status_code == 302
    assert elsewhere.get("/masuk").status_code == 200


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("Aa1!aB2", "Paling sedikit"),
        ("semuahurufkecil1!", "huruf besar"),
        ("SEMUABESAR 1234!", "huruf kecil"),
        ("Tanpa angka sama sekali", "angka"),
        ("TanpaSimbol12345", "simbol"),
        ("Saya 19900517 lahir", "NIP"),
        ("Siti-Rahmah 2026", "nama"),
        ("Tanjungpinang 2026!", "umum"),
        ("Aa1!Aa1!Aa1!", "umum"),
    ],
)
def test_each_weak_password_is_refused_for_its_reason(app, password, reason):
    with app.test_request_context():
        faults = passwords.password_faults(password, full_name="Siti Rahmah, S.E.", nip=make_nip(), email="siti@contoh.go.id")
        assert any(reason in str(fault) for fault in faults)


def test_a_sentence_is_a_good_password(app):
    assert passwords.password_faults(NEW, full_name="Siti Rahmah", nip=make_nip(), email="siti@contoh.go.id") == []


def test_an_admin_never_rescues_a_stronger_account(app):
    unit = make_unit()
    admin, boss, clerk = make_user(role=Role.UNIT_ADMIN, unit=unit), make_user(role=Role.SYSTEM_ADMIN, unit=unit), make_user(unit=unit)
    with transaction():
        assert codes.issue_code_by_admin(admin, get_user(clerk.id))
    with pytest.raises(NotAllowed), transaction():
        codes.issue_code_by_admin(admin, get_user(boss.id))
