"""Personal links: a secret that is shown once, of which only a digest is kept. Whoever has the link is the person.

A speaker's link is `/narasumber/<secret>`, a guest's `/webinar/tamu/<secret>`. What is mailed to a speaker afterwards holds a second secret
that follows from the first one's digest: both work until the link ends, is replaced or revoked.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from sqlalchemy import select

from app.kernel import clock
from app.kernel.db import db
from app.people.secret_box import keyed_digest
from app.webinars.models import Webinar, WebinarGuest, WebinarSpeaker

MARK_LENGTH = 16
SPEAKERS_ANSWER_FOR = timedelta(days=14)  # after the event: questions that were put off are answered in writing


def make_secret() -> str:
    return secrets.token_urlsafe(24)


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def mark_of(link_digest: str | None) -> str:
    """Tells one link from another without telling either; empty for none."""
    return (link_digest or "")[:MARK_LENGTH]


def speaker_path(secret: str) -> str:
    return f"/narasumber/{secret}"


def guest_path(secret: str) -> str:
    return f"/webinar/tamu/{secret}"


def find_speaker(secret: str) -> WebinarSpeaker | None:
    """The speaker whose link this is; None for one that was never given out, was replaced or revoked, or is over."""
    speaker = db.session.scalar(select(WebinarSpeaker).where(WebinarSpeaker.link_digest == digest_of(secret))) or _find_by_second(secret)
    return speaker if speaker is not None and is_open(speaker) else None


def is_open(speaker: WebinarSpeaker) -> bool:
    """Whether this speaker has a link that works."""
    return speaker.link_digest is not None and speaker.link_ends_at is not None and speaker.link_ends_at > clock.now()


def second_secret(speaker: WebinarSpeaker) -> str:
    """What opens the same doors as the speaker's link, which nobody but them has. Only for one whose link is open."""
    return f"{speaker.id}.{keyed_digest('webinar-speaker', f'{speaker.id}:{speaker.link_digest}')[:40]}"


def _find_by_second(secret: str) -> WebinarSpeaker | None:
    number = secret.partition(".")[0]
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        return None
    speaker = db.session.get(WebinarSpeaker, int(number))
    if speaker is None or speaker.link_digest is None or not hmac.compare_digest(second_secret(speaker).encode(), secret.encode()):
        return None
    return speaker


def guest_secret(guest: WebinarGuest) -> str:
    """The secret of a guest's link. It follows from the installation's key, so that the same link can be mailed again and none ends another."""
    return keyed_digest("webinar-guest", f"{guest.webinar_id}:{guest.email}:{guest.created_at.timestamp():.3f}")[:40]


def find_guest(secret: str) -> WebinarGuest | None:
    return db.session.scalar(select(WebinarGuest).where(WebinarGuest.link_digest == digest_of(secret)))


def ends_at(webinar: Webinar) -> datetime:
    """Until when a speaker's link works."""
    return webinar.ends_at + SPEAKERS_ANSWER_FOR
