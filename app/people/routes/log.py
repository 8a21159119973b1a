"""The audit log, to read."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from flask import render_template, request
from sqlalchemy import func, select

from app.kernel import clock
from app.kernel.access import requires
from app.kernel.db import db
from app.kernel.http import page_asked
from app.people import audit, labels
from app.people.models import AuditEntry, OrgUnit, User
from app.people.permissions import VIEW_AUDIT
from app.people.routes import bp
from app.people.routes.units import day_from, number_from

audit.describe(labels.DEEDS, labels.THINGS)

PAGE = 100
UNIT_FIELDS = frozenset({"unit", "unit_id", "org_unit_id", "parent_id", "into_id"})
PEOPLE_FIELDS = frozenset({"user_id", "supervisor_id"})
MOST_COUNTED = 10_000


@bp.get("/kelola/audit")
@requires(VIEW_AUDIT)
def audit_page() -> Any:
    """Newest first; filtered by deed, by who did it, by whom or what it was about, by day."""
    args = {name: request.args.get(name, "")[:80] for name in ("tindakan", "pelaku", "jenis", "objek", "sampai")}
    chosen = select(AuditEntry.id)
    if args["tindakan"]:
        chosen = chosen.where(AuditEntry.action == args["tindakan"])
    if (actor_id := number_from(args["pelaku"])) is not None:
        chosen = chosen.where(AuditEntry.actor_id == actor_id)
    if args["jenis"]:
        chosen = chosen.where(AuditEntry.object_type == args["jenis"])
    if (object_id := number_from(args["objek"])) is not None:
        chosen = chosen.where(AuditEntry.object_id == object_id)
    if args["sampai"]:
        day = day_from(args["sampai"], "sampai")
        chosen = chosen.where(AuditEntry.at < datetime(day.year, day.month, day.day, tzinfo=clock.local_zone()) + timedelta(days=1))
    total = db.session.scalar(select(func.count()).select_from(chosen.limit(MOST_COUNTED).subquery())) or 0
    pages = max(1, -(-total // PAGE))
    page = min(pages, page_asked())
    rows = db.session.execute(
        select(AuditEntry, User.full_name)
        .outerjoin(User, User.id == AuditEntry.actor_id)
        .where(AuditEntry.id.in_(chosen))
        .order_by(AuditEntry.id.desc())
        .limit(PAGE)
        .offset((page - 1) * PAGE)
    ).all()
    actions = db.session.scalars(select(AuditEntry.action).distinct().order_by(AuditEntry.action)).all()
    filters = {name: value for name, value in args.items() if value}
    entries = [entry for entry, _name in rows]
    names = _names({entry.object_id for entry in entries if entry.object_type == "user" and entry.object_id} | _ids_in(entries, PEOPLE_FIELDS))
    units = _unit_names({entry.object_id for entry in entries if entry.object_type == "org_unit" and entry.object_id} | _ids_in(entries, UNIT_FIELDS))

    def in_words(name: str, value: Any) -> str:
        known = names if name in PEOPLE_FIELDS else units if name in UNIT_FIELDS else {}
        return known.get(value) or labels.in_words(value) if isinstance(value, int) and known else labels.in_words(value)

    return render_template(
        "people/audit.html",
        rows=rows,
        names=names,
        actions=sorted(((a, audit.word_for(a)) for a in actions), key=lambda choice: choice[1].lower()),
        word_for=audit.word_for,
        thing_for=audit.thing_for,
        named=audit.names_of(entries),
        units=units,
        in_words=in_words,
        fields=labels.FIELDS,
        args=args,
        filters=filters,
        page=page,
        pages=pages,
    )


def _ids_in(entries: list[AuditEntry], fields: frozenset[str]) -> set[int]:
    found = {value for entry in entries for side in (entry.before, entry.after) for name, value in side.items() if name in fields}
    return {value for value in found if isinstance(value, int)}


def _unit_names(unit_ids: set[int]) -> dict[int, str]:
    return dict(db.session.execute(select(OrgUnit.id, OrgUnit.name).where(OrgUnit.id.in_(unit_ids))).all()) if unit_ids else {}  # type: ignore[arg-type]


def _names(user_ids: set[int]) -> dict[int, str]:
    return dict(db.session.execute(select(User.id, User.full_name).where(User.id.in_(user_ids))).all()) if user_ids else {}  # type: ignore[arg-type]
