"""The shape of one published version: read once, kept in the process, because versions never change.

Pages ask for it on every request, so it is made of small frozen values and costs no query after the first time.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import select

from app.courses.models import Course, CourseModule, CourseVersion, Lesson, LessonVersion
from app.kernel.db import db
from app.kernel.errors import NotFound

LINEAR, FREE = "LINEAR", "FREE"


@dataclass(frozen=True, slots=True)
class LegalBasis:
    """A regulation a course rests on. `status` says how sure we are: VERIFIED, SECONDARY or UNVERIFIED."""

    id: str
    title: str
    about: str
    status: str


@dataclass(frozen=True, slots=True)
class LessonOutline:
    course_id: int
    version_id: int
    lesson_id: int
    lesson_version_id: int
    key: str
    kind: str
    title: str
    minutes: float
    position: int
    module_key: str
    module_position: int
    requires: tuple[str, ...]
    legal_basis: tuple[str, ...]
    reviewed_on: date
    content: MappingProxyType[str, Any]

    @property
    def slug(self) -> str:
        """The lesson's part of an address."""
        return self.key


@dataclass(frozen=True, slots=True)
class ModuleOutline:
    key: str
    title: str
    position: int
    lessons: tuple[LessonOutline, ...]

    @property
    def minutes(self) -> float:
        return sum(lesson.minutes for lesson in self.lessons)


@dataclass(frozen=True, slots=True)
class CourseOutline:
    """One version, with everything that pages show of it except the lessons' texts (`get_lesson_body`)."""

    course_id: int
    version_id: int
    number: int
    slug: str
    title: str
    summary: str
    outcomes: tuple[str, ...]
    jp: int
    form: str
    competency_group: str
    competency: str
    competency_level: int
    partner: str
    sequence: str
    prerequisites: tuple[str, ...]
    legal_basis: tuple[LegalBasis, ...]
    reviewed_on: date
    review_note: str
    language: str
    learning_minutes: float
    modules: tuple[ModuleOutline, ...]
    lessons: tuple[LessonOutline, ...]
    _places: dict[str, int] = field(repr=False, compare=False)

    def find_lesson(self, key: str) -> LessonOutline | None:
        place = self._places.get(key)
        return None if place is None else self.lessons[place]

    def lesson(self, key: str) -> LessonOutline:
        """Raises `NotFound` when this version has no such lesson."""
        found = self.find_lesson(key)
        if found is None:
            raise NotFound
        return found

    def previous(self, key: str) -> LessonOutline | None:
        place = self._places[key]
        return self.lessons[place - 1] if place else None

    def next(self, key: str) -> LessonOutline | None:
        place = self._places[key] + 1
        return self.lessons[place] if place < len(self.lessons) else None

    def module(self, key: str) -> ModuleOutline:
        for module in self.modules:
            if module.key == key:
                return module
        raise NotFound

    def law(self, ids: tuple[str, ...]) -> tuple[LegalBasis, ...]:
        """The regulations with these ids, in the course's order."""
        return tuple(basis for basis in self.legal_basis if basis.id in ids)


def get_outline(version_id: int) -> CourseOutline:
    """The outline of a published version. Raises `NotFound`."""
    return _kept_outline(version_id) if _may_keep() else _read_outline(version_id)


def get_lesson_body(lesson_version_id: int) -> str:
    """The clean HTML of a lesson's text. Raises `NotFound`."""
    return _kept_body(lesson_version_id) if _may_keep() else _read_body(lesson_version_id)


def _may_keep() -> bool:
    # What a transaction has not committed yet may be undone, and its id given to other content.
    return not db.session().info.get("writing")


def _read_outline(version_id: int) -> CourseOutline:
    row = db.session.execute(
        select(CourseVersion.__table__, Course.slug)
        .join(Course, Course.id == CourseVersion.course_id)
        .where(CourseVersion.id == version_id)
    ).first()
    if row is None:
        raise NotFound
    lessons_of: dict[int, list[LessonOutline]] = {}
    flat: list[LessonOutline] = []
    for found in db.session.execute(
        select(
            LessonVersion.id.label("lesson_version_id"),
            LessonVersion.lesson_id,
            Lesson.key,
            LessonVersion.kind,
            LessonVersion.title,
            LessonVersion.minutes,
            LessonVersion.position,
            LessonVersion.requires,
            LessonVersion.legal_basis,
            LessonVersion.reviewed_on,
            LessonVersion.content,
            CourseModule.id.label("module_id"),
            CourseModule.key.label("module_key"),
            CourseModule.position.label("module_position"),
        )
        .join(Lesson, Lesson.id == LessonVersion.lesson_id)
        .join(CourseModule, CourseModule.id == LessonVersion.module_id)
        .where(LessonVersion.version_id == version_id)
        .order_by(LessonVersion.position)
    ):
        values = found._asdict()
        module_id = values.pop("module_id")
        for name in ("requires", "legal_basis"):
            values[name] = tuple(values[name])
        values["content"] = MappingProxyType(values["content"])
        lesson = LessonOutline(course_id=row.course_id, version_id=version_id, **values)
        lessons_of.setdefault(module_id, []).append(lesson)
        flat.append(lesson)
    modules = db.session.execute(
        select(CourseModule.id, CourseModule.key, CourseModule.title, CourseModule.position)
        .where(CourseModule.version_id == version_id)
        .order_by(CourseModule.position)
    ).all()
    return CourseOutline(
        course_id=row.course_id,
        version_id=version_id,
        number=row.number,
        slug=row.slug,
        title=row.title,
        summary=row.summary,
        outcomes=tuple(row.outcomes),
        jp=row.jp,
        form=row.form,
        competency_group=row.competency_group,
        competency=row.competency,
        competency_level=row.competency_level,
        partner=row.partner,
        sequence=row.sequence,
        prerequisites=tuple(row.prerequisites),
        legal_basis=tuple(LegalBasis(**basis) for basis in row.legal_basis),
        reviewed_on=row.reviewed_on,
        review_note=row.review_note,
        language=row.language,
        learning_minutes=row.learning_minutes,
        modules=tuple(ModuleOutline(m.key, m.title, m.position, tuple(lessons_of.get(m.id, ()))) for m in modules),
        lessons=tuple(flat),
        _places={lesson.key: place for place, lesson in enumerate(flat)},
    )


def _read_body(lesson_version_id: int) -> str:
    body = db.session.scalar(select(LessonVersion.body_html).where(LessonVersion.id == lesson_version_id))
    if body is None:
        raise NotFound
    return body


_kept_outline = lru_cache(maxsize=256)(_read_outline)
_kept_body = lru_cache(maxsize=512)(_read_body)
