"""The organization's tree and how it changes: units are added, renamed, moved and merged, each from a day on."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Date, case, delete, func, insert, literal, select, update

from app.kernel.db import db
from app.kernel.errors import Conflict, Invalid
from app.people import audit
from app.people.models import Employee, OrgUnit, OrgUnitName, UnitMembership
from app.people.queries import changed_rows, get_unit
from app.people.services import refuse_future, refuse_while_importing
from app.ui.formats import tanggal

KINDS = {
    "pemerintah": _l("Pemerintah daerah"),
    "sekretariat": _l("Sekretariat"),
    "inspektorat": _l("Inspektorat"),
    "badan": _l("Badan"),
    "dinas": _l("Dinas"),
    "satuan": _l("Satuan"),
    "rsud": _l("Rumah sakit daerah"),
    "bagian": _l("Bagian"),
    "bidang": _l("Bidang"),
    "subbagian": _l("Subbagian atau seksi"),
    "tim": _l("Tim kerja"),
    "uptd": _l("UPTD"),
    "puskesmas": _l("Puskesmas"),
    "sekolah": _l("Satuan pendidikan"),
    "kecamatan": _l("Kecamatan"),
    "kelurahan": _l("Kelurahan"),
}


def clean_unit(name: str, kind: str, code: str) -> tuple[str, str]:
    """Name and code without stray spaces. Raises `Invalid` with every fault."""
    name, code = " ".join(name.split()), code.strip()
    fields = {}
    if not 3 <= len(name) <= 255:
        fields["name"] = _l("Isi nama unit, 3 sampai 255 karakter.")
    if kind not in KINDS:
        fields["kind"] = _l("Pilih jenis unit dari daftar.")
    if not 1 <= len(code) <= 40 or not all(c.isalnum() or c in "-._/" for c in code):
        fields["code"] = _l("Kode unit 1 sampai 40 karakter: huruf, angka, titik, garis.")
    if fields:
        raise Invalid(fields=fields)
    return name, code


def add_unit(
    *, name: str, kind: str, code: str, parent_id: int | None, valid_from: date, position: int | None = None, actor_id: int | None = None
) -> OrgUnit:
    """A new unit below another one (or at the top)."""
    refuse_while_importing()
    refuse_future(valid_from, "valid_from")
    name, code = clean_unit(name, kind, code)
    if db.session.scalar(select(OrgUnit.id).where(OrgUnit.code == code)):
        raise Conflict(_l("Kode unit %(code)s sudah dipakai.", code=code), code="unit_code_taken", fields={"code": _l("Kode ini sudah dipakai.")})
    parent = get_unit(parent_id) if parent_id is not None else None
    if parent is not None and parent.valid_to is not None:
        raise Conflict(_l("Unit induk sudah tidak berlaku."), code="unit_ended", fields={"parent_id": _l("Unit ini sudah tidak berlaku.")})
    if position is None:
        position = 1 + (db.session.scalar(select(func.max(OrgUnit.position)).where(OrgUnit.parent_id == parent_id)) or 0)
    unit = OrgUnit(code=code, name=name, kind=kind, parent_id=parent_id, path="/", position=position, valid_from=valid_from)
    db.session.add(unit)
    db.session.flush()
    unit.path = f"{parent.path if parent else '/'}{unit.id}/"
    db.session.add(OrgUnitName(org_unit_id=unit.id, name=name, valid_from=valid_from))
    db.session.flush()
    audit.note(actor_id, "people.unit_added", ("org_unit", unit.id), after={"name": name, "parent_id": parent_id})
    return unit


def rename_unit(unit: OrgUnit, name: str, since: date, actor_id: int | None = None) -> None:
    """A new name from a day on, at the latest today; the old one stays in the unit's history, and one that began on that same day is corrected."""
    refuse_while_importing()
    name, _code = clean_unit(name, unit.kind, unit.code)
    if name == unit.name:
        return
    if since != unit.valid_from:  # a wrong name is corrected from its first day
        _refuse_day_before(unit, since)
        refuse_future(since)
    for row in db.session.scalars(select(OrgUnitName).where(OrgUnitName.org_unit_id == unit.id, OrgUnitName.valid_to.is_(None))):
        if row.valid_from > since:
            raise Invalid(fields={"since": _l("Tanggalnya sebelum nama yang sekarang (sejak %(day)s).", day=tanggal(row.valid_from))})
        if row.valid_from == since:
            db.session.delete(row)
        else:
            row.valid_to = since - timedelta(days=1)
    db.session.add(OrgUnitName(org_unit_id=unit.id, name=name, valid_from=since))
    audit.note(actor_id, "people.unit_renamed", ("org_unit", unit.id), before={"name": unit.name}, after={"name": name, "since": str(since)})
    unit.name = name
    db.session.flush()


def move_unit(unit: OrgUnit, parent: OrgUnit | None, actor_id: int | None = None) -> None:
    """Hang a unit, with everything below it, under another one. Never under itself."""
    refuse_while_importing()
    if parent is not None and parent.path.startswith(unit.path):
        raise Invalid(fields={"parent_id": _l("Unit tidak dapat dipindahkan ke bawah dirinya sendiri.")})
    if parent is not None and parent.valid_to is not None:
        raise Invalid(fields={"parent_id": _l("Unit ini sudah tidak berlaku.")})
    if unit.parent_id == (parent.id if parent else None):
        return
    audit.note(actor_id, "people.unit_moved", ("org_unit", unit.id), before={"parent_id": unit.parent_id}, after={"parent_id": parent.id if parent else None})
    _rewrite_paths(unit, parent)


def _rewrite_paths(unit: OrgUnit, parent: OrgUnit | None) -> None:
    old, new = unit.path, f"{parent.path if parent else '/'}{unit.id}/"
    db.session.flush()
    db.session.execute(
        update(OrgUnit)
        .where(OrgUnit.path.like(old + "%"))
        .values(path=func.replace("^" + OrgUnit.path, "^" + old, new))
        .execution_options(synchronize_session=False)
    )
    unit.parent_id = parent.id if parent else None
    db.session.flush()
    db.session.expire_all()


def merge_unit(unit: OrgUnit, into: OrgUnit, since: date, actor_id: int | None = None) -> int:
    """End a unit on the day before `since`: its people and the units below it belong to another one from then on.

    Certificates and enrollments that name the old unit keep its name. Returns how many people moved.
    """
    refuse_while_importing()
    if into.path.startswith(unit.path):
        raise Invalid(fields={"into_id": _l("Unit tidak dapat digabungkan ke dirinya sendiri atau ke unit di bawahnya.")})
    if unit.valid_to is not None or into.valid_to is not None:
        raise Conflict(_l("Salah satu unit sudah tidak berlaku."), code="unit_ended")
    _refuse_day_before(unit, since)
    _refuse_day_before(into, since)
    refuse_future(since)
    for child in db.session.scalars(select(OrgUnit).where(OrgUnit.parent_id == unit.id)).all():
        _rewrite_paths(child, into)
    people = _move_people(unit, into, since)
    for row in db.session.scalars(select(OrgUnitName).where(OrgUnitName.org_unit_id == unit.id, OrgUnitName.valid_to.is_(None))):
        row.valid_to = since - timedelta(days=1)
    unit.valid_to, unit.merged_into_id = since - timedelta(days=1), into.id
    audit.note(actor_id, "people.unit_merged", ("org_unit", unit.id), after={"into_id": into.id, "since": str(since), "people": people})
    db.session.flush()
    return people


def _move_people(unit: OrgUnit, into: OrgUnit, since: date) -> int:
    """Everybody of one unit into another, with history; a handful of statements however many they are. Who came after the day of the
    merger is in the other unit from the day they came."""
    now = (UnitMembership.org_unit_id == unit.id) & UnitMembership.valid_to.is_(None)
    begins = case((UnitMembership.valid_from > since, UnitMembership.valid_from), else_=literal(since, Date()))
    statements: list[Any] = [
        insert(UnitMembership).from_select(
            ["employee_id", "org_unit_id", "position", "valid_from"],
            select(UnitMembership.employee_id, literal(into.id), UnitMembership.position, begins).where(now),
        ),
        delete(UnitMembership).where(now, UnitMembership.valid_from >= since),
        update(UnitMembership).where(now).values(valid_to=since - timedelta(days=1)),
    ]
    for statement in statements:
        db.session.execute(statement, execution_options={"synchronize_session": False})
    moved = changed_rows(update(Employee).where(Employee.org_unit_id == unit.id).values(org_unit_id=into.id))
    db.session.expire_all()
    return moved


def _refuse_day_before(unit: OrgUnit, since: date) -> None:
    if since <= unit.valid_from:
        raise Invalid(fields={"since": _l("Tanggalnya harus setelah unit mulai berlaku (%(day)s).", day=unit.valid_from.isoformat())})
