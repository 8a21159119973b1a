"""Decisions about progress and JP. Pure: plain values in, plain values out."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

READING_FLOOR = 0.25
"""A text cannot be marked as read before this share of its computed reading time has passed on the server's clock, not counting what other texts
have taken (four times the computed pace of 150 words a minute): our own guard against clicking through, not a regulation."""


class LessonLike(Protocol):
    """What locking needs to know of a lesson."""

    @property
    def key(self) -> str: ...

    @property
    def requires(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, slots=True)
class DayCap:
    """How much e-learning counts on one day, in minutes and in JP: the dated rule `jp.day_cap.<form>`, 3 JP by PerLAN 10/2018."""

    minutes: float
    legal_basis: str
    jp: float


def counted_minutes(minutes: float, already_today: float, cap: DayCap | None) -> float:
    """The minutes of a lesson that count on the day it was completed: all of them, or what is left under the day's cap."""
    return minutes if cap is None else max(0.0, min(minutes, cap.minutes - already_today))


def jp_of(counted: float, minutes_per_jp: float, most: int) -> int:
    """Whole JP in the counted minutes; never a fraction, never more than the course states."""
    return min(most, math.floor(counted / minutes_per_jp + 1e-9))


def what_locks(lessons: Collection[LessonLike], key: str, linear: bool, completed: Collection[str]) -> tuple[str, ...]:
    """The keys of the lessons to complete before this one opens; empty when it is open. What was completed stays open, also when a lesson
    was put before it later."""
    if key in completed:
        return ()
    needed: list[str] = []
    for lesson in lessons:
        if lesson.key == key:
            needed += [k for k in lesson.requires if k not in needed]
            break
        if linear:
            needed.append(lesson.key)
    return tuple(k for k in needed if k not in completed)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What the clock lets a report count: at most `milliseconds`, and the moment up to which time is spent afterwards."""

    milliseconds: int
    base: datetime


def allowance(now: datetime, opened_at: datetime, spent_until: datetime | None, rate: float) -> Allowance:
    """The time a person can have watched since their clock was last accounted for, in milliseconds of media at a playback rate."""
    base = max(opened_at, spent_until) if spent_until else opened_at
    elapsed = max(timedelta(0), now - base)
    return Allowance(int(elapsed.total_seconds() * 1000 * rate), base)


REMEMBERED_NUMBERS = 60
"""How far behind the last one a report may arrive and still be told from one that was counted."""


def take_number(last: int, received: int, number: int) -> tuple[int, int] | None:
    """Mark a report as counted: the new last number and the bits of those before it. None when it was counted already, or is too far behind."""
    if number > last:
        ahead = min(number - last, REMEMBERED_NUMBERS)
        return number, (received << ahead | 1) & (1 << REMEMBERED_NUMBERS) - 1
    behind = last - number
    if behind >= REMEMBERED_NUMBERS or received >> behind & 1:
        return None
    return last, received | 1 << behind


def percent(part: float, whole: float) -> int:
    """A share in whole percent; 100 only when nothing is missing."""
    if whole <= 0:
        return 0
    return min(99, math.floor(100 * part / whole)) if part < whole else 100
