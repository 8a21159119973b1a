"""Publishing a course: the only way its content changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import insert, select

from app.courses.events import CourseVersionPublished
from app.courses.models import Course, CourseModule, CourseVersion, Lesson, LessonAsset, LessonVersion
from app.courses.outline import LegalBasis
from app.kernel import clock, events
from app.kernel.db import db, insert_into
from app.people import audit


@dataclass(frozen=True, slots=True)
class LessonDraft:
    """A lesson about to be published. `body_html` is clean, `content` is what its kind needs."""

    key: str
    kind: str
    title: str
    minutes: float
    legal_basis: tuple[str, ...]
    reviewed_on: date
    requires: tuple[str, ...]
    body_markdown: str
    body_html: str
    content: Mapping[str, Any]
    asset_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ModuleDraft:
    key: str
    title: str
    lessons: tuple[LessonDraft, ...]


@dataclass(frozen=True, slots=True)
class CourseDraft:
    """A whole course about to be published, already checked. `digest` stands for everything in it."""

    slug: str
    digest: str
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
    modules: tuple[ModuleDraft, ...]

    @property
    def lessons(self) -> list[LessonDraft]:
        return [lesson for module in self.modules for lesson in module.lessons]


class Door(StrEnum):
    """How a version came to be published."""

    COMMAND_LINE = "COMMAND_LINE"
    STUDIO = "STUDIO"
    RECORDING = "RECORDING"


def lock_course(slug: str) -> Course:
    """The course with this address, made when it is new, held until the transaction ends: two publishers take turns."""
    db.session.execute(insert_into(Course).values(slug=slug, created_at=clock.now()).on_conflict_do_nothing(index_elements=["slug"]))
    return db.session.scalars(select(Course).where(Course.slug == slug).with_for_update().execution_options(populate_existing=True)).one()


def is_current(course: Course, digest: str) -> bool:
    """Whether the course already says exactly this."""
    if course.current_version_id is None:
        return False
    return db.session.scalar(select(CourseVersion.digest).where(CourseVersion.id == course.current_version_id)) == digest


def publish_version(draft: CourseDraft, published_by_id: int | None, door: Door = Door.COMMAND_LINE) -> CourseVersion | None:
    """Make the draft the course's current version, for everybody at once; None when the course already says exactly this.

    Lessons are recognized by their key, so what people completed stays completed. Announces `CourseVersionPublished`. What changed of
    the JP and the passing scores is in the audit log.
    """
    course = lock_course(draft.slug)
    if is_current(course, draft.digest):
        return None
    previous_id = course.current_version_id
    last = db.session.scalar(
        select(CourseVersion.number).where(CourseVersion.course_id == course.id).order_by(CourseVersion.number.desc()).limit(1)
    )
    version = CourseVersion(
        course_id=course.id,
        number=(last or 0) + 1,
        digest=draft.digest,
        title=draft.title,
        summary=draft.summary,
        outcomes=list(draft.outcomes),
        jp=draft.jp,
        form=draft.form,
        competency_group=draft.competency_group,
        competency=draft.competency,
        competency_level=draft.competency_level,
        partner=draft.partner,
        sequence=draft.sequence,
        prerequisites=list(draft.prerequisites),
        legal_basis=[{"id": b.id, "title": b.title, "about": b.about, "status": b.status} for b in draft.legal_basis],
        reviewed_on=draft.reviewed_on,
        review_note=draft.review_note,
        language=draft.language,
        learning_minutes=sum(lesson.minutes for lesson in draft.lessons),
        lesson_count=len(draft.lessons),
        published_at=clock.now(),
        published_by_id=published_by_id,
    )
    db.session.add(version)
    db.session.flush()
    lesson_ids = _identify_lessons(course.id, [lesson.key for lesson in draft.lessons])
    module_ids = _add_modules(version.id, draft.modules)
    rows = []
    for module in draft.modules:
        for lesson in module.lessons:
            rows.append(
                {
                    "version_id": version.id,
                    "module_id": module_ids[module.key],
                    "lesson_id": lesson_ids[lesson.key],
                    "position": len(rows) + 1,
                    "kind": lesson.kind,
                    "title": lesson.title,
                    "minutes": lesson.minutes,
                    "legal_basis": list(lesson.legal_basis),
                    "reviewed_on": lesson.reviewed_on,
                    "requires": list(lesson.requires),
                    "body_markdown": lesson.body_markdown,
                    "body_html": lesson.body_html,
                    "content": dict(lesson.content),
                }
            )
    db.session.execute(insert(LessonVersion), rows)
    _name_assets(version.id, draft)
    _note_publication(version, previous_id, [(lesson.title, lesson.content) for lesson in draft.lessons], door)
    course.current_version_id = version.id
    db.session.flush()
    events.record(CourseVersionPublished(course_id=course.id, version_id=version.id, previous_version_id=previous_id))
    return version


def _note_publication(version: CourseVersion, previous_id: int | None, lessons: Iterable[tuple[str, Mapping[str, Any]]], door: Door) -> None:
    before: dict[str, Any] = {}
    if previous_id is not None:
        previous = db.session.get_one(CourseVersion, previous_id)
        of_previous = select(LessonVersion.title, LessonVersion.content).where(LessonVersion.version_id == previous_id).order_by(LessonVersion.position)
        before = _as_noted(previous, [(title, content) for title, content in db.session.execute(of_previous)])
    audit.note(version.published_by_id, "courses.version_published", ("course", version.course_id), before, _as_noted(version, lessons) | {"through": door})


def _as_noted(version: CourseVersion, lessons: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, Any]:
    scores = [f"{title} {content['passing_score']} %" for title, content in lessons if content.get("passing_score")]
    return {"version": version.number, "jp": version.jp, "passing_score": scores or None}


def _identify_lessons(course_id: int, keys: list[str]) -> dict[str, int]:
    """The id of each lesson by its key; keys never seen in this course become new lessons."""
    of_course = select(Lesson.key, Lesson.id).where(Lesson.course_id == course_id)
    known = dict(db.session.execute(of_course).all())
    missing = [{"course_id": course_id, "key": key} for key in keys if key not in known]
    if missing:
        db.session.execute(insert(Lesson), missing)
        known = dict(db.session.execute(of_course).all())
    return known


def _add_modules(version_id: int, modules: tuple[ModuleDraft, ...]) -> dict[str, int]:
    db.session.execute(
        insert(CourseModule),
        [{"version_id": version_id, "key": m.key, "position": i, "title": m.title} for i, m in enumerate(modules, 1)],
    )
    return dict(db.session.execute(select(CourseModule.key, CourseModule.id).where(CourseModule.version_id == version_id)).all())


def _name_assets(version_id: int, draft: CourseDraft) -> None:
    """Note which files of the media library the lessons show."""
    if any(lesson.asset_ids for lesson in draft.lessons):
        ids = dict(db.session.execute(select(LessonVersion.position, LessonVersion.id).where(LessonVersion.version_id == version_id)).all())
        rows = [
            {"lesson_version_id": ids[position], "asset_id": asset_id}
            for position, lesson in enumerate(draft.lessons, 1)
            for asset_id in dict.fromkeys(lesson.asset_ids)
        ]
        db.session.execute(insert(LessonAsset), rows)
