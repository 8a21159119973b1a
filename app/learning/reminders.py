"""Reminders of deadlines: 7, 3 and 1 days before, and the day after. In working hours only, each once, none after completion.

A stage that begins on a free day is told on the next working day, with the days that are really left. A stage that lies before the person
was told of the assignment is left out: nobody hears "seven days left" in the hour in which the course was assigned five days ahead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select

from app.courses.addresses import course_path
from app.courses.models import Course, CourseVersion
from app.kernel import clock
from app.kernel.db import db, transaction
from app.kernel.jobs import job
from app.learning.assignments import assigned_key
from app.learning.models import Enrollment
from app.notifications.calendar import working_moment
from app.notifications.models import Notification
from app.notifications.services import notify
from app.ui.formats import tanggal

STAGES = (7, 3, 1, -1)  # days before the date on which a stage begins; -1 is the day after
OVERDUE_TOLD_WITHIN = timedelta(days=7)  # long holidays; later than that it stands on the home page, and nobody is mailed any more
AT_ONCE = 5
KIND = "assignment"


@dataclass(frozen=True, slots=True)
class Due:
    """One course of one person with a date, not completed."""

    enrollment_id: int
    user_id: int
    due_on: date
    enrolled_on: date
    title: str
    slug: str


def stage_on(due_on: date, today: date) -> int | None:
    """The stage a date is in on a day; None before the first."""
    left = (due_on - today).days
    begun = [stage for stage in STAGES if left <= stage]
    return begun[-1] if begun else None


def begins_on(due_on: date, stage: int) -> date:
    return due_on - timedelta(days=stage)


def key_of(enrollment_id: int, due_on: date, stage: int) -> str:
    return f"due:{enrollment_id}:{due_on}:{stage}"


def keys_of(enrollment_id: int, due_on: date) -> list[str]:
    return [key_of(enrollment_id, due_on, stage) for stage in STAGES]


@job("learning.remind_of_deadlines", every=timedelta(hours=1))
def remind_of_deadlines() -> None:
    """Send what is due now. Outside working hours nothing happens; the run of the next working morning finds the same."""
    now = clock.now()
    if working_moment(now) != now:
        return
    today = clock.today()
    last = 0
    while True:
        page = list_due(today, after_id=last)
        if not page:
            break
        last = page[-1].enrollment_id
        waiting = untold(page, today)
        db.session.rollback()
        for start in range(0, len(waiting), AT_ONCE):
            with transaction():
                for due in waiting[start : start + AT_ONCE]:
                    _remind(due, today)


def list_due(today: date, after_id: int = 0, most: int = 500) -> list[Due]:
    """A page of the open courses whose date is near or just over, by enrollment."""
    rows = db.session.execute(
        select(Enrollment.id, Enrollment.user_id, Enrollment.due_on, Enrollment.enrolled_at, CourseVersion.title, Course.slug)
        .join(Course, Course.id == Enrollment.course_id)
        .join(CourseVersion, CourseVersion.id == Course.current_version_id)
        .where(
            Enrollment.id > after_id,
            Enrollment.completed_at.is_(None),
            Enrollment.due_on.between(today - OVERDUE_TOLD_WITHIN, today + timedelta(days=max(STAGES))),
        )
        .order_by(Enrollment.id)
        .limit(most)
    )
    return [Due(row[0], row[1], row[2], clock.local_day(row[3]), row[4], row[5]) for row in rows]  # type: ignore[arg-type]


def untold(page: Sequence[Due], today: date) -> list[Due]:
    """Those whose stage of today was not told, and began after they knew of the date; one statement."""
    wanted = {}
    for due in page:
        stage = stage_on(due.due_on, today)
        if stage is not None:
            wanted[due.enrollment_id] = (key_of(due.enrollment_id, due.due_on, stage), assigned_key(due.enrollment_id, due.due_on), stage)
    keys = [key for pair in wanted.values() for key in pair[:2]]
    told = dict(db.session.execute(select(Notification.key, Notification.due_at).where(Notification.key.in_(keys))).all())
    found = []
    for due in page:
        if due.enrollment_id not in wanted:
            continue
        reminder, assignment, stage = wanted[due.enrollment_id]
        knew_on = clock.local_day(told[assignment]) if assignment in told else due.enrolled_on
        if reminder not in told and begins_on(due.due_on, stage) > knew_on:
            found.append(due)
    return found


def _remind(due: Due, today: date) -> None:
    """Tell one person, unless they completed the course or got another date in this very moment."""
    still = select(Enrollment.id).where(Enrollment.id == due.enrollment_id, Enrollment.completed_at.is_(None), Enrollment.due_on == due.due_on)
    stage = stage_on(due.due_on, today)
    if stage is None or db.session.scalar(still) is None:
        return
    left = (due.due_on - today).days

    def title() -> str:
        if left < 0:
            return _("Tenggat terlewat: %(title)s", title=due.title)
        if left == 0:
            return _("Tenggat hari ini: %(title)s", title=due.title)
        return ngettext("Tenggat %(num)d hari lagi: %(title)s", "Tenggat %(num)d hari lagi: %(title)s", left, title=due.title)

    def body() -> str:
        day = tanggal(due.due_on, "penuh")
        if left < 0:
            return _("Tenggatnya %(day)s. Kursus masih terbuka dan JP-nya tetap dihitung bila Anda menyelesaikannya.", day=day)
        return _("Kursus ini perlu selesai paling lambat %(day)s. Lanjutkan dari tempat Anda berhenti.", day=day)

    notify(due.user_id, KIND, title, body, course_path(due.slug), key=key_of(due.enrollment_id, due.due_on, stage))
