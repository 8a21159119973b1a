"""Activation slips of a unit."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify, redirect, render_template, request, stream_with_context
from flask_babel import gettext as _
from sqlalchemy import func, select

from app.kernel.access import requires
from app.kernel.db import db, transaction
from app.kernel.errors import NotFound
from app.kernel.jobs import Job
from app.kernel.storage import storage
from app.people import audit, slips
from app.people.models import OrgUnit, SlipBatch
from app.people.permissions import ISSUE_CODES
from app.people.queries import get_visible_unit
from app.people.routes import bp
from app.people.sessions import viewer

CHUNK = 64 * 1024


@bp.route("/kelola/unit/<int:unit_id>/slip", methods=["GET", "POST"])
@requires(ISSUE_CODES)
def slips_page(unit_id: int) -> Any:
    actor = viewer()
    unit = get_visible_unit(actor, ISSUE_CODES, unit_id)
    if request.method == "POST":
        with transaction():
            slips.request_slips(unit_id, actor.id)
        return redirect(f"/kelola/unit/{unit_id}/slip", 303)
    below = db.session.scalar(select(func.count()).select_from(OrgUnit).where(OrgUnit.path.like(unit.path + "%"))) or 1
    return render_template(
        "people/slips.html",
        unit=unit,
        below=below - 1,
        waiting=len(slips.people_without_access(unit_id, actor)),
        batches=slips.list_slips(unit_id, actor.id),
    )


@bp.get("/kelola/slip/<int:batch_id>/keadaan")
@requires(ISSUE_CODES)
def slips_state(batch_id: int) -> Any:
    """What the page asks every second while the worker prints."""
    batch = db.session.get(SlipBatch, batch_id)
    if batch is None or batch.issued_by_id != viewer().id:
        raise NotFound
    job = db.session.get(Job, batch.job_id) if batch.job_id else None
    progress = job.progress if job else {}
    return jsonify(state=batch.state, busy=batch.state == "waiting", step=_("Mencetak"), done=progress.get("done", 0), total=progress.get("total", 0))


@bp.get("/kelola/slip/<int:batch_id>.pdf")
@requires(ISSUE_CODES)
def download_slips(batch_id: int) -> Response:
    actor = viewer()
    actor_id = actor.id
    with transaction():
        batch = slips.get_own_slips(batch_id, actor_id)
        get_visible_unit(actor, ISSUE_CODES, batch.org_unit_id)  # who printed them may look after another unit by now
        key = batch.storage_key or ""
        audit.note(actor_id, "people.slips_downloaded", ("org_unit", batch.org_unit_id), after={"batch_id": batch_id})

    def pieces() -> Any:
        with storage().open(key) as file:
            while piece := file.read(CHUNK):
                yield piece

    headers = {"Content-Disposition": 'attachment; filename="lembar-aktivasi.pdf"', "Cache-Control": "no-store", "Content-Length": str(storage().size(key))}
    return Response(stream_with_context(pieces()), mimetype="application/pdf", headers=headers)
