"""The front page, the learner's home, the record, the site search."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from app.courses.queries import list_catalogue
from app.home import finding, overview, proofs
from app.home.record import count_attempts, list_attempts
from app.kernel import clock
from app.kernel.access import Role, Scope, may, permission, public, requires
from app.kernel.db import transaction
from app.kernel.errors import NotAllowed, NotFound
from app.kernel.http import LARGEST_ROW_NUMBER, page_asked
from app.learning import ledger, queries, team
from app.learning.permissions import ASSIGN, LEARN, SEE_PROGRESS
from app.people import audit
from app.people.models import User
from app.people.sessions import viewer
from app.ui.navigation import nav_items
from app.webinars import listing

MOST_WEBINARS = 3
bp = Blueprint("home", __name__, template_folder="templates")

MANAGE = permission("home.manage", {role: Scope.SELF for role in Role if role is not Role.LEARNER})  # each page under it has its own

GREETINGS = {
    "pagi": _l("Selamat pagi, %(name)s."),
    "siang": _l("Selamat siang, %(name)s."),
    "sore": _l("Selamat sore, %(name)s."),
    "malam": _l("Selamat malam, %(name)s."),
}


@bp.get("/")
@public
def front() -> Any:
    if current_user.is_authenticated:
        return redirect(url_for(".home"))
    return render_template("home/front.html", entries=list_catalogue(), webinars=listing.upcoming(None, MOST_WEBINARS))


@bp.get("/beranda")
@requires(LEARN)
def home() -> Any:
    taken = queries.list_courses_taken(current_user.id)
    going_on = overview.continue_with(current_user.id, taken)
    current_slug = going_on.standing.course.slug if going_on else None
    others = [item for item in taken if item.completed_at is None and item.course.slug != current_slug]
    return render_template(
        "home/home.html",
        greeting=str(GREETINGS[overview.part_of_day(clock.now())]) % {"name": (current_user.full_name.split(",")[0].split() or [current_user.full_name])[0]},
        today=clock.today(),
        jp=overview.year_of_jp(viewer()),
        cap=ledger.day_cap("E_LEARNING", clock.today()),
        going_on=going_on,
        others=others[: overview.MOST_OTHER_COURSES],
        deadlines=overview.deadlines(taken, clock.today()),
        suggestions=overview.suggestions(taken),
        webinars=listing.next_for(current_user.id, MOST_WEBINARS),
        has_finished=any(item.completed_at for item in taken),
    )


@bp.get("/rekam-jejak")
@requires(LEARN)
def record() -> Any:
    return render_template("home/record.html", own=True, **_record_of(viewer()))


@bp.get("/tim/<int:user_id>")
@requires(SEE_PROGRESS)
def member(user_id: int) -> Any:
    """The record of one person in reach: for whoever answers for their learning. Each look is written down."""
    person = team.get_member(viewer(), user_id)
    shown = _record_of(person)
    with transaction():
        audit.note(viewer().id, "learning.progress_seen", ("user", user_id))
    answer = make_response(render_template("home/member.html", own=False, person=person, may_assign=may(ASSIGN), **shown))
    answer.headers["Cache-Control"] = "no-store"
    return answer


@bp.get("/rekam-jejak/bukti")
@requires(LEARN)
def own_proofs() -> Any:
    """The signed-in person's evidence: every fact with its number, and whether it is whole."""
    return render_template("home/proofs.html", own=True, person=viewer(), log=_proofs_of(viewer()), endpoint="home.own_proofs", args={})


@bp.get("/tim/<int:user_id>/bukti")
@requires(SEE_PROGRESS)
def member_proofs(user_id: int) -> Any:
    """The evidence of one person in reach; each look is written down."""
    person = team.get_member(viewer(), user_id)
    shown = _proofs_of(person)
    with transaction():
        audit.note(viewer().id, "learning.progress_seen", ("user", user_id))
    page = render_template("home/proofs.html", own=False, person=person, log=shown, endpoint="home.member_proofs", args={"user_id": user_id})
    answer = make_response(page)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _proofs_of(person: User) -> proofs.Page:
    """The page that the address asks for, or the one on which the proof `nomor` stands."""
    number = request.args.get("nomor", type=int)
    return proofs.read(person.id, page_asked(), number if number is None else min(max(number, 0), LARGEST_ROW_NUMBER))


def _record_of(person: User) -> dict[str, Any]:
    """What a record page shows of a person, for the year in the address. Raises NotFound for a year that cannot be."""
    year = request.args.get("tahun", type=int) or clock.today().year
    if not 2000 <= year <= clock.today().year:
        raise NotFound
    taken = queries.list_courses_taken(person.id)
    jp = overview.year_of_jp(person, year)
    running = [item.course.course_id for item in taken if item.completed_at is None]
    years = {clock.today().year, *(clock.local_day(item.completed_at).year for item in taken if item.completed_at)}
    return {
        "jp": jp,
        "years": sorted(years, reverse=True),
        "accruals": queries.accruals_by_course(person.id, {*(entry.course_id for entry in jp.credits if entry.course_id), *running}),
        "taken": taken,
        "titles": {lesson.lesson_id: lesson.title for item in taken for lesson in item.course.lessons},
        "counted": queries.counted_minutes_by_course(person.id),
        "attempts": list_attempts(person.id),
        "attempt_count": count_attempts(person.id),
        "course_titles": {item.course.slug: item.course.title for item in taken},
        "is_pppk": bool(person.employee and person.employee.employment_type.startswith("PPPK")),
        "today": clock.today(),
    }


@bp.get("/kelola")
@requires(MANAGE)
def manage() -> Any:
    """The first page that this person manages. Raises NotAllowed for who manages nothing."""
    ways = nav_items("manage")
    if not ways:
        raise NotAllowed
    return redirect(ways[0].url)


@bp.get("/cari")
@public
def search() -> Any:
    text = request.args.get("q", "").strip()[:200]
    return render_template("home/search.html", text=text, found=finding.find(current_user, text) if text else None)
