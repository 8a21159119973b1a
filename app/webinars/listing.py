"""Webinars as lists show them: this feature's own, the front page, a learner's home."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from app.kernel import clock
from app.webinars import queries, registering
from app.webinars.models import Webinar


@dataclass(frozen=True, slots=True)
class Listed:
    """A webinar, the day on which it begins here, and how the reader stands in it (a `RegistrationState`, or None)."""

    webinar: Webinar
    day: date
    own: str | None = None


def upcoming(user_id: int | None, limit: int = 50) -> list[Listed]:
    """What is announced or on air, the nearest first; two statements for somebody signed in."""
    webinars = queries.list_upcoming(limit)
    own = queries.states_of(user_id, [webinar.id for webinar in webinars]) if user_id is not None and webinars else {}
    return _listed(webinars, own)


def next_for(user_id: int, limit: int) -> list[Listed]:
    """What concerns a person most: the webinars they registered for, then those they can still register for, then the others; the nearest
    first among each. Two statements."""
    now = clock.now()

    def rank(one: Listed) -> int:
        return 0 if one.own in registering.ACTIVE else 1 if registering.is_open(one.webinar, now) else 2

    return sorted(upcoming(user_id), key=rank)[:limit]


def past() -> list[Listed]:
    return _listed(queries.list_past(), {})


def _listed(webinars: Sequence[Webinar], own: dict[int, str]) -> list[Listed]:
    return [Listed(webinar, clock.local_day(webinar.starts_at), own.get(webinar.id)) for webinar in webinars]
