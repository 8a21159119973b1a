"""What is said in the videos of lessons, in the site search: passages of some sentences, each leading to its second."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from app.courses.addresses import lesson_path
from app.courses.models import Course, LessonAsset, LessonVersion
from app.courses.outline import CourseOutline, LessonOutline, get_outline
from app.kernel import jobs, search
from app.kernel.db import db, transaction
from app.media.captions import Cue, passages
from app.media.models import MediaCaption
from app.media.queries import list_captions

MAKE_WORDS_FINDABLE = "courses.make_words_findable"
TRANSCRIPT = "transcript"  # kind in the search index; its object is the lesson, its parts the passages
MOST_TRIES = 5


@jobs.job(MAKE_WORDS_FINDABLE)
def make_words_findable(asset_id: int) -> None:
    """A video's captions changed: wherever a current course shows it, the search finds what is said now."""
    shown = db.session.execute(
        select(LessonVersion.version_id, LessonVersion.lesson_id)
        .join(LessonAsset, LessonAsset.lesson_version_id == LessonVersion.id)
        .join(Course, Course.current_version_id == LessonVersion.version_id)
        .where(LessonAsset.asset_id == asset_id)
    ).all()
    for version_id, lesson_id in shown:
        course = get_outline(version_id)
        index_words(course, next(lesson for lesson in course.lessons if lesson.lesson_id == lesson_id))


def index_words(course: CourseOutline, lesson: LessonOutline) -> None:
    """Find a lesson by what is said in its video, in every language of its captions; other kinds are not found in this way."""
    asset_id = lesson.content.get("asset_id") if lesson.kind == "video" else None
    for _ in range(MOST_TRIES):
        captions = list_captions(asset_id) if asset_id else []
        read = sorted((caption.id, caption.updated_at) for caption in captions)
        spoken = [(caption.language, group) for caption in captions for group in passages([Cue(*cue) for cue in caption.cues])]
        prepared = search.prepare([_entry(course, lesson, part, *one) for part, one in enumerate(spoken)])
        db.session.rollback()
        with transaction():
            if db.session.scalar(select(Course.current_version_id).where(Course.id == course.course_id).with_for_update()) != course.version_id:
                return  # the version after this one has its own job
            if _captions_now(asset_id) == read:
                search.remove(TRANSCRIPT, [lesson.lesson_id])
                search.write(prepared)
                return
    raise RuntimeError(f"the captions of asset {asset_id} change faster than they are read")


def _captions_now(asset_id: int | None) -> list[tuple[Any, ...]]:
    return sorted(tuple(row) for row in db.session.execute(select(MediaCaption.id, MediaCaption.updated_at).where(MediaCaption.asset_id == asset_id)))


def _entry(course: CourseOutline, lesson: LessonOutline, part: int, language: str, spoken: list[Cue]) -> search.Entry:
    """`moments` says where in the text which second begins, so that a hit leads to the words that were found."""
    moments, at = [], 0
    for cue in spoken:
        moments.append([at, cue.begin])
        at += len(cue.text) + 1
    locator = {
        "path": lesson_path(course.slug, lesson.key),
        "course": course.title,
        "lesson": lesson.title,
        "language": language,
        "moments": moments,
    }
    return search.Entry(TRANSCRIPT, lesson.lesson_id, "", " ".join(cue.text for cue in spoken), locator, part=part)
