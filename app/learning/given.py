"""What a person has assigned, and how far those people are: the lists and pages of the assigner."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, and_, case, func, select
from sqlalchemy.orm import aliased

from app.courses.models import Course, CourseVersion
from app.kernel.db import db
from app.kernel.errors import NotFound
from app.learning.models import Assignment, AssignmentPerson, Enrollment, LessonProgress, LessonState
from app.people.models import Employee, OrgUnit, User


@dataclass(frozen=True, slots=True)
class Given:
    """An assignment as its assigner sees it in a list, with how far it and its people are."""

    id: int
    slug: str
    title: str
    due_on: date | None
    reason: str
    created_at: datetime
    withdrawn_at: datetime | None
    people: int
    pending: int
    completed: int

    @property
    def carried(self) -> int:
        return self.people - self.pending


def _given() -> Select[*tuple[Any, ...]]:
    done = aliased(Enrollment)
    return (
        select(
            Assignment.id,
            Course.slug,
            CourseVersion.title,
            Assignment.due_on,
            Assignment.reason,
            Assignment.created_at,
            Assignment.withdrawn_at,
            func.count(AssignmentPerson.user_id),
            func.coalesce(func.sum(case((AssignmentPerson.pending, 1), else_=0)), 0),
            func.count(done.id),
        )
        .join(Course, Course.id == Assignment.course_id)
        .join(CourseVersion, CourseVersion.id == Course.current_version_id)
        .join(AssignmentPerson, AssignmentPerson.assignment_id == Assignment.id)
        .outerjoin(
            done, and_(done.user_id == AssignmentPerson.user_id, done.course_id == Assignment.course_id, done.completed_at.is_not(None))
        )
        .group_by(Assignment.id, Course.slug, CourseVersion.title)
    )


def list_given(assigner_id: int, most: int = 50) -> list[Given]:
    """A person's assignments, the newest first; one statement."""
    rows = db.session.execute(_given().where(Assignment.assigned_by_id == assigner_id).order_by(Assignment.id.desc()).limit(most))
    return [Given(*row) for row in rows]


def get_given(assigner_id: int, assignment_id: int) -> Given:
    """One of a person's own assignments. Raises NotFound."""
    row = db.session.execute(_given().where(Assignment.assigned_by_id == assigner_id, Assignment.id == assignment_id)).first()
    if row is None:
        raise NotFound
    return Given(*row)


def titles_of(assignment_ids: Collection[int]) -> dict[int, str]:
    """What the courses of these assignments are called now."""
    rows = db.session.execute(
        select(Assignment.id, CourseVersion.title)
        .join(Course, Course.id == Assignment.course_id)
        .join(CourseVersion, CourseVersion.id == Course.current_version_id)
        .where(Assignment.id.in_(assignment_ids))
    )
    return {row.id: row.title for row in rows}


def count_outcomes(assignment_id: int) -> dict[str, int]:
    """How many people an assignment reached, by what it meant for them."""
    rows = db.session.execute(
        select(AssignmentPerson.outcome, func.count())
        .where(AssignmentPerson.assignment_id == assignment_id, AssignmentPerson.outcome.is_not(None))
        .group_by(AssignmentPerson.outcome)
    )
    return {str(outcome): count for outcome, count in rows}


@dataclass(frozen=True, slots=True)
class AssignedPerson:
    user_id: int
    full_name: str
    unit: str
    outcome: str | None
    due_on: date | None
    completed_at: datetime | None
    lessons_done: int


def list_assigned_people(assignment_id: int, page: int, page_size: int = 50) -> list[AssignedPerson]:
    """One page of an assignment's people with how far they are; one statement."""
    done = (
        select(func.count(LessonProgress.id))
        .where(
            LessonProgress.user_id == AssignmentPerson.user_id,
            LessonProgress.course_id == Assignment.course_id,
            LessonProgress.state == LessonState.COMPLETED,
        )
        .correlate(AssignmentPerson, Assignment)
        .scalar_subquery()
    )
    rows = db.session.execute(
        select(User.id, User.full_name, OrgUnit.name, AssignmentPerson.outcome, Enrollment.due_on, Enrollment.completed_at, done)
        .select_from(AssignmentPerson)
        .join(Assignment, Assignment.id == AssignmentPerson.assignment_id)
        .join(User, User.id == AssignmentPerson.user_id)
        .join(Employee, Employee.user_id == User.id)
        .join(OrgUnit, OrgUnit.id == Employee.org_unit_id)
        .outerjoin(Enrollment, and_(Enrollment.user_id == User.id, Enrollment.course_id == Assignment.course_id))
        .where(AssignmentPerson.assignment_id == assignment_id)
        .order_by(User.full_name, User.id)
        .limit(page_size)
        .offset((page - 1) * page_size)
    )
    return [AssignedPerson(*row) for row in rows]
