"""Reactions to what learning itself announces: telling people, in the same transaction, so that no crash loses it."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.courses.addresses import course_path
from app.courses.models import Course, CourseVersion
from app.kernel import events
from app.kernel.db import db
from app.learning import reminders
from app.learning.assignments import assigned_key
from app.learning.events import ActivityCredited, CourseCompleted, Enrolled
from app.learning.models import Assignment, AssignmentPerson, Enrollment
from app.notifications.calendar import working_moment
from app.notifications.kinds import Kind, register_kind
from app.notifications.services import notify, withdraw
from app.people.models import User
from app.ui.formats import tanggal

ASSIGNMENT = Kind("assignment", _l("Penugasan dan tenggat"), _l("Kursus yang ditugaskan kepada Anda, dan pengingat sebelum tenggatnya."))
CREDIT = Kind("jp", _l("JP tercatat"), _l("Setiap kali sebuah kursus atau webinar memberi JP. Hanya di lonceng, tanpa surel."))


def tell_on_enrolled(event: Enrolled) -> None:
    """Tell a person of an assignment, once for each date: behind the bell now, by mail at the next working moment."""
    if event.assigned_by_id is None or event.assigned_by_id == event.user_id:
        return
    reason = (
        select(Assignment.reason)
        .join(AssignmentPerson, AssignmentPerson.assignment_id == Assignment.id)
        .where(
            AssignmentPerson.user_id == event.user_id, Assignment.course_id == event.course_id, Assignment.assigned_by_id == event.assigned_by_id
        )
        .order_by(Assignment.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    row = db.session.execute(
        select(Enrollment.id, Course.slug, CourseVersion.title, User.full_name, reason)
        .join(Course, Course.id == Enrollment.course_id)
        .join(CourseVersion, CourseVersion.id == Course.current_version_id)
        .join(User, User.id == Enrollment.assigned_by_id)
        .where(Enrollment.user_id == event.user_id, Enrollment.course_id == event.course_id)
    ).one()
    notify(
        event.user_id,
        ASSIGNMENT.name,
        lambda: _("Kursus untuk Anda: %(title)s", title=row.title),
        lambda: _said(row.full_name, row.title, event.due_on, row[4] or ""),
        course_path(row.slug),
        key=assigned_key(row.id, event.due_on),
        mail_after=working_moment(),
    )


def _said(assigner: str, title: str, due_on: date | None, reason: str) -> str:
    parts = [_("%(name)s menugaskan kursus “%(title)s” kepada Anda.", name=assigner, title=title)]
    if due_on:
        parts.append(_("Tenggat: %(day)s.", day=tanggal(due_on, "penuh")))
    if reason:
        parts.append(_("Alasan: %(reason)s", reason=reason))
    parts.append(_("Boleh dikerjakan sedikit demi sedikit; kemajuan Anda tersimpan."))
    return " ".join(parts)


def tell_on_course_completed(event: CourseCompleted) -> None:
    """JP in the ledger, behind the bell; and nothing more is reminded of."""
    row = db.session.execute(
        select(Enrollment.id, Enrollment.due_on, CourseVersion.title)
        .join(Course, Course.id == Enrollment.course_id)
        .join(CourseVersion, CourseVersion.id == Course.current_version_id)
        .where(Enrollment.user_id == event.user_id, Enrollment.course_id == event.course_id)
    ).one()
    if row.due_on:
        withdraw([assigned_key(row.id, row.due_on), *reminders.keys_of(row.id, row.due_on)])
    notify(
        event.user_id,
        CREDIT.name,
        lambda: _("%(jp)s JP tercatat: %(title)s", jp=event.jp, title=row.title),
        lambda: _("Kursus selesai. Dari mana angkanya tertulis di rekam jejak Anda."),
        "/rekam-jejak",
        key=f"credited:{event.user_id}:{event.course_id}",
        mail=False,
    )


def tell_on_activity_credited(event: ActivityCredited) -> None:
    """JP of a webinar in the ledger, or another number than before, behind the bell."""
    changed = event.before and event.before != event.jp
    notify(
        event.user_id,
        CREDIT.name,
        lambda: (
            _("JP diubah dari %(before)s menjadi %(jp)s: %(title)s", before=event.before, jp=event.jp, title=event.title)
            if changed
            else _("%(jp)s JP tercatat: %(title)s", jp=event.jp, title=event.title)
            if event.jp
            else _("Kehadiran tercatat tanpa JP: %(title)s", title=event.title)
        ),
        lambda: _("Dari mana angkanya tertulis di rekam jejak Anda."),
        "/rekam-jejak",
        key=f"credited:{event.user_id}:{event.activity}:{event.sequence}",
        mail=False,
    )


def subscribe() -> None:
    kinds: tuple[Any, ...] = (ASSIGNMENT, CREDIT)
    for kind in kinds:
        register_kind(kind)
    events.on(Enrolled, tell_on_enrolled)
    events.on(CourseCompleted, tell_on_course_completed)
    events.on(ActivityCredited, tell_on_activity_credited)
