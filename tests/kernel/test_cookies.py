"""The session's cookie and the token of forms: what is kept of them means the same, and nothing of it can be changed from outside."""

from __future__ import annotations

import time

import pytest
from flask import Flask, g, session
from flask.sessions import SecureCookieSessionInterface
from flask_wtf.csrf import CSRFProtect, validate_csrf
from wtforms import ValidationError

from app.kernel import cookies

pytestmark = pytest.mark.unit
FORTNIGHT = 14 * 24 * 3600


@pytest.fixture
def small() -> Flask:
    app = Flask("small")
    app.config.update(SECRET_KEY="k" * 40, PERMANENT_SESSION_LIFETIME=FORTNIGHT, WTF_CSRF_TIME_LIMIT=None)
    CSRFProtect(app)
    cookies.init_app(app)
    return app


def cookie_of(app: Flask, **content: object) -> str:
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    assert serializer is not None
    return serializer.dumps(content)


def read(app: Flask, cookie: str) -> dict[str, object]:
    with app.test_request_context(headers={"Cookie": f"session={cookie}"}):
        return dict(session)


def test_a_cookie_is_read_again_and_again(small):
    cookie = cookie_of(small, token="a")  # noqa: S106
    assert read(small, cookie) == read(small, cookie) == {"token": "a"}


def test_a_changed_or_foreign_cookie_is_nobodys(small):
    cookie = cookie_of(small, token="a")  # noqa: S106
    assert read(small, cookie[:-2] + ("AA" if cookie[-2:] != "AA" else "BB")) == {}
    assert read(small, "") == read(small, "x.y.z") == {}
    other = Flask("other")
    other.secret_key = "o" * 40
    assert read(small, cookie_of(other, token="a")) == {}  # noqa: S106


def test_a_cookie_grows_old_though_it_was_read_before(small, monkeypatch):
    cookie, now = cookie_of(small, token="a"), time.time()  # noqa: S106
    assert read(small, cookie) == {"token": "a"}
    monkeypatch.setattr(time, "time", lambda: now + FORTNIGHT + 2)
    assert read(small, cookie) == {}
    monkeypatch.setattr(time, "time", lambda: now - 60)
    assert read(small, cookie) == {}


def test_what_one_request_changes_no_other_sees(small):
    cookie = cookie_of(small, token="a", _flashes=[("info", "x")])  # noqa: S106
    with small.test_request_context(headers={"Cookie": f"session={cookie}"}):
        session["_flashes"].append(("info", "y"))
        session["more"] = 1
    assert read(small, cookie) == {"token": "a", "_flashes": [("info", "x")]}
    flat = cookie_of(small, token="a")  # noqa: S106
    with small.test_request_context(headers={"Cookie": f"session={flat}"}):
        session.pop("token")
        session["more"] = 1
    assert read(small, flat) == {"token": "a"}


def test_the_token_of_a_form_belongs_to_one_session(small):
    first, second = (cookie_of(small, csrf_token=name * 40) for name in "ab")
    with small.test_request_context(headers={"Cookie": f"session={first}"}):
        token = cookies.form_token()
        validate_csrf(token)
    with small.test_request_context(headers={"Cookie": f"session={first}"}):
        assert cookies.form_token() == token
    with small.test_request_context(headers={"Cookie": f"session={second}"}), pytest.raises(ValidationError):
        validate_csrf(token)


def test_a_session_without_a_token_gets_one(small):
    with small.test_request_context():
        token = cookies.form_token()
        assert token == cookies.form_token() == g.csrf_token
        validate_csrf(token)


@pytest.fixture
def guarded() -> Flask:
    app = Flask("guarded")
    app.config.update(SECRET_KEY="k" * 40, PERMANENT_SESSION_LIFETIME=FORTNIGHT, WTF_CSRF_TIME_LIMIT=None, WTF_CSRF_HEADERS=["X-CSRFToken"])
    cookies.KeptProtection(app)
    cookies.init_app(app)
    app.post("/")(lambda: "done")
    app.get("/token")(cookies.form_token)
    return app


def test_the_token_in_a_header_opens_its_own_session_alone(guarded):
    own, foreign = guarded.test_client(), guarded.test_client()
    token = own.get("/token").text
    foreign.get("/token")
    assert [own.post("/", headers={"X-CSRFToken": token}).status_code for _ in range(2)] == [200, 200]
    for forged in ("", token[:-2] + ("AA" if token[-2:] != "AA" else "BB"), "x.y.z"):
        assert own.post("/", headers={"X-CSRFToken": forged}).status_code == 400
    assert foreign.post("/", headers={"X-CSRFToken": token}).status_code == 400
    assert guarded.test_client().post("/", headers={"X-CSRFToken": token}).status_code == 400, "no session at all"
    assert own.post("/", data={"csrf_token": token}).status_code == 200


def test_over_https_the_page_must_be_ours_too(guarded):
    own = guarded.test_client()
    token = own.get("/token", base_url="https://localhost").text
    send = [own.post("/", base_url="https://localhost", headers={"X-CSRFToken": token} | extra).status_code for extra in (
        {}, {"Referer": "https://elsewhere.test/"}, {"Referer": "http://localhost/"}, {"Referer": "https://localhost/kursus"},
    )]  # fmt: skip
    assert send == [400, 400, 400, 200]
