"""How many people were there, from minute to minute. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

MOST_STEPS = 60
SHORTEST_STEP = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Step:
    """A stretch of time and the most people who were there at once in it."""

    begin: datetime
    end: datetime
    people: int


def steps_of(stays: Iterable[tuple[str, datetime, datetime]], begin: datetime, end: datetime) -> list[Step]:
    """The crowd between two moments, from stays (person, from, until); a person with two stays at once is one person."""
    if end <= begin:
        return []
    width = max(SHORTEST_STEP, (end - begin) / MOST_STEPS)
    count = -(-(end - begin) // width)
    changes: list[tuple[datetime, int]] = []
    for joined, left in _apart(stays):
        if left > begin and joined < end:
            changes += [(max(joined, begin), 1), (min(left, end), -1)]
    changes.sort()
    steps, here, place = [], 0, 0
    for number in range(count):
        start, stop = begin + number * width, min(begin + (number + 1) * width, end)
        while place < len(changes) and changes[place][0] <= start:
            here += changes[place][1]
            place += 1
        most = here
        while place < len(changes) and changes[place][0] < stop:
            here += changes[place][1]
            place += 1
            most = max(most, here)
        steps.append(Step(start, stop, most))
    return steps


def _apart(stays: Iterable[tuple[str, datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """Stays that overlap or touch, of one person, as one."""
    found: list[tuple[datetime, datetime]] = []
    before, last = "", None
    for person, joined, left in sorted(stays):
        if person == before and last is not None and joined <= last:
            if left > last:
                found[-1] = (found[-1][0], left)
                last = left
            continue
        found.append((joined, left))
        before, last = person, left
    return found
