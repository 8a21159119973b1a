"""The events of a room, declared where they are handled.

A group of events is a subclass of `EventGroup` whose methods are marked `hears(right, says, **fields)`; a feature registers it with
`slots.register_events`. What a room tells its people is declared with `told(kind, audience, says, **parts)`. `flask room protocol` writes
`docs/live-protocol.md` from both, and a test holds the page to the code.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from app.kernel.access import Permission, requires
from app.room.fields import Field
from app.webinars.participants import Participant

if TYPE_CHECKING:
    from app.room.room import Room

Handler = TypeVar("Handler", bound=Callable[..., Any])

ALL, STAFF, STAGE, OWN = "all", "staff", "stage", "own"
AUDIENCES = (ALL, STAFF, STAGE, OWN)


@dataclass(frozen=True, slots=True)
class Here:
    """Where an event comes from: the room, the person, and which of their connections."""

    room: Room
    person: Participant
    connection: str


@dataclass(frozen=True, slots=True)
class Told:
    """A change as the room tells it. `audience` is all, staff (who moderates), stage (who speaks or moderates) or own (one person)."""

    kind: str
    audience: str
    says: str
    parts: dict[str, str]


CHANGES: dict[str, Told] = {}


def told(kind: str, audience: str, says: str, **parts: str) -> str:
    """Declare a change; returns its kind. `parts` says in words what each part of the body is."""
    if audience not in AUDIENCES:
        raise ValueError(f"{kind}: nobody is {audience!r}")
    if CHANGES.setdefault(kind, made := Told(kind, audience, says, parts)) != made:
        raise ValueError(f"the change {kind} is declared twice")
    return kind


@dataclass(frozen=True, slots=True)
class Heard:
    """An event as a browser sends it. `pace`: at most so many in so many seconds from one person; None: only the connection's own limit."""

    says: str
    fields: dict[str, Field]
    answers: str
    pace: tuple[int, float] | None


def hears(needed: Permission, says: str, *, answers: str = "nothing", pace: tuple[int, float] | None = None, **fields: Field) -> Callable[[Handler], Handler]:
    """Mark the handler of an event: who may send it, what it means, its parts, and how often one person may send it."""

    def mark(handler: Handler) -> Handler:
        handler.heard = Heard(says, fields, answers, pace)  # type: ignore[attr-defined]
        return requires(needed)(handler)

    return mark


class EventGroup:
    """Some events of the room. `on_<event>(self, here, <parts by name>)` returns the answer, or None."""

    def left(self, here: Here) -> None:
        """A connection of this person has gone."""

    def handlers(self) -> dict[str, Any]:
        return {name[3:]: getattr(self, name) for name in dir(self) if name.startswith("on_")}
