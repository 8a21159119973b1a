"""How a video is watched by everybody together: which parts, where they stop, what they play again. Without names.

Everything is counted in at most `MOST_PARTS` equal parts of the video by a fixed number of statements, however many people watched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any

from sqlalchemy import CompoundSelect, Select, case, func, literal, select, union_all

from app.kernel.db import db
from app.kernel.off_the_loop import off_the_loop, on_event_loop
from app.learning.models import WatchedSpan

MOST_PARTS = 200
SHORTEST_PART_MS = 500
FEWEST_PEOPLE = 5  # a curve of fewer would show what a single person did
MOST_PEAKS = 3
PEAK_SHARE, PEAK_ABOVE_MEAN = 0.08, 1.4  # what stands out: this share of the people, and so much more than the video as a whole


@dataclass(frozen=True, slots=True)
class Peak:
    """A stretch that many played again: milliseconds, and the share of those who started at its height."""

    start_ms: int
    end_ms: int
    share: float


@dataclass(frozen=True, slots=True)
class Retention:
    """One video, in parts of `part_ms`. `watched` and `again` are shares of the people who started; `left` counts whose last second it was."""

    people: int
    duration_ms: int
    part_ms: int
    watched: tuple[float, ...]
    again: tuple[float, ...]
    left: tuple[int, ...]

    @property
    def is_shown(self) -> bool:
        return self.people >= FEWEST_PEOPLE

    @property
    def to_the_end(self) -> float:
        """The share of the people who saw the last twentieth of the video, the closing words of most."""
        return self.still_there(round(self.duration_ms * 0.95))

    def still_there(self, at_ms: int) -> float:
        """The share of the people whose last second is not before this one."""
        gone = sum(self.left[: at_ms // self.part_ms])
        return 1 - gone / self.people if self.people else 0.0

    @property
    def half_gone_ms(self) -> int | None:
        """When half of the people had stopped; None when more than half stayed to the end."""
        if self.people == 0 or self.to_the_end >= 0.5:
            return None
        gone = 0
        for place, count in enumerate(self.left):
            gone += count
            if gone * 2 >= self.people:
                return place * self.part_ms
        return None

    @property
    def peaks(self) -> list[Peak]:
        """The stretches that stand out as played again, the highest first."""
        mean = sum(self.again) / len(self.again) if self.again else 0.0
        least = max(PEAK_SHARE, PEAK_ABOVE_MEAN * mean)
        found, taken = [], [False] * len(self.again)
        for place in sorted(range(len(self.again)), key=lambda n: -self.again[n]):
            height = self.again[place]
            if height < least or len(found) == MOST_PEAKS:
                break
            if taken[place]:
                continue
            first, last = place, place
            while first > 0 and self.again[first - 1] >= height / 2:
                first -= 1
            while last + 1 < len(self.again) and self.again[last + 1] >= height / 2:
                last += 1
            beside = range(max(0, first - 1), min(len(taken), last + 2))
            if any(taken[n] for n in beside):
                continue  # the slope of a higher one
            for n in beside:
                taken[n] = True
            found.append(Peak(first * self.part_ms, min((last + 1) * self.part_ms, self.duration_ms), height))
        return found

    def rows(self, bounds: Sequence[int]) -> list[tuple[int, int, float, float, int]]:
        """The same in coarser parts between these milliseconds: start, end, watched, played again, how many stopped there."""
        result = []
        for start, end in zip(bounds, [*bounds[1:], self.duration_ms], strict=True):
            first, beyond = start // self.part_ms, max(start // self.part_ms + 1, ceil(end / self.part_ms))
            inside = slice(first, beyond)
            count = len(self.watched[inside]) or 1
            stopped = sum(self.left[first : max(first + 1, end // self.part_ms)] if end < self.duration_ms else self.left[first:])
            result.append((start, end, sum(self.watched[inside]) / count, sum(self.again[inside]) / count, stopped))
        return result


def get_retention(lesson_id: int, duration_ms: int) -> Retention:
    """Two statements; what they answer does not grow with the people.

    Spans of one person and layer never touch, so the milliseconds in a part, over its length, are the people who watched it.
    """
    part = max(SHORTEST_PART_MS, ceil(duration_ms / MOST_PARTS))
    parts = ceil(duration_ms / part)
    milliseconds = {1: [0] * (parts + 1), 2: [0] * (parts + 1)}
    whole = {1: [0] * (parts + 2), 2: [0] * (parts + 2)}
    for layer, place, is_end, crossing, ms in _read(_edges(lesson_id, part)):
        at = min(place, parts)
        milliseconds[layer][at] += ms
        whole[layer][at if is_end else at + 1] += -crossing if is_end else crossing
    people, left = 0, [0] * parts
    for place, count in _read(_last_parts(lesson_id, part)):
        left[min(place, parts - 1)] += count
        people += count
    once, again = (_shares(milliseconds[n], whole[n], part, parts, duration_ms, people) for n in (1, 2))
    return Retention(people, duration_ms, part, once, again, tuple(left))


def _read(statement: Any) -> Sequence[Any]:
    """The rows of a statement. SQLite counts ten thousands of spans in some milliseconds: beside the event loop, not on it."""
    connection = db.session.connection()
    if connection.dialect.name != "sqlite" or not on_event_loop():
        return connection.execute(statement).all()
    text = str(statement.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))
    raw: Any = connection.connection.driver_connection
    return off_the_loop(lambda: raw.execute(text).fetchall())


def _edges(lesson_id: int, part: int) -> CompoundSelect[int, int, int, int, int]:
    """For each layer and part: the spans that begin (or end) in it and go beyond it, and their milliseconds in it."""
    begins, ends = WatchedSpan.start_ms // part, WatchedSpan.end_ms // part
    within = begins == ends
    of = WatchedSpan.lesson_id == lesson_id
    first = select(
        WatchedSpan.layer,
        begins.label("place"),
        literal(0).label("is_end"),
        func.sum(case((within, 0), else_=1)),
        func.sum(case((within, WatchedSpan.end_ms), else_=(begins + 1) * part) - WatchedSpan.start_ms),
    )
    last = select(
        WatchedSpan.layer,
        ends.label("place"),
        literal(1).label("is_end"),
        func.sum(case((within, 0), else_=1)),
        func.sum(case((within, 0), else_=WatchedSpan.end_ms - ends * part)),
    )
    return union_all(first.where(of).group_by(WatchedSpan.layer, "place"), last.where(of).group_by(WatchedSpan.layer, "place"))


def _last_parts(lesson_id: int, part: int) -> Select[int, int]:
    """How many people there are by the part of the last second they ever saw."""
    furthest = (
        select(((func.max(WatchedSpan.end_ms) - 1) // part).label("place"))
        .where(WatchedSpan.lesson_id == lesson_id, WatchedSpan.layer == 1)
        .group_by(WatchedSpan.user_id)
        .subquery()
    )
    return select(furthest.c.place, func.count()).group_by(furthest.c.place)


def _shares(milliseconds: list[int], whole: list[int], part: int, parts: int, duration_ms: int, people: int) -> tuple[float, ...]:
    shares, running = [], 0
    for place in range(parts):
        running += whole[place]
        length = min(part, duration_ms - place * part)
        shares.append(min(1.0, (running * length + milliseconds[place]) / (length * people)) if people and length > 0 else 0.0)
    return tuple(shares)
