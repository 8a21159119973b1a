"""Progress and JP derived again from the evidence alone, and what differs from what is stored."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, select

from app.kernel import clock
from app.kernel.db import db
from app.kernel.regulation import find_rule, get_rule
from app.learning import evidence, ledger, rules
from app.learning.models import Enrollment, JpAccrual, JpCredit, LearningEvent, LessonProgress, LessonState


@dataclass(frozen=True, slots=True)
class Derived:
    """What the evidence of one person says, in the shape of the tables."""

    started: dict[int, tuple[int, datetime]]
    completed: dict[int, tuple[int, datetime]]
    courses: dict[int, datetime]
    accruals: dict[int, tuple[Any, ...]]
    credits: dict[str, tuple[Any, ...]]  # by activity


def derive(person_id: int) -> Derived:
    """Read one chain from its beginning and apply the rules of the days it speaks of."""
    derived = Derived({}, {}, {}, {}, {})
    by_day: dict[tuple[str, Any], float] = {}
    slugs: dict[str, int] = {}
    for row in db.session.scalars(select(LearningEvent).where(LearningEvent.person_id == person_id).order_by(LearningEvent.sequence)):
        if row.object_type == "course":
            slugs[row.facts.get("course", "")] = row.object_id
        if row.verb == "initialized" and row.object_type == "lesson":
            derived.started.setdefault(row.object_id, (slugs.get(row.facts.get("course", ""), 0), row.happened_at))
        elif row.verb == "completed" and row.object_type == "lesson":
            _complete_lesson(derived, row, by_day)
        elif row.verb == "completed" and row.object_type == "course":
            _complete_course(derived, row)
        elif row.verb == "attended" and "activity" in row.facts:
            _credit_activity(derived, row)
    return derived


def _complete_lesson(derived: Derived, row: LearningEvent, by_day: dict[tuple[str, Any], float]) -> None:
    facts, on = row.facts, clock.local_day(row.happened_at)
    cap = ledger.day_cap(facts["form"], on)
    counted = rules.counted_minutes(facts["minutes"], by_day.get((facts["form"], on), 0.0), cap)
    by_day[facts["form"], on] = by_day.get((facts["form"], on), 0.0) + counted
    derived.completed[row.object_id] = (facts["course_id"], row.happened_at)
    derived.accruals[row.object_id] = (
        facts["course_id"],
        facts["form"],
        on,
        facts["minutes"],
        counted,
        cap.minutes if cap else None,
        row.sequence,
    )


def _complete_course(derived: Derived, row: LearningEvent) -> None:
    facts, on = row.facts, clock.local_day(row.happened_at)
    counted = sum(entry[4] for entry in derived.accruals.values() if entry[0] == row.object_id)
    rule = get_rule(ledger.MINUTES_PER_JP, on)
    basis = (find_rule(ledger.day_cap_key(facts["form"]), on) or rule).legal_basis
    derived.courses[row.object_id] = row.happened_at
    derived.credits[ledger.course_activity(row.object_id)] = (
        row.object_id,
        facts["form"],
        facts["title"],
        min(rules.jp_of(counted, rule.value, facts["jp"]), facts.get("most", facts["jp"])),
        facts["jp"],
        counted,
        rule.value,
        basis,
        on,
        row.sequence,
        facts.get("why", ""),
    )


def _credit_activity(derived: Derived, row: LearningEvent) -> None:
    facts, on = row.facts, date.fromisoformat(row.facts["on"])
    others = sum(e[3] for key, e in derived.credits.items() if key != facts["activity"] and e[1] == facts["form"] and e[8] == on)
    day = ledger.day_limit(facts["form"], on, others)
    given = ledger.least(facts["jp"], [day] if day else [])
    derived.credits[facts["activity"]] = (
        None,
        facts["form"],
        facts["title"],
        given.jp,
        facts["worth"],
        facts["minutes"],
        get_rule(ledger.MINUTES_PER_JP, on).value,
        facts["basis"],
        on,
        row.sequence,
        given.reason or facts["why"],
    )


def stored(person_id: int) -> Derived:
    """The same, as the tables hold it now."""
    progress = db.session.scalars(select(LessonProgress).where(LessonProgress.user_id == person_id)).all()
    return Derived(
        {p.lesson_id: (p.course_id, p.started_at) for p in progress},
        {p.lesson_id: (p.course_id, p.completed_at) for p in progress if p.completed_at},
        {
            e.course_id: e.completed_at
            for e in db.session.scalars(select(Enrollment).where(Enrollment.user_id == person_id, Enrollment.completed_at.is_not(None)))
            if e.completed_at
        },
        {
            a.lesson_id: (a.course_id, a.form, a.learned_on, a.minutes, a.counted_minutes, a.day_cap_minutes, a.event_sequence)
            for a in db.session.scalars(select(JpAccrual).where(JpAccrual.user_id == person_id))
        },
        {
            c.activity: (
                *(c.course_id, c.form, c.title, c.jp, c.course_jp, c.counted_minutes, c.minutes_per_jp),
                *(c.legal_basis, c.credited_on, c.event_sequence, c.reason),
            )
            for c in db.session.scalars(select(JpCredit).where(JpCredit.user_id == person_id))
        },
    )


def differences(person_id: int) -> list[str]:
    """What the tables say otherwise than the evidence; empty when they agree."""
    found: list[str] = []
    truth, held = derive(person_id), stored(person_id)
    for name in ("completed", "courses", "accruals", "credits"):
        for key in sorted(set(getattr(truth, name)) | set(getattr(held, name))):
            if getattr(truth, name).get(key) != getattr(held, name).get(key):
                found.append(f"{name} {key}")
    return found


def rebuild(person_id: int) -> list[str]:
    """Write what the evidence says over what is stored; returns what was different. In the current transaction."""
    evidence.lock_chain(person_id)
    changed = differences(person_id)
    if not changed:
        return []
    truth = derive(person_id)
    session = db.session
    session.execute(delete(JpAccrual).where(JpAccrual.user_id == person_id))
    session.execute(delete(JpCredit).where(JpCredit.user_id == person_id))
    for lesson_id, (course_id, form, on, minutes, counted, cap, sequence) in truth.accruals.items():
        session.add(
            JpAccrual(
                user_id=person_id, course_id=course_id, lesson_id=lesson_id, form=form, learned_on=on, minutes=minutes,
                counted_minutes=counted, day_cap_minutes=cap, event_sequence=sequence,
            )
        )
    for activity, (course_id, form, title, jp, course_jp, counted, per_jp, basis, on, sequence, reason) in truth.credits.items():
        session.add(
            JpCredit(
                user_id=person_id, activity=activity, course_id=course_id, form=form, title=title, jp=jp, course_jp=course_jp,
                counted_minutes=counted, minutes_per_jp=per_jp, legal_basis=basis, credited_on=on, event_sequence=sequence, reason=reason,
            )
        )
    _rebuild_progress(person_id, truth)
    for enrollment in session.scalars(select(Enrollment).where(Enrollment.user_id == person_id)):
        enrollment.completed_at = truth.courses.get(enrollment.course_id)
    session.flush()
    return changed


def _rebuild_progress(person_id: int, truth: Derived) -> None:
    rows = {p.lesson_id: p for p in db.session.scalars(select(LessonProgress).where(LessonProgress.user_id == person_id))}
    for lesson_id, (course_id, moment) in truth.completed.items():
        row = rows.get(lesson_id)
        if row is None:
            started = truth.started.get(lesson_id, (course_id, moment))[1]
            row = LessonProgress(user_id=person_id, course_id=course_id, lesson_id=lesson_id, started_at=started, position={}, state="")
            db.session.add(row)
        row.state, row.completed_at = LessonState.COMPLETED, moment
    for lesson_id, row in rows.items():
        if lesson_id not in truth.completed:
            row.state, row.completed_at = LessonState.STARTED, None
