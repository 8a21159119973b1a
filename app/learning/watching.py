"""Honest watching: the seconds of a video that were really played, bounded by the server's clock.

The player reports the spans it played. The server counts them only as far as time passed for this person: since the viewing was
opened, since their clock was last accounted for (in any tab, device or lesson), times the playback rate, at most twice the normal speed.
Counted spans are merged rows; a second played again changes nothing but the drawing.

A browser without a connection writes its reports down and sends them later. The page carries a signed ticket of the moment it was handed
out, so a sitting that began offline can be opened as of then; each report has a number within its sitting and counts once.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from flask import current_app
from sqlalchemy import Connection, and_, bindparam, case, delete, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.courses.outline import CourseOutline, LessonOutline
from app.kernel import clock, jobs
from app.kernel.db import db, moment_of, transaction
from app.kernel.direct import Direct
from app.kernel.durable import write_durably
from app.kernel.errors import Invalid, NotFound
from app.kernel.http import LARGEST_ROW_NUMBER
from app.learning import evidence, rules, spans
from app.learning.models import LessonProgress, Viewing, WatchClock, WatchedSpan

MAX_RATE = 2.0
MOST_SPANS_IN_A_REPORT = 200
LONGEST_MS = 24 * 3600 * 1000
MOST_PIECES = 400  # of one video that were played by themselves; more is a machine, and would make every later report slow
SILENT_AFTER = timedelta(minutes=10)


LONGEST_TICKET = timedelta(days=7)
MOST_NUMBERS = 1_000_000
_KEY = re.compile(r"[A-Za-z0-9-]{8,40}")


def make_ticket(user_id: int, lesson_id: int) -> str:
    """What a lesson page carries: that this person had this lesson's page at this moment, by the server's clock."""
    said = f"{user_id}.{lesson_id}.{int(clock.now().timestamp() * 1000)}"
    return f"{said}.{_signature(said)}"


def moment_of_ticket(ticket: Any, user_id: int, lesson_id: int) -> datetime | None:
    """When this ticket was handed out to this person for this lesson, at most a week ago; None for anything else."""
    if not isinstance(ticket, str) or not ticket.isascii():
        return None
    said, _dot, signature = ticket.rpartition(".")
    if not hmac.compare_digest(signature, _signature(said)):
        return None
    whose, lesson, milliseconds = map(int, said.split("."))
    if (whose, lesson) != (user_id, lesson_id):
        return None
    return max(datetime.fromtimestamp(milliseconds / 1000, UTC), clock.now() - LONGEST_TICKET)


def _signature(said: str) -> str:
    return hmac.digest(_ticket_key(current_app.config["SECRET_KEY"]), said.encode(), "sha256").hex()


@lru_cache(maxsize=1)
def _ticket_key(secret: str) -> bytes:
    """A key of its own, so that nothing else that the installation signs is a ticket."""
    return hmac.digest(secret.encode(), b"watch-ticket", "sha256")


def parse_opening(body: Any, user_id: int, lesson_id: int) -> tuple[str | None, datetime | None]:
    """The browser's name for a sitting, and the moment from which it may count when it `began` before there was a connection.

    Both are None for a player that sends nothing. Raises Invalid for a key that is none. A foreign or forged ticket opens the sitting now.
    """
    if not isinstance(body, dict) or body.get("key") is None:
        return None, None
    key = body["key"]
    if not isinstance(key, str) or not _KEY.fullmatch(key):
        raise Invalid(code="bad_viewing")
    return key, moment_of_ticket(body.get("ticket"), user_id, lesson_id) if body.get("late") is True else None


def open_viewing(user_id: int, course: CourseOutline, lesson: LessonOutline, key: str | None = None, since: datetime | None = None) -> int:
    """A person sits down in front of a video: from now on, or since the moment of their ticket, its seconds can count.

    Returns the viewing's id; with a key that is known already, the one it opened. Raises Invalid when that was another lesson's.
    """
    now = clock.now()

    def find(connection: Connection) -> int | None:
        known = connection.execute(select(Viewing.id, Viewing.lesson_id).where(Viewing.user_id == user_id, Viewing.key == key)).one_or_none()
        if known is not None and known.lesson_id != lesson.lesson_id:
            raise Invalid(code="bad_viewing")
        return known.id if known else None

    def work(connection: Connection) -> int:
        if key and (known := find(connection)):
            return known
        dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
        made = connection.execute(
            dialect.insert(Viewing)
            .values(user_id=user_id, lesson_id=lesson.lesson_id, course_id=course.course_id, opened_at=since or now, reported_at=now, key=key)
            .on_conflict_do_nothing(index_elements=["user_id", "key"])
            .returning(Viewing.id)
        ).scalar_one_or_none()
        return made or find(connection) or 0

    return write_durably(work)


@dataclass(frozen=True, slots=True)
class Report:
    """What a player says it played: spans in milliseconds, in the order they were played, at one rate.

    `number` counts the reports of one sitting from 1; a report without one cannot be told from its repetition.
    """

    viewing_id: int
    played: tuple[spans.Span, ...]
    rate: float
    leaving: bool
    number: int | None = None

    @classmethod
    def parse(cls, body: Any) -> Report:
        """Read a report from JSON. Raises Invalid for anything that is not one."""
        try:
            viewing = body["viewing"]
            rate = float(body.get("rate", 1))
            number = body.get("number")
            played = tuple((round(start * 1000), round(end * 1000)) for start, end in body["played"])
            if type(viewing) is not int or not 0 < viewing <= LARGEST_ROW_NUMBER or len(played) > MOST_SPANS_IN_A_REPORT:
                raise ValueError
            if number is not None and (type(number) is not int or not 0 < number <= MOST_NUMBERS):
                raise ValueError
            if any(not 0 <= start <= end <= LONGEST_MS for start, end in played) or not 0.25 <= rate <= 16:
                raise ValueError
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise Invalid(code="bad_report") from error
        return cls(viewing, played, min(rate, MAX_RATE), body.get("leaving") is True, number)


@dataclass(frozen=True, slots=True)
class Watched:
    """Where a person stands after a report, in milliseconds; `before` is what was covered when it came."""

    before: int
    covered: int
    counted: int
    refused: int
    once: list[spans.Span]
    again: list[spans.Span]


SETTLE = "learning.settle_watching"


def needed_ms(duration_ms: int, coverage: float) -> int:
    """How much of a video must have been played for its lesson to be complete."""
    return int(duration_ms * coverage)


def record_report(user_id: int, lesson_id: int, duration_ms: int, report: Report, coverage: float = 1.0) -> Watched:
    """Count a report as far as the clock allows, once; acknowledged when it is on the disk. Raises NotFound for a foreign viewing.

    The report that reaches the coverage asks, in the same transaction, for the lesson to be settled, so that no crash loses it.
    """
    now = clock.now()

    def work(connection: Connection) -> Watched:
        watched = _count(connection, user_id, lesson_id, duration_ms, report, now)
        if watched.before < needed_ms(duration_ms, coverage) <= watched.covered:
            jobs.enqueue_on(connection, SETTLE, key=f"{SETTLE}:{user_id}:{lesson_id}", user_id=user_id, lesson_id=lesson_id)
        return watched

    return write_durably(work)


_viewing: Any = Viewing.__table__
_clock: Any = WatchClock.__table__
_span: Any = WatchedSpan.__table__
_progress: Any = LessonProgress.__table__
_THIS = (_viewing.c.id == bindparam("this"), _viewing.c.user_id == bindparam("whose"), _viewing.c.lesson_id == bindparam("lesson"))
_STATE = Direct(
    select(
        _viewing.c.opened_at, _viewing.c.last_number, _viewing.c.received, _clock.c.spent_until, _span.c.layer, _span.c.start_ms, _span.c.end_ms
    )
    .select_from(
        _viewing.outerjoin(_clock, _clock.c.user_id == _viewing.c.user_id).outerjoin(
            _span, and_(_span.c.user_id == _viewing.c.user_id, _span.c.lesson_id == _viewing.c.lesson_id)
        )
    )
    .where(*_THIS)
    .order_by(_span.c.layer, _span.c.start_ms)
)
_BEGIN_CLOCK = (
    postgresql.insert(_clock).from_select(["user_id", "spent_until"], select(_viewing.c.user_id, _viewing.c.opened_at).where(*_THIS)).on_conflict_do_nothing()
)
_LOCK = select(_viewing.c.id).join(_clock, _clock.c.user_id == _viewing.c.user_id).where(*_THIS).with_for_update()
_THIS_SPAN = tuple(_span.c[name] == bindparam(f"old_{name}") for name in ("user_id", "lesson_id", "layer", "start_ms"))
_MOVE_SPAN = Direct(update(_span).where(*_THIS_SPAN).values(start_ms=bindparam("new_start"), end_ms=bindparam("new_end")))
_DROP_SPAN = delete(_span).where(*_THIS_SPAN)
_ADD_SPAN = insert(_span)
_SPEND = {
    name: Direct(statement.on_conflict_do_update(index_elements=["user_id"], set_={"spent_until": statement.excluded.spent_until}))
    for name, statement in (("sqlite", sqlite.insert(_clock)), ("postgresql", postgresql.insert(_clock)))
}
_PLACE = Direct(
    update(_progress)
    .where(_progress.c.user_id == bindparam("whose"), _progress.c.lesson_id == bindparam("lesson"))
    .values(position=bindparam("place"), position_at=bindparam("now"))
)


def _since_closing(name: str) -> Any:
    """What a sitting has told since it was last closed, and more: the summary of what came before stands in the evidence already."""
    return case((_viewing.c.closed_at.is_(None), _viewing.c[name]), else_=0) + bindparam(f"more_{name}")


_TELL = Direct(
    update(_viewing)
    .where(_viewing.c.id == bindparam("this"))
    .values(
        {name: _since_closing(name) for name in ("claimed_ms", "counted_ms", "new_ms")}
        | {name: bindparam(f"set_{name}") for name in ("reported_at", "last_number", "received")}
        | {"reports": _viewing.c.reports + 1, "closed_at": None}
    )
)


def _count(connection: Connection, user_id: int, lesson_id: int, duration_ms: int, report: Report, now: datetime) -> Watched:
    """Hot: the statements are made once and are as few as can be, for every viewer comes here each 15 seconds."""
    this = {"this": report.viewing_id, "whose": user_id, "lesson": lesson_id}
    if connection.dialect.name == "postgresql":
        connection.execute(_BEGIN_CLOCK, this)
        connection.execute(_LOCK, this)
    rows = _STATE.rows(connection, this)
    if not rows:
        raise NotFound(code="no_such_viewing")
    opened, last_number, received, spent = rows[0][:4]
    opened_at, spent_until = moment_of(opened), moment_of(spent)
    once, again = ([(start, end) for *_, layer, start, end in rows if layer == wanted] for wanted in (1, 2))
    taken = rules.take_number(last_number, received, report.number) if report.number else (last_number, received)
    before = spans.length(spans.within(once, duration_ms))
    if taken is None:
        return Watched(before, before, 0, 0, once, again)
    allowed = rules.allowance(now, opened_at, spent_until, report.rate)
    counted = spans.clipped(report.played, duration_ms, allowed.milliseconds)
    claimed, granted = spans.length(report.played), spans.length(counted)
    new_once, new_again = spans.watch(once, again, counted)
    if any(len(new) > max(MOST_PIECES, len(old)) for new, old in ((new_once, once), (new_again, again))):
        new_once, new_again, granted = once, again, 0
    covered = spans.length(spans.within(new_once, duration_ms))
    _replace(connection, user_id, lesson_id, 1, once, new_once)
    _replace(connection, user_id, lesson_id, 2, again, new_again)
    spend = allowed.base + timedelta(milliseconds=granted / report.rate)
    _SPEND[connection.dialect.name].rows(connection, {"user_id": user_id, "spent_until": spend})
    told = {"more_claimed_ms": claimed, "more_counted_ms": granted, "more_new_ms": covered - before, "set_reported_at": now}
    _TELL.rows(connection, this | told | {"set_last_number": taken[0], "set_received": taken[1]})
    if report.played:  # a phone that falls silent says nothing more: where it was must be known already
        stopped = min(report.played[-1][1], duration_ms) / 1000
        _PLACE.rows(connection, {"whose": user_id, "lesson": lesson_id, "place": {"seconds": stopped}, "now": now})
    shown = (spans.within(layer, duration_ms) for layer in (new_once, new_again))
    return Watched(before, covered, granted, claimed - granted, *shown)


def _replace(connection: Connection, user_id: int, lesson_id: int, layer: int, old: Sequence[spans.Span], new: Sequence[spans.Span]) -> None:
    """Write only the spans that changed: one growing span is the usual case."""
    if old == new:
        return
    gone, come = set(old) - set(new), set(new) - set(old)
    of = {"old_user_id": user_id, "old_lesson_id": lesson_id, "old_layer": layer}
    if len(gone) == 1 and len(come) == 1:
        (start, _end), (new_start, new_end) = gone.pop(), come.pop()
        _MOVE_SPAN.rows(connection, of | {"old_start_ms": start, "new_start": new_start, "new_end": new_end})
        return
    if gone:
        connection.execute(_DROP_SPAN, [of | {"old_start_ms": start} for start, _end in gone])
    if come:
        rows = [{"user_id": user_id, "lesson_id": lesson_id, "layer": layer, "start_ms": s, "end_ms": e} for s, e in sorted(come)]
        connection.execute(_ADD_SPAN, rows)


def close_viewing(viewing_id: int, user_id: int | None = None) -> bool:
    """End a viewing with one summary event of what was not yet told. False when it was closed before (or is not this person's). In the current transaction."""
    viewing = db.session.scalar(select(Viewing).where(Viewing.id == viewing_id).with_for_update())
    if viewing is None or viewing.closed_at is not None or (user_id is not None and viewing.user_id != user_id):
        return False
    viewing.closed_at = clock.now()
    if viewing.counted_ms:
        evidence.append(
            viewing.user_id,
            "progressed",
            "lesson",
            viewing.lesson_id,
            happened_at=viewing.reported_at,
            facts={
                "course_id": viewing.course_id,
                "played_seconds": round(viewing.counted_ms / 1000, 1),
                "new_seconds": round(viewing.new_ms / 1000, 1),
                "claimed_seconds": round(viewing.claimed_ms / 1000, 1),
                "opened_at": viewing.opened_at.isoformat(),
            },
        )
    return True


def close_silent_viewings(most: int = 500) -> int:
    """Close what has not been heard of for ten minutes; each in its own short transaction."""
    ids = db.session.scalars(
        select(Viewing.id).where(Viewing.closed_at.is_(None), Viewing.reported_at < clock.now() - SILENT_AFTER).limit(most)
    ).all()
    db.session.rollback()
    closed = 0
    for viewing_id in ids:
        with transaction():
            closed += close_viewing(viewing_id)
    return closed
