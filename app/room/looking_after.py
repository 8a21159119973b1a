"""Every half minute: puts out whose reason to be here has gone, keeps the sign of life by which a restart is known, counts how far behind the
audience is, and notes refused crowds.

Joining reads a ticket and nothing else; what happened to a person since is found here, by the same number of queries however many are there.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import ColumnElement, or_, select

from app.kernel import clock
from app.kernel.db import db, transaction
from app.people.models import User, UserSession
from app.room.guests import Guest
from app.room.on_air import OnAir
from app.room.people import People
from app.room.presence import Presence
from app.room.room import Room
from app.room.state import note_incident, read_state, write_state
from app.room.ticket import EVERYBODY, VALID_SECONDS, session_name
from app.webinars import queries
from app.webinars.models import RegistrationState, Webinar, WebinarRegistration, WebinarState
from app.webinars.participants import guest_key, user_key
from app.webinars.permissions import MODERATE

if TYPE_CHECKING:
    from app.room.rooms import Rooms

EVERY_SECONDS = 30.0
ALIVE = "alive"
MOST_STAFF = 200
BOOT = f"{time.time():.3f}"  # this process


def look_after(rooms: Rooms, room: Room) -> None:
    room.part(People).look()
    put_out_who_has_no_link(rooms, room)
    unwelcome = list(find_unwelcome(room, rooms.guests.by_connection))
    if unwelcome:
        room.part(People).remember({one.name: one.reason for one in unwelcome})
    for one in unwelcome:
        rooms.put_out(room, one.connections, one.reason)
    refused = rooms.guests.refused.pop(room.webinar_id, 0)
    with transaction():
        write_state(room.webinar_id, ALIVE, {"boot": BOOT, "at": clock.now().isoformat()} if room.people else None)
        if room.part(OnAir).is_live:
            room.part(Presence).gather_delays()
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


class Unwelcome(NamedTuple):
    """Who is in the room and should not be any more; `name` is how their tickets are known (`Ticket.names`)."""

    name: str
    reason: str
    connections: list[str]


def put_out_who_has_no_link(rooms: Rooms, room: Room) -> None:
    """Speakers who came by a link that was replaced or revoked, or is over. Their tickets are known by its mark."""
    part = room.part(People)
    rooms.put_out(room, [connection for connection, person in list(room.connections.items()) if not part.has_link(person)], "link_ended")


def find_unwelcome(room: Room, guests: dict[str, Guest]) -> Iterator[Unwelcome]:
    webinar = db.session.get_one(Webinar, room.webinar_id, populate_existing=True)
    if webinar.state in (WebinarState.CANCELED, WebinarState.DRAFT):
        yield Unwelcome(EVERYBODY, "canceled", list(room.connections))
        return
    here = _account_ids(room)
    recently = clock.now() - timedelta(seconds=VALID_SECONDS + 3600)
    disabled = db.session.scalars(select(User.id).where(User.disabled_at >= recently, _is_here(User.id, webinar.id, here)))
    yield from _there(room, map(user_key, disabled), "disabled")
    ended = set(
        db.session.scalars(
            select(UserSession.id).where(UserSession.revoked_at >= recently, _is_here(UserSession.user_id, webinar.id, here))
        )
    )
    yield from _by_sessions(room, guests, ended)
    yield from _there(room, (key for key in _unregistered(webinar.id) if _is_audience(room, key)), "not_registered")
    yield from _there(room, _no_longer_staff(room), "not_staff")


def _there(room: Room, keys: Iterable[str], reason: str) -> Iterator[Unwelcome]:
    return (Unwelcome(key, reason, list(room.people[key])) for key in keys if key in room.people)


def _account_ids(room: Room) -> list[int]:
    """Accounts that are here by their role; those who registered are found by their registrations."""
    found = {person.user_id for person in room.connections.values() if person.user_id is not None and len(person.rights) > 1}
    return sorted(found)[:MOST_STAFF]


def _is_here(user_id: Any, webinar_id: int, staff: list[int]) -> ColumnElement[bool]:
    registered = select(WebinarRegistration.user_id).where(WebinarRegistration.webinar_id == webinar_id)
    return or_(user_id.in_(registered), user_id.in_(staff))


def _by_sessions(room: Room, guests: dict[str, Guest], ended: set[int]) -> Iterator[Unwelcome]:
    """Connections from sessions that were ended; the same person in another browser stays."""
    found: dict[int, list[str]] = defaultdict(list)
    for connection in list(room.connections):
        guest = guests.get(connection)
        if guest is not None and guest.ticket.session_id in ended:
            found[guest.ticket.session_id].append(connection)
    return (Unwelcome(session_name(number), "signed_out", connections) for number, connections in found.items())


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


def _no_longer_staff(room: Room) -> set[str]:
    """People who came in as moderators, and were taken off the staff or have lost the role."""
    came = {person.user_id for person in room.connections.values() if person.user_id is not None and person.may(MODERATE)}
    return {user_key(user_id) for user_id in came - queries.moderating_among(came, room.webinar_id)} if came else set()
