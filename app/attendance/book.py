"""The ledger of stays: few short statements below the session, each for a whole room at once.

A stay is named by its person and the moment it began, so that writing needs no id back. Whoever writes twice writes the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, insert, or_, select, update

from app.attendance.models import Stay, StayEnd
from app.webinars.participants import Participant

MOST_AT_ONCE = 100
SILENT = timedelta(seconds=60)
"""An open stay that nobody moved on for so long belongs to a server that has stopped; a living one moves it every ten seconds."""

_stay: Any = Stay.__table__


@dataclass(slots=True)
class Staying:
    """A stay as the room's memory holds it. `written` once its row has been asked for."""

    person: Participant
    since: datetime
    left_at: datetime | None = None
    ended_by: str | None = None
    written: bool = False


def write(connection: Connection, begun: Sequence[Staying], ended: Sequence[Staying]) -> None:
    """Rows of stays that began, then the ends of stays that have a row."""
    if begun:
        connection.execute(insert(_stay), [_row(stay) for stay in begun])
    if ended:
        connection.execute(_END, [_end(stay) for stay in ended])


def _row(stay: Staying) -> dict[str, Any]:
    person = stay.person
    return {
        "webinar_id": person.webinar_id,
        "participant": person.key,
        "user_id": person.user_id,
        "full_name": person.full_name[:255],
        "unit_name": person.unit_name[:255],
        "joined_at": stay.since,
        "seen_at": stay.left_at or stay.since,
        "left_at": stay.left_at,
        "ended_by": stay.ended_by,
    }


def _end(stay: Staying) -> dict[str, Any]:
    return {
        "of_webinar": stay.person.webinar_id, "of_person": stay.person.key, "since": stay.since, "left": stay.left_at, "how": stay.ended_by,
    }


_END = (
    update(_stay)
    .where(
        _stay.c.webinar_id == bindparam("of_webinar"),
        _stay.c.participant == bindparam("of_person"),
        _stay.c.joined_at == bindparam("since"),
        or_(_stay.c.left_at.is_(None), _stay.c.left_at > bindparam("left"), _stay.c.ended_by == StayEnd.CRASH),
    )
    .values(left_at=bindparam("left"), seen_at=bindparam("left"), ended_by=bindparam("how"))
)
"""The room that holds somebody knows better when they left than whoever took its server for a stopped one."""


def reopen(connection: Connection, staying: Sequence[Staying], now: datetime) -> None:
    """People who are there although their stays were closed, because the database was out of reach for a minute."""
    of_person = [{"of_webinar": stay.person.webinar_id, "of_person": stay.person.key, "since": stay.since, "now": now} for stay in staying]
    connection.execute(_REOPEN, of_person)


_REOPEN = (
    update(_stay)
    .where(
        _stay.c.webinar_id == bindparam("of_webinar"),
        _stay.c.participant == bindparam("of_person"),
        _stay.c.joined_at == bindparam("since"),
        _stay.c.ended_by == StayEnd.CRASH,
    )
    .values(left_at=None, ended_by=None, seen_at=bindparam("now"))
)


def move_on(connection: Connection, webinar_id: int, now: datetime) -> int:
    """Everybody who is there was there until now; answers how many stays are open."""
    return connection.execute(update(_stay).where(_stay.c.webinar_id == webinar_id, _stay.c.left_at.is_(None)).values(seen_at=now)).rowcount


def open_stays(connection: Connection, webinar_id: int) -> set[str]:
    """Who has an open stay."""
    return set(connection.scalars(select(_stay.c.participant).where(_stay.c.webinar_id == webinar_id, _stay.c.left_at.is_(None))))


def close_abandoned(connection: Connection, before: datetime, webinar_id: int | None = None) -> int:
    """End the open stays that nobody moved on since: they lasted until they were last seen."""
    abandoned = update(_stay).where(_stay.c.left_at.is_(None), _stay.c.seen_at < before)
    if webinar_id is not None:
        abandoned = abandoned.where(_stay.c.webinar_id == webinar_id)
    return connection.execute(abandoned.values(left_at=_stay.c.seen_at, ended_by=StayEnd.CRASH)).rowcount


def close_all(connection: Connection, webinar_id: int, ended_at: datetime) -> int:
    """The webinar has ended: whoever is there stayed until then, and whoever was left behind by a stopped server until last seen."""
    close_abandoned(connection, ended_at - SILENT, webinar_id)
    still = update(_stay).where(_stay.c.webinar_id == webinar_id, _stay.c.left_at.is_(None))
    return connection.execute(still.values(left_at=ended_at, seen_at=ended_at, ended_by=StayEnd.CLOSED)).rowcount
