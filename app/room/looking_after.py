"""Every half minute: puts out whose reason to be here has gone, keeps the sign of life by which a restart is known, and notes refused crowds.

Joining reads a ticket and nothing else; what happened to a person since is found here, by the same number of queries however many are there.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, or_, select

from app.kernel import clock
from app.kernel.db import db, transaction
from app.people.models import User, UserSession
from app.room.guests import Guest
from app.room.room import Room
from app.room.state import note_incident, read_state, write_state
from app.room.ticket import VALID_SECONDS
from app.webinars.models import RegistrationState, Webinar, WebinarRegistration, WebinarSpeaker, WebinarState
from app.webinars.participants import guest_key, speaker_key, user_key

if TYPE_CHECKING:
    from app.room.rooms import Rooms

EVERY_SECONDS = 30.0
ALIVE = "alive"
MOST_STAFF = 200
BOOT = f"{time.time():.3f}"  # this process


def look_after(rooms: Rooms, room: Room) -> None:
    for key, reason in list(find_unwelcome(room, rooms.guests.by_connection)):
        rooms.put_out(room, key, reason)
    refused = rooms.guests.refused.pop(room.webinar_id, 0)
    with transaction():
        write_state(room.webinar_id, ALIVE, {"boot": BOOT, "at": clock.now().isoformat()} if room.people else None)
        if refused:
            note_incident(room.webinar_id, "crowd_refused", refused=refused, seats=rooms.guests.seats)


def note_restart(webinar: Webinar) -> None:
    """When a room that was alive in another process is opened again while its webinar is on: an incident, with the seconds between."""
    before = read_state(webinar.id, ALIVE)
    if not before or before["boot"] == BOOT or webinar.state != WebinarState.LIVE:
        return
    with transaction():
        silent = (clock.now() - datetime.fromisoformat(before["at"])).total_seconds()
        note_incident(webinar.id, "restart", seconds=round(silent))
        write_state(webinar.id, ALIVE, None)


def find_unwelcome(room: Room, guests: dict[str, Guest]) -> Iterator[tuple[str, str]]:
    """(key, reason) of people who are in the room and should not be any more."""
    webinar = db.session.get_one(Webinar, room.webinar_id, populate_existing=True)
    if webinar.state in (WebinarState.CANCELED, WebinarState.DRAFT):
        yield from ((key, "canceled") for key in room.people)
        return
    here = _account_ids(room)
    recently = clock.now() - timedelta(seconds=VALID_SECONDS + 3600)
    disabled = db.session.scalars(select(User.id).where(User.disabled_at >= recently, _is_here(User.id, webinar.id, here)))
    yield from ((user_key(user_id), "disabled") for user_id in disabled if user_key(user_id) in room.people)
    ended = set(
        db.session.scalars(
            select(UserSession.id).where(UserSession.revoked_at >= recently, _is_here(UserSession.user_id, webinar.id, here))
        )
    )
    yield from ((key, "signed_out") for key in _only_by(room, guests, ended))
    yield from ((key, "not_registered") for key in _unregistered(webinar.id) if _is_audience(room, key))
    yield from ((key, "link_ended") for key in _speakers_without_link(room))


def _account_ids(room: Room) -> list[int]:
    """Accounts that are here by their role; those who registered are found by their registrations."""
    found = {person.user_id for person in room.connections.values() if person.user_id is not None and len(person.rights) > 1}
    return sorted(found)[:MOST_STAFF]


def _is_here(user_id: Any, webinar_id: int, staff: list[int]) -> ColumnElement[bool]:
    registered = select(WebinarRegistration.user_id).where(WebinarRegistration.webinar_id == webinar_id)
    return or_(user_id.in_(registered), user_id.in_(staff))


def _only_by(room: Room, guests: dict[str, Guest], ended: set[int]) -> set[str]:
    """People all of whose connections come from sessions that were ended."""
    found = set()
    for key, connections in room.people.items():
        sessions = {guests[one].session_id for one in connections if one in guests}
        if sessions and sessions <= ended:
            found.add(key)
    return found


def _unregistered(webinar_id: int) -> set[str]:
    rows = db.session.execute(
        select(WebinarRegistration.user_id, WebinarRegistration.guest_id).where(
            WebinarRegistration.webinar_id == webinar_id, WebinarRegistration.state != RegistrationState.REGISTERED
        )
    )
    return {user_key(user_id) if user_id is not None else guest_key(guest_id or 0) for user_id, guest_id in rows}


def _is_audience(room: Room, key: str) -> bool:
    person = room.person(key)
    return person is not None and len(person.rights) == 1


def _speakers_without_link(room: Room) -> set[str]:
    linked = db.session.execute(
        select(WebinarSpeaker.id, WebinarSpeaker.link_digest, WebinarSpeaker.link_ends_at).where(WebinarSpeaker.webinar_id == room.webinar_id)
    )
    now = clock.now()
    valid = {speaker_key(found.id) for found in linked if found.link_digest is not None and (found.link_ends_at is None or found.link_ends_at > now)}
    return {key for key in room.people if key[:1] == "s"} - valid
