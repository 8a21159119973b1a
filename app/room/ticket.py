"""A ticket for one webinar's room: who somebody is and what they may do, signed, handed out with the page.

Joining a room reads the ticket and nothing else, so that a thousand people who come in the same minute cost the database nothing. Whoever
was signed out, canceled or removed since is put out by the room itself (`looking_after`), which from then on refuses tickets written before.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from flask import current_app, g
from flask_babel import lazy_gettext as _l
from itsdangerous import BadSignature, URLSafeTimedSerializer

from app.kernel import clock
from app.kernel.errors import DomainError
from app.webinars.participants import Participant

VALID_SECONDS = 12 * 3600
LONGEST = 6000
EVERYBODY = "*"


class NoTicket(DomainError):
    """The ticket was not made here, or its time is over: the page has to be loaded anew."""

    status, code = 401, "no_ticket"
    default_message = _l("Halaman ini sudah lama terbuka. Muat ulang untuk masuk lagi.")


@dataclass(frozen=True, slots=True)
class Ticket:
    """Who comes in, by which signed-in browser (None for guests and speakers), and when the ticket was written (ms)."""

    person: Participant
    session_id: int | None
    written_ms: int

    def names(self) -> tuple[str, ...]:
        """Under which the room remembers whom it put out: everybody, this person, this browser."""
        return EVERYBODY, self.person.key, session_name(self.session_id)


def write_ticket(person: Participant) -> str:
    """The caller has checked that this person may enter."""
    session_id = g.get("user_session_id") if person.user_id is not None else None
    who = [person.key, person.webinar_id, person.user_id, person.full_name, person.unit_name, sorted(person.rights), person.link_mark]
    return _signer().dumps([*who, session_id, clock.milliseconds()])  # type: ignore[return-value]


def session_name(session_id: int | None) -> str:
    return f"session {session_id}" if session_id is not None else ""


def read_ticket(ticket: object) -> Participant:
    """Raises NoTicket."""
    return open_ticket(ticket).person


def open_ticket(ticket: object) -> Ticket:
    """Raises NoTicket."""
    if not isinstance(ticket, str) or len(ticket) > LONGEST:
        raise NoTicket
    try:
        key, webinar_id, user_id, name, unit, rights, mark, session_id, written_ms = _signer().loads(ticket, max_age=VALID_SECONDS)
    except (BadSignature, ValueError, TypeError):
        raise NoTicket from None
    return Ticket(Participant(key, webinar_id, user_id, name, unit, frozenset(rights), mark), session_id, written_ms)


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="room-ticket", signer_kwargs={"digest_method": hashlib.sha256})
