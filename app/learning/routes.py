"""The course page, the lesson page, and what a learner does on them."""

from __future__ import annotations

import time
from functools import lru_cache
from typing import Any

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import current_user

from app.courses.outline import CourseOutline
from app.courses.queries import get_current_outline
from app.kernel import clock
from app.kernel.access import identifies, may, public, requires
from app.kernel.db import transaction
from app.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from app.kernel.http import wants_json
from app.learning import ledger, missing, queries, rules, services, watching
from app.learning.kinds import behavior_of, video
from app.learning.missing import LessonSeat
from app.learning.permissions import ASSIGN, LEARN
from app.people.sessions import get_signed_in_id, viewer

bp = Blueprint("learning", __name__, template_folder="templates")


@bp.get("/kursus/<slug>")
@public
def course(slug: str) -> Any:
    if not current_user.is_authenticated:
        outline = get_current_outline(slug)
        return render_template("learning/course.html", course=outline, standing=queries.CourseStanding(outline, None), conditions=[], prerequisites=[])
    standing = queries.get_standing(current_user.id, slug)
    outline = standing.course
    return render_template(
        "learning/course.html",
        course=outline,
        standing=standing,
        conditions=missing.explain_course(current_user.id, standing) if standing.is_enrolled else [],
        prerequisites=queries.missing_prerequisites(current_user.id, outline) if not standing.is_enrolled else [],
        may_assign=may(ASSIGN),
        assigner=queries.assigner_of(standing),
        credit=queries.find_credit(current_user.id, outline.course_id) if standing.is_enrolled and standing.enrollment.completed_at else None,
    )


@bp.post("/kursus/<slug>/pendaftaran")
@requires(LEARN)
def create_enrollment(slug: str) -> Any:
    outline = get_current_outline(slug)
    with transaction():
        _enrollment, is_new = services.enrol(viewer(), outline)
    if is_new:
        flash(_("Anda terdaftar di %(title)s. Selamat belajar.", title=outline.title), "success")
    return redirect(url_for(".resume", slug=slug))


@bp.get("/kursus/<slug>/belajar")
@requires(LEARN)
def resume(slug: str) -> Any:
    """Where this person stopped: the lesson they were last in, or the next one when that is complete."""
    outline = get_current_outline(slug)
    standing = queries.standing_in(current_user.id, outline)
    if not standing.is_enrolled:
        return redirect(url_for(".course", slug=slug))
    lesson = standing.resume_at()
    return redirect(url_for(".lesson", slug=slug, key=lesson.key) if lesson else url_for(".course", slug=slug))


@bp.get("/kursus/<slug>/belajar/<key>")
@requires(LEARN)
def lesson(slug: str, key: str) -> Any:
    standing = queries.get_standing(current_user.id, slug)
    outline = standing.course
    chosen = outline.lesson(key)
    seat = LessonSeat(current_user.id, standing, chosen)
    if not standing.is_enrolled:
        return redirect(url_for(".course", slug=slug))
    locks = missing.explain_lock(seat)
    if locks:
        return render_template("learning/locked.html", seat=seat, course=outline, lesson=chosen, standing=standing, conditions=locks), 403
    if seat.progress is None:
        with transaction():
            services.open_lesson(current_user.id, outline, chosen)
        standing = queries.standing_in(current_user.id, outline)
        seat = LessonSeat(current_user.id, standing, chosen)
    elif standing.enrollment.last_lesson_id != chosen.lesson_id:
        with transaction():
            services.remember_place(current_user.id, outline, chosen)
    behavior, following = behavior_of(chosen.kind), outline.next(key)
    shown = behavior.context(seat)
    if "conditions" not in shown:
        shown["conditions"] = behavior.conditions(seat)
    return render_template(
        behavior.template,
        seat=seat,
        course=outline,
        lesson=chosen,
        module=outline.module(chosen.module_key),
        standing=standing,
        previous=outline.previous(key),
        upcoming=following,
        upcoming_locked=bool(following and standing.locked_by(following.key)),
        room=None if seat.is_complete else ledger.day_room(current_user.id, outline.form, clock.today()),
        **shown,
    )


def _open_seat(slug: str, key: str) -> LessonSeat:
    """The seat of the current user before a lesson that is open to them. Raises NotFound, NotAllowed or Conflict."""
    standing = queries.get_standing(current_user.id, slug)
    seat = LessonSeat(current_user.id, standing, standing.course.lesson(key))
    if not seat.standing.is_enrolled:
        raise NotAllowed(_("Ikuti kursus ini dulu; kemajuan dicatat setelah Anda terdaftar."), code="not_enrolled")
    locks = missing.explain_lock(seat)
    if locks:
        raise Conflict(locks[0].label, code="locked")
    return seat


@bp.post("/kursus/<slug>/belajar/<key>/selesai")
@requires(LEARN)
def create_completion(slug: str, key: str) -> Any:
    seat = _open_seat(slug, key)
    behavior = behavior_of(seat.lesson.kind)
    if not behavior.marked_by_reader:
        raise Conflict(_("Materi ini selesai dengan sendirinya bila syaratnya terpenuhi."), code="completes_itself")
    if seat.progress is None:
        raise Conflict(_("Buka materinya dulu."), code="not_opened")
    waiting = [c for c in behavior.conditions(seat) if c.code == "not_ready"]
    if waiting:
        raise Conflict(waiting[0].label, code="not_ready")
    try:
        with transaction():
            services.mark_read(current_user.id, seat.course, seat.lesson, seat.progress.started_at)
    except services.TooEarly as early:
        if wants_json():
            raise
        flash(str(early.message), "warning")
        return redirect(url_for(".lesson", slug=slug, key=key))
    following = seat.course.next(key)
    if wants_json():
        return jsonify(completed=True, next=url_for(".lesson", slug=slug, key=following.key) if following else None)
    return redirect(url_for(".lesson", slug=slug, key=following.key) if following else url_for(".course", slug=slug))


@bp.post("/kursus/<slug>/belajar/<key>/posisi")
@requires(LEARN)
def keep_position(slug: str, key: str) -> Any:
    seat = _open_seat(slug, key)
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise Invalid(code="bad_position")
    with transaction():
        services.keep_position(current_user.id, seat.lesson.lesson_id, body)
    return jsonify(saved=True)


@bp.get("/kursus/<slug>/kekurangan")
@requires(LEARN)
def course_conditions(slug: str) -> Any:
    """The same answer that the course page draws, for programs."""
    standing = queries.standing_in(current_user.id, get_current_outline(slug))
    return jsonify(
        course=slug, percent=standing.percent, conditions=[c.as_json() for c in missing.explain_course(current_user.id, standing)]
    )


@bp.get("/kursus/<slug>/belajar/<key>/kekurangan")
@requires(LEARN)
def lesson_conditions(slug: str, key: str) -> Any:
    outline = get_current_outline(slug)
    seat = LessonSeat(current_user.id, queries.standing_in(current_user.id, outline), outline.lesson(key))
    return jsonify(course=slug, lesson=key, done=seat.is_complete, conditions=[c.as_json() for c in missing.explain_lesson(seat)])


@bp.post("/kursus/<slug>/belajar/<key>/tontonan")
@requires(LEARN)
def create_viewing(slug: str, key: str) -> Any:
    seat = _open_seat(slug, key)
    if seat.lesson.kind != "video":
        raise NotFound
    sitting, since = watching.parse_opening(request.get_json(silent=True), current_user.id, seat.lesson.lesson_id)
    return jsonify(viewing=watching.open_viewing(current_user.id, seat.course, seat.lesson, sitting, since)), 201


OUTLINE_KEPT_SECONDS = 5


@lru_cache(maxsize=64)
def _kept_outline(slug: str, _moment: int) -> CourseOutline:
    """The course's outline for reports: a version that was published this moment may wait some seconds, because lessons stay what they are."""
    return get_current_outline(slug)


@bp.post("/kursus/<slug>/belajar/<key>/tontonan/laporan")
@identifies(LEARN)
def create_report(slug: str, key: str) -> Any:
    """Count what a player says it played. Hot: every viewer sends one each 15 seconds."""
    user_id = get_signed_in_id()
    outline = _kept_outline(slug, int(time.monotonic()) // OUTLINE_KEPT_SECONDS)
    chosen = outline.lesson(key)
    if chosen.kind != "video":
        raise NotFound
    body = request.get_json(silent=True)
    report = watching.Report.parse(body)
    whole = video.duration_ms(chosen)
    watched = watching.record_report(user_id, chosen.lesson_id, whole, report, chosen.content["coverage"])
    position = body.get("position") if isinstance(body, dict) else None
    complete = video.is_covered(chosen, watched.covered)
    reached = complete and not video.is_covered(chosen, watched.before)
    paused = isinstance(body, dict) and body.get("paused") is True  # whoever pauses may go on elsewhere
    if report.leaving or paused or reached:
        with transaction():
            if isinstance(position, int | float):
                services.keep_position(user_id, chosen.lesson_id, {"seconds": position})
            if report.leaving:
                watching.close_viewing(report.viewing_id, user_id)
            if reached:
                services.complete_lesson(user_id, outline, chosen)
    return jsonify(
        covered=watched.covered / 1000,
        percent=rules.percent(watched.covered, whole),
        refused=watched.refused / 1000,
        complete=complete,
        missing=[condition.as_json() for condition in video.describe_watching(chosen, watched.once, complete)],
        once=[[start / 1000, end / 1000] for start, end in watched.once],
        again=[[start / 1000, end / 1000] for start, end in watched.again],
    )
