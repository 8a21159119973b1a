"""The sessions of a webinar, one after the other from its beginning. A pause is a session too, so that the times always fit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import gettext as _
from sqlalchemy import select

from app.kernel.db import db
from app.kernel.errors import Invalid, NotFound
from app.people import audit
from app.webinars.labels import AGENDA_KINDS
from app.webinars.models import AgendaItem, Webinar
from app.webinars.planning import lock_for_edit

MOST_ITEMS, LONGEST_TITLE, LONGEST_MINUTES = 60, 200, 720
NEW_ROWS = 3  # empty lines under the agenda


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the form. `id` is empty for a new session; without a title the line is left out, and a session goes with it. `starts_at` is
    when the session that is kept begins."""

    id: str
    title: str
    minutes: str
    kind: str
    starts_at: datetime | None = None


def rows_of(items: Sequence[AgendaItem]) -> list[Row]:
    """The lines of the form for an agenda as it is kept, with empty ones for new sessions."""
    kept = [Row(str(item.id), item.title, str(item.minutes), item.kind, item.starts_at) for item in items]
    return kept + [Row("", "", "", "TALK")] * NEW_ROWS


def rows_as_typed(
    items: Sequence[AgendaItem], ids: Sequence[str], titles: Sequence[str], minutes: Sequence[str], kinds: Sequence[str]
) -> list[Row]:
    """The lines of a form that was refused, as they were typed. A session that is gone meanwhile comes back as a new one."""
    begins = {str(item.id): item.starts_at for item in items}
    lines = zip(ids, titles, minutes, kinds, strict=False)
    return [Row(id if id in begins else "", title, time, kind, begins.get(id)) for id, title, time, kind in lines]


def read_rows(ids: Sequence[str], titles: Sequence[str], minutes: Sequence[str], kinds: Sequence[str]) -> list[Row]:
    """The lines of a form whose columns came one by one. Raises Invalid when they are not of one length, or too many."""
    if not len(ids) == len(titles) == len(minutes) == len(kinds):
        raise Invalid(fields={"agenda": _("Susunan acara tidak lengkap. Muat ulang halaman.")})
    rows = [Row(id.strip(), " ".join(title.replace("\0", "").split()), time.strip(), kind) for id, title, time, kind in zip(ids, titles, minutes, kinds, strict=True)]
    if len([row for row in rows if row.title]) > MOST_ITEMS:
        raise Invalid(fields={"agenda": _("Paling banyak %(most)d sesi.", most=MOST_ITEMS)})
    if any(row.minutes and not row.title and not row.id for row in rows):
        raise Invalid(fields={"agenda": _("Beri judul setiap sesi baru yang sudah diisi lamanya.")})
    return [row for row in rows if row.title or row.id]


def moved_up(rows: list[Row], index: int) -> list[Row]:
    """The lines with one of them before its predecessor."""
    if 0 < index < len(rows):
        rows[index - 1], rows[index] = rows[index], rows[index - 1]
    return rows


def list_items(webinar_id: int) -> list[AgendaItem]:
    return list(db.session.scalars(select(AgendaItem).where(AgendaItem.webinar_id == webinar_id).order_by(AgendaItem.position)))


def save_agenda(actor_id: int | None, webinar_id: int, version: int | None, rows: Sequence[Row]) -> None:
    """Make the agenda what the form says. A session that stays keeps its id, and so its speakers. Raises NotFound for one of another webinar."""
    webinar = lock_for_edit(webinar_id, version)
    known = {item.id: item for item in db.session.scalars(select(AgendaItem).where(AgendaItem.webinar_id == webinar_id))}
    kept = [(_known(known, row.id), row) for row in rows if row.title]
    _judge(webinar, [row for _item, row in kept])
    if len({item.id for item, _row in kept if item}) != len([item for item, _row in kept if item]):
        raise Invalid(fields={"agenda": _("Susunan acara tidak lengkap. Muat ulang halaman.")})
    for item in known.values():
        item.position = -item.id  # out of the way of the new order
    staying = {item.id for item, _row in kept if item}
    for item_id, item in known.items():
        if item_id not in staying:
            db.session.delete(item)
    db.session.flush()
    at = webinar.starts_at
    for position, (item, row) in enumerate(kept, 1):
        item = item or AgendaItem(webinar_id=webinar_id)
        item.position, item.title, item.minutes, item.kind, item.starts_at = position, row.title, int(row.minutes), row.kind, at
        db.session.add(item)
        at += timedelta(minutes=item.minutes)
    db.session.flush()
    audit.note(actor_id, "webinars.agenda_saved", ("webinar", webinar_id), after={"sessions": len(kept)})


def _known(known: dict[int, AgendaItem], text: str) -> AgendaItem | None:
    if not text:
        return None
    item = known.get(int(text)) if text.isascii() and text.isdigit() and len(text) < 10 else None
    if item is None:
        raise NotFound
    return item


def _judge(webinar: Webinar, rows: Sequence[Row]) -> None:
    for row in rows:
        if len(row.title) > LONGEST_TITLE:
            raise Invalid(fields={"agenda": _("Judul sesi paling panjang %(most)d huruf.", most=LONGEST_TITLE)})
        if not (row.minutes.isascii() and row.minutes.isdigit() and 1 <= int(row.minutes[:6]) <= LONGEST_MINUTES):
            raise Invalid(fields={"agenda": _("Lama sesi %(title)s: isi dengan angka 1 sampai %(most)d menit.", title=row.title, most=LONGEST_MINUTES)})
        if row.kind not in AGENDA_KINDS:
            raise Invalid(fields={"agenda": _("Pilih jenis sesi %(title)s.", title=row.title)})
    total = sum(int(row.minutes) for row in rows)
    if total > webinar.minutes:
        raise Invalid(
            fields={"agenda": _("Semua sesi bersama %(total)d menit, padahal webinarnya %(length)d menit.", total=total, length=webinar.minutes)}
        )
