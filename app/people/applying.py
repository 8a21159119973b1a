"""Carrying a decided import to its end.

The rows are checked once more against the data of that moment; an import that this check refuses goes back to `checked`, with nothing
changed. Then new people are written in short transactions, behind a closed door: their accounts are disabled, so that nobody assigns or
tells them anything, counts them or lets them in. Last comes the switch, one transaction that opens all of them with one statement and
writes every change to people who were there before: the whole import is seen at once. Only more than `CHANGES_AT_ONCE` changes to people
who were there before take several such transactions, because one would keep everybody else from writing for too long; each person changes
whole. Units are written a few at a time, parents first, each whole.

Each row is marked in the transaction that wrote it: whatever stops the worker, the job takes up where it was, and no row is applied twice.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import bindparam, delete, func, insert, select, update

from app.kernel import clock, jobs
from app.kernel.access import Role
from app.kernel.db import db, transaction
from app.kernel.storage import storage
from app.people import audit
from app.people.importing import check_rows, count_rows, get_import, get_locked_import, stage_rows, teller
from app.people.models import (
    AuditEntry,
    Employee,
    EmployeeIdentifier,
    ImportState,
    OrgUnit,
    PeopleImportRow,
    RoleGrant,
    UnitMembership,
    User,
)
from app.people.queries import changed_rows, get_unit
from app.people.services import carrying_out_import
from app.people.spreadsheets import read_table
from app.people.units import add_unit, move_unit, rename_unit

GOAL_SECONDS = 0.02  # of a writing transaction; the limit is 50 ms
FEWEST, MOST = 5, 100  # rows in one transaction
CHANGES_AT_ONCE = 500  # people changed by the switch: about 25 ms


def _stop(import_id: int, reason: str) -> None:
    with transaction():
        row = get_locked_import(import_id)
        row.state = ImportState.STOPPED
        row.refusal = {"reason": reason[:300]}


@jobs.job("people.apply_import", most_tries=5, on_failure=_stop)
def apply_import(import_id: int) -> None:
    """Carry a decided import to its end. Starting again goes on where it stopped."""
    row = get_import(import_id)
    if row.state != ImportState.APPLYING:
        return
    subject, actor_id, job_id, under_way = row.subject, row.uploaded_by_id, row.job_id, row.under_way
    total = row.counts.get("create", 0) + row.counts.get("update", 0)
    db.session.rollback()
    if not under_way and not _still_holds(import_id):
        return
    tell = teller(job_id, total, "apply")
    if subject == "people":
        _in_portions(import_id, _todo(import_id) & (PeopleImportRow.action == "create"), lambda batch: _create_people(batch, actor_id), total, tell)
        _switch(import_id, actor_id)
    else:
        _in_portions(import_id, _todo(import_id), lambda batch: _apply_units(batch, actor_id), total, tell)
        with carrying_out_import(), transaction():
            _finish(import_id)
    tell(total)


def _still_holds(import_id: int) -> bool:
    """Check once more against the data of this moment; since the switch was turned nobody else changes them."""
    row = get_import(import_id)
    subject, key, locale, uploader_id, only_good, job_id = (
        row.subject, row.storage_key, row.locale, row.uploaded_by_id, row.only_good_rows, row.job_id,
    )  # fmt: skip
    db.session.rollback()
    with force_locale(locale), storage().open(key) as file:
        table = read_table(file.read())
        rows = check_rows(subject, table, uploader_id, teller(job_id, len(table.rows), "check"))
        stale = _("Data berubah sejak berkas ini diperiksa, dan sekarang ada baris yang salah. Belum ada yang diterapkan.")
    stage_rows(import_id, rows, job_id)
    counts = count_rows(rows)
    with transaction():
        row = get_locked_import(import_id)
        row.counts = counts
        if counts["error"] and not only_good:
            row.state, row.notes, row.decided_at = ImportState.CHECKED, [*row.notes, stale], None
            return False
        row.under_way = True
    return True


# ---- in portions ----


def _in_portions(import_id: int, todo: Any, apply: Callable[[list[PeopleImportRow]], None], total: int, tell: Callable[[int], None]) -> None:
    """Apply rows a few in each transaction, as many as take `GOAL_SECONDS`, and mark them."""
    size, told = 2 * FEWEST, time.monotonic()
    while True:
        with carrying_out_import(), transaction():
            began = time.perf_counter()  # once the lock is ours: waiting for it and for the disk says nothing about the work
            batch = _next_rows(todo, size)
            if not batch:
                return
            apply(batch)
            _mark([row.row_number for row in batch], import_id)
            spent = time.perf_counter() - began
        size = max(FEWEST, min(MOST, int(size * min(1.5, max(0.5, GOAL_SECONDS / spent)))))
        if time.monotonic() - told > 0.5:
            told = time.monotonic()
            tell(total - _count_left(import_id))
        time.sleep(min(spent, 0.01))  # everybody else writes in between


def _todo(import_id: int) -> Any:
    return (
        (PeopleImportRow.import_id == import_id)
        & PeopleImportRow.applied_at.is_(None)
        & (PeopleImportRow.severity != "error")
        & PeopleImportRow.action.in_(("create", "update"))
    )


def _next_rows(todo: Any, size: int) -> list[PeopleImportRow]:
    query = select(PeopleImportRow).where(todo).order_by(PeopleImportRow.phase, PeopleImportRow.row_number).limit(size)
    rows = list(db.session.scalars(query))
    return [row for row in rows if row.phase == rows[0].phase] if rows else []


def _mark(numbers: list[int], import_id: int) -> None:
    """These rows are applied. Raises when one of them was already: then somebody else carries the same import."""
    mine = update(PeopleImportRow).where(PeopleImportRow.import_id == import_id, PeopleImportRow.applied_at.is_(None))
    if changed_rows(mine.where(PeopleImportRow.row_number.in_(numbers)).values(applied_at=clock.now())) != len(numbers):
        raise RuntimeError("a row of this import was applied twice")


def _count_left(import_id: int) -> int:
    left = db.session.scalar(select(func.count()).select_from(PeopleImportRow).where(_todo(import_id))) or 0
    db.session.rollback()
    return left


def _finish(import_id: int) -> None:
    row = get_locked_import(import_id)
    row.state, row.finished_at, row.refusal = ImportState.APPLIED, clock.now(), {}
    audit.note(row.uploaded_by_id, "people.import_applied", ("people_import", row.id), after={"counts": dict(row.counts)})


# ---- new people, behind a closed door ----


def _supervisors_of(import_id: int, rows: dict[int, dict[str, Any]]) -> dict[int, int | None]:
    """Row number -> the supervisor's account, for rows that name one; those of the file itself were written before."""
    named = {number: values["atasan"] for number, values in rows.items() if values.get("atasan")}
    numbers = {name["row"] for name in named.values() if "row" in name}
    written: dict[int, int | None] = {}
    if numbers:
        query = select(PeopleImportRow.row_number, PeopleImportRow.target_id)
        written = dict(db.session.execute(query.where(PeopleImportRow.import_id == import_id, PeopleImportRow.row_number.in_(numbers))).all())  # type: ignore[arg-type]
    return {number: name["id"] if "id" in name else written[name["row"]] for number, name in named.items()}


def _unit_ids(rows: list[dict[str, Any]]) -> dict[str, int]:
    codes = {values["kode_unit"] for values in rows if "kode_unit" in values}
    return dict(db.session.execute(select(OrgUnit.code, OrgUnit.id).where(OrgUnit.code.in_(codes))).all()) if codes else {}  # type: ignore[arg-type]


def _audit_lines(import_id: int, actor_id: int, action: str, people: list[tuple[int, dict[str, Any]]]) -> list[dict[str, Any]]:
    now = clock.now()
    return [
        {
            "at": now,
            "actor_id": actor_id,
            "action": action,
            "object_type": "user",
            "object_id": user_id,
            "before": {},
            "after": {"import_id": import_id, "fields": sorted(set(values) - {"since"})},
        }
        for user_id, values in people
    ]


def _create_people(rows: list[PeopleImportRow], actor_id: int) -> None:
    """Write new people whom nobody sees yet: an account that was disabled the moment it was made."""
    now, import_id = clock.now(), rows[0].import_id
    values = [row.values for row in rows]
    unit_ids = _unit_ids(values)
    supervisors = _supervisors_of(import_id, {row.row_number: row.values for row in rows})
    user_ids = db.session.scalars(
        insert(User).returning(User.id, sort_by_parameter_order=True),
        [
            {"full_name": v["nama"], "email": v.get("surel"), "must_change_password": True, "is_demo": False, "created_at": now, "disabled_at": now}
            for v in values
        ],
    ).all()
    employee_ids = db.session.scalars(
        insert(Employee).returning(Employee.id, sort_by_parameter_order=True),
        [
            {
                "user_id": user_id,
                "nip": v.get("nip"),
                "employment_type": v["jenis_kepegawaian"],
                "grade_code": v.get("golongan"),
                "position": v.get("jabatan", ""),
                "position_type": v["jenis_jabatan"],
                "position_tier": v.get("jenjang"),
                "org_unit_id": unit_ids[v["kode_unit"]],
                "supervisor_id": supervisors.get(row.row_number),
                "active": v["aktif"],
            }
            for row, v, user_id in zip(rows, values, user_ids, strict=True)
        ],
    ).all()
    pairs = list(zip(employee_ids, values, strict=True))
    db.session.execute(
        insert(UnitMembership),
        [
            {"employee_id": e, "org_unit_id": unit_ids[v["kode_unit"]], "position": v.get("jabatan", ""), "valid_from": date.fromisoformat(v["since"])}
            for e, v in pairs
        ],
    )
    numbers = [{"employee_id": e, "nip": v["nip"], "valid_from": date.fromisoformat(v["since"])} for e, v in pairs if v.get("nip")]
    if numbers:
        db.session.execute(insert(EmployeeIdentifier), numbers)
    db.session.execute(insert(RoleGrant), [{"user_id": u, "role": Role.LEARNER, "granted_by_id": actor_id, "granted_at": now} for u in user_ids])
    people = list(zip(user_ids, values, strict=True))
    db.session.execute(insert(AuditEntry), _audit_lines(import_id, actor_id, "people.account_created", people))
    table = PeopleImportRow.__table__
    mine = (table.c.import_id == import_id) & (table.c.row_number == bindparam("number"))
    targets = [{"number": row.row_number, "target": user_id} for row, user_id in zip(rows, user_ids, strict=True)]
    db.session.connection().execute(update(table).where(mine).values(target_id=bindparam("target")), targets)  # type: ignore[arg-type]


# ---- the switch ----


@dataclass(slots=True)
class _Changes:
    """What a portion of changes writes, worked out before the lock is taken: nobody else changes people meanwhile."""

    numbers: list[int] = field(default_factory=list)
    people: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    accounts: dict[tuple[str, ...], list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    employments: dict[tuple[str, ...], list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    ended_memberships: list[dict[str, Any]] = field(default_factory=list)
    void_memberships: list[int] = field(default_factory=list)
    memberships: list[dict[str, Any]] = field(default_factory=list)
    ended_numbers: list[dict[str, Any]] = field(default_factory=list)
    numbers_again: list[int] = field(default_factory=list)
    new_numbers: list[dict[str, Any]] = field(default_factory=list)


_USER_FIELDS = {"nama": "full_name", "surel": "email"}
_EMPLOYEE_FIELDS = {
    "nip": "nip",
    "jenis_kepegawaian": "employment_type",
    "golongan": "grade_code",
    "jabatan": "position",
    "jenis_jabatan": "position_type",
    "jenjang": "position_tier",
    "aktif": "active",
}


def _switch(import_id: int, actor_id: int) -> None:
    """Open what was prepared and write the changes: from here on the import is seen."""
    opened = False
    while True:
        changes = _work_out_changes(import_id)
        lines = _audit_lines(import_id, actor_id, "people.person_edited", changes.people)
        with carrying_out_import(), transaction():
            if not opened:
                _open_doors(import_id)
            if changes.numbers:
                _write_changes(changes, lines)
                _mark(changes.numbers, import_id)
            last = len(changes.numbers) < CHANGES_AT_ONCE
            if last:
                _finish(import_id)
        if last:
            return
        opened = True
        time.sleep(0.01)  # everybody else writes in between


def _open_doors(import_id: int) -> None:
    brought = select(PeopleImportRow.target_id).where(PeopleImportRow.import_id == import_id, PeopleImportRow.action == "create")
    still_closed = (User.disabled_at == User.created_at) & User.id.in_(brought)
    changed_rows(update(User).where(still_closed).values(disabled_at=None))


def _work_out_changes(import_id: int) -> _Changes:
    changes = _Changes()
    todo = _todo(import_id) & (PeopleImportRow.action == "update")
    columns = (PeopleImportRow.row_number, PeopleImportRow.target_id, PeopleImportRow.values)
    rows = db.session.execute(select(*columns).where(todo).order_by(PeopleImportRow.row_number).limit(CHANGES_AT_ONCE)).all()
    if rows:
        supervisors = _supervisors_of(import_id, {row.row_number: row.values for row in rows})
        unit_ids = _unit_ids([row.values for row in rows])
        employees = {
            row.user_id: row
            for row in db.session.execute(
                select(Employee.id, Employee.user_id, Employee.nip, Employee.position, Employee.org_unit_id).where(Employee.user_id.in_([r.target_id for r in rows]))
            )
        }
        for row in rows:
            changes.numbers.append(row.row_number)
            changes.people.append((row.target_id, row.values))
            _work_out_facts(changes, row, unit_ids, supervisors)
        _work_out_moves(changes, {employees[row.target_id].id: (employees[row.target_id], row.values) for row in rows}, unit_ids)
        _work_out_numbers(changes, {employees[row.target_id].id: (employees[row.target_id], row.values) for row in rows})
    db.session.rollback()
    return changes


def _work_out_facts(changes: _Changes, row: Any, unit_ids: dict[str, int], supervisors: dict[int, int | None]) -> None:
    values = row.values
    account = {_USER_FIELDS[name]: value for name, value in values.items() if name in _USER_FIELDS}
    if account:
        changes.accounts[tuple(sorted(account))].append({"key": row.target_id, **{f"new_{name}": value for name, value in account.items()}})
    work = {_EMPLOYEE_FIELDS[name]: value for name, value in values.items() if name in _EMPLOYEE_FIELDS}
    if "atasan" in values:
        work["supervisor_id"] = supervisors[row.row_number]
    if "kode_unit" in values:
        work["org_unit_id"] = unit_ids[values["kode_unit"]]
    if work:
        changes.employments[tuple(sorted(work))].append({"key": row.target_id, **{f"new_{name}": value for name, value in work.items()}})


def _work_out_moves(changes: _Changes, people: dict[int, tuple[Any, dict[str, Any]]], unit_ids: dict[str, int]) -> None:
    """Where people work from now on; what was before is kept with its end."""
    moves = {}
    for employee_id, (now, values) in people.items():
        unit_id, position = unit_ids.get(values.get("kode_unit", ""), now.org_unit_id), values.get("jabatan", now.position)
        if (unit_id, position) != (now.org_unit_id, now.position):
            moves[employee_id] = date.fromisoformat(values["since"])
            changes.memberships.append({"employee_id": employee_id, "org_unit_id": unit_id, "position": position, "valid_from": moves[employee_id]})
    if moves:
        current = select(UnitMembership.id, UnitMembership.employee_id, UnitMembership.valid_from)
        for held in db.session.execute(current.where(UnitMembership.employee_id.in_(moves), UnitMembership.valid_to.is_(None))):
            since = moves[held.employee_id]
            if held.valid_from >= since:
                changes.void_memberships.append(held.id)
            else:
                changes.ended_memberships.append({"key": held.id, "until": since - timedelta(days=1)})


def _work_out_numbers(changes: _Changes, people: dict[int, tuple[Any, dict[str, Any]]]) -> None:
    """New numbers; the old ones stay reserved for their person."""
    renumbered = {e: values for e, (now, values) in people.items() if "nip" in values and values["nip"] != now.nip}
    if not renumbered:
        return
    kept = db.session.execute(select(EmployeeIdentifier).where(EmployeeIdentifier.employee_id.in_(renumbered))).scalars().all()
    own = {(one.employee_id, one.nip): one for one in kept}
    for one in kept:
        values = renumbered[one.employee_id]
        if one.valid_to is None and one.nip != values["nip"]:
            until = max(one.valid_from, date.fromisoformat(values["since"]) - timedelta(days=1))
            changes.ended_numbers.append({"key": one.id, "until": until})
    for employee_id, values in renumbered.items():
        if values["nip"] is None:
            continue
        again = own.get((employee_id, values["nip"]))
        if again is not None:
            changes.numbers_again.append(again.id)
        else:
            changes.new_numbers.append({"employee_id": employee_id, "nip": values["nip"], "valid_from": date.fromisoformat(values["since"])})


def _write_changes(changes: _Changes, lines: list[dict[str, Any]]) -> None:
    connection = db.session.connection()
    for model, key, groups in ((User, "id", changes.accounts), (Employee, "user_id", changes.employments)):
        table: Any = model.__table__
        for names, parameters in groups.items():
            new = {name: bindparam(f"new_{name}") for name in names}
            connection.execute(update(table).where(table.c[key] == bindparam("key")).values(**new), parameters)
    for held, ended in ((UnitMembership, changes.ended_memberships), (EmployeeIdentifier, changes.ended_numbers)):
        table = held.__table__
        if ended:
            connection.execute(update(table).where(table.c.id == bindparam("key")).values(valid_to=bindparam("until")), ended)
    if changes.void_memberships:
        changed_rows(delete(UnitMembership).where(UnitMembership.id.in_(changes.void_memberships)))
    if changes.numbers_again:
        changed_rows(update(EmployeeIdentifier).where(EmployeeIdentifier.id.in_(changes.numbers_again)).values(valid_to=None))
    for model, rows in ((UnitMembership, changes.memberships), (EmployeeIdentifier, changes.new_numbers), (AuditEntry, lines)):
        if rows:
            db.session.execute(insert(model), rows)


# ---- units ----


def _apply_units(batch: list[PeopleImportRow], actor_id: int) -> None:
    for row in batch:
        v = row.values
        parent_id = db.session.scalar(select(OrgUnit.id).where(OrgUnit.code == v["kode_induk"])) if v.get("kode_induk") else None
        if row.action == "create":
            since = date.fromisoformat(v["since"])
            unit = add_unit(name=v["nama"], kind=v["jenis"], code=v["kode"], parent_id=parent_id, valid_from=since, actor_id=actor_id)
            row.target_id = unit.id
            continue
        unit = get_unit(row.target_id or 0)
        if "jenis" in v:
            unit.kind = v["jenis"]
        if "nama" in v:
            rename_unit(unit, v["nama"], max(clock.today(), unit.valid_from), actor_id)
        if parent_id is not None:
            move_unit(unit, get_unit(parent_id), actor_id)
