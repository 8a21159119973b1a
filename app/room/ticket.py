"""A ticket for one webinar's room: who somebody is and what they may do, signed, handed out with the page.

Joining a room reads the ticket and nothing else, so that a thousand people who come in the same minute cost the database nothing. Whoever
was signed out, canceled or removed since is put out by the room itself (`looking_after`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from flask import current_app, g
from flask_babel import lazy_gettext as _l
from itsdangerous import BadSignature, URLSafeTimedSerializer

from app.kernel.errors import DomainError
from app.webinars.participants import Participant

VALID_SECONDS = 12 * 3600
LONGEST = 6000


class NoTicket(DomainError):
    """The ticket was not made here, or its time is over: the page has to be loaded anew."""

    status, code = 401, "no_ticket"
    default_message = _l("Halaman ini sudah lama terbuka. Muat ulang untuk masuk lagi.")


@dataclass(frozen=True, slots=True)
class Ticket:
    """Who comes in, and by which signed-in browser (None for guests and speakers)."""

    person: Participant
    session_id: int | None


def write_ticket(person: Participant) -> str:
    """The caller has checked that this person may enter."""
    session_id = g.get("user_session_id") if person.user_id is not None else None
    return _signer().dumps(  # type: ignore[return-value]
        [person.key, person.webinar_id, person.user_id, person.full_name, person.unit_name, sorted(person.rights), session_id]
    )


def read_ticket(ticket: object) -> Participant:
    """Raises NoTicket."""
    return open_ticket(ticket).person


def open_ticket(ticket: object) -> Ticket:
    """Raises NoTicket."""
    if not isinstance(ticket, str) or len(ticket) > LONGEST:
        raise NoTicket
    try:
        key, webinar_id, user_id, name, unit, rights, session_id = _signer().loads(ticket, max_age=VALID_SECONDS)
    except (BadSignature, ValueError, TypeError):
        raise NoTicket from None
    return Ticket(Participant(key, webinar_id, user_id, name, unit, frozenset(rights)), session_id)


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="room-ticket", signer_kwargs={"digest_method": hashlib.sha256})
