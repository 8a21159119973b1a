"""The audit log, to read and to take along."""

from __future__ import annotations

from typing import Any

from flask import Response, redirect, render_template, request, url_for

from app.kernel.access import requires
from app.kernel.db import transaction
from app.kernel.http import page_asked
from app.people import audit, audit_log, labels, nip
from app.people.audit_log import Filters
from app.people.downloads import table_answer
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
    args = _args()
    if nip.is_like_number(args["nama"]):
        return redirect(url_for("people.audit_page"), 303)  # somebody typed a NIP into the address: do not keep it there
    return render_template(
        "people/audit.html",
        log=audit_log.read(_filters(args), page_asked()),
        actions=audit_log.list_actions(),
        args=args,
        filters={name: value for name, value in args.items() if value},
        most=audit_log.MOST_COUNTED,
    )


@bp.get("/kelola/audit.<any(csv, xlsx):kind>")
@requires(VIEW_AUDIT)
def export_audit(kind: str) -> Response:
    """The lines that the page shows with the same filters, at most the newest 10,000; taking them is a line of the log itself."""
    filters = _filters(_args())
    table = audit_log.table(filters)
    with transaction():
        audit.note(viewer().id, "people.audit_exported", ("audit", None), after={"rows": len(table[1]), "kind": kind, "filters": audit_log.as_facts(filters)})
    return table_answer("catatan-audit", kind, *table)


def _args() -> dict[str, str]:
    return {name: " ".join(request.args.get(name, "").split())[:80] for name in ASKED}


def _filters(args: dict[str, str]) -> Filters:
    """Raises `Invalid` for a day that is none."""
    return Filters(
        action=args["tindakan"],
        name=args["nama"],
        actor_id=number_from(args["pelaku"]),
        object_type=args["jenis"],
        object_id=number_from(args["objek"]),
        since=day_from(args["dari"], "dari") if args["dari"] else None,
        until=day_from(args["sampai"], "sampai") if args["sampai"] else None,
    )
