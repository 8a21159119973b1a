"""The pages of those who answer for others' learning: the team, assigning a course, what was assigned."""

from __future__ import annotations

import secrets
from datetime import date
from typing import Any

from flask import Response, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from app.courses.outline import CourseOutline
from app.courses.queries import get_current_outline, list_catalogue
from app.kernel import clock
from app.kernel.access import may, requires
from app.kernel.db import db, transaction
from app.kernel.errors import Invalid, NotFound
from app.kernel.http import page_asked, wants_json
from app.learning import assignments, choosing, exporting, given, team
from app.learning.choosing import Choice
from app.learning.permissions import ASSIGN, SEE_PROGRESS
from app.learning.routes import bp
from app.people import audit
from app.people.downloads import table_answer
from app.people.models import OrgUnit, User
from app.people.name_filter import turn_away_number
from app.people.queries import get_visible_unit, list_units, visible_unit_ids
from app.people.sessions import viewer

PAGE = 50
ABOUT_OTHERS = ("/tim", "/penugasan")


@bp.after_request
def _keep_no_copy(response: Response) -> Response:
    """What is told about other people is not left behind in the browser of a shared computer."""
    if request.path.startswith(ABOUT_OTHERS) or request.path.endswith(ABOUT_OTHERS):
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _number(text: str | None) -> int | None:
    """A row's id as an address or a form writes it; None for an empty one. Raises NotFound for anything else."""
    text = (text or "").strip()
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise NotFound
    return int(text)


def _day(text: str) -> date | None:
    text = text.strip()
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid(fields={"due_on": _("Tulis tanggal sebagai tahun-bulan-hari, misalnya 2026-12-31.")}) from error


def _unit_options(units: list[OrgUnit]) -> list[tuple[int, str]]:
    """Units in the order of the tree, set in by their depth below the first."""
    depths = [unit.path.count("/") for unit in units]
    least = min(depths, default=0)
    return [(unit.id, "\u2003" * (depth - least) + unit.name) for unit, depth in zip(units, depths, strict=True)]


# ---- the team ----


@bp.get("/tim")
@requires(SEE_PROGRESS)
def team_page() -> Any:
    name, unit_id, only_overdue = _team_filters()
    if away := turn_away_number():
        return away
    page = page_asked()
    args: dict[str, Any] = {key: value for key, value in (("nama", name), ("unit", unit_id)) if value}
    return render_template(
        "learning/team.html",
        team=team.read_team(viewer(), unit_id=unit_id, name=name, only_overdue=only_overdue, page=page),
        name=name,
        unit_id=unit_id,
        units=_unit_options(list_units(clock.today(), visible_unit_ids(viewer(), SEE_PROGRESS))) if team.sees_units(viewer()) else [],
        only_overdue=only_overdue,
        args=args,
        today=clock.today(),
        may_assign=may(ASSIGN),
    )


def _team_filters() -> tuple[str, int | None, bool]:
    """Words of a name, a unit, whether only those past a date. Raises NotFound for a unit out of reach."""
    unit_id = _number(request.args.get("unit"))
    if unit_id is not None:
        get_visible_unit(viewer(), SEE_PROGRESS, unit_id)
    return " ".join(request.args.get("nama", "").split())[:80], unit_id, request.args.get("lewat") == "1"


@bp.get("/tim/ekspor.<any(csv, xlsx):kind>")
@requires(SEE_PROGRESS)
def export_team(kind: str) -> Any:
    name, unit_id, only_overdue = _team_filters()
    table = exporting.team_table(viewer(), unit_id=unit_id, name=name, only_overdue=only_overdue)
    _note_export("team", None, kind, table)
    return table_answer("tim", kind, *table)


def _note_export(what: str, object_id: int | None, kind: str, table: exporting.Table) -> None:
    with transaction():
        audit.note(viewer().id, "learning.progress_exported", (what, object_id), after={"rows": len(table[1]), "kind": kind})


# ---- assigning a course ----


@bp.get("/kursus/<slug>/penugasan")
@requires(ASSIGN)
def new_assignment(slug: str) -> Any:
    person = _number(request.args.get("orang"))
    chosen = Choice(person_ids=frozenset([person] if person else []))
    choosing.chosen_ids(viewer(), chosen)
    return _form(get_current_outline(slug), chosen, token=secrets.token_urlsafe(24))


@bp.post("/kursus/<slug>/penugasan/pilihan")
@requires(ASSIGN)
def find_for_assignment(slug: str) -> Any:
    """Look for people by name, NIP or e-mail address, by POST, so that no number stands in an address. What was chosen stays chosen."""
    return _form(get_current_outline(slug), _choice(), looked_for=request.form.get("cari", ""))


@bp.post("/kursus/<slug>/penugasan/tinjauan")
@requires(ASSIGN)
def preview_assignment(slug: str) -> Any:
    outline, choice = get_current_outline(slug), _choice()
    try:
        due_on = _day(request.form.get("due_on", ""))
        assignments.check_due(due_on)
        if choice.is_empty:
            raise Invalid(fields={"people": _("Pilih unit atau paling sedikit satu orang.")})
        found = choosing.preview(viewer(), outline.course_id, choice)
        if not found.total:
            raise Invalid(fields={"people": _("Tidak ada pegawai aktif dalam pilihan ini.")})
    except Invalid as fault:
        return _form(outline, choice, fault=fault)
    return render_template(
        "learning/assign_preview.html",
        course=outline,
        choice=choice,
        unit=db.session.get(OrgUnit, choice.unit_id) if choice.unit_id else None,
        preview=found,
        due_on=due_on,
        reason=" ".join(request.form.get("reason", "").split())[: assignments.LONGEST_REASON],
        token=_token(),
    )


@bp.post("/kursus/<slug>/penugasan")
@requires(ASSIGN)
def create_assignment(slug: str) -> Any:
    outline, choice = get_current_outline(slug), _choice()
    try:
        due_on = _day(request.form.get("due_on", ""))
        with transaction():
            assignment_id = assignments.give(viewer(), outline, choice, due_on, request.form.get("reason", ""), _token())
    except Invalid as fault:
        return _form(outline, choice, fault=fault)
    _carry_if_few(assignment_id)
    return redirect(url_for(".assignment", assignment_id=assignment_id), 303)


def _token() -> str:
    return request.form.get("token", "").strip() or secrets.token_urlsafe(24)


def _choice() -> Choice:
    people = {_number(value) for value in request.form.getlist("orang")}
    return Choice(_number(request.form.get("unit")), request.form.get("seluruh_tim") == "1", frozenset(number for number in people if number))


def _form(course: CourseOutline, choice: Choice, *, fault: Invalid | None = None, looked_for: str = "", token: str = "") -> Any:
    """The form with what was chosen so far. Raises NotFound when the choice reaches too far."""
    assigner = viewer()
    choosing.chosen_ids(assigner, choice)
    found = choosing.find_people(assigner, looked_for) if looked_for else []
    members = choosing.list_team(assigner)
    known = {person.id for person in [*found, *members]}
    chosen = choosing.list_chosen(assigner, choice.person_ids - known)
    units = choosing.list_units_in_reach(assigner)
    page = render_template(
        "learning/assign.html",
        course=course,
        choice=choice,
        units=_unit_options(units),
        team=_people_options(members),
        found=_people_options([person for person in found if person not in members]),
        chosen=_people_options(chosen),
        found_in_team=[person.full_name for person in found if person in members],
        looked_for=looked_for,
        due_on=request.form.get("due_on", ""),
        reason=request.form.get("reason", ""),
        today=clock.today(),
        faults=fault.fields if fault else {},
        message=str(fault.message) if fault and not fault.fields else "",
        token=token or _token(),
    )
    return (page, fault.status) if fault else page


def _people_options(people: list[User]) -> list[tuple[int, str, str]]:
    return [(p.id, p.full_name, f"{p.employee.position}, {p.employee.org_unit.name}" if p.employee else "") for p in people]


# ---- what was assigned ----


@bp.get("/penugasan")
@requires(ASSIGN)
def assignment_list() -> Any:
    slug, person_id = request.args.get("kursus", ""), _number(request.args.get("orang"))
    if slug:
        return redirect(url_for(".new_assignment", slug=get_current_outline(slug).slug, orang=person_id))
    return render_template(
        "learning/assignments.html",
        given=given.list_given(viewer().id),
        courses=[(entry.slug, entry.title) for entry in list_catalogue()],
        person=next(iter(choosing.list_chosen(viewer(), {person_id} if person_id else set())), None),
        today=clock.today(),
    )


@bp.get("/penugasan/<int:assignment_id>")
@requires(ASSIGN)
def assignment(assignment_id: int) -> Any:
    shown = given.get_given(viewer().id, assignment_id)
    if wants_json():
        return jsonify(people=shown.people, carried=shown.carried, pending=shown.pending)
    page = page_asked()
    pages = max(1, -(-shown.people // PAGE))
    course = get_current_outline(shown.slug)
    people = given.list_assigned_people(assignment_id, min(page, pages), PAGE)
    return render_template(
        "learning/assignment.html",
        given=shown,
        course=course,
        outcomes=given.count_outcomes(assignment_id),
        people=people,
        in_reach=team.in_reach(viewer(), [person.user_id for person in people]),
        page=min(page, pages),
        pages=pages,
        today=clock.today(),
    )


@bp.get("/penugasan/ekspor.<any(csv, xlsx):kind>")
@requires(ASSIGN)
def export_assignments(kind: str) -> Any:
    return table_answer("penugasan", kind, *exporting.given_table(viewer().id))


@bp.get("/penugasan/<int:assignment_id>/ekspor.<any(csv, xlsx):kind>")
@requires(ASSIGN)
def export_assignment(assignment_id: int, kind: str) -> Any:
    shown = given.get_given(viewer().id, assignment_id)
    table = exporting.assignment_table(shown, len(get_current_outline(shown.slug).lessons))
    _note_export("assignment", assignment_id, kind, table)
    return table_answer(f"penugasan-{assignment_id}", kind, *table)


@bp.post("/penugasan/<int:assignment_id>/tenggat")
@requires(ASSIGN)
def change_assignment_due(assignment_id: int) -> Any:
    try:
        due_on = _day(request.form.get("due_on", ""))
        if due_on is None:
            raise Invalid(fields={"due_on": _("Isi tanggal tenggat yang baru.")})
        with transaction():
            assignments.change_due(viewer().id, assignment_id, due_on)
    except Invalid as fault:
        flash(str(next(iter(fault.fields.values()), fault.message)), "error")
    else:
        flash(_("Tenggat diubah. Peserta yang belum selesai diberi tahu."), "success")
        _carry_if_few(assignment_id)
    return redirect(url_for(".assignment", assignment_id=assignment_id), 303)


@bp.post("/penugasan/<int:assignment_id>/penarikan")
@requires(ASSIGN)
def create_withdrawal(assignment_id: int) -> Any:
    with transaction():
        assignments.withdraw(viewer().id, assignment_id)
    people = _carry_if_few(assignment_id)
    flash(ngettext("Penugasan ditarik dari %(num)d orang.", "Penugasan ditarik dari %(num)d orang.", people), "success")
    return redirect(url_for(".assignment", assignment_id=assignment_id), 303)


def _carry_if_few(assignment_id: int) -> int:
    """Bring a small assignment to its people at once, and say how many they are; the worker does the large ones."""
    people = given.get_given(viewer().id, assignment_id).people
    if people <= assignments.MOST_IN_REQUEST:
        assignments.carry(assignment_id)
    return people
