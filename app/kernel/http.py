"""What every answer carries: security headers, cache rules, and errors said in the right form."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

import structlog
from flask import Flask, Response, abort, g, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from werkzeug.exceptions import HTTPException
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter, Map

from app.kernel import bodies, clock, cookies, templates
from app.kernel.db import db
from app.kernel.errors import Busy, DomainError, NotAllowed, NotFound, SignInNeeded, TooLarge, TooMany
from app.kernel.outage import is_outage, tell_outage

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
LARGEST_ROW_NUMBER = 2**31 - 1  # what the key of a row can be
LAST_PAGE = 10_000

_SAID: dict[int, type[DomainError]] = {error.status: error for error in (NotAllowed, NotFound, TooLarge, TooMany, Busy)}

log = structlog.get_logger()
csrf = cookies.KeptProtection()


class RowNumber(IntegerConverter):
    """`<int:...>` in an address: a number that no row can have is an address that does not exist."""

    def __init__(self, map: Map, *args: Any, **options: Any):
        super().__init__(map, *args, **{"max": LARGEST_ROW_NUMBER} | options)


def page_asked(name: str = "page") -> int:
    """The page of a list that an address asks for: the first when it asks for none, and never further than any list reaches."""
    return min(max(1, request.args.get(name, 1, type=int)), LAST_PAGE)


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
        MAX_CONTENT_LENGTH=bodies.LARGEST_UPLOAD,
        MAX_FORM_MEMORY_SIZE=bodies.LARGEST_TEXT,
        MAX_FORM_PARTS=bodies.MOST_FIELDS,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_HEADERS=["X-CSRFToken"],
    )
    app.url_map.converters["int"] = RowNumber
    app.json = bodies.BoundedJson(app)
    app.request_class = bodies.BoundedRequest
    app.before_request(_refuse_nul)
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
    app.register_error_handler(ProgrammingError, _answer_wrong_statement)
    app.register_error_handler(Exception, _answer_fault)


def _refuse_nul() -> None:
    """NUL stands in no address, and PostgreSQL cannot even look for it. Before anything else looks at the request."""
    if "\0" in request.path:
        raise NotFound
    if b"%00" in request.query_string or b"\0" in request.query_string:
        abort(400)


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
    if isinstance(error, Busy):
        tell_outage(error)
    return _say_domain_error(error)


def _say_domain_error(error: DomainError) -> Any:
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


def _answer_database_error(error: OperationalError | ProgrammingError | NoConnectionFree) -> Any:
    db.session.rollback()
    tell_outage(error)
    return _say_domain_error(Busy(code="database_unavailable"))


def _answer_wrong_statement(error: ProgrammingError) -> Any:
    """PostgreSQL's word for a table or a column that is not there: a fault of ours, unless the database has another schema."""
    return _answer_database_error(error) if is_outage(error) else _answer_fault(error)


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
