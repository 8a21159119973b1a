"""Where a moment of the clock lies in the recording, and back. Pure.

A recording is the runs of its takes, one behind the other. Between two there may be a gap that nobody recorded, or a while in which two
recorders ran at once; then the later one is what people saw.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

SHORTEST_GAP_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Part:
    """One run of one take: when it began on the clock (seconds since the epoch), and where it lies in the recording (milliseconds)."""

    take: int
    started_at: float
    offset_ms: int
    duration_ms: int

    @property
    def end_ms(self) -> int:
        return self.offset_ms + self.duration_ms


def parts_of(rows: Iterable[Sequence[Any]]) -> tuple[Part, ...]:
    """As `Recording.parts` keeps them."""
    return tuple(Part(int(take), float(started), int(offset), int(duration)) for take, started, offset, duration in rows)


def laid_out(takes: Iterable[tuple[int, float, int]]) -> tuple[Part, ...]:
    """Runs of takes (number of the take, beginning on the clock, duration) one behind the other, in the order in which they began."""
    found, offset = [], 0
    for number, started_at, duration_ms in sorted(takes, key=lambda take: (take[1], take[0])):
        found.append(Part(number, started_at, offset, duration_ms))
        offset += duration_ms
    return tuple(found)


def length_ms(parts: Sequence[Part]) -> int:
    return parts[-1].end_ms if parts else 0


def position_of(moment: datetime, parts: Sequence[Part]) -> int:
    """Milliseconds into the recording. What happened in a gap lies where the next take begins; before the first one at 0, after the last
    at the end."""
    at = moment.timestamp()
    place = bisect_right(parts, at, key=lambda part: part.started_at) - 1
    if place < 0:
        return 0
    part = parts[place]
    return min(part.offset_ms + round((at - part.started_at) * 1000), part.end_ms)


def moment_of(position_ms: int, parts: Sequence[Part]) -> datetime | None:
    """When what is seen at a place of the recording happened; None without a recording."""
    if not parts:
        return None
    inside = min(max(position_ms, 0), length_ms(parts))
    part = parts[max(0, bisect_right(parts, inside, key=lambda part: part.offset_ms) - 1)]
    return datetime.fromtimestamp(part.started_at + min(inside - part.offset_ms, part.duration_ms) / 1000, UTC)


def gaps_of(begin: datetime, end: datetime, parts: Sequence[Part]) -> list[tuple[datetime, datetime]]:
    """The stretches between two moments that no part has, beyond the seconds between one recorder and the next."""
    found, reached = [], begin.timestamp()
    for since, until in [*((part.started_at, part.started_at + part.duration_ms / 1000) for part in parts), (end.timestamp(),) * 2]:
        if min(since, end.timestamp()) - reached >= SHORTEST_GAP_SECONDS:
            found.append((datetime.fromtimestamp(reached, UTC), datetime.fromtimestamp(min(since, end.timestamp()), UTC)))
        reached = max(reached, until)
    return found


def spans_of(begin: datetime, end: datetime, parts: Sequence[Part]) -> list[tuple[int, int]]:
    """The stretches of the recording that were on air between two moments, merged."""
    found: list[tuple[int, int]] = []
    first, last = begin.timestamp(), end.timestamp()
    for place, part in enumerate(parts):
        shown_until = parts[place + 1].started_at if place + 1 < len(parts) else float("inf")
        start, stop = max(first, part.started_at), min(last, part.started_at + part.duration_ms / 1000)
        if start >= stop:
            continue
        left = part.offset_ms + round((start - part.started_at) * 1000)
        right = part.offset_ms + round((stop - part.started_at) * 1000)
        if stop >= shown_until:  # the rest of this take ran beside the next one: whoever was there saw that
            right = part.end_ms
        if left == right:  # shorter than a millisecond
            continue
        if found and found[-1][1] == left:
            found[-1] = (found[-1][0], right)
        else:
            found.append((left, right))
    return found
