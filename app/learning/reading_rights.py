"""Who may have the files of a lesson: those for whom the lesson is open, and those who answer for the course."""

from __future__ import annotations

from typing import Any

from sqlalchemy import and_, select

from app.courses.models import Course, CourseStaff, Lesson, LessonAsset, LessonVersion
from app.courses.outline import get_outline
from app.kernel.db import db
from app.learning import queries
from app.learning.permissions import PREVIEW
from app.media.delivery import register_reader


def may_have(user: Any, asset_id: int) -> bool:
    """Whether a lesson in force shows this file, and is open to this person or in their care.

    Asked once when an address is wanted outside a lesson page; the page itself has already checked the lesson.
    """
    rows = db.session.execute(
        select(LessonVersion.version_id, Lesson.key, CourseStaff.user_id.label("staff_id"))
        .join(LessonAsset, LessonAsset.lesson_version_id == LessonVersion.id)
        .join(Lesson, Lesson.id == LessonVersion.lesson_id)
        .join(Course, Course.current_version_id == LessonVersion.version_id)
        .outerjoin(CourseStaff, and_(CourseStaff.course_id == Course.id, CourseStaff.user_id == user.id))
        .where(LessonAsset.asset_id == asset_id)
    ).all()
    if not rows:
        return False
    if user.scope_for(PREVIEW) is not None or any(row.staff_id is not None for row in rows):
        return True
    return any(_is_open(user.id, row.version_id, row.key) for row in rows)


def _is_open(user_id: int, version_id: int, key: str) -> bool:
    standing = queries.standing_in(user_id, get_outline(version_id))
    return standing.is_enrolled and not standing.locked_by(key)


def register() -> None:
    register_reader(may_have)
