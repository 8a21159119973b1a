"""The audit log as it is read: by deed, by person, by day, on a page or as a file."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Select, and_, false, func, or_, select

from app.kernel import clock
from app.kernel.db import db
from app.people import audit, labels
from app.people.models import AuditEntry, OrgUnit, User

PAGE = 100
MOST_COUNTED = 10_000  # also the most that a file holds
AT_ONCE = 500
UNIT_FIELDS = frozenset({"unit", "unit_id", "org_unit_id", "parent_id", "into_id"})
PEOPLE_FIELDS = frozenset({"user_id", "supervisor_id", "owner_id"})


@dataclass(frozen=True, slots=True)
class Filters:
    """What is looked for; `name` finds what somebody did and what was done to them, the days are the installation's and belong to it."""

    action: str = ""
    name: str = ""
    actor_id: int | None = None
    object_type: str = ""
    object_id: int | None = None
    since: date | None = None
    until: date | None = None

    def __bool__(self) -> bool:
        return self != Filters()


@dataclass(frozen=True, slots=True)
class Line:
    """One deed in words."""

    entry: AuditEntry
    actor: str
    deed: str
    thing: str
    details: list[str]


@dataclass(frozen=True, slots=True)
class Page:
    lines: list[Line]
    page: int
    pages: int


def read(filters: Filters, page: int) -> Page:
    """A page of the log, the newest first."""
    chosen = _chosen(filters)
    total = db.session.scalar(select(func.count()).select_from(chosen.limit(MOST_COUNTED).subquery())) or 0
    pages = max(1, -(-total // PAGE))
    page = min(pages, max(1, page))
    return Page(_lines(chosen, PAGE, (page - 1) * PAGE), page, pages)


def table(filters: Filters) -> tuple[list[str], list[list[str]]]:
    """The same for a spreadsheet, at most the newest `MOST_COUNTED`."""
    heading = [_("Nomor"), _("Waktu"), _("Pelaku"), _("Tindakan"), _("Objek"), _("Rincian"), _("Nomor permintaan")]
    rows = [
        [str(line.entry.id), clock.local(line.entry.at).strftime("%Y-%m-%d %H:%M:%S"), line.actor, line.deed, line.thing, "; ".join(line.details), line.entry.request_id or ""]
        for lines in _some_at_once(_chosen(filters))
        for line in lines
    ]
    return heading, rows


def list_actions() -> list[tuple[str, str]]:
    """The deeds that were done, with their words."""
    actions = db.session.scalars(select(AuditEntry.action).distinct()).all()
    return sorted(((action, audit.word_for(action)) for action in actions), key=lambda choice: choice[1].lower())


def as_facts(filters: Filters) -> dict[str, Any]:
    """The filters as the log itself keeps them, when somebody takes a file."""
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in asdict(filters).items() if value}


def _some_at_once(chosen: Select[Any]) -> Iterator[list[Line]]:
    for first in range(0, MOST_COUNTED, AT_ONCE):
        lines = _lines(chosen, AT_ONCE, first)
        yield lines
        if len(lines) < AT_ONCE:
            return
        time.sleep(0)  # let the event loop answer others


def _chosen(filters: Filters) -> Select[Any]:
    chosen = select(AuditEntry.id)
    if filters.action:
        chosen = chosen.where(AuditEntry.action == filters.action)
    if filters.name:
        named = select(User.id)
        for word in filters.name.split():
            named = named.where(User.full_name.icontains(word, autoescape=True))
        told = [side[field].as_integer().in_(named) for side in (AuditEntry.before, AuditEntry.after) for field in sorted(PEOPLE_FIELDS)]
        about = and_(AuditEntry.object_type == "user", AuditEntry.object_id.in_(named))
        by_nobody = AuditEntry.actor_id.is_(None) if filters.name.casefold() == _("sistem") else false()
        chosen = chosen.where(or_(AuditEntry.actor_id.in_(named), about, by_nobody, *told))
    if filters.actor_id is not None:
        chosen = chosen.where(AuditEntry.actor_id == filters.actor_id)
    if filters.object_type:
        chosen = chosen.where(AuditEntry.object_type == filters.object_type)
    if filters.object_id is not None:
        chosen = chosen.where(AuditEntry.object_id == filters.object_id)
    if filters.since:
        chosen = chosen.where(AuditEntry.at >= _midnight(filters.since))
    if filters.until:
        chosen = chosen.where(AuditEntry.at < _midnight(filters.until) + timedelta(days=1))
    return chosen


def _midnight(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=clock.local_zone())


def _lines(chosen: Select[Any], most: int, first: int) -> list[Line]:
    rows = db.session.execute(
        select(AuditEntry, User.full_name)
        .outerjoin(User, User.id == AuditEntry.actor_id)
        .where(AuditEntry.id.in_(chosen))
        .order_by(AuditEntry.id.desc())
        .limit(most)
        .offset(first)
    ).all()
    names = _Names([entry for entry, _actor in rows])
    return [
        Line(entry, (actor or "") if entry.actor_id else _("sistem"), audit.word_for(entry.action), names.thing(entry), names.details(entry)) for entry, actor in rows
    ]


class _Names:
    """What the numbers in some lines stand for, asked for once."""

    def __init__(self, entries: Sequence[AuditEntry]):
        self.things = audit.names_of(list(entries))
        self.people = _named(User.id, User.full_name, _ids(entries, "user", PEOPLE_FIELDS))
        self.units = _named(OrgUnit.id, OrgUnit.name, _ids(entries, "org_unit", UNIT_FIELDS))

    def thing(self, entry: AuditEntry) -> str:
        """The thing that a line is about, by its name where it has one."""
        if entry.object_type == "user":
            return self.people.get(entry.object_id or 0, "–")
        if entry.object_type == "org_unit" and entry.object_id in self.units:
            return self.units[entry.object_id]
        name = self.things.get((entry.object_type, entry.object_id or 0)) or entry.object_id or ""
        return f"{audit.thing_for(entry.object_type)} {name}".rstrip()

    def details(self, entry: AuditEntry) -> list[str]:
        """Each field with what it was and what it became; what stayed the same is left out."""
        lines = []
        for field, value in entry.before.items():
            before, label = self._words(field, value), labels.FIELDS.get(field, field)
            if field in entry.after and entry.after[field] == value:
                continue
            if field in entry.after:
                lines.append(_("%(field)s: %(before)s menjadi %(after)s", field=label, before=before, after=self._words(field, entry.after[field])))
            else:
                lines.append(f"{label}: {before}")
        return lines + [f"{labels.FIELDS.get(field, field)}: {self._words(field, value)}" for field, value in entry.after.items() if field not in entry.before]

    def _words(self, field: str, value: Any) -> str:
        known = self.people if field in PEOPLE_FIELDS else self.units if field in UNIT_FIELDS else {}
        return (known.get(value) if isinstance(value, int) else None) or labels.in_words(value)


def _ids(entries: Sequence[AuditEntry], kind: str, fields: frozenset[str]) -> set[int]:
    about = {entry.object_id for entry in entries if entry.object_type == kind and entry.object_id}
    said = {value for entry in entries for side in (entry.before, entry.after) for name, value in side.items() if name in fields and isinstance(value, int)}
    return about | said


def _named(number: Any, name: Any, ids: set[int]) -> dict[int, str]:
    return dict(db.session.execute(select(number, name).where(number.in_(ids))).all()) if ids else {}
