"""Import and export of people and units."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, jsonify, redirect, render_template, request
from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy import func, select

from app.kernel.access import requires
from app.kernel.db import db, transaction
from app.kernel.errors import DomainError, NotFound
from app.kernel.http import page_asked, wants_json
from app.kernel.jobs import Job, JobState
from app.people import audit, exporting, import_changes, importing, spreadsheets
from app.people.downloads import table_answer
from app.people.import_rules import PEOPLE_COLUMNS, PEOPLE_NEEDED, UNIT_COLUMNS, UNIT_NEEDED
from app.people.models import ImportState, PeopleImport, PeopleImportRow, User
from app.people.permissions import EXPORT_PEOPLE, IMPORT_PEOPLE, MANAGE_UNITS
from app.people.queries import visible_user_ids
from app.people.routes import bp
from app.people.sessions import viewer

PAGE = 100
CHANGES = "berubah"  # the view of what rows would change, beside that of what is wrong with them
SUBJECTS = {"pegawai": "people", "unit": "units"}


@bp.route("/kelola/impor/<any(pegawai, unit):subject>", methods=["GET", "POST"])
@requires(IMPORT_PEOPLE)
def new_import(subject: str) -> Any:
    if request.method == "GET":
        return _upload_page(subject, None)
    file = request.files.get("berkas")
    if file is None or not file.filename:
        return _refuse_upload(subject, _("Pilih berkasnya lebih dulu."), 422)
    with file.stream:
        source = file.stream.read(spreadsheets.LARGEST_BYTES + 1)
    if len(source) > spreadsheets.LARGEST_BYTES:
        return _refuse_upload(subject, _("Berkas ini lebih besar dari %(mb)d MB. Bagi menjadi beberapa berkas.", mb=spreadsheets.LARGEST_BYTES >> 20), 413)
    if not source.strip():
        return _refuse_upload(subject, _("Berkas ini kosong."), 422)
    locale = get_locale()
    started = importing.start_import(SUBJECTS[subject], file.filename, source, viewer().id, locale.language if locale else "id")
    address = f"/kelola/impor/{started.id}"
    return (jsonify(location=address), 201) if wants_json() else redirect(address, 303)


def _refuse_upload(subject: str, message: str, status: int) -> Any:
    if wants_json():
        return jsonify(error="invalid", message=message, fields={"berkas": message}), status
    return _upload_page(subject, message), status


def _upload_page(subject: str, error: str | None) -> str:
    columns, needed = (PEOPLE_COLUMNS, PEOPLE_NEEDED) if subject == "pegawai" else (UNIT_COLUMNS, UNIT_NEEDED)
    earlier = db.session.execute(
        select(PeopleImport, User.full_name)
        .join(User, User.id == PeopleImport.uploaded_by_id)
        .where(PeopleImport.subject == SUBJECTS[subject])
        .order_by(PeopleImport.id.desc())
        .limit(10)
    ).all()
    return render_template("people/import_new.html", subject=subject, error=error, columns=columns, needed=needed, earlier=earlier)


@bp.get("/kelola/impor/<int:import_id>")
@requires(IMPORT_PEOPLE)
def import_page(import_id: int) -> Any:
    return _import_page(import_id, None)


def _import_page(import_id: int, error: Any) -> str:
    row = importing.get_import(import_id)
    severity = request.args.get("tampil", "")
    staged = select(PeopleImportRow).where(PeopleImportRow.import_id == import_id)
    findings = staged.where(PeopleImportRow.severity != "ok")
    if not severity and row.counts.get("update") and not row.counts.get("error") and not row.counts.get("warning"):
        severity = CHANGES
    shows_changes = severity == CHANGES and row.state == ImportState.CHECKED
    if shows_changes:
        findings = staged.where(PeopleImportRow.action == "update", PeopleImportRow.severity != "error")
    elif severity in ("error", "warning"):
        findings = findings.where(PeopleImportRow.severity == severity)
    total = db.session.scalar(select(func.count()).select_from(findings.subquery())) or 0
    pages = max(1, -(-total // PAGE))
    page = min(pages, page_asked())
    rows = list(db.session.scalars(findings.order_by(PeopleImportRow.row_number).limit(PAGE).offset((page - 1) * PAGE)))
    return render_template(
        "people/import.html",
        row=row,
        rows=rows,
        changes=import_changes.changes_of(row.subject, rows) if shows_changes else None,
        total=total,
        page=page,
        pages=pages,
        severity=severity,
        progress=_progress(row),
        subject="pegawai" if row.subject == "people" else "unit",
        error=error,
    )


@bp.get("/kelola/impor/<int:import_id>/keadaan")
@requires(IMPORT_PEOPLE)
def import_state(import_id: int) -> Any:
    """What the page asks every second while the worker is busy."""
    answer = jsonify(_progress(importing.get_import(import_id)))
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _progress(row: PeopleImport) -> dict[str, Any]:
    job = db.session.get(Job, row.job_id) if row.job_id else None
    progress = job.progress if job else {}
    steps = {"check": _("Memeriksa baris"), "stage": _("Menyimpan hasil pemeriksaan"), "apply": _("Menerapkan baris")}
    waiting = _("Menunggu giliran") if job is not None and job.state == JobState.QUEUED else _("Membaca berkas")
    return {
        "state": row.state,
        "busy": row.state in (ImportState.WAITING, ImportState.APPLYING),
        "step": steps.get(progress.get("step", ""), waiting),
        "done": progress.get("done", 0),
        "total": progress.get("total", 0),
    }


@bp.post("/kelola/impor/<int:import_id>/penerapan")
@requires(IMPORT_PEOPLE)
def apply_import(import_id: int) -> Any:
    actor_id = viewer().id
    try:
        with transaction():
            importing.decide(import_id, request.form.get("cara") == "baik", actor_id)
    except NotFound:
        raise
    except DomainError as refusal:
        db.session.rollback()
        return _import_page(import_id, refusal.message), refusal.status
    return redirect(f"/kelola/impor/{import_id}", 303)


@bp.post("/kelola/impor/<int:import_id>/buang")
@requires(IMPORT_PEOPLE)
def discard_import(import_id: int) -> Any:
    actor_id = viewer().id
    with transaction():
        importing.discard(import_id, actor_id)
        subject = importing.get_import(import_id).subject
    flash(_("Berkas dibuang, tidak ada yang berubah."), "success")
    return redirect("/kelola/impor/pegawai" if subject == "people" else "/kelola/impor/unit", 303)


@bp.get("/kelola/ekspor/pegawai.<any(csv, xlsx):kind>")
@requires(EXPORT_PEOPLE)
def export_people(kind: str) -> Response:
    actor = viewer()
    table = exporting.people_table(visible_user_ids(actor, EXPORT_PEOPLE))
    with transaction():
        audit.note(actor.id, "people.people_exported", ("user", None), after={"rows": len(table[1]), "kind": kind})
    return table_answer("pegawai", kind, *table)


@bp.get("/kelola/ekspor/unit.<any(csv, xlsx):kind>")
@requires(MANAGE_UNITS)
def export_units(kind: str) -> Response:
    return table_answer("unit", kind, *exporting.units_table())
