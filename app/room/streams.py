"""Ordered changes for one audience, gathered: what happens within a quarter of a second goes out as one frame.

Frames are numbered without gaps. A browser that was away says the last number it has and gets the frames since, or is told that they are
forgotten and takes the whole state anew. No Socket.IO, no database here.
"""

from __future__ import annotations

from collections import deque
from typing import Any

KEPT_FRAMES = 1200  # five minutes of four frames a second
KEPT_OWN = 2000  # of all people of a room together

Frame = dict[str, Any]  # {"s": stream, "n": number, "c": [[kind, body], ...]}


class Stream:
    """One line of changes."""

    def __init__(self, name: str):
        self.name, self.number = name, 0
        self._pending: list[list[Any]] = []
        self._slots: dict[tuple[str, Any], list[Any]] = {}
        self._kept: deque[Frame] = deque(maxlen=KEPT_FRAMES)

    def add(self, kind: str, body: Any) -> None:
        """A change that everybody is to see."""
        self._pending.append([kind, body])

    def put(self, kind: str, key: Any, body: Any) -> None:
        """A change of which only the latest matters (a count): within one frame it takes the place of the one before."""
        slot = self._slots.get((kind, key))
        if slot is None:
            slot = self._slots[kind, key] = [kind, body]
            self._pending.append(slot)
        else:
            slot[1] = body

    @property
    def has_news(self) -> bool:
        return bool(self._pending)

    def take(self) -> Frame | None:
        """The frame that is due, or None when nothing happened."""
        if not self._pending:
            return None
        self.number += 1
        frame = {"s": self.name, "n": self.number, "c": self._pending}
        self._pending, self._slots = [], {}
        self._kept.append(frame)
        return frame

    def since(self, number: int) -> list[Frame] | None:
        """The frames after this one; None when they are not all remembered (or never were)."""
        if number > self.number or number < self.number - len(self._kept):
            return None
        return [frame for frame in self._kept if frame["n"] > number]


class OwnLine:
    """What was told to single persons, numbered through the room: who returns gets their own since the last number they have."""

    def __init__(self) -> None:
        self.number = 0
        self._kept: deque[tuple[int, str, str, Any]] = deque(maxlen=KEPT_OWN)

    def add(self, key: str, kind: str, body: Any) -> int:
        self.number += 1
        self._kept.append((self.number, key, kind, body))
        return self.number

    def since(self, key: str, number: int) -> list[list[Any]] | None:
        """What this person was told after this number, as [kind, body, number]; None when it is not all remembered."""
        if number > self.number or number < self.number - len(self._kept):
            return None
        found: list[list[Any]] = []
        for told, whose, kind, body in reversed(self._kept):
            if told <= number:
                break
            if whose == key:
                found.append([kind, body, told])
        return found[::-1]
