"""Named reads of courses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, bindparam, select

from app.courses.models import Course, CourseVersion
from app.courses.outline import CourseOutline, get_outline
from app.kernel.db import db
from app.kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class CatalogueFilter:
    """What a visitor narrows the catalogue to; an empty value leaves it open."""

    competency: str = ""
    form: str = ""
    least_jp: int = 0
    most_jp: int = 0

    def admits_jp(self, jp: int) -> bool:
        return jp >= self.least_jp and (not self.most_jp or jp <= self.most_jp)


@dataclass(frozen=True, slots=True)
class CatalogueEntry:
    """A published course as the catalogue shows it; `reviewed_on` is the day its material was last reviewed."""

    course_id: int
    version_id: int
    slug: str
    title: str
    summary: str
    jp: int
    form: str
    competency_group: str
    competency: str
    competency_level: int
    partner: str
    learning_minutes: float
    lesson_count: int
    reviewed_on: date

    def matches(self, wanted: CatalogueFilter) -> bool:
        return wanted.competency in ("", self.competency) and wanted.form in ("", self.form) and wanted.admits_jp(self.jp)


def find_course(slug: str) -> Course | None:
    """The course with this address, published or not."""
    return db.session.scalar(select(Course).where(Course.slug == slug))


def titles_of(course_ids: set[int]) -> dict[int, str]:
    """What these courses are called now; those that were never published are left out."""
    rows = db.session.execute(
        select(Course.id, CourseVersion.title).join(CourseVersion, CourseVersion.id == Course.current_version_id).where(Course.id.in_(course_ids))
    )
    return {row.id: row.title for row in rows}


_courses: Any = Course.__table__
_CURRENT_VERSION = select(_courses.c.current_version_id).where(_courses.c.slug == bindparam("slug"))  # built once: pages ask it every time


def find_current_outline(slug: str) -> CourseOutline | None:
    """The published shape of a course; one query, when its version was read before. None when there is no such course."""
    version_id = db.session.scalar(_CURRENT_VERSION, {"slug": slug})
    return None if version_id is None else get_outline(version_id)


def get_current_outline(slug: str) -> CourseOutline:
    """Like `find_current_outline`; raises `NotFound`."""
    outline = find_current_outline(slug)
    if outline is None:
        raise NotFound
    return outline


_CATALOGUE = (
    select(
        Course.id,
        CourseVersion.id,
        Course.slug,
        CourseVersion.title,
        CourseVersion.summary,
        CourseVersion.jp,
        CourseVersion.form,
        CourseVersion.competency_group,
        CourseVersion.competency,
        CourseVersion.competency_level,
        CourseVersion.partner,
        CourseVersion.learning_minutes,
        CourseVersion.lesson_count,
        CourseVersion.reviewed_on,
    )
    .join(CourseVersion, CourseVersion.id == Course.current_version_id)
    .order_by(CourseVersion.title)
)


def list_catalogue() -> list[CatalogueEntry]:
    """Every published course, by title; one query. Narrow it with `CatalogueEntry.matches`."""
    found: Sequence[Row] = db.session.execute(_CATALOGUE).all()
    return [CatalogueEntry(*row) for row in found]
