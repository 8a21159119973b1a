"""An import on its way: upload, dry run, decision.

The worker reads the file and stages every row with what is wrong with it; nothing is changed yet. A person then decides: all rows (only
when none is wrong) or the good ones. The decision is one switch, the state `applying`: from then on nobody else changes people or units,
and the worker carries the import to its end (`applying.py`).
"""

from __future__ import annotations

import io
import secrets
from collections.abc import Callable
from datetime import timedelta

from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, func, insert, select

from app.kernel import clock, jobs
from app.kernel.access import Role
from app.kernel.db import db, transaction
from app.kernel.errors import Conflict, NotFound
from app.kernel.storage import storage
from app.people import audit
from app.people.import_rules import (
    PEOPLE_COLUMNS,
    PEOPLE_NEEDED,
    UNIT_COLUMNS,
    UNIT_NEEDED,
    CheckedRow,
    PersonNow,
    Present,
    check_people,
    check_units,
    columns_of,
)
from app.people.models import (
    Employee,
    EmployeeIdentifier,
    ImportState,
    OrgUnit,
    PeopleImport,
    PeopleImportRow,
    RoleGrant,
    UnitMembership,
    User,
)
from app.people.queries import changed_rows, get_user
from app.people.spreadsheets import Table, Unreadable, read_table

STAGE_BATCH = 150
KEPT = timedelta(days=30)


def start_import(subject: str, file_name: str, source: bytes, uploaded_by_id: int, locale: str) -> PeopleImport:
    """Keep an uploaded file and ask the worker to read it. Call outside `transaction()`."""
    key = f"imports/{secrets.token_hex(16)}"
    storage().put(key, io.BytesIO(source))
    with transaction():
        row = PeopleImport(
            subject=subject,
            file_name=file_name[-255:],
            storage_key=key,
            uploaded_by_id=uploaded_by_id,
            state=ImportState.WAITING,
            locale=locale,
            created_at=clock.now(),
        )
        db.session.add(row)
        db.session.flush()
        job = jobs.enqueue("people.read_import", import_id=row.id)
        row.job_id = job.id if job else None
        audit.note(uploaded_by_id, "people.import_uploaded", ("people_import", row.id), after={"subject": subject})
    return row


def get_import(import_id: int) -> PeopleImport:
    row = db.session.get(PeopleImport, import_id)
    if row is None:
        raise NotFound
    return row


def decide(import_id: int, only_good_rows: bool, actor_id: int) -> None:
    """Turn the switch: the checked rows are to be applied. Call inside `transaction()`. Raises `Conflict` when that cannot be."""
    row = get_locked_import(import_id)
    if row.state not in (ImportState.CHECKED, ImportState.STOPPED):
        raise Conflict(_l("Impor ini sudah diputuskan."), code="import_decided")
    if db.session.scalar(select(PeopleImport.id).where(PeopleImport.state == ImportState.APPLYING)):
        raise Conflict(_l("Impor lain sedang diterapkan. Tunggu sampai selesai."), code="import_running")
    if row.state == ImportState.CHECKED:
        if row.counts.get("error") and not only_good_rows:
            raise Conflict(_l("Masih ada baris yang salah. Perbaiki berkasnya, atau pilih menerapkan baris yang benar saja."), code="import_has_errors")
        row.only_good_rows, row.decided_at = only_good_rows, clock.now()
        audit.note(actor_id, "people.import_decided", ("people_import", row.id), after={"only_good_rows": only_good_rows, "counts": dict(row.counts)})
    row.state = ImportState.APPLYING
    job = jobs.enqueue("people.apply_import", import_id=row.id)
    row.job_id = job.id if job else None


def discard(import_id: int, actor_id: int) -> None:
    """Throw a checked import away. Call inside `transaction()`."""
    row = get_locked_import(import_id)
    if row.state != ImportState.CHECKED:
        raise Conflict(_l("Impor ini sudah diputuskan."), code="import_decided")
    row.state, row.finished_at = ImportState.DISCARDED, clock.now()
    audit.note(actor_id, "people.import_discarded", ("people_import", row.id))


def get_locked_import(import_id: int) -> PeopleImport:
    row = db.session.scalar(select(PeopleImport).where(PeopleImport.id == import_id).with_for_update())
    if row is None:
        raise NotFound
    return row


def _give_up_reading(import_id: int, reason: str) -> None:
    with transaction():
        row = get_locked_import(import_id)
        row.state, row.finished_at = ImportState.REFUSED, clock.now()
        with force_locale(row.locale):
            row.refusal = {"reason": _("Berkas ini tidak dapat dibaca karena kesalahan pada sistem. Coba unggah lagi.")}


@jobs.job("people.read_import", most_tries=3, on_failure=_give_up_reading)
def read_import(import_id: int) -> None:
    """Read the file and stage every row. Starting again begins anew."""
    row = get_import(import_id)
    if row.state != ImportState.WAITING:
        return
    job_id, subject, key, locale, uploader_id = row.job_id, row.subject, row.storage_key, row.locale, row.uploaded_by_id
    db.session.rollback()
    with force_locale(locale):
        try:
            with storage().open(key) as file:
                table = read_table(file.read())
            known, needed = (PEOPLE_COLUMNS, PEOPLE_NEEDED) if subject == "people" else (UNIT_COLUMNS, UNIT_NEEDED)
            notes = table.notes + columns_of(table, known, needed)
            rows = check_rows(subject, table, uploader_id, teller(job_id, len(table.rows), "check"))
        except Unreadable as refusal:
            with transaction():
                row = get_locked_import(import_id)
                row.state, row.finished_at = ImportState.REFUSED, clock.now()
                row.refusal = {"reason": refusal.reason, "row": refusal.row}
            storage().delete(key)
            return
    stage_rows(import_id, rows, job_id)
    with transaction():
        row = get_locked_import(import_id)
        row.state, row.notes, row.counts = ImportState.CHECKED, notes, count_rows(rows)


def teller(job_id: int | None, total: int, step: str) -> Callable[[int], None]:
    def tell(done: int) -> None:
        if job_id is not None:
            jobs.report_progress(job_id, step=step, done=done, total=total)

    return tell


def check_rows(subject: str, table: Table, uploader_id: int, tick: Callable[[int], None]) -> list[CheckedRow]:
    present = load_present(subject, uploader_id)
    db.session.rollback()
    return (check_people if subject == "people" else check_units)(table, present, tick)


def count_rows(rows: list[CheckedRow]) -> dict[str, int]:
    counts: dict[str, int] = dict.fromkeys(("create", "update", "same", "warning", "error"), 0)
    for row in rows:
        if row.severity != "ok":
            counts[row.severity] += 1
        if row.good:
            counts[row.action] += 1
    return counts | {"rows": len(rows)}


def stage_rows(import_id: int, rows: list[CheckedRow], job_id: int | None) -> None:
    _forget_rows(import_id)
    tell = teller(job_id, len(rows), "stage")
    for start in range(0, len(rows), STAGE_BATCH):
        batch = rows[start : start + STAGE_BATCH]
        with transaction():
            db.session.execute(
                insert(PeopleImportRow),
                [
                    {
                        "import_id": import_id,
                        "row_number": r.number,
                        "values": r.values,
                        "findings": [finding | {"name": r.name[:255]} for finding in r.findings],
                        "severity": r.severity,
                        "action": r.action,
                        "phase": r.phase,
                        "target_id": r.target_id,
                    }
                    for r in batch
                ],
            )
        if start % (4 * STAGE_BATCH) == 0:
            tell(start + len(batch))


def _forget_rows(import_id: int) -> None:
    last = db.session.scalar(select(func.max(PeopleImportRow.row_number)).where(PeopleImportRow.import_id == import_id)) or 0
    db.session.rollback()
    for start in range(0, last + 1, 4 * STAGE_BATCH):
        with transaction():
            number = PeopleImportRow.row_number
            changed_rows(delete(PeopleImportRow).where(PeopleImportRow.import_id == import_id, number.between(start, start + 4 * STAGE_BATCH - 1)))


def load_present(subject: str, uploader_id: int) -> Present:
    """The picture of the data that rows are checked against: a handful of queries however many people there are."""
    present = Present(today=clock.today())
    units = db.session.execute(select(OrgUnit.id, OrgUnit.code, OrgUnit.name, OrgUnit.kind, OrgUnit.parent_id, OrgUnit.valid_from, OrgUnit.valid_to)).all()
    code_of = {unit.id: unit.code for unit in units}
    for unit in units:
        present.units[unit.code] = {
            "id": unit.id,
            "nama": unit.name,
            "jenis": unit.kind,
            "kode_induk": code_of.get(unit.parent_id, ""),
            "valid_from": unit.valid_from,
            "ended": unit.valid_to is not None,
        }
    if subject == "units":
        return present
    uploader = get_user(uploader_id)
    strong = {user_id for user_id in db.session.scalars(select(RoleGrant.user_id).where(RoleGrant.role.in_([r.value for r in Role if not _touches(uploader, r)])))}  # noqa: C416
    for user_id, email in db.session.execute(select(User.id, User.email)):
        if email:
            present.accounts[email] = user_id
    for number, owner in db.session.execute(select(EmployeeIdentifier.nip, Employee.user_id).join(Employee, Employee.id == EmployeeIdentifier.employee_id)):
        present.former_nips[number] = owner
    placed = dict(
        db.session.execute(
            select(Employee.user_id, func.max(UnitMembership.valid_from))
            .join(UnitMembership, UnitMembership.employee_id == Employee.id)
            .where(UnitMembership.valid_to.is_(None))
            .group_by(Employee.user_id)
        ).all()
    )
    people = db.session.execute(
        select(
            User.id,
            User.full_name,
            User.email,
            Employee.nip,
            Employee.employment_type,
            Employee.grade_code,
            Employee.position,
            Employee.position_type,
            Employee.position_tier,
            Employee.org_unit_id,
            Employee.supervisor_id,
            Employee.active,
        ).join(Employee, Employee.user_id == User.id)
    )
    for p in people:
        if p.nip:
            present.accounts[p.nip] = p.id
        present.supervisors[p.id] = p.supervisor_id
        facts = {
            "nama": p.full_name,
            "surel": p.email,
            "nip": p.nip,
            "jenis_kepegawaian": p.employment_type,
            "golongan": p.grade_code,
            "jabatan": p.position,
            "jenis_jabatan": p.position_type,
            "jenjang": p.position_tier,
            "kode_unit": code_of[p.org_unit_id],
            "aktif": p.active,
        }
        present.people[p.id] = PersonNow(p.id, facts, rescuable=p.id not in strong, placed_since=placed.get(p.id))
    return present


def _touches(actor: User, role: Role) -> bool:
    from app.people.permissions import RESCUABLE

    return any(role in RESCUABLE.get(held, ()) for held in actor.roles)


@jobs.job("people.forget_imports", every=timedelta(hours=6))
def forget_imports() -> None:
    """Files and staged rows hold personal data: they go thirty days after the upload, the line about the import stays."""
    old = db.session.execute(
        select(PeopleImport.id, PeopleImport.storage_key).where(PeopleImport.created_at < clock.now() - KEPT, PeopleImport.state != ImportState.APPLYING)
    ).all()
    db.session.rollback()
    for import_id, key in old:
        storage().delete(key)
        _forget_rows(import_id)
        with transaction():
            row = get_locked_import(import_id)
            if row.state in (ImportState.WAITING, ImportState.CHECKED, ImportState.STOPPED):
                row.state, row.finished_at = ImportState.DISCARDED, clock.now()
