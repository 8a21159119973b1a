"""Who sits in the green room and on the stage, and whose browser is the best one to compose. Pure: no socket, no database."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

GREEN, ON_STAGE = "green", "stage"
MODERATOR, SPEAKER, VOICE = "moderator", "speaker", "voice"
MOST_SEATS = 8  # every browser sends to every other one: more needs a forwarding unit instead of the mesh
MOST_ON_STAGE = {MODERATOR: 2, SPEAKER: 3, VOICE: 1}
FORGIVEN_SECONDS = 60.0  # a browser that fell silent as composer is asked last for so long


@dataclass(slots=True)
class Seat:
    """One person in the green room or on the stage, in one browser. `secret` lets the same browser take its seat again after a cut."""

    key: str
    name: str
    note: str
    role: str
    connection: str | None
    place: str = GREEN
    microphone: bool = False
    camera: bool = False
    screen: bool = False
    composes: bool = False  # its browser can send a usable stream
    kbps: int = 0  # what the device check measured upward
    since: str = ""
    quality: dict[str, int] = field(default_factory=dict)
    secret: str = field(default_factory=lambda: secrets.token_hex(8))
    lost_at: float | None = None
    failed_at: float | None = None

    @property
    def may_compose(self) -> bool:
        return self.composes and self.connection is not None and self.role != VOICE

    def failed_lately(self, now: float) -> bool:
        """Whether it composed and fell silent or behind less than a minute ago."""
        return self.failed_at is not None and now - self.failed_at < FORGIVEN_SECONDS

    def shown(self) -> dict[str, Any]:
        """As everybody sees somebody on stage."""
        return {"key": self.key, "name": self.name, "note": self.note, "role": self.role, "microphone": self.microphone, "camera": self.camera, "screen": self.screen}

    def shown_backstage(self) -> dict[str, Any]:
        """As the people of the stage see each other."""
        return self.shown() | {
            "place": self.place,
            "since": self.since,
            "connected": self.connection is not None,
            "composes": self.composes,
            "quality": self.quality,
        }


def has_room(seats: dict[str, Seat], role: str) -> bool:
    """Whether one more person of this role may come on stage."""
    return sum(seat.place == ON_STAGE and seat.role == role for seat in seats.values()) < MOST_ON_STAGE[role]


Link = frozenset[str]


def best_composer(seats: dict[str, Seat], now: float, *, but_not: str | None = None, broken: Collection[Link] = ()) -> Seat | None:
    """Who is to compose: somebody whose browser reaches all on stage; one that has not just failed before one that has, a moderator before a
    speaker, the better link before the weaker one."""

    def rank(seat: Seat) -> tuple[bool, bool, int]:
        return (seat.failed_lately(now), seat.role != MODERATOR, -seat.kbps)

    able = [seat for seat in seats.values() if seat.may_compose and seat.key != but_not and reaches_stage(seats, seat, broken)]
    return min(able, key=rank, default=None)


def reaches_stage(seats: dict[str, Seat], seat: Seat, broken: Collection[Link]) -> bool:
    """Whether this browser gets the pictures and voices of everybody on stage."""
    return not any(frozenset((seat.key, other.key)) in broken for other in seats.values() if other.place == ON_STAGE)
