"""What a staged file would change about people and units that are there already: each field as it is now and as it becomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import aliased

from app.kernel.db import db
from app.people import labels
from app.people import nip as nip_rules
from app.people.models import Employee, OrgUnit, PeopleImportRow, User


@dataclass(frozen=True, slots=True)
class Change:
    """One field of one row: `before` is what the data say now, `after` what the file says."""

    row_number: int
    name: str
    field: str
    before: str
    after: str


def changes_of(subject: str, rows: Sequence[PeopleImportRow]) -> list[Change]:
    """The changes of these staged rows, in their order; two statements however many rows there are."""
    ids = {row.target_id for row in rows if row.target_id}
    now = _people_now(ids) if subject == "people" else _units_now(ids)
    leaders = {row.values["atasan"]["id"] for row in rows if "id" in (row.values.get("atasan") or {})}
    names = dict(db.session.execute(select(User.id, User.full_name).where(User.id.in_(leaders))).all()) if leaders else {}
    found = []
    for row in rows:
        facts = now.get(row.target_id or 0, {})
        for field in [name for name in facts if name in row.values]:  # in the order of the columns, which the database does not keep
            after = _in_words(field, row.values[field], names)
            found.append(Change(row.row_number, facts["nama"], field, _in_words(field, facts[field]), after))
    return found


def _people_now(ids: set[int]) -> dict[int, dict[str, Any]]:
    boss = aliased(User)
    query = (
        select(
            User.id,
            User.full_name.label("nama"),
            User.email.label("surel"),
            Employee.nip.label("nip"),
            Employee.employment_type.label("jenis_kepegawaian"),
            Employee.grade_code.label("golongan"),
            Employee.position.label("jabatan"),
            Employee.position_type.label("jenis_jabatan"),
            Employee.position_tier.label("jenjang"),
            OrgUnit.code.label("kode_unit"),
            boss.full_name.label("atasan"),
            Employee.active.label("aktif"),
        )
        .join(Employee, Employee.user_id == User.id)
        .join(OrgUnit, OrgUnit.id == Employee.org_unit_id)
        .outerjoin(boss, boss.id == Employee.supervisor_id)
        .where(User.id.in_(ids))
    )
    return {row.id: dict(row._mapping) for row in db.session.execute(query)}


def _units_now(ids: set[int]) -> dict[int, dict[str, Any]]:
    parent = aliased(OrgUnit)
    query = (
        select(OrgUnit.id, OrgUnit.name.label("nama"), OrgUnit.kind.label("jenis"), parent.code.label("kode_induk"))
        .outerjoin(parent, parent.id == OrgUnit.parent_id)
        .where(OrgUnit.id.in_(ids))
    )
    return {row.id: dict(row._mapping) for row in db.session.execute(query)}


def _in_words(field: str, value: Any, names: dict[int, str] | None = None) -> str:
    if field == "nip":
        return nip_rules.grouped(value) or "–"
    if isinstance(value, dict):  # a supervisor, by account or by the row that brings them
        return _("baris ke-%(n)d", n=value["row"]) if "row" in value else (names or {}).get(value["id"], "–")
    return labels.in_words(value)
