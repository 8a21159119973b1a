"""What people do here: enrol, open a lesson, stop somewhere, complete. Functions flush and never commit."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select, update

from app.courses.outline import CourseOutline, LessonOutline
from app.kernel import clock, events
from app.kernel.db import db, insert_into
from app.kernel.errors import Conflict, DomainError, Invalid
from app.kernel.regulation import get_rule
from app.learning import evidence, ledger, queries, reading, slots
from app.learning.events import ActivityCredited, CourseCompleted, Enrolled, LessonCompleted
from app.learning.models import Enrollment, EnrollmentSource, JpCredit, LessonProgress, LessonState
from app.people.models import User
from app.ui.formats import angka


def enrol(
    user: User, course: CourseOutline, *, assigned_by: User | None = None, due_on: date | None = None, source: str = "web"
) -> tuple[Enrollment, bool]:
    """Take a course, once: a second call (a double click, two tabs in the same second) finds the first and answers False.

    Raises Conflict when the course asks for other courses first.
    """
    missing = queries.missing_prerequisites(user.id, course)
    if missing and assigned_by is None:
        raise Conflict(_("Selesaikan dulu: %(courses)s.", courses=", ".join(title for _slug, title in missing)), code="prerequisites")
    unit = user.employee.org_unit if user.employee else None
    made = db.session.execute(
        insert_into(Enrollment)
        .values(
            user_id=user.id,
            course_id=course.course_id,
            source=EnrollmentSource.ASSIGNED if assigned_by else EnrollmentSource.SELF,
            assigned_by_id=assigned_by.id if assigned_by else None,
            due_on=due_on,
            org_unit_id=unit.id if unit else None,
            org_unit_name=unit.name if unit else None,
            enrolled_at=clock.now(),
        )
        .on_conflict_do_nothing()
        .returning(Enrollment.id)
    ).scalar()
    enrollment = db.session.scalars(select(Enrollment).where(Enrollment.user_id == user.id, Enrollment.course_id == course.course_id)).one()
    if made is None:
        if assigned_by and enrollment.completed_at is None:
            until = due_on or enrollment.due_on  # being assigned once more without a date keeps the date there is
            if (enrollment.source, enrollment.due_on) != (EnrollmentSource.ASSIGNED, until):
                enrollment.source, enrollment.assigned_by_id, enrollment.due_on = EnrollmentSource.ASSIGNED, assigned_by.id, until
                _announce_enrollment(user, course, assigned_by, until)
        return enrollment, False
    evidence.append(
        user.id,
        "registered",
        "course",
        course.course_id,
        source=source,
        facts={"course": course.slug, "version": course.number, "source": str(enrollment.source), "due_on": due_on.isoformat() if due_on else None},
        personal={"unit": unit.name if unit else None, "assigned_by": assigned_by.full_name if assigned_by else None},
    )
    _announce_enrollment(user, course, assigned_by, due_on)
    return enrollment, True


def _announce_enrollment(user: User, course: CourseOutline, assigned_by: User | None, due_on: date | None) -> None:
    events.record(Enrolled(user.id, course.course_id, assigned_by.id if assigned_by else None, due_on))


def open_lesson(user_id: int, course: CourseOutline, lesson: LessonOutline, source: str = "web") -> None:
    """The first time a lesson is opened starts it (and its reading clock); every time is remembered as the place to go on."""
    started = db.session.execute(
        insert_into(LessonProgress)
        .values(
            user_id=user_id,
            course_id=course.course_id,
            lesson_id=lesson.lesson_id,
            state=LessonState.STARTED,
            started_at=clock.now(),
            position={},
        )
        .on_conflict_do_nothing()
        .returning(LessonProgress.id)
    ).scalar()
    if started is not None:
        evidence.append(
            user_id, "initialized", "lesson", lesson.lesson_id, source=source, facts={"course": course.slug, "lesson": lesson.key, "version": course.number}
        )
    remember_place(user_id, course, lesson)


def remember_place(user_id: int, course: CourseOutline, lesson: LessonOutline) -> None:
    """Note the lesson a person is in now as the place to go on."""
    db.session.execute(
        update(Enrollment)
        .where(Enrollment.user_id == user_id, Enrollment.course_id == course.course_id)
        .values(last_lesson_id=lesson.lesson_id, last_seen_at=clock.now())
    )


def complete_lesson(
    user_id: int,
    course: CourseOutline,
    lesson: LessonOutline,
    *,
    happened_at: datetime | None = None,
    source: str = "web",
    facts: dict[str, Any] | None = None,
) -> bool:
    """Complete a lesson, once: write the evidence, count its minutes on its day, and finish the course when it was the last one.

    False when it was complete before. The caller has checked that the lesson is open to the person and that nothing is missing.
    """
    evidence.lock_chain(user_id)
    progress = db.session.scalar(
        select(LessonProgress).where(LessonProgress.user_id == user_id, LessonProgress.lesson_id == lesson.lesson_id).with_for_update()
    )
    if progress is not None and progress.state == LessonState.COMPLETED:
        return False
    moment = happened_at or clock.now()
    if progress is None:
        progress = LessonProgress(user_id=user_id, course_id=course.course_id, lesson_id=lesson.lesson_id, started_at=moment, state="", position={})
        db.session.add(progress)
    progress.state, progress.completed_at = LessonState.COMPLETED, moment
    event = evidence.append(
        user_id,
        "completed",
        "lesson",
        lesson.lesson_id,
        happened_at=moment,
        source=source,
        facts={
            "course": course.slug,
            "course_id": course.course_id,
            "lesson": lesson.key,
            "version": course.number,
            "minutes": lesson.minutes,
            "form": course.form,
        }
        | (facts or {}),
    )
    ledger.accrue(user_id, course, lesson, clock.local_day(moment), event.sequence)
    events.record(LessonCompleted(user_id, course.course_id, lesson.lesson_id, moment))
    _complete_course_if_done(user_id, course, moment, source)
    return True


def _complete_course_if_done(user_id: int, course: CourseOutline, moment: datetime, source: str) -> None:
    db.session.flush()
    done = queries.completed_lesson_ids(user_id, course.course_id)
    if any(lesson.lesson_id not in done for lesson in course.lessons):
        return
    enrollment = db.session.scalar(
        select(Enrollment).where(Enrollment.user_id == user_id, Enrollment.course_id == course.course_id).with_for_update()
    )
    if enrollment is None or enrollment.completed_at is not None:
        return
    enrollment.completed_at = moment
    limit = ledger.limit_of(user_id, course, clock.local_day(moment))
    event = evidence.append(
        user_id,
        "completed",
        "course",
        course.course_id,
        happened_at=moment,
        source=source,
        facts={"course": course.slug, "version": course.number, "title": course.title, "jp": course.jp, "form": course.form}
        | ({"most": limit.jp, "why": limit.reason} if limit.reason else {}),
    )
    entry = ledger.credit(user_id, course, clock.local_day(moment), event.sequence, limit)
    events.record(CourseCompleted(user_id, course.course_id, moment, entry.jp))


def credit_activity(
    user_id: int,
    key: str,
    form: str,
    title: str,
    jp: int,
    minutes: float,
    on: date,
    legal_basis: str | None = None,
    facts: dict[str, Any] | None = None,
    *,
    worth: int | None = None,
    reason: str = "",
    happened_at: datetime | None = None,
    source: str = "web",
) -> JpCredit | None:
    """Write an activity that is no course (`webinar:12`) into the evidence and the ledger: once, however often it is asked for.

    `jp` is what the person is to get of what it is `worth`. Asked again with another number, a new fact is added to the chain and the
    entry follows it, with the `reason`; nothing is written when nothing changes, nor for somebody who gets nothing and never had anything.
    """
    evidence.lock_chain(user_id)
    held = ledger.find_credit_of(user_id, key)
    if held is None and jp <= 0:
        return None
    asked = ledger.least(jp, [(limit(user_id, key, jp), why) for limit, why in slots.ACTIVITY_LIMITS])
    day = ledger.day_limit(form, on, ledger.jp_of_others(user_id, key, form, on))
    given = ledger.least(asked.jp, [day] if day else [])
    if held is not None and held.jp == given.jp:
        return held
    before = held.jp if held else 0
    kind, _colon, number = key.partition(":")
    basis = legal_basis or ledger.activity_basis(form, on)
    per_jp = get_rule(ledger.MINUTES_PER_JP, on).value
    known = {"activity": key, "title": title, "form": form, "jp": asked.jp, "worth": worth or jp, "minutes": minutes, "on": on.isoformat()}
    why = asked.reason or reason
    event = evidence.append(
        user_id, "attended", kind, int(number), happened_at=happened_at, source=source, facts=known | {"basis": basis, "why": why} | (facts or {})
    )
    if held is None:
        held = JpCredit(user_id=user_id, activity=key, course_id=None)
        db.session.add(held)
    held.form, held.title, held.jp, held.course_jp, held.counted_minutes = form, title, given.jp, worth or jp, minutes
    held.minutes_per_jp, held.legal_basis, held.credited_on = per_jp, basis, on
    held.event_sequence, held.reason = event.sequence, given.reason or why
    db.session.flush()
    events.record(ActivityCredited(user_id, key, title, given.jp, before, event.sequence))
    return held


class TooEarly(DomainError):
    """A text was marked as read faster than anyone reads."""

    status, code = 409, "too_early"


def mark_read(user_id: int, course: CourseOutline, lesson: LessonOutline, started_at: datetime) -> bool:
    """Complete a text the learner says they have read. Raises TooEarly with the seconds that are left."""
    evidence.lock_chain(user_id)  # two texts marked in the same moment cannot share the same time
    if left := reading.seconds_left(user_id, lesson, started_at):
        raise TooEarly(
            _(
                "Terlalu cepat untuk dihitung: bacaan ini diperkirakan %(minutes)s menit. Anda dapat menandainya selesai %(seconds)s detik lagi. "
                "Waktu yang sama hanya dihitung untuk satu bacaan.",
                minutes=angka(lesson.minutes),
                seconds=left,
            ),
            seconds_left=left,
        )
    return complete_lesson(user_id, course, lesson)


def keep_position(user_id: int, lesson_id: int, position: dict[str, Any]) -> None:
    """Remember where a person stopped, for every device. Only plain numbers under the known names are kept."""
    kept = {
        name: round(float(value), 3)
        for name, value in position.items()
        if name in {"seconds", "part", "page"} and isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e7
    }
    if not kept:
        raise Invalid(_("Posisi tidak dapat dibaca."), code="bad_position")
    db.session.execute(
        update(LessonProgress)
        .where(LessonProgress.user_id == user_id, LessonProgress.lesson_id == lesson_id)
        .values(position=kept, position_at=clock.now())
    )


