"""The session's cookie and the token of forms. A browser sends the same cookie with each request, so what was verified or signed is kept."""

from __future__ import annotations

import time
from copy import deepcopy
from functools import lru_cache
from typing import Any

from flask import Flask, Request, current_app, g, request, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_wtf.csrf import CSRFProtect, generate_csrf, same_origin
from itsdangerous import BadData, BadSignature, URLSafeTimedSerializer

_FORM_TOKEN = "csrf_token"  # noqa: S105  the name Flask-WTF uses in the session and in `g`
_SALT = "wtf-csrf-token"  # Flask-WTF's
KEPT = 8192  # browsers at once


class KeptCookies(SecureCookieSessionInterface):
    """Flask's signed cookies. The signature of each is computed once; its age is looked at every time."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession:
        cookie = request.cookies.get(self.get_cookie_name(app))
        if not cookie:
            return self.session_class()
        try:
            content, signed_at, is_flat = _verified(app, cookie)
        except BadSignature:
            return self.session_class()
        if not 0 <= int(time.time()) - signed_at <= app.permanent_session_lifetime.total_seconds():
            return self.session_class()
        return self.session_class(content if is_flat else deepcopy(content))


@lru_cache(maxsize=KEPT)
def _verified(app: Flask, cookie: str) -> tuple[dict[str, Any], int, bool]:
    """What a cookie says, when it was signed (seconds), and whether nothing in it can be changed in place. Raises BadSignature."""
    serializer = SecureCookieSessionInterface().get_signing_serializer(app)
    if serializer is None:
        raise BadSignature("no secret key")
    content, signed_at = serializer.loads(cookie, return_timestamp=True)
    return content, int(signed_at.timestamp()), all(isinstance(value, str | int | None) for value in content.values())


def form_token() -> str:
    """The token that a form of this session carries (`csrf_token` in templates)."""
    known = session.get(_FORM_TOKEN)
    if _FORM_TOKEN not in g and isinstance(known, str) and current_app.secret_key:
        setattr(g, _FORM_TOKEN, _signed(current_app.secret_key, known))
    return generate_csrf()


@lru_cache(maxsize=KEPT)
def _signed(secret_key: str | bytes, token: str) -> str:
    return URLSafeTimedSerializer(secret_key, salt=_SALT).dumps(token)


class KeptProtection(CSRFProtect):
    """Flask-WTF's guard of forms. The token that our scripts send in a header is the same each time: its signature is computed once."""

    def protect(self, apply_exemptions: bool = False) -> None:
        """Whatever is not plainly right is Flask-WTF's to judge."""
        given, known, secret_key = request.headers.get("X-CSRFToken"), session.get(_FORM_TOKEN), current_app.secret_key
        is_ours = given and secret_key and isinstance(known, str) and _said(secret_key, given) == known
        if is_ours and (not request.is_secure or same_origin(request.referrer or "", f"https://{request.host}/")):
            g.csrf_valid = True
        else:
            super().protect(apply_exemptions)


@lru_cache(maxsize=KEPT)
def _said(secret_key: str | bytes, token: str) -> Any:
    """What a signed token says; None for one that we did not sign. It has no age: WTF_CSRF_TIME_LIMIT is None."""
    try:
        return URLSafeTimedSerializer(secret_key, salt=_SALT).loads(token)
    except BadData:
        return None


def init_app(app: Flask) -> None:
    """After Flask-WTF: templates get this function in the place of its own."""
    app.session_interface = KeptCookies()
    app.jinja_env.globals[_FORM_TOKEN] = form_token
    app.context_processor(lambda: {_FORM_TOKEN: form_token})
