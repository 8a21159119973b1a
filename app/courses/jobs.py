"""Work of courses in the background."""

from __future__ import annotations

from sqlalchemy import select

from app.courses.addresses import course_path, lesson_path
from app.courses.models import Course, Lesson, LessonVersion
from app.courses.outline import get_outline
from app.courses.transcripts import TRANSCRIPT, index_words
from app.kernel import jobs, search
from app.kernel.db import db, transaction
from app.kernel.html import plain_text

MAKE_FINDABLE = "courses.make_findable"
COURSE, LESSON = "course", "lesson"  # kinds in the search index


@jobs.job(MAKE_FINDABLE)
def make_findable(version_id: int) -> None:
    """Let the search box find a course by what it promises, its lessons by their texts and by what is said in their videos; lessons that
    left it are not found any more."""
    course = get_outline(version_id)
    bodies = dict(
        db.session.execute(select(LessonVersion.lesson_id, LessonVersion.body_html).where(LessonVersion.version_id == version_id)).all()
    )
    promise = " ".join([course.summary, *course.outcomes, course.competency, course.partner, *(m.title for m in course.modules)])
    entries = [search.Entry(COURSE, course.course_id, course.title, promise, {"path": course_path(course.slug)}, search.PUBLIC)]
    for lesson in course.lessons:
        locator = {"path": lesson_path(course.slug, lesson.key), "course": course.title}
        entries.append(search.Entry(LESSON, lesson.lesson_id, lesson.title, plain_text(bodies[lesson.lesson_id]), locator))
    known = set(db.session.scalars(select(Lesson.id).where(Lesson.course_id == course.course_id)))
    for number, batch in enumerate(search.in_batches(search.prepare(entries))):
        with transaction():
            current = db.session.scalar(select(Course.current_version_id).where(Course.id == course.course_id).with_for_update())
            if current != version_id:
                return  # the version after this one has its own job
            if number == 0:
                search.remove(LESSON, known - set(bodies))
                search.remove(TRANSCRIPT, known - set(bodies))
            search.write(batch)
    for lesson in course.lessons:
        index_words(course, lesson)
