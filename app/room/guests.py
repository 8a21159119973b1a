"""Who is at the door and inside, over all rooms of this process: how many connections one person has, and how many seats are taken."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l

from app.kernel.errors import DomainError
from app.room.ticket import Ticket
from app.webinars.participants import Participant
from app.webinars.permissions import MODERATE, SPEAK

MOST_CONNECTIONS = 6  # of one person: tabs and devices

PersonHere = tuple[int, str]  # webinar, key


class TooManyTabs(DomainError):
    status, code = 429, "too_many_tabs"
    default_message = _l("Anda sudah membuka ruang ini di banyak tab atau perangkat. Tutup salah satunya, lalu muat ulang halaman ini.")


class Full(DomainError):
    """All seats of this server are taken. Speakers and moderators come in all the same."""

    status, code = 503, "full"

    def __init__(self, seats: int):
        words = _l("Ruang penuh: server ini melayani paling banyak %(seats)s penonton. Coba lagi sebentar; rekamannya ada sesudah acara.", seats=seats)
        super().__init__(words, seats=seats)


@dataclass(frozen=True, slots=True)
class Guest:
    """One connection that was let in."""

    ticket: Ticket
    language: str

    @property
    def person(self) -> Participant:
        return self.ticket.person


class Guests:
    def __init__(self, seats: int):
        self.seats = seats
        self.by_connection: dict[str, Guest] = {}
        self.of_person: dict[PersonHere, set[str]] = {}
        self.seated: set[PersonHere] = set()
        self.refused: Counter[int] = Counter()  # by webinar, since somebody last asked

    def admit(self, connection: str, ticket: Ticket, language: str) -> None:
        """Raises TooManyTabs or Full."""
        person = ticket.person
        who = (person.webinar_id, person.key)
        there = self.of_person.get(who, set())
        if len(there) >= MOST_CONNECTIONS:
            raise TooManyTabs
        if not (person.may(MODERATE) or person.may(SPEAK)):
            self._seat(who)
        self.of_person[who] = there | {connection}
        self.by_connection[connection] = Guest(ticket, language)

    def _seat(self, who: PersonHere) -> None:
        if who not in self.seated and len(self.seated) >= self.seats:
            self.refused[who[0]] += 1
            raise Full(self.seats)
        self.seated.add(who)

    def let_go(self, connection: str) -> tuple[Guest | None, bool]:
        """Who had this connection, and whether it was their last."""
        guest = self.by_connection.pop(connection, None)
        if guest is None:
            return None, False
        who = (guest.person.webinar_id, guest.person.key)
        there = self.of_person.get(who, set()) - {connection}
        if there:
            self.of_person[who] = there
            return guest, False
        self.of_person.pop(who, None)
        self.seated.discard(who)
        return guest, True

    def clear(self) -> None:
        for kept in (self.by_connection, self.of_person, self.seated, self.refused):
            kept.clear()
