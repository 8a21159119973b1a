"""Raised hands: who would like to speak, in the order in which they raised them. Kept in memory, and written down at most once a second, so that
the queue outlives a restart; whoever does not come back from it in time has lowered theirs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.errors import NotFound
from app.room import slots
from app.room.events import OWN, STAFF, EventGroup, Here, hears, told
from app.room.fields import flag, text
from app.room.room import Part, Room
from app.room.standing import said
from app.room.state import read_state, write_state
from app.webinars.participants import KEY_LENGTH, Participant
from app.webinars.permissions import ATTEND, MODERATE

WAITS_FOR_THE_LOST = timedelta(seconds=60)
KEPT_AS = "hands"

QUEUE = told("hands", STAFF, "Who has a hand up, the first first.", queue="list of `key`, `name`, `unit`, `since`, `invited`")
OWN_HAND = told("own_hand", OWN, "One's own hand, on every device.", up="true or false")


@dataclass(slots=True)
class Raised:
    full_name: str
    unit_name: str
    since: datetime
    invited: bool = False
    lost_at: datetime | None = None


class Hands(Part):
    name = "hands"

    def __init__(self, room: Room):
        super().__init__(room)
        self.up: dict[str, Raised] = {}
        self.kept: list[list[Any]] = []

    def load(self) -> None:
        self.kept, now = read_state(self.room.webinar_id, KEPT_AS, []), clock.now()
        self.up = {key: Raised(name, unit, datetime.fromisoformat(since), invited, now) for key, name, unit, since, invited in self.kept}

    def queue(self) -> list[dict[str, Any]]:
        return [
            {"key": key, "name": hand.full_name, "unit": hand.unit_name, "since": said(hand.since), "invited": hand.invited}
            for key, hand in self.up.items()
        ]

    def shown_to_staff(self) -> Any:
        return self.queue()

    def own(self, person: Participant) -> Any:
        return {"up": person.key in self.up}

    def entered(self, person: Participant) -> None:
        if person.key in self.up:
            self.up[person.key].lost_at = None

    def gone(self, person: Participant, reason: str) -> None:
        if reason == "lost" and person.key in self.up:
            self.up[person.key].lost_at = clock.now()
        else:
            self.lower(person.key)

    def every_second(self) -> None:
        now = clock.now()
        for key in [key for key, hand in self.up.items() if hand.lost_at and now - hand.lost_at > WAITS_FOR_THE_LOST]:
            self.lower(key)
        self._keep()

    def _keep(self) -> None:
        up = [[key, hand.full_name, hand.unit_name, hand.since.isoformat(), hand.invited] for key, hand in self.up.items()]
        if up != self.kept:
            with transaction():
                write_state(self.room.webinar_id, KEPT_AS, up)
            self.kept = up

    def raise_(self, person: Participant) -> None:
        if person.key not in self.up:
            self.up[person.key] = Raised(person.full_name, person.unit_name, clock.now())
            self._tell(person.key, up=True)

    def lower(self, key: str) -> None:
        hand = self.up.pop(key, None)
        if hand is not None:
            self._tell(key, up=False)
        if hand is not None and hand.invited:
            _let_speak(self.room, key, False)

    def invite(self, key: str) -> None:
        """Raises NotFound for somebody whose hand is not up, and what the stage raises for whoever cannot speak."""
        if key not in self.up:
            raise NotFound
        _let_speak(self.room, key, True)
        self.up[key].invited = True
        self.room.put(QUEUE, None, {"queue": self.queue()})

    def _tell(self, key: str, *, up: bool) -> None:
        self.room.put(QUEUE, None, {"queue": self.queue()})
        self.room.tell_one(key, OWN_HAND, {"up": up})


def _let_speak(room: Room, key: str, invited: bool) -> None:
    for invite in slots.INVITATION:
        invite(room, key, invited)


class HandEvents(EventGroup):
    @hears(ATTEND, "Raise a hand, or lower it.", pace=(10, 20.0), up=flag())
    def on_raise_hand(self, here: Here, up: bool) -> None:
        hands = here.room.part(Hands)
        if up:
            hands.raise_(here.person)
        else:
            hands.lower(here.person.key)

    @hears(MODERATE, "Ask somebody whose hand is up to speak: they may come on stage by voice, as by `invite_voice`.", person=text(2, KEY_LENGTH))
    def on_invite_hand(self, here: Here, person: str) -> None:
        here.room.part(Hands).invite(person)

    @hears(MODERATE, "Lower one hand, or all of them.", person=text(2, KEY_LENGTH, needed=False))
    def on_clear_hands(self, here: Here, person: str | None) -> None:
        hands = here.room.part(Hands)
        for key in [person] if person else list(hands.up):
            hands.lower(key)
