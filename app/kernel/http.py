"""What every answer carries: security headers, cache rules, and errors said in the right form."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

import structlog
from flask import Flask, Response, g, jsonify, redirect, render_template, request, url_for
from flask.json.provider import DefaultJSONProvider
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter, Map

from app.kernel import clock, cookies, templates
from app.kernel.db import db
from app.kernel.errors import Busy, DomainError, NotAllowed, NotFound, SignInNeeded, TooLarge, TooMany

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; font-src 'self'; media-src 'self' blob:; "
    "connect-src 'self'; worker-src 'self' blob:; manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(self), display-capture=(self), geolocation=(), payment=(), usb=()",
}
LARGEST_FORM_BYTES = 25 * 1024 * 1024
LARGEST_ROW_NUMBER = 2**31 - 1  # what the key of a row can be

_SAID: dict[int, type[DomainError]] = {error.status: error for error in (NotAllowed, NotFound, TooLarge, TooMany, Busy)}

log = structlog.get_logger()
csrf = cookies.KeptProtection()


class RowNumber(IntegerConverter):
    """`<int:...>` in an address: a number that no row can have is an address that does not exist."""

    def __init__(self, map: Map, *args: Any, **options: Any):
        super().__init__(map, *args, **{"max": LARGEST_ROW_NUMBER} | options)


class BoundedJson(DefaultJSONProvider):
    """JSON nested deeper than Python reads is malformed JSON, not a fault of ours. Half a sign (a surrogate without its other half: text that
    was cut within an emoji) can be neither kept nor sent, so U+FFFD takes its place."""

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        try:
            found = super().loads(s, **kwargs)
            return _with_whole_signs(found) if _HALF_SIGN.search(s if isinstance(s, str) else s.decode(errors="replace")) else found
        except RecursionError as error:
            raise ValueError("nested too deeply") from error


_HALF_SIGN = re.compile(r"\\u[dD][89a-fA-F]")


def _with_whole_signs(found: Any) -> Any:
    match found:
        case str():
            return found.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        case list():
            return [_with_whole_signs(one) for one in found]
        case dict():
            return {_with_whole_signs(name): _with_whole_signs(value) for name, value in found.items()}
    return found


def wants_json() -> bool:
    """Whether a program asked (a fetch from our own scripts, the API), rather than a person's browser for a page."""
    return (
        request.is_json
        or request.path.startswith("/api/")
        or request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json"
    )


def init_app(app: Flask) -> None:
    settings = app.config["GURINDAM"]
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_NAME="__Host-gurindam" if settings.secure_cookies else "gurindam",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=LARGEST_FORM_BYTES,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        MAX_FORM_PARTS=2000,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_HEADERS=["X-CSRFToken"],
    )
    app.url_map.converters["int"] = RowNumber
    app.json = BoundedJson(app)
    csrf.init_app(app)
    cookies.init_app(app)
    templates.keep_addresses(app)

    @app.after_request
    def _protect(response: Response) -> Response:
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store" if request.method != "GET" else "private, no-cache"
        return response

    app.register_error_handler(DomainError, _answer_domain_error)
    app.register_error_handler(CSRFError, _answer_stale_form)
    app.register_error_handler(HTTPException, _answer_http_error)
    app.register_error_handler(OperationalError, _answer_database_error)
    app.register_error_handler(NoConnectionFree, _answer_database_error)
    app.register_error_handler(Exception, _answer_fault)


def trust_proxies(app: Flask) -> None:
    """Believe what the installation's own reverse proxies say about the visitor: address, https, host. Without PROXY_HOPS nobody is believed.

    Around Socket.IO too, so that its events know the same visitor as the pages.
    """
    if hops := app.config["GURINDAM"].proxy_hops:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]


def with_security_headers(wsgi_app: Callable[..., Iterable[bytes]], https: bool) -> Callable[..., Iterable[bytes]]:
    """Around everything that answers, files and Socket.IO included: each header unless the answer has its own."""
    wanted = [*SECURITY_HEADERS.items(), *([("Strict-Transport-Security", "max-age=31536000")] if https else [])]

    def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            present = {name.lower() for name, _value in headers}
            return start_response(status, [*headers, *(h for h in wanted if h[0].lower() not in present)], *rest)

        return wsgi_app(environ, start)

    return answer


def _answer_domain_error(error: DomainError) -> Any:
    db.session.rollback()
    if wants_json():
        return jsonify(error.as_json()), error.status
    if isinstance(error, SignInNeeded):
        return redirect(url_for("people.sign_in", next=_way_back()), 303)
    return _error_page(error.status, str(error.message))


def _way_back() -> str:
    """Where to go on after signing in: the page asked for, or the page whose form was sent."""
    if request.method in ("GET", "HEAD"):
        return request.full_path.rstrip("?")
    came_from = urlsplit(request.referrer or "")
    return came_from.path if came_from.netloc == request.host and came_from.path else "/"


def _answer_stale_form(error: CSRFError) -> Any:
    message = _("Formulir ini sudah kedaluwarsa. Muat ulang halaman, lalu kirim lagi.")
    if wants_json():
        return jsonify({"error": "stale_form", "message": message}), 400
    return _error_page(400, message)


def _answer_http_error(error: HTTPException) -> Any:
    status = error.code or 500
    if status < 400:
        return error
    if wants_json():
        return jsonify(_SAID.get(status, DomainError)(code=error.name.lower().replace(" ", "_")).as_json()), status
    return _error_page(status, None)


def _answer_database_error(error: OperationalError | NoConnectionFree) -> Any:
    log.error("database_unavailable", reason=str(getattr(error, "orig", error)))
    return _answer_domain_error(Busy(code="database_unavailable"))


def _answer_fault(error: Exception) -> Any:
    db.session.rollback()
    log.exception("fault")
    if wants_json():
        return jsonify({"error": "fault", "message": _("Ada kesalahan pada sistem. Yang sudah tersimpan tidak hilang.")}), 500
    return _error_page(500, None)


def _error_page(status: int, message: str | None) -> tuple[str, int]:
    known = status if status in {400, 401, 403, 404, 405, 409, 413, 422, 429, 503, 507} else (400 if status < 500 else 500)
    happened = (clock.now(), g.get("request_id")) if known == 500 else None
    return render_template(f"errors/{known}.html", message=message, happened=happened), status
