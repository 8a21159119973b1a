"""A supervisor's or unit admin's view of their people: courses, progress, JP of the year, what is overdue."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy import Select, and_, case, func, select

from app.courses.models import Course, CourseVersion
from app.kernel import clock
from app.kernel.access import Scope
from app.kernel.db import db
from app.kernel.errors import NotFound
from app.learning import ledger, rules
from app.learning.models import Enrollment, JpCredit, LessonProgress, LessonState
from app.learning.permissions import SEE_PROGRESS
from app.people.models import Employee, OrgUnit, User
from app.people.queries import unit_ids_below, visible_user_ids

PAGE = 50


@dataclass(frozen=True, slots=True)
class CourseLine:
    """One course of one person."""

    title: str
    slug: str
    due_on: date | None
    is_complete: bool
    share: float

    def is_overdue(self, today: date) -> bool:
        return self.due_on is not None and not self.is_complete and self.due_on < today


@dataclass(frozen=True, slots=True)
class Member:
    """One person of a team, as the table shows them."""

    user_id: int
    full_name: str
    position: str
    unit: str
    jp: int
    target: int
    courses: list[CourseLine] = field(default_factory=list)

    @property
    def open_courses(self) -> list[CourseLine]:
        return [line for line in self.courses if not line.is_complete]

    @property
    def completed_count(self) -> int:
        return sum(line.is_complete for line in self.courses)


@dataclass(frozen=True, slots=True)
class Team:
    """One page of the people, and what holds for all of them together."""

    members: list[Member]
    total: int
    overdue: int
    reached: int
    page: int
    pages: int
    year: int


def people_of(viewer: User, unit_id: int | None = None, name: str = "") -> Select[int]:
    """A SELECT of the ids of the active ASN whose progress this person may see; never their own."""
    chosen = select(User.id).join(Employee, Employee.user_id == User.id)
    chosen = chosen.where(User.id.in_(visible_user_ids(viewer, SEE_PROGRESS)), User.id != viewer.id, User.disabled_at.is_(None), Employee.active)
    if unit_id is not None:
        chosen = chosen.where(Employee.org_unit_id.in_(unit_ids_below({unit_id})))
    for word in name.split()[:6]:
        chosen = chosen.where(User.full_name.icontains(word, autoescape=True))
    return chosen


def get_member(viewer: User, user_id: int) -> User:
    """One of the people whose progress this person may see; NotFound for everybody else, as if nobody were there."""
    found = db.session.scalar(select(User).where(User.id == user_id, User.id.in_(people_of(viewer))))
    if found is None:
        raise NotFound
    return found


def in_reach(viewer: User, user_ids: Collection[int]) -> set[int]:
    """Those of these people whose progress this person may see."""
    return set(db.session.scalars(people_of(viewer).where(User.id.in_(user_ids)))) if user_ids else set()


def sees_units(viewer: User) -> bool:
    """Whether the list of units means anything to this person: a supervisor's people are few and named by the tree of offices already."""
    scope = viewer.scope_for(SEE_PROGRESS)
    return scope is not None and scope >= Scope.UNIT


def read_team(viewer: User, *, unit_id: int | None = None, name: str = "", only_overdue: bool = False, page: int = 1) -> Team:
    """Five statements, whatever the number of people."""
    today = clock.today()
    chosen = people_of(viewer, unit_id, name)
    late = _late_ids(today)
    total, overdue, reached = _count(chosen, late, today)
    shown, listed = (overdue, chosen.where(User.id.in_(late))) if only_overdue else (total, chosen)
    pages = max(1, -(-shown // PAGE))
    page = min(max(1, page), pages)
    rows = db.session.execute(_about(listed).limit(PAGE).offset((page - 1) * PAGE)).all()
    members = _members(rows, today)
    return Team(members, total, overdue, reached, page, pages, today.year)


def list_members(
    viewer: User, *, unit_id: int | None = None, name: str = "", only_overdue: bool = False, at_once: int = 100
) -> Iterator[list[Member]]:
    """Everybody of the team in the order of the page, a portion at a time: two statements for each."""
    today = clock.today()
    chosen = people_of(viewer, unit_id, name)
    rows = db.session.execute(_about(chosen.where(User.id.in_(_late_ids(today))) if only_overdue else chosen)).all()
    for start in range(0, len(rows), at_once):
        yield _members(rows[start : start + at_once], today)


def _about(chosen: Select[int]) -> Select[*tuple[Any, ...]]:
    return (
        select(User.id, User.full_name, Employee.position, OrgUnit.name, Employee.employment_type)
        .join(Employee, Employee.user_id == User.id)
        .join(OrgUnit, OrgUnit.id == Employee.org_unit_id)
        .where(User.id.in_(chosen))
        .order_by(User.full_name, User.id)
    )


def _members(rows: Sequence[Any], today: date) -> list[Member]:
    ids = [row.id for row in rows]
    jp, courses = _jp_of(ids, today.year), _courses_of(ids)
    targets = {kind: ledger.year_target(kind, today).jp for kind in {row.employment_type for row in rows}}
    return [
        Member(row.id, row.full_name, row.position, row.name, jp.get(row.id, 0), targets[row.employment_type], courses.get(row.id, [])) for row in rows
    ]


def _late_ids(today: date) -> Select[int]:
    return select(Enrollment.user_id).where(Enrollment.due_on < today, Enrollment.completed_at.is_(None))


def _count(chosen: Select[int], late: Select[int], today: date) -> tuple[int, int, int]:
    targets = {kind: ledger.year_target(kind, today).jp for kind in ("PNS", "CPNS", "PPPK", "PPPK_PW")}
    earned = (
        select(JpCredit.user_id, func.sum(JpCredit.jp).label("jp"))
        .where(JpCredit.credited_on.between(date(today.year, 1, 1), date(today.year, 12, 31)))
        .group_by(JpCredit.user_id)
        .subquery()
    )
    target = case(*[(Employee.employment_type == kind, jp) for kind, jp in targets.items()], else_=targets["PNS"])
    row = db.session.execute(
        select(
            func.count(),
            func.coalesce(func.sum(case((User.id.in_(late), 1), else_=0)), 0),
            func.coalesce(func.sum(case((earned.c.jp >= target, 1), else_=0)), 0),
        )
        .select_from(User)
        .join(Employee, Employee.user_id == User.id)
        .outerjoin(earned, earned.c.user_id == User.id)
        .where(User.id.in_(chosen))
    ).one()
    return row[0], row[1], row[2]


def _jp_of(user_ids: list[int], year: int) -> dict[int, int]:
    if not user_ids:
        return {}
    rows = db.session.execute(
        select(JpCredit.user_id, func.sum(JpCredit.jp))
        .where(JpCredit.user_id.in_(user_ids), JpCredit.credited_on.between(date(year, 1, 1), date(year, 12, 31)))
        .group_by(JpCredit.user_id)
    )
    return {user_id: int(jp) for user_id, jp in rows}


def _courses_of(user_ids: list[int]) -> dict[int, list[CourseLine]]:
    """What each person takes: open courses first, the nearest date on top."""
    found: dict[int, list[CourseLine]] = {}
    if not user_ids:
        return found
    done = (
        select(LessonProgress.user_id, LessonProgress.course_id, func.count().label("lessons"))
        .where(LessonProgress.user_id.in_(user_ids), LessonProgress.state == LessonState.COMPLETED)
        .group_by(LessonProgress.user_id, LessonProgress.course_id)
        .subquery()
    )
    rows = db.session.execute(
        select(Enrollment.user_id, CourseVersion.title, Course.slug, Enrollment.due_on, Enrollment.completed_at, done.c.lessons, CourseVersion.lesson_count)
        .join(Course, Course.id == Enrollment.course_id)
        .join(CourseVersion, CourseVersion.id == Course.current_version_id)
        .outerjoin(done, and_(done.c.user_id == Enrollment.user_id, done.c.course_id == Enrollment.course_id))
        .where(Enrollment.user_id.in_(user_ids))
    )
    for user_id, title, slug, due_on, completed_at, lessons, whole in rows:
        share = 1.0 if completed_at else rules.percent(lessons or 0, whole) / 100
        found.setdefault(user_id, []).append(CourseLine(title, slug, due_on, completed_at is not None, share))
    for lines in found.values():
        lines.sort(key=lambda line: (line.is_complete, line.due_on or date.max, line.title))
    return found
