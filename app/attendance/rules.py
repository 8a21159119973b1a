"""Decisions about presence. Pure: plain values in, plain values out; every moment is one of the server's clock."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

LOST, CRASH = "LOST", "CRASH"
ADJOINING = timedelta(seconds=5)
"""A page that is loaded anew is away for a moment; that is no gap."""
BRIDGED = timedelta(minutes=5)
"""When the server itself stopped, whoever is back within this time counts as having been there."""
CHECKIN_OPEN = timedelta(seconds=60)
CHECKIN_APART = timedelta(minutes=10)
EDGE = timedelta(minutes=5)  # nobody is asked in the first and last minutes


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody was there from one moment to another; `ended_by` says how it ended, None while it goes on."""

    since: datetime
    until: datetime
    ended_by: str | None = None


@dataclass(frozen=True, slots=True)
class Presence:
    """What somebody's visits come to within the time on air, in milliseconds, with the visits and gaps it is made of."""

    present_ms: int
    lost_ms: int
    visits: tuple[Visit, ...]
    gaps: tuple[Visit, ...]  # `ended_by` is how the visit before it ended

    @property
    def away_ms(self) -> int:
        """Time away by own choice or by a moderator's word."""
        return sum(milliseconds(gap.until - gap.since) for gap in self.gaps) - self.lost_ms


def jp_of_held(minutes: float, planned: int, minutes_per_jp: float, percent: float) -> int:
    """The JP that so many minutes on air support, at most what was planned. Each JP asks for `percent` of its minutes, so that ending a little
    early costs nobody anything; 0 percent asks for none."""
    needed = minutes_per_jp * percent / 100
    return planned if needed <= 0 else min(planned, math.floor(max(0.0, minutes) / needed + 1e-9))


def milliseconds(span: timedelta) -> int:
    return max(0, round(span.total_seconds() * 1000))


def merged(visits: Iterable[Visit]) -> list[Visit]:
    """Visits that overlap (two tabs, two devices) or adjoin are one; what the server's own stop tore apart is put together again."""
    found: list[Visit] = []
    for visit in sorted(visits, key=lambda one: (one.since, one.until, one.ended_by or "")):
        last = found[-1] if found else None
        if last is None or visit.since - last.until > (BRIDGED if last.ended_by == CRASH else ADJOINING):
            found.append(visit)
        elif visit.until >= last.until:
            found[-1] = Visit(last.since, visit.until, visit.ended_by)
    return found


def presence_of(visits: Iterable[Visit], live_at: datetime | None, live_until: datetime | None) -> Presence:
    """What counts of somebody's visits: only the time on air. Gaps that a lost connection left are told apart from leaving."""
    if live_at is None or live_until is None or live_until <= live_at:
        return Presence(0, 0, (), ())
    whole = merged(visits)
    there = _within(whole, live_at, live_until)
    ends = [*(visit.since for visit in whole[1:]), live_until]
    between = (Visit(visit.until, end, visit.ended_by) for visit, end in zip(whole, ends, strict=False) if visit.ended_by)
    gaps = _within(between, live_at, live_until)
    lost = sum(milliseconds(gap.until - gap.since) for gap in gaps if gap.ended_by in (LOST, CRASH))
    return Presence(sum(milliseconds(visit.until - visit.since) for visit in there), lost, there, gaps)


def _within(visits: Iterable[Visit], first: datetime, last: datetime) -> tuple[Visit, ...]:
    """What of them lies between two moments."""
    clipped = (Visit(max(visit.since, first), min(visit.until, last), visit.ended_by) for visit in visits)
    return tuple(visit for visit in clipped if visit.until > visit.since)


# ---- what a webinar asks for ----


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything the conditions are decided by."""

    live_ms: int
    present_ms: int
    presence_percent: int
    checkins: int  # answered
    checkins_held: int
    checkins_needed: int
    granted_ms: int = 0
    granted_checkins: int = 0
    posttest_asked: bool = False
    posttest_passed: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing a webinar asks for: `code` is presence (in ms), checkins or posttest."""

    code: str
    have: int
    need: int

    @property
    def done(self) -> bool:
        return self.have >= self.need


def needed_ms(whole_ms: int, percent: int) -> int:
    return math.ceil(whole_ms * percent / 100)


def conditions(facts: Facts) -> list[Condition]:
    """What is asked for and how far it is met. A check-in that was never held is asked of nobody."""
    found = [Condition("presence", min(facts.live_ms, facts.present_ms + facts.granted_ms), needed_ms(facts.live_ms, facts.presence_percent))]
    if needed := min(facts.checkins_needed, facts.checkins_held):
        found.append(Condition("checkins", min(facts.checkins_held, facts.checkins + facts.granted_checkins), needed))
    if facts.posttest_asked:
        found.append(Condition("posttest", int(facts.posttest_passed), 1))
    return found


def is_fulfilled(facts: Facts) -> bool:
    """Whether the webinar counts for somebody; one that was never on air counts for nobody."""
    return facts.live_ms > 0 and all(condition.done for condition in conditions(facts))


# ---- when people are asked whether they are still there ----

Span = tuple[datetime, datetime]


def draw_moments(start: datetime, end: datetime, count: int, breaks: Sequence[Span], below: Callable[[int], int]) -> list[datetime]:
    """Random moments: the first in the first third, the last in the last third, the others spread between; never in a break, and ten minutes
    apart as far as the time allows. `below(n)` draws a whole number under n."""
    whole = end - start
    edge = min(EDGE, whole / 10)
    drawn: list[datetime] = []
    for first, last in _windows(start, end, count):
        window = (max(first, start + edge), min(last, end - edge))
        near = [(moment - CHECKIN_APART, moment + CHECKIN_APART) for moment in drawn]
        free = _without([window], [*breaks, *near]) or _without([window], breaks) or _without([(start, end)], breaks) or [window]
        drawn.append(_pick(free, below))
    return sorted(drawn)


def _windows(start: datetime, end: datetime, count: int) -> list[Span]:
    third = (end - start) / 3
    if count <= 2:
        return [(start, end)] * count if count < 2 else [(start, start + third), (end - third, end)]
    between = [start + third + third * n / (count - 2) for n in range(count - 1)]
    return [(start, start + third), *pairwise(between), (end - third, end)]


def _without(spans: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """What is left of the spans; a moment must leave its own open minute free of what is taken."""
    left = list(spans)
    for first, last in taken:
        cut = (first - CHECKIN_OPEN, last)
        left = [piece for span in left for piece in ((span[0], min(span[1], cut[0])), (max(span[0], cut[1]), span[1])) if piece[1] > piece[0]]
    return left


def _pick(spans: Sequence[Span], below: Callable[[int], int]) -> datetime:
    seconds = [max(1, int((last - first).total_seconds())) for first, last in spans]
    chosen = below(sum(seconds))
    for (first, _last), length in zip(spans, seconds, strict=True):
        if chosen < length:
            return first + timedelta(seconds=chosen)
        chosen -= length
    raise AssertionError("a number outside of the range")
