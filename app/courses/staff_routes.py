"""The courses as BKPSDM looks after them, and the team of each."""

from __future__ import annotations

from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _

from app.courses import staff
from app.courses.addresses import course_path
from app.courses.models import Course
from app.courses.permissions import EDIT_COURSES, NAME_STAFF
from app.courses.queries import find_course, get_current_outline
from app.courses.routes import bp
from app.kernel.access import requires
from app.kernel.db import db, transaction
from app.kernel.errors import Invalid, NotFound
from app.people.queries import MOST_FOUND, find_holders
from app.people.sessions import viewer


@bp.after_request
def _keep_no_copy(response: Response) -> Response:
    """Who is in which team is not left behind in the browser of a shared computer."""
    if request.path.startswith("/kelola"):
        response.headers.setdefault("Cache-Control", "no-store")
    return response


@bp.get("/kelola/kursus")
@requires(NAME_STAFF)
def manage_page() -> Any:
    return render_template("courses/manage.html", courses=staff.list_courses(), course_path=course_path)


@bp.get("/kelola/kursus/<slug>/tim")
@requires(NAME_STAFF)
def team_page(slug: str) -> Any:
    return _team(slug)


@bp.post("/kelola/kursus/<slug>/tim/pilihan")
@requires(NAME_STAFF)
def find_for_team(slug: str) -> Any:
    """Look for people by name, by POST, so that no name stands in an address."""
    return _team(slug, looked_for=" ".join(request.form.get("cari", "").split())[:80])


@bp.post("/kelola/kursus/<slug>/tim")
@requires(NAME_STAFF)
def add_to_team(slug: str) -> Any:
    actor_id, chosen = viewer().id, request.form.get("orang", "")
    try:
        if not (chosen.isascii() and chosen.isdigit() and len(chosen) < 10):
            raise Invalid(fields={"orang": _("Pilih orangnya.")})
        with transaction():
            staff.add_to_team(_course(slug), int(chosen), request.form.get("peran", ""), actor_id)
    except Invalid as refusal:
        db.session.rollback()
        return _team(slug, message=str(next(iter(refusal.fields.values()), refusal.message))), refusal.status
    flash(_("Tim kursus tersimpan."), "success")
    return redirect(url_for("courses.team_page", slug=slug), 303)


@bp.post("/kelola/kursus/<slug>/tim/<int:user_id>/keluar")
@requires(NAME_STAFF)
def remove_from_team(slug: str, user_id: int) -> Any:
    actor_id = viewer().id
    with transaction():
        staff.remove_from_team(_course(slug), user_id, actor_id)
    flash(_("Ia tidak lagi ada di tim kursus ini. Yang sudah ia terbitkan tetap ada."), "success")
    return redirect(url_for("courses.team_page", slug=slug), 303)


def _course(slug: str) -> Course:
    course = find_course(slug)
    if course is None:
        raise NotFound
    return course


def _team(slug: str, looked_for: str | None = None, message: str | None = None) -> str:
    course = get_current_outline(slug)
    members = staff.list_team(course.course_id)
    found = find_holders(viewer(), EDIT_COURSES, looked_for, [member.user_id for member in members]) if looked_for else []
    return render_template(
        "courses/staff.html",
        course=course,
        members=members,
        roles=staff.ROLES,
        looked_for=looked_for,
        found=found,
        most=MOST_FOUND,
        message=message,
        course_path=course_path,
    )
