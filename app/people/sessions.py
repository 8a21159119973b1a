"""Being signed in: a token in the browser's cookie, a row for each browser, ended by time, by its owner or by signing out.

Twelve hours without a sign of life end a session; one that was asked to be remembered ends after thirty days, come what may.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, cast

from flask import Flask, current_app, g, request, session
from flask.sessions import SecureCookieSessionInterface
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from itsdangerous import BadSignature
from sqlalchemy import ScalarSelect, bindparam, select, type_coerce, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.types import NULLTYPE
from werkzeug.http import parse_cookie

from app.kernel import clock
from app.kernel.db import db, moment_of
from app.kernel.direct import Direct
from app.kernel.durable import write_durably
from app.kernel.errors import NotAllowed, SignInNeeded
from app.kernel.off_the_loop import on_event_loop
from app.people.models import Employee, OrgUnit, RoleGrant, User, UserSession
from app.people.queries import changed_rows
from app.people.secret_box import keyed_digest

IDLE = timedelta(hours=12)
REMEMBERED = timedelta(days=30)
SEEN_EVERY = timedelta(minutes=5)
TOKEN_KEY = "token"  # noqa: S105
_being_noted: set[int] = set()


def start_session(user_id: int, remember: bool, address: str, user_agent: str) -> str:
    """A new row for this browser; returns the token for its cookie. Call inside `transaction()`."""
    token, now = secrets.token_urlsafe(32), clock.now()
    db.session.add(
        UserSession(
            user_id=user_id,
            token_digest=keyed_digest("session", token),
            user_agent=user_agent.replace("\0", "")[:255],
            address=address[:45],
            remembered=remember,
            created_at=now,
            seen_at=now,
            expires_at=now + (REMEMBERED if remember else IDLE),
        )
    )
    return token


def keep_token(token: str, remember: bool) -> None:
    """Put the token into this answer's cookie; everything the visitor's cookie held before is gone."""
    session.clear()
    session[TOKEN_KEY] = token
    session.permanent = remember
    for name in ("_login_user", "user_session_id", "told_beside", "stored_locale"):
        g.pop(name, None)


def load_signed_in(_request: object = None) -> User | None:
    """Who sends this request; one query.

    The person is handed out apart from the database session: a later rollback or `transaction()` neither empties nor saves them.
    Whoever changes an account loads it by id inside `transaction()`.
    """
    token = session.get(TOKEN_KEY)
    if not isinstance(token, str):
        return None
    now = clock.now()
    statement, person_begins = _signed_in()
    rows = statement.read(db.engine, {"digest": keyed_digest("session", token), "now": now})
    if not rows:
        return None
    session_id, user_id, revoked_at, expires_at, seen_at, remembered, *beside = rows[0][:person_begins]
    if revoked_at is not None or moment_of(expires_at) <= now:
        return None
    user = _kept_person(user_id, tuple(tuple(found[person_begins:]) for found in rows))
    if user is None or user.disabled_at is not None:
        return None
    g.user_session_id = session_id
    g.told_beside = {column.name: told for column, told in zip(_beside, beside, strict=True)}
    if now - moment_of(seen_at) >= SEEN_EVERY:
        _note_seen(session_id, now, None if remembered else now + IDLE)
    return user


@lru_cache(maxsize=2048)
def _kept_person(user_id: int, content: tuple[Any, ...]) -> User | None:
    """The person with post, unit and roles. Kept as long as every column of all these rows says what it said: `content` is all of it."""
    with Session(db.engine) as apart:
        user = apart.get(User, user_id)
    if user is not None and user.employee is not None:
        set_committed_value(user.employee, "user", user)
    return user


def _everything_about(*tables: Any) -> list[Any]:
    """All columns as the database gives them, not turned into Python's types: they are only compared."""
    return [type_coerce(column, NULLTYPE).label(f"{table.name}_{column.name}") for table in tables for column in table.c]


_sessions: Any = UserSession.__table__
_SESSION = tuple(_sessions.c[name] for name in ("id", "user_id", "revoked_at", "expires_at", "seen_at", "remembered"))
_beside: list[Any] = []


def ask_beside(name: str, value: ScalarSelect[Any]) -> None:
    """A slot: something small that every page asks about the person, such as what is unread, answered with who they are.

    `value` is a scalar subquery on `User.id`, which may use the parameter `now`; `told_beside(name)` gives the answer.
    """
    if all(known.name != name for known in _beside):
        _beside.append(value.label(name))
        _signed_in.cache_clear()


def told_beside(name: str) -> Any:
    """What the statement of this request's sign-in said under this name; None when nobody is signed in."""
    return g.get("told_beside", {}).get(name)


@lru_cache(maxsize=1)
def _signed_in() -> tuple[Direct, int]:
    """The statement, and after how many columns everything about the person begins."""
    user, employee, unit, grant = tables = [model.__table__ for model in (User, Employee, OrgUnit, RoleGrant)]
    statement = (
        select(*_SESSION, *_beside, *_everything_about(*tables))
        .select_from(
            _sessions.join(user, user.c.id == _sessions.c.user_id)
            .outerjoin(employee, employee.c.user_id == user.c.id)
            .outerjoin(unit, unit.c.id == employee.c.org_unit_id)
            .outerjoin(grant, grant.c.user_id == user.c.id)
        )
        .where(_sessions.c.token_digest == bindparam("digest"))
        .order_by(grant.c.id)
    )
    return Direct(statement), len(_SESSION) + len(_beside)


def get_signed_in_id() -> int:
    """Who sends this request, by one small query: for views marked `identifies`. The same rules as for `load_signed_in`.

    Raises SignInNeeded for nobody, NotAllowed before a first password of one's own.
    """
    token = session.get(TOKEN_KEY)
    if not isinstance(token, str):
        raise SignInNeeded
    found = _IDENTITY.read(db.engine, {"digest": keyed_digest("session", token)})
    if not found:
        raise SignInNeeded
    session_id, user_id, revoked_at, expires_at, seen_at, remembered, disabled_at, must_change_password, is_demo, locale = found[0]
    now = clock.now()
    if revoked_at is not None or moment_of(expires_at) <= now or disabled_at is not None:
        raise SignInNeeded
    g.stored_locale = locale
    if must_change_password and not is_demo:
        raise NotAllowed(_l("Buat kata sandi Anda sendiri lebih dulu."), code="password_change_needed")
    if now - moment_of(seen_at) >= SEEN_EVERY:
        _note_seen(session_id, now, None if remembered else now + IDLE)
    return user_id


_users: Any = User.__table__
_IDENTITY = Direct(
    select(*_SESSION, *(_users.c[name] for name in ("disabled_at", "must_change_password", "is_demo", "locale")))
    .select_from(_sessions.join(_users, _users.c.id == _sessions.c.user_id))
    .where(_sessions.c.token_digest == bindparam("digest"))
)


@dataclass(frozen=True, slots=True)
class Browser:
    """A browser that says it is signed in. `mark` may stand in an address: nobody gets the cookie back from it. `digest` finds its row."""

    mark: str
    digest: str


def own_mark() -> str | None:
    """The mark of the browser that sends this request, for an address that is to work in it alone."""
    token = session.get(TOKEN_KEY)
    return _mark_of(token) if isinstance(token, str) else None


@lru_cache(maxsize=8192)
def _mark_of(token: str) -> str:
    return keyed_digest("browser", token)[:24]


@lru_cache(maxsize=8192)
def find_browser(app: Flask, cookies: str) -> Browser | None:
    """Which browser sends this `Cookie` header, for what answers in front of Flask. It may have been signed out since: see `is_alive`."""
    interface = cast(SecureCookieSessionInterface, app.session_interface)
    serializer = interface.get_signing_serializer(app)
    given = parse_cookie(cookies).get(interface.get_cookie_name(app), "")
    try:
        kept = serializer.loads(given, max_age=int(app.permanent_session_lifetime.total_seconds())) if serializer else {}
    except BadSignature:
        return None
    token = kept.get(TOKEN_KEY) if isinstance(kept, dict) else None
    if not isinstance(token, str):
        return None
    with app.app_context():
        return Browser(_mark_of(token), keyed_digest("session", token))


def is_alive(app: Flask, browser: Browser) -> bool:
    """Whether the browser is still signed in. Asked of the database once a minute for each browser, at a second of its own."""
    return _was_alive(app, browser.digest, (int(clock.now().timestamp()) + int(browser.digest[:4], 16)) // 60)


@lru_cache(maxsize=8192)
def _was_alive(app: Flask, digest: str, minute: int) -> bool:
    with app.app_context():
        found = _IDENTITY.read(db.engine, {"digest": digest})
    if not found:
        return False
    _id, _user_id, revoked_at, expires_at, _seen_at, _remembered, disabled_at, *_rest = found[0]
    return revoked_at is None and moment_of(expires_at) > clock.now() and disabled_at is None


def _note_seen(session_id: int, now: datetime, expires_at: datetime | None) -> None:
    """Remember the sign of life, at most every five minutes, beside the request and not in its way."""
    if session_id in _being_noted:
        return
    _being_noted.add(session_id)
    app = current_app._get_current_object()  # type: ignore[attr-defined]

    values: dict[str, datetime] = {"seen_at": now} | ({"expires_at": expires_at} if expires_at else {})

    def write() -> None:
        try:
            with app.app_context():  # together with what others write at this moment, so that nobody waits for it
                write_durably(lambda connection: connection.execute(update(UserSession).where(UserSession.id == session_id).values(**values)))
        finally:
            _being_noted.discard(session_id)

    if on_event_loop():
        from gevent import spawn

        spawn(write)
    else:
        write()


def end_sessions(user_id: int, except_id: int | None = None) -> int:
    """Sign a person out everywhere (except in one browser). Returns how many sessions that ended."""
    query = update(UserSession).where(UserSession.user_id == user_id, UserSession.revoked_at.is_(None))
    if except_id is not None:
        query = query.where(UserSession.id != except_id)
    return changed_rows(query.values(revoked_at=clock.now()))


def end_session(user_id: int, session_id: int) -> bool:
    """End one of a person's own sessions; False when it is not theirs or already over."""
    query = update(UserSession).where(UserSession.id == session_id, UserSession.user_id == user_id, UserSession.revoked_at.is_(None))
    return bool(changed_rows(query.values(revoked_at=clock.now())))


def list_sessions(user_id: int) -> list[UserSession]:
    """The browsers in which a person is signed in now, the latest first."""
    query = select(UserSession).where(UserSession.user_id == user_id, UserSession.revoked_at.is_(None), UserSession.expires_at > clock.now())
    return list(db.session.scalars(query.order_by(UserSession.seen_at.desc())))


def visitor_address() -> str:
    return request.remote_addr or ""


def own_session_id() -> int | None:
    """The row of the browser that sends this request."""
    return g.get("user_session_id")


def drop_token() -> None:
    """Forget who was signed in, in this browser's cookie and for the rest of this request."""
    session.clear()
    for name in ("_login_user", "user_session_id", "told_beside", "stored_locale"):
        g.pop(name, None)


def viewer() -> User:
    """Who sends this request, behind a door that only signed-in people pass."""
    return cast(User, current_user._get_current_object())  # type: ignore[union-attr]
