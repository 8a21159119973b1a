"""From completed lessons to JP: minutes accrue on the day they were learned, hours are credited once, at the end of the course."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import bindparam, func, select

from app.courses.outline import CourseOutline, LessonOutline
from app.kernel.db import db
from app.kernel.regulation import find_rule, get_rule
from app.learning import slots
from app.learning.models import JpAccrual, JpCredit
from app.learning.rules import DayCap, counted_minutes, jp_of

MINUTES_PER_JP = "jp.minutes"
ANNUAL_TARGET = "jp.annual_target"  # by employment type
ANNUAL_CEILING = "jp.annual_ceiling"  # by employment type; advisory: warns, never cuts


def day_cap_key(form: str) -> str:
    return f"jp.day_cap.{form}"


def per_day_key(form: str) -> str:
    return f"jp.per_day.{form}"


def course_activity(course_id: int) -> str:
    """What a course is called in the ledger."""
    return f"course:{course_id}"


def day_cap(form: str, on: date) -> DayCap | None:
    """The most that counts on that day for a learning form; None where the rule sets none. The rule is in JP."""
    rule = find_rule(day_cap_key(form), on)
    if rule is None:
        return None
    return DayCap(minutes=rule.value * get_rule(MINUTES_PER_JP, on).value, legal_basis=rule.legal_basis, jp=rule.value)


def counted_on(user_id: int, form: str, on: date) -> float:
    """Minutes already counted for a person on a day, over all courses of the form."""
    return db.session.scalar(
        select(func.coalesce(func.sum(JpAccrual.counted_minutes), 0.0)).where(
            JpAccrual.user_id == user_id, JpAccrual.learned_on == on, JpAccrual.form == form
        )
    ) or 0.0


@dataclass(frozen=True, slots=True)
class DayRoom:
    """What still counts today, and whether one more lesson would pass it: told to the learner before, not after."""

    cap: DayCap | None
    counted: float

    @property
    def left(self) -> float | None:
        return None if self.cap is None else max(0.0, self.cap.minutes - self.counted)

    def loses(self, minutes: float) -> float:
        """Minutes that would not count if a lesson of that many were completed now."""
        return 0.0 if self.left is None else max(0.0, minutes - self.left)


def day_room(user_id: int, form: str, on: date) -> DayRoom:
    return DayRoom(day_cap(form, on), counted_on(user_id, form, on))


def accrue(user_id: int, course: CourseOutline, lesson: LessonOutline, on: date, sequence: int) -> JpAccrual:
    """Count a completed lesson's minutes on its day. Call under the person's locked chain: two lessons cannot share the same room."""
    cap = day_cap(course.form, on)
    row = JpAccrual(
        user_id=user_id,
        course_id=course.course_id,
        lesson_id=lesson.lesson_id,
        form=course.form,
        learned_on=on,
        minutes=lesson.minutes,
        counted_minutes=counted_minutes(lesson.minutes, counted_on(user_id, course.form, on), cap),
        day_cap_minutes=cap.minutes if cap else None,
        event_sequence=sequence,
    )
    db.session.add(row)
    db.session.flush()
    return row


@dataclass(frozen=True, slots=True)
class Limit:
    """The JP that may be written, and the code of what set it; no reason: all that was asked for."""

    jp: int
    reason: str = ""


def least(jp: int, limits: Iterable[tuple[int, str]]) -> Limit:
    """The smallest of what was asked for and what each limit leaves, never below nothing."""
    found = Limit(jp)
    for most, reason in limits:
        if most < found.jp:
            found = Limit(max(0, most), reason)
    return found


def counted_of(user_id: int, course_id: int) -> float:
    """All minutes of a course that count."""
    return db.session.scalar(
        select(func.coalesce(func.sum(JpAccrual.counted_minutes), 0.0)).where(JpAccrual.user_id == user_id, JpAccrual.course_id == course_id)
    ) or 0.0


def limit_of(user_id: int, course: CourseOutline, on: date) -> Limit:
    """What a completed course comes to, once every feature that may limit it was asked."""
    jp = jp_of(counted_of(user_id, course.course_id), get_rule(MINUTES_PER_JP, on).value, course.jp)
    return least(jp, [(limit(user_id, course.course_id, jp), reason) for limit, reason in slots.JP_LIMITS])


def credit(user_id: int, course: CourseOutline, on: date, sequence: int, limit: Limit) -> JpCredit:
    """Write the course into the ledger, with the JP its counted minutes make, or what a limit leaves of them."""
    rule = get_rule(MINUTES_PER_JP, on)
    cap_rule = find_rule(day_cap_key(course.form), on)
    row = JpCredit(
        user_id=user_id,
        activity=course_activity(course.course_id),
        course_id=course.course_id,
        form=course.form,
        title=course.title,
        jp=limit.jp,
        course_jp=course.jp,
        counted_minutes=counted_of(user_id, course.course_id),
        minutes_per_jp=rule.value,
        legal_basis=(cap_rule or rule).legal_basis,
        credited_on=on,
        event_sequence=sequence,
        reason=limit.reason,
    )
    db.session.add(row)
    db.session.flush()
    return row


def find_credit_of(user_id: int, activity: str) -> JpCredit | None:
    """The ledger's entry for an activity (`webinar:12`), when there is one."""
    return db.session.scalar(select(JpCredit).where(JpCredit.user_id == user_id, JpCredit.activity == activity))


def day_limit(form: str, on: date, others: int) -> tuple[int, str] | None:
    """What a day still leaves to an activity of this form beside the JP of others; None where no rule says so."""
    rule = find_rule(per_day_key(form), on)
    return None if rule is None else (rule.value - others, "per_day")


def jp_of_others(user_id: int, activity: str, form: str, on: date) -> int:
    """JP of this form already credited on a day, this activity's own left out."""
    return db.session.scalar(
        select(func.coalesce(func.sum(JpCredit.jp), 0)).where(
            JpCredit.user_id == user_id, JpCredit.credited_on == on, JpCredit.form == form, JpCredit.activity != activity
        )
    ) or 0


def activity_basis(form: str, on: date) -> str:
    """What an activity's JP rest on: the rule of its form, else that of the hour."""
    return (find_rule(per_day_key(form), on) or get_rule(MINUTES_PER_JP, on)).legal_basis


@dataclass(frozen=True, slots=True)
class YearTarget:
    """JP a person should reach in a year, and the advisory ceiling where there is one. Without a `legal_basis` the number is a common aim:
    PP 11/2017 lays a least number down for PNS, and nothing does for PPPK."""

    jp: int
    ceiling: int | None
    legal_basis: str | None
    ceiling_basis: str | None = None


def year_target(employment_type: str | None, on: date) -> YearTarget:
    rule = get_rule(ANNUAL_TARGET, on)
    ceiling = find_rule(ANNUAL_CEILING, on)
    kind = employment_type or "PNS"
    most = ceiling.value.get(kind) if ceiling else None
    basis = None if kind.startswith("PPPK") else rule.legal_basis
    return YearTarget(rule.value.get(kind, rule.value["PNS"]), most, basis, ceiling.legal_basis if ceiling and most else None)


def credits_of_year(user_id: int, year: int) -> list[JpCredit]:
    """The ledger's entries whose activity ended in a year, oldest first."""
    return list(db.session.scalars(_CREDITS, {"user_id": user_id, "first": date(year, 1, 1), "last": date(year, 12, 31)}))


_CREDITS = (
    select(JpCredit)
    .where(JpCredit.user_id == bindparam("user_id"), JpCredit.credited_on.between(bindparam("first"), bindparam("last")))
    .order_by(JpCredit.credited_on, JpCredit.id)
)

