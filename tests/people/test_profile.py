"""One's own page and the second step of signing in."""

from __future__ import annotations

import threading
from datetime import timedelta

import pyotp
import pytest

from app.kernel import clock
from app.kernel.db import db, transaction
from app.people import second_factors
from app.people.models import User
from app.people.queries import get_user
from app.people.secret_box import Unsealable, seal, unseal
from tests.people.factories import PASSWORD, make_nip, make_unit, make_user, sign_in


def _with_second_factor(user: User) -> tuple[pyotp.TOTP, list[str]]:
    with transaction():
        totp = pyotp.TOTP(second_factors.begin(get_user(user.id)))
    with transaction():
        codes = second_factors.confirm(get_user(user.id), totp.at(clock.now()))
    assert codes
    return totp, codes


def _first_step(client, user):
    return client.post("/masuk", data={"identifier": user.email, "password": PASSWORD, "next": "/profil"})


@pytest.mark.parametrize(
    ("full_name", "initials"),
    [
        ("Dr. Siti Rahma, M.Si.", "SR"),
        ("Drs. H. Raja Ali Haji, M.M.", "RH"),
        ("M. Rizal", "R"),
        ("Dewi Lestari Sinaga", "DS"),
        ("Alia", "A"),
        ("Dr.", "D"),
        ("1 2", "?"),
    ],
)
def test_initials_are_of_the_name_and_not_of_its_titles(full_name, initials):
    assert User(full_name=full_name).initials == initials


def test_the_profile_shows_the_number_in_groups_and_never_in_its_address(client):
    user = make_user(unit=make_unit("Dinas Kominfo"), nip=make_nip())
    sign_in(client, user)
    page = client.get("/profil").text
    assert "19900517 201503 1 001" in page
    assert "Dinas Kominfo" in page
    assert 'href="/profil?' not in page


def test_setting_up_shows_a_picture_and_ends_with_recovery_codes(client, at):
    at(2026, 3, 2, 8, 0)
    user = make_user()
    sign_in(client, user)
    assert client.get("/profil/verifikasi").status_code == 200
    picture = client.get("/profil/verifikasi/qr.svg")
    assert picture.mimetype == "image/svg+xml"
    assert "script" not in picture.text
    assert client.post("/profil/verifikasi", data={"code": "000000"}).status_code == 422
    secret = second_factors.pending_secret(get_user(user.id))
    page = client.post("/profil/verifikasi", data={"code": pyotp.TOTP(secret).at(clock.now())})
    assert page.text.count("<li>") >= second_factors.RECOVERY_CODES
    db.session.expire_all()
    assert secret not in (db.session.get(User, user.id).totp_secret or "")


def test_signing_in_asks_for_the_second_step(client, at):
    at(2026, 3, 2, 8, 0)
    user = make_user()
    totp, _codes = _with_second_factor(user)
    assert _first_step(client, user).location == "/masuk/verifikasi"
    assert client.get("/profil").location.startswith("/masuk")
    clock.freeze(clock.now() + timedelta(seconds=60))
    assert client.post("/masuk/verifikasi", data={"code": "123"}).status_code == 422
    assert client.post("/masuk/verifikasi", data={"code": totp.at(clock.now())}).location == "/profil"


def test_a_code_from_the_phone_works_once(client, at):
    at(2026, 3, 2, 8, 0)
    user = make_user()
    totp, _codes = _with_second_factor(user)
    clock.freeze(clock.now() + timedelta(seconds=60))
    code = totp.at(clock.now())
    _first_step(client, user)
    assert client.post("/masuk/verifikasi", data={"code": code}).status_code == 303
    client.post("/keluar")
    _first_step(client, user)
    assert client.post("/masuk/verifikasi", data={"code": code}).status_code == 422


def test_a_code_from_the_phone_sent_twice_at_once_works_once(app, client, at):
    at(2026, 3, 2, 8, 0)
    user = make_user()
    totp, _codes = _with_second_factor(user)
    clock.freeze(clock.now() + timedelta(seconds=60))
    browsers, answers = [client, app.test_client()], []
    for browser in browsers:
        _first_step(browser, user)
    both = [
        threading.Thread(target=lambda b=browser: answers.append(b.post("/masuk/verifikasi", data={"code": totp.at(clock.now())}).status_code))
        for browser in browsers
    ]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert sorted(answers) == [303, 422]


def test_a_recovery_code_works_once(client, at):
    at(2026, 3, 2, 8, 0)
    user = make_user()
    _totp, codes = _with_second_factor(user)
    _first_step(client, user)
    assert client.post("/masuk/verifikasi", data={"code": codes[0].upper()}).status_code == 303
    client.post("/keluar")
    _first_step(client, user)
    assert client.post("/masuk/verifikasi", data={"code": codes[0]}).status_code == 422


def test_the_second_step_waits_ten_minutes_at_most(client, at):
    at(2026, 3, 2, 8, 0)
    user = make_user()
    _totp, codes = _with_second_factor(user)
    _first_step(client, user)
    clock.freeze(clock.now() + timedelta(minutes=11))
    assert client.post("/masuk/verifikasi", data={"code": codes[0]}).location == "/masuk"


def test_switching_it_off_needs_the_password(client, at):
    at(2026, 3, 2, 8, 0)
    user = make_user()
    _with_second_factor(user)
    sign_in(client, user)
    assert client.post("/profil/verifikasi/mati", data={"password": "salah"}).status_code == 422
    assert client.post("/profil/verifikasi/mati", data={"password": PASSWORD}).status_code == 303
    db.session.expire_all()
    assert db.session.get(User, user.id).totp_secret is None


def test_one_ends_only_ones_own_sessions(client, app):
    user, other = make_user(), make_user()
    elsewhere = sign_in(app.test_client(), other)
    sign_in(client, user)
    assert client.post("/profil/perangkat/1/akhir").status_code == 404
    assert elsewhere.get("/masuk").status_code == 302
    phone = sign_in(app.test_client(), user)
    assert client.post("/profil/perangkat/lain/akhir").status_code == 303
    assert phone.get("/masuk").status_code == 200
    assert client.get("/masuk").status_code == 302


def test_ones_own_data_come_as_json(client):
    user = make_user("Siti Rahmah", unit=make_unit("Dinas Kominfo"), nip=make_nip())
    sign_in(client, user)
    data = client.get("/profil/data.json").json
    assert data["employee"]["nip"] == make_nip()
    assert data["employee"]["units"][0]["unit"] == "Dinas Kominfo"
    assert "password" not in str(data)


def test_the_language_is_kept_with_the_account(client):
    user = make_user()
    sign_in(client, user)
    assert client.post("/profil/bahasa", data={"language": "xx"}).status_code == 422
    assert client.post("/profil/bahasa", data={"language": "en"}).status_code == 303
    db.session.expire_all()
    assert db.session.get(User, user.id).locale == "en"


def test_a_sealed_secret_cannot_be_changed_or_moved(app):
    sealed = seal("totp", "RAHASIA")
    assert unseal("totp", sealed) == "RAHASIA"
    assert seal("totp", "RAHASIA") != sealed
    for bad in (sealed[:-2] + "AA", "x" * 90, ""):
        with pytest.raises(Unsealable):
            unseal("totp", bad)
    with pytest.raises(Unsealable):
        unseal("other", sealed)
