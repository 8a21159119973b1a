"""Whom a person may assign a course to, whom they chose, and what an assignment would mean for those people."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Select, and_, case, false, func, or_, select

from app.kernel import clock
from app.kernel.access import Scope
from app.kernel.db import db
from app.kernel.errors import NotFound
from app.learning.models import AssignmentOutcome, Enrollment
from app.learning.permissions import ASSIGN
from app.people import queries as people_queries
from app.people.models import Employee, OrgUnit, User

MOST_FOUND = 30


def reachable_ids(assigner: User) -> Select[int]:
    """A SELECT of the ids of the ASN to whom this person may assign; a supervisor's own account is no part of the team."""
    reach = select(User.id).join(Employee, Employee.user_id == User.id)
    reach = reach.where(User.id.in_(people_queries.visible_user_ids(assigner, ASSIGN)), User.disabled_at.is_(None), Employee.active)
    return reach.where(User.id != assigner.id) if assigner.scope_for(ASSIGN) == Scope.TEAM else reach


@dataclass(frozen=True, slots=True)
class Choice:
    """The people somebody chose: a unit with everything below it, their whole team, and single persons."""

    unit_id: int | None = None
    whole_team: bool = False
    person_ids: frozenset[int] = frozenset()

    @property
    def is_empty(self) -> bool:
        return self.unit_id is None and not self.whole_team and not self.person_ids


def chosen_ids(assigner: User, choice: Choice) -> Select[int]:
    """A SELECT of the chosen people's ids. Raises NotFound when the choice names a unit or a person out of reach."""
    ways = []
    if choice.unit_id is not None:
        people_queries.get_visible_unit(assigner, ASSIGN, choice.unit_id)
        ways.append(Employee.org_unit_id.in_(people_queries.unit_ids_below({choice.unit_id})))
    if choice.whole_team:
        ways.append(Employee.supervisor_id == assigner.id)
    if choice.person_ids:
        within = reachable_ids(assigner).where(User.id.in_(choice.person_ids))
        if db.session.scalar(select(func.count()).select_from(within.subquery())) != len(choice.person_ids):
            raise NotFound
        ways.append(User.id.in_(choice.person_ids))
    return reachable_ids(assigner).where(or_(*ways) if ways else false())


def find_people(assigner: User, text: str) -> list[User]:
    """People in reach by words of their name, or one by NIP or e-mail address; at most `MOST_FOUND`."""
    text = " ".join(text.split())[:254]
    if not text:
        return []
    found = select(User).where(User.id.in_(reachable_ids(assigner))).order_by(User.full_name, User.id).limit(MOST_FOUND)
    if "@" in text or sum(c.isdigit() for c in text) >= 8:
        person = people_queries.find_user_by_identifier(text)
        return list(db.session.scalars(found.where(User.id == person.id)).unique()) if person else []
    for word in text.split()[:6]:
        found = found.where(User.full_name.icontains(word, autoescape=True))
    return list(db.session.scalars(found).unique())


def list_chosen(assigner: User, person_ids: Collection[int]) -> list[User]:
    """The single persons of a choice, by name."""
    if not person_ids:
        return []
    mine = select(User).where(User.id.in_(person_ids), User.id.in_(reachable_ids(assigner)))
    return list(db.session.scalars(mine.order_by(User.full_name, User.id)).unique())


def list_team(assigner: User) -> list[User]:
    """The people whose direct supervisor this is, by name."""
    team = select(User).where(User.id.in_(reachable_ids(assigner).where(Employee.supervisor_id == assigner.id)))
    return list(db.session.scalars(team.order_by(User.full_name, User.id)).unique())


def list_units_in_reach(assigner: User) -> list[OrgUnit]:
    return people_queries.list_units(clock.today(), people_queries.visible_unit_ids(assigner, ASSIGN))


@dataclass(frozen=True, slots=True)
class Preview:
    """What an assignment would mean: how many are new, take the course already, have completed it; the first names."""

    new: int
    enrolled: int
    completed: int
    names: list[tuple[str, str, str | None]]  # name, unit, the state as AssignmentOutcome

    @property
    def total(self) -> int:
        return self.new + self.enrolled + self.completed


def preview(assigner: User, course_id: int, choice: Choice, most_names: int = 50) -> Preview:
    """Two statements, whatever the number of people, besides the check of the choice."""
    chosen = chosen_ids(assigner, choice)
    standing = case(
        (Enrollment.id.is_(None), AssignmentOutcome.NEW),
        (Enrollment.completed_at.is_(None), AssignmentOutcome.ENROLLED),
        else_=AssignmentOutcome.COMPLETED,
    )
    of_course = and_(Enrollment.user_id == User.id, Enrollment.course_id == course_id)
    counts = dict(
        db.session.execute(
            select(standing, func.count()).select_from(User).outerjoin(Enrollment, of_course).where(User.id.in_(chosen)).group_by(standing)
        ).all()
    )
    names = db.session.execute(
        select(User.full_name, OrgUnit.name, standing)
        .select_from(User)
        .join(Employee, Employee.user_id == User.id)
        .join(OrgUnit, OrgUnit.id == Employee.org_unit_id)
        .outerjoin(Enrollment, of_course)
        .where(User.id.in_(chosen))
        .order_by(User.full_name, User.id)
        .limit(most_names)
    ).all()
    return Preview(
        counts.get(AssignmentOutcome.NEW, 0),
        counts.get(AssignmentOutcome.ENROLLED, 0),
        counts.get(AssignmentOutcome.COMPLETED, 0),
        [(name, unit, state) for name, unit, state in names],
    )
