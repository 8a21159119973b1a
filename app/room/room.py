"""A room: who is in it, what its parts know, and the streams in which it tells them. No Socket.IO, no database: `rooms` brings both."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast

from app.room.events import ALL, CHANGES, OWN, STAFF, STAGE
from app.room.streams import Frame, OwnLine, Stream
from app.webinars.participants import Participant
from app.webinars.permissions import MODERATE, SPEAK

PartType = TypeVar("PartType", bound="Part")


class Part:
    """One concern of a room (its questions, its polls): state in memory, loaded once from its rows, and what of it each person sees.

    `shown` must not name anybody's own things: it is the same for everybody and is made once for each frame.
    """

    name = ""

    def __init__(self, room: Room):
        self.room = room

    def load(self) -> None:
        """Read what earlier rows say. Called once, when the room is opened, inside an application context."""

    def shown(self) -> Any:
        """What everybody sees."""
        return None

    def shown_to_staff(self) -> Any:
        """What moderators see beyond that."""
        return None

    def shown_to_stage(self) -> Any:
        """What speakers and moderators see beyond that."""
        return None

    def own(self, person: Participant) -> Any:
        """What is this person's own: their votes, their questions."""
        return None

    def entered(self, person: Participant) -> None:
        """Somebody came in with their first connection."""

    def gone(self, person: Participant, reason: str) -> None:
        """Somebody's last connection has gone; `reason` is left, lost or removed."""

    def every_second(self) -> None:
        """Called about once a second while anybody is there, outside of any transaction."""


class Room:
    """The state of one webinar's room in this process."""

    def __init__(self, webinar_id: int, makers: Iterable[Callable[[Room], Part]]):
        self.webinar_id = webinar_id
        self.epoch = secrets.token_hex(6)  # numbers of another epoch say nothing
        self.streams = {name: Stream(name) for name in (ALL, STAFF, STAGE)}
        self.connections: dict[str, Participant] = {}
        self.people: dict[str, set[str]] = {}
        self.parts: dict[str, Part] = {}
        self.own_line = OwnLine()
        self.send_own: Callable[[Iterable[str], str, Any], None] = lambda connections, kind, body: None  # at once, and only to who is there
        self.send_numbered: Callable[[Iterable[str], str, Any, int], None] = lambda connections, kind, body, n: self.send_own(connections, kind, body)
        self.emptied_at = time.monotonic()
        self.lock = threading.RLock()
        for make in makers:
            part = make(self)
            self.parts[part.name] = part
        self._kept: dict[str, tuple[int, Any]] = {}
        self._awaited: set[str] = set()

    def part(self, kind: type[PartType]) -> PartType:
        return cast(PartType, self.parts[kind.name])

    # ---- who is there ----

    def enter(self, connection: str, person: Participant) -> bool:
        """True when it is this person's first connection."""
        first = person.key not in self.people
        self.connections[connection] = person
        self.people.setdefault(person.key, set()).add(connection)
        if first:
            for part in self.parts.values():
                part.entered(person)
        return first

    def leave(self, connection: str, reason: str) -> Participant | None:
        """The person when it was their last connection."""
        person = self.connections.pop(connection, None)
        if person is None:
            return None
        there = self.people[person.key]
        there.discard(connection)
        if there:
            return None
        del self.people[person.key]
        if not self.people:
            self.emptied_at = time.monotonic()
        for part in self.parts.values():
            part.gone(person, reason)
        return person

    def person(self, key: str) -> Participant | None:
        """Somebody who is there now."""
        return next((self.connections[one] for one in self.people.get(key, ())), None)

    # ---- telling ----

    def tell(self, kind: str, body: Any) -> None:
        """A change for the audience it was declared for."""
        self.streams[CHANGES[kind].audience].add(kind, body)

    def put(self, kind: str, key: Any, body: Any) -> None:
        """The same for a count or a standing: only the latest within a frame goes out."""
        self.streams[CHANGES[kind].audience].put(kind, key, body)

    def tell_one(self, key: str, kind: str, body: Any) -> None:
        """A change that concerns one person, on all their connections, at once and outside the streams. Who was away a moment gets it on return."""
        if CHANGES[kind].audience != OWN:
            raise ValueError(f"{kind} is not for one person")
        self.send_numbered(list(self.people.get(key, ())), kind, body, self.own_line.add(key, kind, body))

    def streams_of(self, person: Participant) -> list[str]:
        return [ALL, *([STAFF] if person.may(MODERATE) else []), *([STAGE] if person.may(MODERATE) or person.may(SPEAK) else [])]

    def frames(self) -> list[Frame]:
        """What is due, in order, for each stream that has news."""
        return [frame for stream in self.streams.values() if (frame := stream.take())]

    @property
    def has_news(self) -> bool:
        return any(stream.has_news for stream in self.streams.values())

    # ---- catching up ----

    def welcome(self, person: Participant, since: dict[str, int] | None, epoch: str | None) -> dict[str, Any] | None:
        """What somebody who comes in needs: what they missed, where that is remembered, else the whole state, and what is their own.

        None when neither can be said before the next frame. Whoever hears every frame after the `numbers` has everything once.
        """
        names = self.streams_of(person)
        missed = self._missed(person, names, since) if since is not None and epoch == self.epoch else None
        if missed is None and not all(self._keep_state(name) for name in names):
            self._awaited.update(names)
            return None
        numbers = {name: self.streams[name].number for name in names} | {OWN: self.own_line.number}
        said = missed or {"state": {name: self._kept[name][1] for name in names}, "own": self._own(person)}
        return {"epoch": self.epoch, "numbers": numbers} | said

    def _missed(self, person: Participant, names: list[str], since: dict[str, int]) -> dict[str, Any] | None:
        if set(since) != {*names, OWN}:
            return None
        missed = [self.streams[name].since(since[name]) for name in names]
        own = self.own_line.since(person.key, since[OWN])
        if own is None or any(frames is None for frames in missed):
            return None
        return {"missed": [frame for frames in missed for frame in frames or ()], "missed_own": own}

    def _own(self, person: Participant) -> dict[str, Any]:
        found = {name: part.own(person) for name, part in self.parts.items()}
        return {name: own for name, own in found.items() if own is not None}

    def _keep_state(self, stream: str) -> bool:
        """Have what one audience sees as it was right after its last frame: made once for each number, and never with news pending, which would
        then be told a second time. False when it was not made in time."""
        line = self.streams[stream]
        if self._kept.get(stream, (-1, None))[0] == line.number:
            return True
        if line.has_news:
            return False
        look = {ALL: Part.shown, STAFF: Part.shown_to_staff, STAGE: Part.shown_to_stage}[stream].__name__
        found = {name: getattr(part, look)() for name, part in self.parts.items()}
        self._kept[stream] = (line.number, {name: shown for name, shown in found.items() if shown is not None})
        return True

    def keep_states(self) -> None:
        """Right after the frames: what those see who are waiting to come in; nothing when nobody is."""
        awaited, self._awaited = self._awaited, set()
        for name in awaited:
            self._keep_state(name)

    def start_over(self) -> None:
        """Forget what was told: everybody takes the whole state anew. For a frame that could not be sent."""
        self.epoch = secrets.token_hex(6)
        self._kept.clear()

    def every_second(self) -> None:
        for part in self.parts.values():
            part.every_second()
