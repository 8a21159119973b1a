"""Short writes of the chat."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, select, update

from app.kernel import clock
from app.kernel.db import insert_into
from app.kernel.direct import Direct
from app.kernel.errors import Conflict, DomainError, NotAllowed, NotFound, TooMany
from app.room.models import RoomMessage
from app.room.questions.services import refuse_words
from app.room.standing import customs_of
from app.webinars.models import Webinar
from app.webinars.participants import Participant
from app.webinars.permissions import MODERATE

MOST_TEXT = 500
EDITABLE = timedelta(minutes=5)

table: Any = RoomMessage.__table__
webinars: Any = Webinar.__table__
_BY = (table.c.webinar_id == bindparam("webinar_id"), table.c.participant == bindparam("participant"))
_MINE = select(table).where(*_BY, table.c.key == bindparam("key"))
_LATEST = select(table.c.said_at).where(*_BY).order_by(table.c.id.desc()).limit(1)


class Line(NamedTuple):
    """A new line, as its row is."""

    id: int
    participant: str
    author_name: str
    author_unit: str
    text: str
    reply_to_id: int | None
    said_at: datetime
    edited_at: datetime | None = None
    deleted_at: datetime | None = None


def write_message(person: Participant, key: str, text: str, reply_to: int | None) -> Callable[[Connection], Any]:
    """The row of a new line, or of the same one sent before."""

    def work(connection: Connection) -> Any:
        mine = {"webinar_id": person.webinar_id, "participant": person.key, "key": key}
        try:
            _refuse(connection, person, text, reply_to)
        except DomainError:
            known = connection.execute(_MINE, mine).one_or_none()
            if known is None:
                raise
            return known  # it was said before whatever speaks against it now
        values = {"author_name": person.full_name, "author_unit": person.unit_name, "text": text, "reply_to_id": reply_to, "said_at": clock.now()}
        made = _saying(connection.dialect.name).rows(connection, mine | values)
        return Line(made[0][0], person.key, **values) if made else connection.execute(_MINE, mine).one()

    return work


@cache
def _saying(dialect: str) -> Direct:
    """The number of a line; nothing when the same one is there."""
    values = {name: bindparam(name) for name in ("webinar_id", "participant", "key", "author_name", "author_unit", "text", "reply_to_id", "said_at")}
    given = insert_into(table, dialect).values(values).on_conflict_do_nothing(index_elements=["webinar_id", "participant", "key"])
    return Direct(given.returning(table.c.id))


def _refuse(connection: Connection, person: Participant, text: str, reply_to: int | None) -> None:
    """Raise when this person may not say this now."""
    customs = customs_of(connection, person.webinar_id)
    if not person.may(MODERATE):
        if not customs.chat_open:
            raise Conflict(_("Moderator menutup obrolan."), code="chat_closed")
        if customs.slow_mode_seconds:
            latest = connection.scalar(_LATEST, {"webinar_id": person.webinar_id, "participant": person.key})
            _keep_slow(latest, customs.slow_mode_seconds)
    refuse_words(text, customs.refused_words)
    if reply_to is not None:
        _find(connection, person.webinar_id, reply_to)


def _keep_slow(latest: Any, seconds: int) -> None:
    left = seconds - (clock.now() - latest).total_seconds() if latest and seconds else 0
    if left > 0:
        raise TooMany(_("Mode lambat: tunggu %(seconds)s detik lagi.", seconds=int(left) + 1), code="slow_mode", seconds=int(left) + 1)


def _find(connection: Connection, webinar_id: int, message_id: int) -> Any:
    found = connection.execute(select(table).where(table.c.id == message_id, table.c.webinar_id == webinar_id)).one_or_none()
    if found is None:
        raise NotFound
    return found


def write_correction(person: Participant, message_id: int, text: str) -> Callable[[Connection], Any]:
    """Correct one's own line, while it is new."""

    def work(connection: Connection) -> Any:
        customs = customs_of(connection, person.webinar_id)
        found = _find(connection, person.webinar_id, message_id)
        if found.participant != person.key:
            raise NotAllowed
        if found.deleted_at is not None or clock.now() - found.said_at > EDITABLE:
            raise Conflict(_("Pesan dapat diubah sampai lima menit setelah dikirim."), code="too_late")
        refuse_words(text, customs.refused_words)
        connection.execute(update(table).where(table.c.id == message_id).values(text=text, edited_at=clock.now()))
        return _find(connection, person.webinar_id, message_id)

    return work


def write_deletion(person: Participant, message_id: int) -> Callable[[Connection], Any]:
    """Take a line away: one's own, or anybody's for a moderator. The row stays for the record."""

    def work(connection: Connection) -> Any:
        found = _find(connection, person.webinar_id, message_id)
        if found.participant != person.key and not person.may(MODERATE):
            raise NotAllowed
        if found.deleted_at is None:
            connection.execute(update(table).where(table.c.id == message_id).values(deleted_at=clock.now(), deleted_by=person.key))
        return _find(connection, person.webinar_id, message_id)

    return work


def write_customs(webinar_id: int, chat_open: bool, slow_seconds: int) -> Callable[[Connection], None]:
    """Open or close the chat, or slow it."""

    def work(connection: Connection) -> None:
        customs_of(connection, webinar_id)
        connection.execute(update(webinars).where(webinars.c.id == webinar_id).values(chat_open=chat_open, slow_mode_seconds=slow_seconds))

    return work


def list_before(connection: Connection, webinar_id: int, before: int | None, most: int) -> list[Any]:
    """The lines before one, oldest first."""
    wanted = select(table).where(table.c.webinar_id == webinar_id, *([] if before is None else [table.c.id < before]))
    return list(reversed(connection.execute(wanted.order_by(table.c.id.desc()).limit(most)).all()))
