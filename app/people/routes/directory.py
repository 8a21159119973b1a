"""People for those who look after them: list, one person, changes, roles, codes."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import func, select

from app.kernel import clock
from app.kernel.access import Role, may, requires
from app.kernel.db import db, transaction
from app.kernel.errors import DomainError, Invalid, NotFound
from app.kernel.http import page_asked
from app.people import audit, codes, labels, nip, second_factors, services
from app.people.models import Employee, EmployeeIdentifier, EmploymentType, OrgUnit, PositionType, UnitMembership, User
from app.people.name_filter import turn_away_number
from app.people.permissions import EXPORT_PEOPLE, GRANT_ROLES, GRANTABLE, IMPORT_PEOPLE, ISSUE_CODES, MANAGE_PEOPLE, VIEW_PEOPLE
from app.people.queries import (
    find_user_by_identifier,
    get_user,
    get_visible_unit,
    get_visible_user,
    list_units,
    unit_ids_below,
    visible_unit_ids,
    visible_user_ids,
)
from app.people.routes import bp
from app.people.routes.units import day_from, number_from, unit_choices
from app.people.sessions import viewer

PAGE = 50


@bp.get("/kelola/pegawai")
@requires(VIEW_PEOPLE)
def people_page() -> Any:
    name, unit_id = " ".join(request.args.get("nama", "").split())[:80], number_from(request.args.get("unit"))
    if away := turn_away_number():
        return away
    chosen = select(User.id).outerjoin(Employee, Employee.user_id == User.id).where(User.id.in_(visible_user_ids(viewer(), VIEW_PEOPLE)))
    for word in name.split():
        chosen = chosen.where(User.full_name.icontains(word, autoescape=True))
    if unit_id:
        chosen = chosen.where(Employee.org_unit_id.in_(unit_ids_below({unit_id})))
    total = db.session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
    pages = max(1, -(-total // PAGE))
    page = min(page_asked(), pages)
    people = list(
        db.session.scalars(select(User).where(User.id.in_(chosen)).order_by(User.full_name, User.id).limit(PAGE).offset((page - 1) * PAGE)).unique()
    )
    return render_template(
        "people/people.html",
        people=people,
        total=total,
        page=page,
        pages=pages,
        name=name,
        unit_id=unit_id or "",
        args={key: value for key, value in (("nama", name), ("unit", unit_id)) if value},
        units=unit_choices(list_units(clock.today(), visible_unit_ids(viewer(), VIEW_PEOPLE))),
        manages=may(MANAGE_PEOPLE),
        imports=may(IMPORT_PEOPLE),
        exports=may(EXPORT_PEOPLE),
        error=None,
        nip_text=_nip_text,
    )


def _nip_text(employee: Employee | None) -> str:
    """In full for those who keep the personnel data, masked for everyone else who may look."""
    if employee is None or employee.nip is None:
        return ""
    return nip.grouped(employee.nip) if may(MANAGE_PEOPLE) else nip.masked(employee.nip)


@bp.post("/kelola/pegawai/cari")
@requires(VIEW_PEOPLE)
def find_person() -> Any:
    """A name leads to the filtered list, a NIP or an e-mail address straight to the person; neither number nor address gets into a URL."""
    text, unit_id = " ".join(request.form.get("cari", "").split())[:254], number_from(request.form.get("unit"))
    if "@" not in text and not nip.is_like_number(text):
        query = {key: value for key, value in (("nama", text[:80]), ("unit", unit_id)) if value}
        return redirect(url_for("people.people_page", **query), 303)  # type: ignore[arg-type]
    user = find_user_by_identifier(text)
    if user is not None and db.session.scalar(select(User.id).where(User.id == user.id, User.id.in_(visible_user_ids(viewer(), VIEW_PEOPLE)))):
        return redirect(f"/kelola/pegawai/{user.id}", 303)
    flash(_("Tidak ada pegawai dengan NIP atau surel itu dalam lingkup Anda."), "warning")
    return redirect("/kelola/pegawai", 303)


@bp.get("/kelola/pegawai/<int:user_id>")
@requires(VIEW_PEOPLE)
def person_page(user_id: int) -> Any:
    person = get_visible_user(viewer(), VIEW_PEOPLE, user_id)
    if person.id != viewer().id:
        actor_id = viewer().id
        with transaction():
            audit.note(actor_id, "people.person_seen", ("user", user_id))
        person = get_user(user_id)
    employee = person.employee
    manages = _manages(person)
    supervisor = get_user(employee.supervisor_id) if employee and employee.supervisor_id else None
    return render_template(
        "people/person.html",
        person=person,
        employee=employee,
        nip=_nip_text(employee) if manages else nip.masked(employee.nip if employee else None),
        former_nips=_former_nips(employee) if employee and manages else [],
        supervisor=supervisor,
        history=_history(employee) if employee else [],
        grants=_grants(person),
        manages=manages,
        issues_codes=may(ISSUE_CODES) and manages and services.may_rescue(viewer(), person),
        grants_roles=may(GRANT_ROLES),
        grantable=[(role.value, labels.ROLES[role]) for role in Role if any(role in GRANTABLE.get(held, ()) for held in viewer().roles)],
        unit_options=unit_choices(list_units(clock.today())) if may(GRANT_ROLES) else [],
        recently_seen=person.last_sign_in_at,
        labels=labels,
        now=clock.now(),
    )


def _manages(person: User) -> bool:
    ids = visible_user_ids(viewer(), MANAGE_PEOPLE)
    return db.session.scalar(select(User.id).where(User.id == person.id, User.id.in_(ids))) is not None


def _former_nips(employee: Employee) -> list[EmployeeIdentifier]:
    query = select(EmployeeIdentifier).where(EmployeeIdentifier.employee_id == employee.id, EmployeeIdentifier.valid_to.is_not(None))
    return list(db.session.scalars(query))


def _history(employee: Employee) -> list[tuple[str, str, date, date | None]]:
    query = (
        select(OrgUnit.name, UnitMembership.position, UnitMembership.valid_from, UnitMembership.valid_to)
        .join(OrgUnit, OrgUnit.id == UnitMembership.org_unit_id)
        .where(UnitMembership.employee_id == employee.id)
        .order_by(UnitMembership.valid_from.desc(), UnitMembership.id.desc())
    )
    return list(db.session.execute(query))


def _grants(person: User) -> list[tuple[int, Any, str | None, bool]]:
    names = dict(db.session.execute(select(OrgUnit.id, OrgUnit.name).where(OrgUnit.id.in_([g.org_unit_id for g in person.grants if g.org_unit_id]))).all())
    takeable = {role for held in viewer().roles for role in GRANTABLE.get(held, ())}
    return [(g.id, labels.ROLES[Role(g.role)], names.get(g.org_unit_id or 0), Role(g.role) in takeable) for g in person.grants]


@bp.route("/kelola/pegawai/baru", methods=["GET", "POST"])
@requires(MANAGE_PEOPLE)
def add_person() -> Any:
    if request.method == "GET":
        return _form(None, {"employment_type": "PNS", "position_type": "PELAKSANA", "org_unit_id": request.args.get("unit", "")}, {})
    actor_id = viewer().id
    try:
        with transaction():
            facts = _facts_from_form(None)
            since = day_from(request.form.get("since", ""))
            user = services.create_user(
                facts["full_name"], roles=(Role.LEARNER,), since=since, actor_id=actor_id, **{k: v for k, v in facts.items() if k not in ("full_name", "active")}
            )
            user_id = user.id
    except DomainError as refusal:
        return _refused_form(None, refusal)
    flash(_("%(name)s tersimpan. Buatkan kode aktivasi agar ia dapat masuk.", name=facts["full_name"]), "success")
    return redirect(f"/kelola/pegawai/{user_id}", 303)


@bp.route("/kelola/pegawai/<int:user_id>/ubah", methods=["GET", "POST"])
@requires(MANAGE_PEOPLE)
def edit_person(user_id: int) -> Any:
    person = get_visible_user(viewer(), MANAGE_PEOPLE, user_id)
    if request.method == "GET":
        return _form(person, _values_of(person), {})
    actor = viewer()
    try:
        with transaction():
            person = get_visible_user(actor, MANAGE_PEOPLE, user_id)
            facts = _facts_from_form(person)
            is_changed = services.edit_person(actor, user_id, facts, day_from(request.form.get("since", "")))
    except NotFound:
        raise
    except DomainError as refusal:
        return _refused_form(user_id, refusal)
    flash(_("Perubahan tersimpan.") if is_changed else _("Tidak ada yang berubah."), "success")
    return redirect(f"/kelola/pegawai/{user_id}", 303)


def _refused_form(user_id: int | None, refusal: DomainError) -> Any:
    db.session.rollback()
    person = get_visible_user(viewer(), MANAGE_PEOPLE, user_id) if user_id else None
    errors = dict(refusal.fields) or {"form": refusal.message}
    return _form(person, dict(request.form.items()) | {"active": "active" in request.form}, errors), refusal.status


def _form(person: User | None, values: dict[str, Any], errors: dict[str, Any]) -> str:
    return render_template(
        "people/person_form.html",
        person=person,
        has_employee=person is None or person.employee is not None,
        values=values,
        errors=errors,
        units=unit_choices(list_units(clock.today(), visible_unit_ids(viewer(), MANAGE_PEOPLE))),
        labels=labels,
        today=clock.today().isoformat(),
    )


def _values_of(person: User) -> dict[str, Any]:
    employee = person.employee
    values: dict[str, Any] = {"full_name": person.full_name, "email": person.email or ""}
    if employee is not None:
        supervisor = get_user(employee.supervisor_id) if employee.supervisor_id else None
        values |= {
            "nip": nip.grouped(employee.nip),
            "supervisor": _known_as(supervisor) if supervisor else "",
            "org_unit_id": employee.org_unit_id,
        } | {
            name: getattr(employee, name) or "" for name in ("employment_type", "grade_code", "position", "position_type", "position_tier")
        }
        values["active"] = employee.active
    return values


def _known_as(supervisor: User) -> str:
    """How the form names a supervisor: by NIP or e-mail address where the admin keeps those data, by name where not.

    Otherwise whoever knows a colleague's address would only have to type it here to read the NIP.
    """
    number = supervisor.employee.nip if supervisor.employee else None
    if not _manages(supervisor):
        return supervisor.full_name
    return nip.grouped(number) if number else supervisor.email or supervisor.full_name


def _facts_from_form(person: User | None) -> dict[str, Any]:
    """What the form says, checked; every fault at once. Raises `Invalid`."""
    form = request.form
    fields: dict[str, Any] = {}
    facts: dict[str, Any] = {"full_name": " ".join(form.get("full_name", "").split()), "email": form.get("email", "")}
    if not 2 <= len(facts["full_name"]) <= 255:
        fields["full_name"] = _("Isi nama lengkap.")
    try:
        services.clean_email(facts["email"])
    except Invalid as refusal:
        fields |= refusal.fields
    if person is None or person.employee is not None:
        _read_employee(form, facts, fields, person)
    if fields:
        raise Invalid(fields=fields)
    return facts


def _read_employee(form: Any, facts: dict[str, Any], fields: dict[str, Any], person: User | None) -> None:
    typed = form.get("nip", "")
    reading = nip.read(typed, clock.today()) if typed.strip() else None
    if reading is not None and reading.errors:
        fields["nip"] = " ".join(str(message) for message in reading.errors)
    facts["nip"] = reading.digits if reading else None
    for name, allowed in (("employment_type", EmploymentType), ("position_type", PositionType)):
        facts[name] = form.get(name, "")
        if facts[name] not in set(allowed):
            fields[name] = _("Pilih dari daftar.")
    for name, longest in (("position", 255), ("grade_code", 8), ("position_tier", 40)):
        facts[name] = " ".join(form.get(name, "").split())
        if len(facts[name]) > longest:
            fields[name] = _("Paling panjang %(n)d karakter.", n=longest)
        if name != "position":
            facts[name] = facts[name] or None
    chosen = number_from(form.get("org_unit_id"))
    keeps = person is not None and person.employee is not None and person.employee.org_unit_id == chosen
    if chosen is None or (not keeps and not db.session.scalar(
        select(OrgUnit.id).where(OrgUnit.id == chosen, OrgUnit.valid_to.is_(None), OrgUnit.id.in_(visible_unit_ids(viewer(), MANAGE_PEOPLE)))
    )):
        fields["org_unit_id"] = _("Pilih unit yang berlaku dari daftar.")
    facts["org_unit_id"] = chosen
    facts["supervisor_id"] = None
    if typed := " ".join(form.get("supervisor", "").split()):
        current = person.employee.supervisor_id if person is not None and person.employee is not None else None
        supervisor = get_user(current) if current and typed == " ".join(_known_as(get_user(current)).split()) else find_user_by_identifier(typed)
        if supervisor is None:
            fields["supervisor"] = _("Tidak ada akun dengan NIP atau surel ini.")
        else:
            facts["supervisor_id"] = supervisor.id
    facts["active"] = "active" in form


@bp.post("/kelola/pegawai/<int:user_id>/kode")
@requires(ISSUE_CODES)
def issue_code(user_id: int) -> Any:
    """Show a one-time code, once, to the admin who hands it over."""
    actor = viewer()
    with transaction():
        person = get_visible_user(actor, ISSUE_CODES, user_id)
        code, until = codes.issue_code_by_admin(actor, person)
        name = person.full_name
    return render_template("people/issued_code.html", name=name, user_id=user_id, code=codes.written(code), until=until), 200, {"Cache-Control": "no-store"}


@bp.post("/kelola/pegawai/<int:user_id>/nonaktif")
@requires(MANAGE_PEOPLE)
def disable_person(user_id: int) -> Any:
    actor = viewer()
    with transaction():
        services.disable_user(actor, get_visible_user(actor, MANAGE_PEOPLE, user_id))
    flash(_("Akun dinonaktifkan dan dikeluarkan dari semua perangkat."), "success")
    return redirect(f"/kelola/pegawai/{user_id}", 303)


@bp.post("/kelola/pegawai/<int:user_id>/aktif")
@requires(MANAGE_PEOPLE)
def enable_person(user_id: int) -> Any:
    actor = viewer()
    with transaction():
        services.enable_user(actor, get_visible_user(actor, MANAGE_PEOPLE, user_id))
    flash(_("Akun aktif kembali."), "success")
    return redirect(f"/kelola/pegawai/{user_id}", 303)


@bp.post("/kelola/pegawai/<int:user_id>/verifikasi/mati")
@requires(GRANT_ROLES)
def switch_off_second_factor_of(user_id: int) -> Any:
    """For somebody who lost phone and recovery codes; only after seeing the person."""
    actor = viewer()
    with transaction():
        person = get_visible_user(actor, GRANT_ROLES, user_id)
        services.refuse_rescue(actor, person)
        second_factors.switch_off(person, actor.id)
    flash(_("Verifikasi dua langkah akun ini dimatikan."), "success")
    return redirect(f"/kelola/pegawai/{user_id}", 303)


@bp.post("/kelola/pegawai/<int:user_id>/peran")
@requires(GRANT_ROLES)
def grant_role(user_id: int) -> Any:
    actor = viewer()
    chosen = request.form.get("role", "")
    if chosen not in set(Role):
        raise Invalid(fields={"role": _("Pilih peran dari daftar.")})
    with transaction():
        person = get_visible_user(actor, GRANT_ROLES, user_id)
        unit_id = number_from(request.form.get("org_unit_id"))
        if unit_id is not None:
            get_visible_unit(actor, GRANT_ROLES, unit_id)
        services.hand_out_role(actor, person.id, Role(chosen), unit_id)
    flash(_("Peran tersimpan."), "success")
    return redirect(f"/kelola/pegawai/{user_id}#peran", 303)


@bp.post("/kelola/pegawai/<int:user_id>/peran/<int:grant_id>/hapus")
@requires(GRANT_ROLES)
def take_back_role(user_id: int, grant_id: int) -> Any:
    actor = viewer()
    with transaction():
        get_visible_user(actor, GRANT_ROLES, user_id)
        services.take_back_role(actor, user_id, grant_id)
    flash(_("Peran dicabut."), "success")
    return redirect(f"/kelola/pegawai/{user_id}#peran", 303)

