"""How many are there, and (for who runs the room or speaks in it) how many take in what: counts, never names."""

from __future__ import annotations

from collections import Counter
from statistics import median
from typing import Any

from app.kernel import clock
from app.room.delays import Delays
from app.room.events import ALL, STAGE, told
from app.room.room import Part, Room
from app.room.state import read_state, write_state
from app.webinars.participants import Participant

RUNGS = ("video", "low", "slides", "audio", "text")
LONGEST_DELAY_MS = 600_000
DELAYS = "delays"  # the name under which they are kept

COUNTED = told("people_counted", ALL, "How many people are in the room.", people="persons, not tabs")
WATCHED = told(
    "watching_counted",
    STAGE,
    "How many people take in what: the picture, the small picture, slides and sound, sound alone, or words only.",
    rungs="count by rung (" + ", ".join(f"`{rung}`" for rung in RUNGS) + ")",
)


class Presence(Part):
    name = "presence"

    def __init__(self, room: Room):
        super().__init__(room)
        self.watching: dict[str, str] = {}  # by person: what their latest report says
        self.delays: dict[str, int] = {}  # by person: ms from the stage to them, where their browser knows it
        self.gathered = Delays()

    def load(self) -> None:
        self.gathered = Delays.from_value(read_state(self.room.webinar_id, DELAYS))

    def shown(self) -> Any:
        return {"people": len(self.room.people)}

    def shown_to_stage(self) -> Any:
        return {"rungs": dict(Counter(self.watching.values()))}

    def entered(self, person: Participant) -> None:
        self._count()

    def gone(self, person: Participant, reason: str) -> None:
        self._count()
        self.delays.pop(person.key, None)
        if self.watching.pop(person.key, None):
            self._count_rungs()

    @property
    def delay_ms(self) -> int | None:
        """The delay of the one in the middle; None while nobody told theirs."""
        return round(median(self.delays.values())) if self.delays else None

    def watch(self, person: Participant, rung: str, delay_ms: int | None = None) -> None:
        self.delays.pop(person.key, None)
        if delay_ms is not None:
            self.delays[person.key] = delay_ms
        if self.watching.get(person.key) != rung:
            self.watching[person.key] = rung
            self._count_rungs()

    def gather_delays(self) -> None:
        """Count what viewers report now to the webinar's. Call inside `transaction()`."""
        if self.delays:
            self.gathered.take(list(self.delays.values()), clock.now())
            write_state(self.room.webinar_id, DELAYS, self.gathered.as_value())

    def _count(self) -> None:
        self.room.put(COUNTED, None, self.shown())

    def _count_rungs(self) -> None:
        self.room.put(WATCHED, None, self.shown_to_stage())
