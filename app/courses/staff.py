"""The team of a course: who answers for it and may change it. BKPSDM names them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, delete, false, select

from app.courses.models import Course, CourseStaff, CourseVersion
from app.courses.permissions import EDIT_COURSES
from app.kernel import clock
from app.kernel.access import Scope
from app.kernel.db import db, insert_into
from app.kernel.errors import Invalid, NotFound
from app.people import audit
from app.people.models import Employee, OrgUnit, User
from app.people.queries import holds

INSTRUCTOR, EDITOR = "INSTRUCTOR", "EDITOR"
ROLES: dict[str, Any] = {INSTRUCTOR: _l("Instruktur"), EDITOR: _l("Penyunting")}


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody in a course's team; `can_edit` is False when their account no longer holds a role that changes courses."""

    user_id: int
    full_name: str
    unit: str | None
    role: str
    added_at: datetime
    can_edit: bool


@dataclass(frozen=True, slots=True)
class ManagedCourse:
    """A course as those who look after courses see it."""

    course_id: int
    slug: str
    title: str
    number: int
    jp: int
    lesson_count: int
    published_at: datetime
    published_by: str | None
    team: tuple[str, ...] = ()


def course_ids_edited_by(user: Any) -> Select[int]:
    """A SELECT of the ids of the courses this person may change; of none without the permission."""
    scope = user.scope_for(EDIT_COURSES)
    if scope == Scope.ALL:
        return select(Course.id)
    return select(CourseStaff.course_id).where(CourseStaff.user_id == user.id if scope is not None else false())


def may_edit(user: Any, course_id: int) -> bool:
    return db.session.scalar(select(Course.id).where(Course.id == course_id, Course.id.in_(course_ids_edited_by(user)))) is not None


def get_course_to_edit(user: Any, slug: str) -> Course:
    """A published course this person may change. Raises NotFound for everybody else."""
    chosen = select(Course).where(Course.slug == slug, Course.current_version_id.is_not(None), Course.id.in_(course_ids_edited_by(user)))
    course = db.session.scalar(chosen)
    if course is None:
        raise NotFound
    return course


def list_courses(among: Select[int] | None = None) -> list[ManagedCourse]:
    """Published courses with their team, by title; two queries. `among` narrows them to a SELECT of course ids."""
    query = (
        select(
            Course.id,
            Course.slug,
            CourseVersion.title,
            CourseVersion.number,
            CourseVersion.jp,
            CourseVersion.lesson_count,
            CourseVersion.published_at,
            User.full_name,
        )
        .join(CourseVersion, CourseVersion.id == Course.current_version_id)
        .outerjoin(User, User.id == CourseVersion.published_by_id)
        .order_by(CourseVersion.title)
    )
    rows = db.session.execute(query if among is None else query.where(Course.id.in_(among))).all()
    teams: dict[int, list[str]] = {}
    names = select(CourseStaff.course_id, User.full_name).join(User, User.id == CourseStaff.user_id).order_by(User.full_name)
    for course_id, name in db.session.execute(names):
        teams.setdefault(course_id, []).append(name)
    return [ManagedCourse(*row, team=tuple(teams.get(row.id, ()))) for row in rows]


def list_team(course_id: int) -> list[Member]:
    rows = db.session.execute(
        select(CourseStaff.user_id, User.full_name, OrgUnit.name, CourseStaff.role, CourseStaff.added_at, holds(EDIT_COURSES))
        .join(User, User.id == CourseStaff.user_id)
        .outerjoin(Employee, Employee.user_id == User.id)
        .outerjoin(OrgUnit, OrgUnit.id == Employee.org_unit_id)
        .where(CourseStaff.course_id == course_id)
        .order_by(User.full_name)
    ).all()
    return [Member(*row) for row in rows]


def add_to_team(course: Course, user_id: int, role: str, actor_id: int) -> None:
    """Put a person into the team, or change what they are there. Raises Invalid for people who could not change a course anyway."""
    if role not in ROLES:
        raise Invalid(fields={"peran": _("Pilih peran di dalam tim.")})
    if db.session.scalar(select(User.id).where(User.id == user_id, holds(EDIT_COURSES))) is None:
        raise Invalid(_("Orang ini belum dapat menyunting kursus. Beri dulu peran instruktur di halaman pegawainya."), code="no_editing_role")
    before = db.session.scalar(select(CourseStaff.role).where(CourseStaff.course_id == course.id, CourseStaff.user_id == user_id))
    if before == role:
        return
    row = insert_into(CourseStaff).values(course_id=course.id, user_id=user_id, role=role, added_at=clock.now())
    db.session.execute(row.on_conflict_do_update(index_elements=["course_id", "user_id"], set_={"role": role}))
    audit.note(
        actor_id,
        "courses.staff_named",
        ("course", course.id),
        before={"user_id": user_id, "role": before} if before else None,
        after={"user_id": user_id, "role": role},
    )


def remove_from_team(course: Course, user_id: int, actor_id: int) -> None:
    """Raises NotFound for somebody who is not in the team."""
    gone = delete(CourseStaff).where(CourseStaff.course_id == course.id, CourseStaff.user_id == user_id)
    role = db.session.scalar(gone.returning(CourseStaff.role).execution_options(synchronize_session=False))
    if role is None:
        raise NotFound
    audit.note(actor_id, "courses.staff_removed", ("course", course.id), before={"user_id": user_id, "role": role})
