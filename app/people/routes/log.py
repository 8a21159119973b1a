"""The audit log, to read and to take along."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from flask_babel import gettext as _

from app.kernel.access import requires
from app.kernel.db import transaction
from app.kernel.errors import Invalid
from app.kernel.http import page_asked
from app.people import audit, audit_log, labels
from app.people.audit_log import Filters
from app.people.downloads import table_answer
from app.people.name_filter import turn_away_number
from app.people.permissions import VIEW_AUDIT
from app.people.routes import bp
from app.people.routes.units import day_from, number_from
from app.people.sessions import viewer

audit.describe(labels.DEEDS, labels.THINGS)

ASKED = ("tindakan", "nama", "pelaku", "jenis", "objek", "dari", "sampai")


@bp.get("/kelola/audit")
@requires(VIEW_AUDIT)
def audit_page() -> Any:
    """Newest first; filtered by deed, by who did it or had it done, by what it was about, by days."""
    if away := turn_away_number():
        return away
    args, errors = _args(), dict[str, Any]()
    try:
        log = audit_log.read(_filters(args), page_asked())
    except Invalid as refusal:
        log, errors = None, dict(refusal.fields)
    page = render_template(
        "people/audit.html",
        log=log,
        actions=audit_log.list_actions(),
        args=args,
        errors=errors,
        filters={name: value for name, value in args.items() if value},
        most=audit_log.MOST_COUNTED,
    )
    return page, 422 if errors else 200


@bp.get("/kelola/audit.<any(csv, xlsx):kind>")
@requires(VIEW_AUDIT)
def export_audit(kind: str) -> Any:
    """The lines that the page shows with the same filters, at most the newest 10,000; taking them is a line of the log itself."""
    if away := turn_away_number():
        return away
    filters = _filters(_args())
    table = audit_log.table(filters)
    with transaction():
        audit.note(viewer().id, "people.audit_exported", ("audit", None), after={"rows": len(table[1]), "kind": kind, "filters": audit_log.as_facts(filters)})
    return table_answer("catatan-audit", kind, *table)


def _args() -> dict[str, str]:
    return {name: " ".join(request.args.get(name, "").split())[:80] for name in ASKED}


def _filters(args: dict[str, str]) -> Filters:
    """Raises `Invalid` for a day that is none, and for an end before the beginning."""
    since, until = (day_from(args[name], name) if args[name] else None for name in ("dari", "sampai"))
    if since and until and since > until:
        raise Invalid(fields={"sampai": _("Tanggal ini sebelum tanggal awalnya.")})
    return Filters(
        action=args["tindakan"],
        name=args["nama"],
        actor_id=number_from(args["pelaku"]),
        object_type=args["jenis"],
        object_id=number_from(args["objek"]),
        since=since,
        until=until,
    )
