"""Check-ins: drawn when the webinar begins, opened at their moment, answered once by each person within their minute.

Their numbers are the order in which they are opened: what a moderator asks in between comes before those that are still to come, whose numbers
nobody has heard yet.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection, func, select, update

from app.attendance.models import CheckIn, CheckInAnswer
from app.attendance.rules import CHECKIN_APART, CHECKIN_OPEN, draw_moments
from app.kernel import clock
from app.kernel.db import db, insert_into
from app.kernel.durable import write_durably
from app.kernel.errors import Conflict, DomainError
from app.ui.formats import jam
from app.webinars.models import AgendaItem, Webinar, WebinarState

_checkin: Any = CheckIn.__table__
_answer: Any = CheckInAnswer.__table__


class CheckInOver(DomainError):
    """The minute has passed."""

    status, code = 409, "checkin_over"


class NoCheckIn(DomainError):
    """Nobody asked that."""

    status, code = 404, "no_checkin"
    default_message = _l("Presensi ini tidak ada atau belum dibuka.")


@dataclass(slots=True)
class Held:
    """A check-in as the room knows it."""

    id: int
    number: int
    due_at: datetime
    opened_at: datetime | None = None
    closes_at: datetime | None = None
    answers: dict[str, datetime] = field(default_factory=dict)

    def is_open(self, now: datetime) -> bool:
        return self.closes_at is not None and now <= self.closes_at

    def shown(self) -> dict[str, Any]:
        """What everybody may know: never when the next one comes."""
        assert self.opened_at is not None
        assert self.closes_at is not None
        return {"number": self.number, "opened_at": self.opened_at.isoformat(), "closes_at": self.closes_at.isoformat()}


def draw(webinar: Webinar) -> None:
    """Draw a webinar's check-ins as it goes on air, once, and keep them."""
    if webinar.checkin_count < 1 or db.session.scalar(select(CheckIn.id).where(CheckIn.webinar_id == webinar.id).limit(1)) is not None:
        return
    start = webinar.live_at or clock.now()
    end = max(webinar.ends_at, start + timedelta(minutes=10))
    items = db.session.scalars(select(AgendaItem).where(AgendaItem.webinar_id == webinar.id, AgendaItem.kind == "BREAK"))
    breaks = [(item.starts_at, item.starts_at + timedelta(minutes=item.minutes)) for item in items]
    moments = draw_moments(start, end, webinar.checkin_count, breaks, secrets.randbelow)
    db.session.add_all(CheckIn(webinar_id=webinar.id, number=number, due_at=moment) for number, moment in enumerate(moments, 1))
    db.session.flush()


def read(webinar_id: int) -> dict[int, Held]:
    """The check-ins of a webinar by number, without their answers."""
    rows = db.session.execute(
        select(_checkin.c.id, _checkin.c.number, _checkin.c.due_at, _checkin.c.opened_at, _checkin.c.closes_at)
        .where(_checkin.c.webinar_id == webinar_id)
        .order_by(_checkin.c.number)
    )
    return {row.number: Held(*row) for row in rows}


def read_answers(held: Mapping[int, Held]) -> None:
    """Fill in who answered, and when."""
    of_id = {one.id: one.answers for one in held.values()}
    answers = select(_answer.c.checkin_id, _answer.c.participant, _answer.c.answered_at).where(_answer.c.checkin_id.in_(list(of_id)))
    for checkin_id, key, at in db.session.execute(answers):
        of_id[checkin_id][key] = at


def due(held: Iterable[Held], now: datetime, in_break: bool) -> Held | None:
    """The check-in to open now: its moment has come, there is no break, and the last one was ten minutes ago."""
    known = list(held)
    last = max((one.opened_at for one in known if one.opened_at), default=None)
    if in_break or (last is not None and now - last < CHECKIN_APART):
        return None
    waiting = (one for one in known if one.opened_at is None and one.due_at <= now)
    return min(waiting, key=lambda one: one.number, default=None)


def open_now(held: Held, now: datetime) -> Held | None:
    """Open it for a minute; None when somebody else has."""
    closes_at = now + CHECKIN_OPEN
    opening = update(_checkin).where(_checkin.c.id == held.id, _checkin.c.opened_at.is_(None)).values(opened_at=now, closes_at=closes_at)
    number = write_durably(lambda connection: connection.scalar(opening.returning(_checkin.c.number)))
    return None if number is None else replace(held, number=number, opened_at=now, closes_at=closes_at)


def open_another(webinar_id: int) -> Held:
    """Ask now, because a moderator wants it: one more than were drawn, before those that are still to come. Raises Conflict unless the webinar is on air and none is open."""
    now = clock.now()
    state = db.session.scalar(select(Webinar.state).where(Webinar.id == webinar_id))
    if state != WebinarState.LIVE:
        raise Conflict(_("Presensi hanya dapat dibuka selama webinar tayang."), code="not_live")

    def work(connection: Connection) -> Held:
        mine = _checkin.c.webinar_id == webinar_id
        number, closes_at = connection.execute(
            select(func.max(_checkin.c.number), func.max(_checkin.c.closes_at)).where(mine, _checkin.c.opened_at.is_not(None))
        ).one()
        if closes_at is not None and closes_at >= now:
            raise Conflict(_("Masih ada presensi yang terbuka."), code="checkin_open")
        waiting = select(_checkin.c.id).where(mine, _checkin.c.opened_at.is_(None)).order_by(_checkin.c.number.desc())
        for checkin_id in connection.scalars(waiting).all():  # from the last: two never have one number
            connection.execute(update(_checkin).where(_checkin.c.id == checkin_id).values(number=_checkin.c.number + 1))
        values = {"webinar_id": webinar_id, "number": (number or 0) + 1, "due_at": now, "opened_at": now, "closes_at": now + CHECKIN_OPEN}
        row = insert_into(CheckIn, connection.dialect.name).values(values).on_conflict_do_nothing()
        checkin_id = connection.scalar(row.returning(_checkin.c.id))
        if checkin_id is None:  # another moderator in the same moment
            raise Conflict(_("Masih ada presensi yang terbuka."), code="checkin_open")
        return Held(checkin_id, values["number"], now, now, values["closes_at"])

    return write_durably(work)


def answer(webinar_id: int, key: str, number: int) -> datetime:
    """Somebody is still there: the moment that counts, however often it is said. Raises NoCheckIn, or CheckInOver when it is too late."""
    now = clock.now()

    def work(connection: Connection) -> datetime:
        row = connection.execute(
            select(_checkin.c.id, _checkin.c.closes_at).where(
                _checkin.c.webinar_id == webinar_id, _checkin.c.number == number, _checkin.c.opened_at.is_not(None)
            )
        ).one_or_none()
        if row is None:
            raise NoCheckIn
        if now <= row.closes_at:
            taken = insert_into(CheckInAnswer, connection.dialect.name).values(checkin_id=row.id, participant=key, answered_at=now)
            connection.execute(taken.on_conflict_do_nothing())
        at = connection.scalar(select(_answer.c.answered_at).where(_answer.c.checkin_id == row.id, _answer.c.participant == key))
        if at is None:
            raise CheckInOver(_over(row.closes_at))
        return at

    return write_durably(work)


def _over(closes_at: datetime) -> str:
    return _(
        "Presensi ini ditutup pukul %(time)s. Bila jaringan Anda terputus waktu itu, ajukan sanggahan kehadiran setelah webinar selesai.",
        time=jam(closes_at),
    )
