"""Socket.IO, one instance. Every namespace says which permission its events need, as every route does.

A feature subclasses `GuardedNamespace` and marks each `on_...` with `requires(...)`. Identity is read from the database at connect and
again at each event, so that a session that was ended cannot go on. A refusal is an answer (`{"error", "message"}`), never a dropped
connection without a word.
"""

from __future__ import annotations

import logging
import time
from functools import wraps
from inspect import signature
from typing import Any

import structlog
from flask import Flask
from flask_babel import gettext as _
from flask_login import current_user
from flask_socketio import Namespace, SocketIO
from sqlalchemy.exc import OperationalError

from app.kernel.access import Permission, check
from app.kernel.bodies import PacketJson
from app.kernel.db import db
from app.kernel.errors import Busy, DomainError, Invalid, SignInNeeded, TooMany
from app.kernel.outage import tell_outage

MOST_BYTES = 1_000_000  # of one message

socketio = SocketIO()
log = structlog.get_logger()


class GuardedNamespace(Namespace):
    """A namespace that lets in signed-in people only and checks the mark of each event.

    One connection may send `most_events` in `in_seconds`; beyond that each is refused before anything is read, so that one browser that has run
    wild does not keep the others waiting: all of them share one loop.
    """

    socketio: Any
    namespace: Any
    most_events, in_seconds = 60, 10.0

    def __init__(self, namespace: str | None = None):
        super().__init__(namespace)
        self._counted: dict[str, tuple[float, int]] = {}

    def trigger_event(self, event: str, *args: Any) -> Any:
        handler = self.find_handler(event)
        if event == "disconnect":
            self._counted.pop(args[0], None)
        elif event != "connect" and not self._has_turn(args[0]):
            return TooMany().as_json()
        if handler is None and event != "connect":
            return None
        guarded = self._guard_connect(handler) if event == "connect" else self._guard(handler, checked=event != "disconnect")
        return self.socketio._handle_event(guarded, event, self.namespace, *args)

    def find_handler(self, event: str) -> Any:
        """What handles an event; None when nothing does."""
        return getattr(self, f"on_{event}", None)

    def admit(self, auth: Any) -> None:
        """Who may connect at all: signed-in people. Raises a DomainError for anybody else."""
        if not current_user.is_authenticated:
            raise SignInNeeded

    def refuse(self, error: DomainError) -> Any:
        """How somebody is turned away at the door; what is returned is the answer to connecting."""
        return False

    def check_right(self, needed: Permission | None) -> None:
        """Raise unless whoever sent this event holds the permission it names."""
        check(needed)

    def check_parts(self, handler: Any, given: tuple[Any, ...]) -> None:
        """Raise Invalid for an event with more or fewer parts than its handler takes: that is the sender's fault."""
        try:
            signature(handler).bind(*given)
        except TypeError as error:
            raise Invalid from error

    def _has_turn(self, connection: str) -> bool:
        now = time.monotonic()
        since, count = self._counted.get(connection, (now, 0))
        if now - since >= self.in_seconds:
            since, count = now, 0
        self._counted[connection] = since, count + 1
        return count < self.most_events

    def _guard_connect(self, handler: Any) -> Any:
        """Nobody connects unknown, and a refusal or a fault of the feature's own check keeps the door shut."""

        def connect(auth: Any = None) -> Any:
            try:
                self.admit(auth)
                return None if handler is None else handler()
            except DomainError as error:
                return self.refuse(error)
            except Exception:
                log.exception("socket_fault", event_name="connect")
                return False
            finally:
                db.session.remove()

        return connect

    def _guard(self, handler: Any, checked: bool) -> Any:
        @wraps(handler)
        def guarded(*given: Any) -> Any:
            try:
                if checked:
                    self.check_right(getattr(handler, "needed_permission", None))
                    self.check_parts(handler, given)
                return handler(*given)
            except DomainError as error:
                if isinstance(error, Busy):
                    tell_outage(error)
                return error.as_json()
            except OperationalError as error:
                tell_outage(error)
                return Busy(code="database_unavailable").as_json()
            except Exception:
                log.exception("socket_fault", event_name=handler.__name__)
                return {"error": "fault", "message": _("Ada kesalahan pada sistem. Yang sudah tersimpan tidak hilang.")}
            finally:
                db.session.remove()

        return guarded


def strangers() -> set[str]:
    """Connections (Engine.IO sessions) that are in no namespace: they never entered one, or were refused or put out."""
    server: Any = socketio.server  # pyright: ignore[reportAttributeAccessIssue]
    known = {session for rooms in list(server.manager.rooms.values()) for session in list(rooms.get(None, {}).values())}
    return set(server.eio.sockets) - known


def let_strangers_go(seconds: float = 10.0) -> None:
    """Close connections that stay strangers for so long; runs for ever in a greenlet of the web process."""
    server: Any = socketio.server  # pyright: ignore[reportAttributeAccessIssue]
    before: set[str] = set()
    while True:
        time.sleep(seconds)
        now = strangers()
        for session in before & now:
            if held := server.eio.sockets.get(session):
                held.close(wait=False)  # not `disconnect`: it would wait for a browser that takes nothing
        before = now - before


def _within_limits(answer: Any, most: int) -> Any:
    """Refuses a poll's body that is too large before anything of it is read: the library would wait for a browser that may never ask again."""

    def within_limits(environ: dict[str, Any], start_response: Any) -> Any:
        length = environ.get("CONTENT_LENGTH") or "0"
        if environ["PATH_INFO"].startswith("/socket.io/") and not (length.isdigit() and int(length) <= most):
            start_response("413 Content Too Large", [("Content-Type", "text/plain"), ("Connection", "close")])
            return [b"too large"]
        return answer(environ, start_response)

    return within_limits


class _InOneLine(logging.Filter):
    """A message that cannot be read is a fault of whoever sent it: one line in the log, not the way through our code for each."""

    def filter(self, record: logging.LogRecord) -> bool:
        fault = record.exc_info[1] if record.exc_info else None
        if isinstance(fault, ValueError):
            record.msg, record.args, record.exc_info, record.exc_text = f"{record.getMessage()}: {str(fault)[:80]}", (), None, None
        return True


def init_app(app: Flask, async_mode: str) -> None:
    options: dict[str, Any] = {
        "async_mode": async_mode,
        "cors_allowed_origins": None,  # the same origin only
        "json": PacketJson,
        "max_http_buffer_size": MOST_BYTES,
        "manage_session": False,
        "path": "socket.io",
    }
    socketio.init_app(app, **options)
    for library in ("engineio.server", "socketio.server"):
        if not any(isinstance(kept, _InOneLine) for kept in logging.getLogger(library).filters):
            logging.getLogger(library).addFilter(_InOneLine())
    app.wsgi_app = _within_limits(app.wsgi_app, MOST_BYTES)  # type: ignore[method-assign]
