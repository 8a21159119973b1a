"""Webinars for tests."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

from app.kernel import clock
from app.kernel.db import db, transaction
from app.people.models import User
from app.webinars.models import RegistrationState, Webinar, WebinarGuest, WebinarRegistration, WebinarSpeaker, WebinarStaff, WebinarState

_numbers = itertools.count(1)


def make_webinar(*moderators: User, **values: Any) -> Webinar:
    """A published webinar that begins in ten minutes and lasts two hours."""
    number, now = next(_numbers), clock.now()
    starts_at = values.pop("starts_at", now + timedelta(minutes=10))
    known: dict[str, Any] = {
        "slug": f"webinar-{number}",
        "title": f"Pelayanan Ramah Disabilitas {number}",
        "form": "SEMINAR",
        "jp": 2,
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(hours=2),
        "state": WebinarState.PUBLISHED,
        "share_token": f"share-{number}",
        "created_at": now,
        "published_at": now,
    }
    with transaction() as session:
        webinar = Webinar(**known | values)
        session.add(webinar)
        session.flush()
        session.add_all(WebinarStaff(webinar_id=webinar.id, user_id=one.id, role="MODERATOR") for one in moderators)
    return webinar


def register(webinar: Webinar, user: User, state: str = RegistrationState.REGISTERED) -> WebinarRegistration:
    with transaction() as session:
        row = WebinarRegistration(webinar_id=webinar.id, user_id=user.id, state=state, registered_at=clock.now(), seated_at=clock.now())
        session.add(row)
    return row


def make_speaker(webinar: Webinar, full_name: str = "Raja Fatimah", **values: Any) -> WebinarSpeaker:
    with transaction() as session:
        speaker = WebinarSpeaker(webinar_id=webinar.id, full_name=full_name, institution="Dinas Sosial", **values)
        session.add(speaker)
    return speaker


def make_guest(webinar: Webinar, full_name: str = "Tamu Batam") -> WebinarGuest:
    number = next(_numbers)
    with transaction() as session:
        guest = WebinarGuest(
            webinar_id=webinar.id, email=f"tamu{number}@example.go.id", full_name=full_name, institution="Pemko Batam",
            link_digest=f"digest-{number}", confirmed_at=clock.now(), created_at=clock.now(),
        )
        session.add(guest)
        session.flush()
        session.add(WebinarRegistration(webinar_id=webinar.id, guest_id=guest.id, state=RegistrationState.REGISTERED, registered_at=clock.now()))
    return db.session.get_one(WebinarGuest, guest.id)
