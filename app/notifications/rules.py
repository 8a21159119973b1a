"""Pure decisions: when a reminder may reach somebody, what a reply of a mail server means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """Office hours by weekday (Monday is 0), the dates free every year as (month, day), and single free days."""

    by_weekday: Mapping[int, tuple[time, time]]
    free_every_year: frozenset[tuple[int, int]] = frozenset()
    free_days: frozenset[date] = field(default_factory=frozenset)

    def on(self, day: date) -> tuple[time, time] | None:
        """From when to when people work on a day; None when they do not."""
        if (day.month, day.day) in self.free_every_year or day in self.free_days:
            return None
        return self.by_weekday.get(day.weekday())


def next_working_moment(now: datetime, zone: ZoneInfo, hours: WorkingHours) -> datetime:
    """`now` when people are at work, else the beginning of the next working day or of today's hours. The end of hours is free time.

    Raises ValueError when no day of the coming year is a working day.
    """
    here = now.astimezone(zone)
    for ahead in range(367):
        day = here.date() + timedelta(days=ahead)
        span = hours.on(day)
        if span is None:
            continue
        begin, end = (datetime.combine(day, edge, tzinfo=zone) for edge in span)
        if ahead or here < begin:
            return begin.astimezone(now.tzinfo)
        if here < end:
            return now
    raise ValueError("the working hours leave no working day within a year")


def is_permanent(code: int) -> bool:
    """Whether an SMTP reply code refuses for good (RFC 5321 section 4.2.1: 5yz), rather than for now (4yz)."""
    return 500 <= code <= 599
