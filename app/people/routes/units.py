"""The organization's tree for those who look after it."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import flash, redirect, render_template, request
from flask_babel import gettext as _
from sqlalchemy import select

from app.kernel import clock
from app.kernel.access import may, requires
from app.kernel.db import db, transaction
from app.kernel.errors import DomainError, Invalid
from app.people import units
from app.people.models import OrgUnit, OrgUnitName
from app.people.permissions import ISSUE_CODES, MANAGE_UNITS, VIEW_UNITS
from app.people.queries import (
    count_people_by_unit,
    get_unit,
    get_visible_unit,
    in_tree_order,
    list_units,
    visible_unit_ids,
)
from app.people.routes import bp
from app.people.sessions import viewer

EARLIEST_YEAR, LATEST_YEAR = 1900, 2199


def day_from(text: str, field: str = "since") -> date:
    """A day as a form sends it, within a working life of today. Raises `Invalid`."""
    try:
        day = date.fromisoformat(text.strip())
        if not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
            raise ValueError
    except ValueError:
        raise Invalid(fields={field: _("Isi tanggalnya, misalnya 2026-01-31.")}) from None
    return day


def number_from(text: str | None) -> int | None:
    """An id as a form or query sends it; None when there is none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 10 else None


def unit_choices(among: list[OrgUnit]) -> list[tuple[int, str]]:
    """The tree as a list for a select box: depth shown by dashes."""
    depths = {unit.id: unit.path.count("/") for unit in among}
    top = min(depths.values(), default=0)
    return [(unit.id, "\u2013 " * (depths[unit.id] - top) + unit.name) for unit in among]


@bp.get("/kelola/unit")
@requires(VIEW_UNITS)
def units_page() -> Any:
    found = list_units(clock.today(), visible_unit_ids(viewer(), VIEW_UNITS))
    own = count_people_by_unit()
    below = {unit.id: 0 for unit in found}
    for unit in found:
        for step in unit.path.strip("/").split("/"):
            if int(step) in below:
                below[int(step)] += own.get(unit.id, 0)
    top = min((unit.path.count("/") for unit in found), default=0)
    rows = [(unit, unit.path.count("/") - top, own.get(unit.id, 0), below[unit.id]) for unit in found]
    return render_template("people/units.html", rows=rows, kinds=units.KINDS, may_manage=may(MANAGE_UNITS))


@bp.get("/kelola/unit/<int:unit_id>")
@requires(VIEW_UNITS)
def unit_page(unit_id: int) -> Any:
    return _unit_page(get_visible_unit(viewer(), VIEW_UNITS, unit_id), {}, {})


def _unit_page(unit: OrgUnit, errors: dict[str, Any], typed: dict[str, str]) -> str:
    manages = may(MANAGE_UNITS)
    others = [u for u in list_units(clock.today()) if not u.path.startswith(unit.path)] if manages else []
    return render_template(
        "people/unit.html",
        unit=unit,
        parents=in_tree_order(_ancestors(unit)),
        children=list(db.session.scalars(select(OrgUnit).where(OrgUnit.parent_id == unit.id, OrgUnit.valid_to.is_(None)).order_by(OrgUnit.position))),
        names=list(db.session.scalars(select(OrgUnitName).where(OrgUnitName.org_unit_id == unit.id).order_by(OrgUnitName.valid_from.desc()))),
        merged_into=get_unit(unit.merged_into_id) if unit.merged_into_id else None,
        people=count_people_by_unit().get(unit.id, 0),
        kinds=units.KINDS,
        manages=manages and unit.valid_to is None,
        issues_codes=may(ISSUE_CODES) and unit.valid_to is None,
        targets=unit_choices(others),
        today=clock.today().isoformat(),
        errors=errors,
        typed=typed,
    )


def _ancestors(unit: OrgUnit) -> list[OrgUnit]:
    ids = [int(step) for step in unit.path.strip("/").split("/")[:-1]]
    return list(db.session.scalars(select(OrgUnit).where(OrgUnit.id.in_(ids)))) if ids else []


def _refused(unit_id: int, refusal: DomainError) -> Any:
    db.session.rollback()
    if not refusal.fields:
        flash(str(refusal.message), "error")
    return _unit_page(get_visible_unit(viewer(), VIEW_UNITS, unit_id), refusal.fields, dict(request.form.items())), refusal.status


@bp.post("/kelola/unit/<int:unit_id>/bawahan")
@requires(MANAGE_UNITS)
def add_unit(unit_id: int) -> Any:
    form, actor_id = request.form, viewer().id
    try:
        with transaction():
            parent = get_visible_unit(viewer(), MANAGE_UNITS, unit_id)
            unit = units.add_unit(
                name=form.get("name", ""),
                kind=form.get("kind", ""),
                code=form.get("code", ""),
                parent_id=parent.id,
                valid_from=day_from(form.get("valid_from", ""), "valid_from"),
                actor_id=actor_id,
            )
    except DomainError as refusal:
        return _refused(unit_id, refusal)
    flash(_("Unit %(name)s tersimpan.", name=unit.name), "success")
    return redirect(f"/kelola/unit/{unit.id}", 303)


@bp.post("/kelola/unit/<int:unit_id>/nama")
@requires(MANAGE_UNITS)
def rename_unit(unit_id: int) -> Any:
    actor_id = viewer().id
    try:
        with transaction():
            unit = get_visible_unit(viewer(), MANAGE_UNITS, unit_id)
            units.rename_unit(unit, request.form.get("new_name", ""), day_from(request.form.get("since", "")), actor_id)
    except DomainError as refusal:
        return _refused(unit_id, _as(refusal, {"name": "new_name"}))
    flash(_("Nama baru tersimpan; nama lama tetap ada di riwayat."), "success")
    return redirect(f"/kelola/unit/{unit_id}", 303)


@bp.post("/kelola/unit/<int:unit_id>/induk")
@requires(MANAGE_UNITS)
def move_unit(unit_id: int) -> Any:
    actor_id = viewer().id
    try:
        with transaction():
            unit = get_visible_unit(viewer(), MANAGE_UNITS, unit_id)
            units.move_unit(unit, _chosen("parent_id"), actor_id)
    except DomainError as refusal:
        return _refused(unit_id, refusal)
    flash(_("Unit dan semua yang di bawahnya sudah dipindahkan."), "success")
    return redirect(f"/kelola/unit/{unit_id}", 303)


@bp.post("/kelola/unit/<int:unit_id>/gabung")
@requires(MANAGE_UNITS)
def merge_unit(unit_id: int) -> Any:
    actor_id = viewer().id
    try:
        with transaction():
            unit, into = get_visible_unit(viewer(), MANAGE_UNITS, unit_id), _chosen("into_id")
            moved = units.merge_unit(unit, into, day_from(request.form.get("merged_on", ""), "merged_on"), actor_id)
    except DomainError as refusal:
        return _refused(unit_id, _as(refusal, {"since": "merged_on"}))
    flash(_("Unit digabung; %(n)d orang berpindah, riwayatnya tersimpan.", n=moved), "success")
    return redirect(f"/kelola/unit/{into.id}", 303)


def _chosen(field: str) -> OrgUnit:
    chosen = number_from(request.form.get(field))
    unit = db.session.get(OrgUnit, chosen) if chosen else None
    if unit is None:
        raise Invalid(fields={field: _("Pilih unit dari daftar.")})
    return unit


def _as(refusal: DomainError, names: dict[str, str]) -> DomainError:
    """The same refusal with the names that the fields of this page have."""
    refusal.fields = {names.get(name, name): text for name, text in refusal.fields.items()}
    return refusal
