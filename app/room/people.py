"""Who may stay: people a moderator removed, and those whose reason to be here has gone meanwhile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import current_app
from flask_babel import lazy_gettext as _l

from app.kernel import clock
from app.kernel.access import Permission
from app.kernel.db import transaction
from app.kernel.errors import DomainError, NotAllowed, NotFound
from app.room import fields
from app.room.events import OWN, STAFF, EventGroup, Here, hears, told
from app.room.presence import LONGEST_DELAY_MS, RUNGS, Presence
from app.room.room import Part, Room
from app.room.state import read_state, write_state
from app.room.ticket import VALID_SECONDS, Ticket
from app.webinars.participants import KEY_LENGTH, Participant
from app.webinars.permissions import ATTEND, MODERATE, SPEAK
from app.webinars.queries import link_marks_of

REMOVED = "removed"
HAVE_BEEN_PUT_OUT = "put_out"
MOST_FOUND = 20

PUT_OUT = told("put_out", OWN, "The last thing somebody hears whose connections the server ends.", reason="why", message="the same in words")
REMOVED_CHANGED = told("removed_changed", STAFF, "Whom moderators removed.", people="list of `key name at`")

WORDS = {
    REMOVED: _l("Moderator mengeluarkan Anda dari ruang ini. Hubungi panitia bila ini keliru."),
    "signed_out": _l("Anda sudah keluar dari akun di peramban ini. Masuk lagi untuk kembali ke ruang."),
    "disabled": _l("Akun Anda dinonaktifkan. Hubungi admin unit Anda."),
    "not_registered": _l("Pendaftaran Anda pada webinar ini sudah dibatalkan."),
    "not_staff": _l("Anda tidak lagi memandu webinar ini. Muat ulang halaman; bila Anda terdaftar, Anda masuk sebagai peserta."),
    "link_ended": _l("Tautan pembicara ini tidak berlaku lagi. Minta tautan baru kepada panitia."),
    "canceled": _l("Webinar ini dibatalkan."),
}


class Removed(DomainError):
    status, code = 403, REMOVED
    default_message = WORDS[REMOVED]


class PutOut(DomainError):
    """A ticket that was written before its holder was put out."""

    status = 403

    def __init__(self, reason: str):
        super().__init__(WORDS[reason], code=reason)


class People(Part):
    name = "people"

    def __init__(self, room: Room):
        super().__init__(room)
        self.removed: dict[str, dict[str, str]] = {}
        self.put_out: dict[str, tuple[int, str]] = {}  # when (ms) and why, by a name of `Ticket.names`
        self.link_marks: dict[str, str] = {}  # of speakers

    def load(self) -> None:
        self.removed = {one["key"]: one for one in read_state(self.room.webinar_id, REMOVED, [])}
        self.put_out = {name: (moment, reason) for name, moment, reason in read_state(self.room.webinar_id, HAVE_BEEN_PUT_OUT, [])}
        self.look()

    def look(self) -> None:
        """Read which links of speakers work."""
        self.link_marks = link_marks_of(self.room.webinar_id)

    def shown_to_staff(self) -> Any:
        return {"removed": list(self.removed.values())}

    def check(self, ticket: Ticket) -> None:
        """Raises Removed or PutOut. Asks the database nothing."""
        if ticket.person.key in self.removed:
            raise Removed
        if not self.has_link(ticket.person):
            raise PutOut("link_ended")
        for name in ticket.names():
            moment, reason = self.put_out.get(name, (0, ""))
            if ticket.written_ms <= moment:
                raise PutOut(reason)

    def has_link(self, person: Participant) -> bool:
        """Whether the link that somebody came by still works; true for who needs none."""
        return person.link_mark == self.link_marks.get(person.key, "")

    def remember(self, names: Mapping[str, str]) -> None:
        """From now on, tickets of these (name → reason) that were written until now open nothing; for as long as there are any."""
        now = clock.milliseconds()
        oldest = now - VALID_SECONDS * 1000
        kept = {name: found for name, found in self.put_out.items() if found[0] > oldest} | {name: (now, reason) for name, reason in names.items()}
        self.put_out = kept
        with transaction():
            write_state(self.room.webinar_id, HAVE_BEEN_PUT_OUT, [[name, *found] for name, found in kept.items()])

    def change(self, removed: dict[str, dict[str, str]]) -> None:
        with transaction():
            write_state(self.room.webinar_id, REMOVED, list(removed.values()))
        self.removed = removed
        self.room.put(REMOVED_CHANGED, None, {"people": list(removed.values())})


class PeopleEvents(EventGroup):
    @hears(ATTEND, "What this person takes in now, and how long after the stage (`delay_ms`).", pace=(10, 30), rung=fields.one_of(*RUNGS), delay_ms=fields.number(0, LONGEST_DELAY_MS, needed=False))
    def on_watching(self, here: Here, rung: str, delay_ms: int | None) -> None:
        here.room.part(Presence).watch(here.person, rung, delay_ms)

    @hears(
        MODERATE,
        "Look for people who are in the room, by a part of their name or unit.",
        answers=f"`people`: list of at most {MOST_FOUND} `key name unit role`, and `more`: how many others",
        pace=(30, 10),
        text=fields.text(0, 100),
    )
    def on_find_people(self, here: Here, text: str) -> dict[str, Any]:
        there = {person.key: person for person in here.room.connections.values()}
        said = text.casefold()
        found = [one for one in there.values() if said in one.full_name.casefold() or said in one.unit_name.casefold()]
        found.sort(key=lambda one: one.full_name)
        return {"people": [_shown(one) for one in found[:MOST_FOUND]], "more": max(len(found) - MOST_FOUND, 0)}

    @hears(
        MODERATE, "Put somebody out of the room for good; their ticket no longer opens it.", pace=(30, 60), key=fields.text(2, KEY_LENGTH)
    )
    def on_remove_person(self, here: Here, key: str) -> None:
        person = here.room.person(key)
        if person is None:
            raise NotFound
        if person.may(MODERATE):
            raise NotAllowed(_l("Moderator tidak dapat dikeluarkan dari sini."))
        part = here.room.part(People)
        if key not in part.removed:
            part.change(part.removed | {key: {"key": key, "name": person.full_name, "at": clock.now().isoformat()}})
        current_app.extensions["gurindam_rooms"].put_out(here.room, here.room.people.get(key, ()), REMOVED)

    @hears(MODERATE, "Let somebody in again who was removed.", pace=(30, 60), key=fields.text(2, KEY_LENGTH))
    def on_readmit_person(self, here: Here, key: str) -> None:
        part = here.room.part(People)
        if key not in part.removed:
            raise NotFound
        part.change({one: who for one, who in part.removed.items() if one != key})


def _shown(person: Participant) -> dict[str, str]:
    role = next((name for needed, name in _ROLES if person.may(needed)), "viewer")
    return {"key": person.key, "name": person.full_name, "unit": person.unit_name, "role": role}


_ROLES: tuple[tuple[Permission, str], ...] = ((MODERATE, "moderator"), (SPEAK, "speaker"))
