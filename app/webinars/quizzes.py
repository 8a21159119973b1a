"""Which quizzes may be a webinar's pre-test or post-test: that opens them to everybody who registers, whatever locks their course sets."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from app.assessment.models import Quiz, QuizVersion
from app.courses.models import Course
from app.courses.staff import course_ids_edited_by
from app.kernel.db import db
from app.webinars.models import Webinar


def list_offered(user: Any, webinar: Webinar | None = None) -> list[tuple[str, str]]:
    """The key and the title of each quiz this person may name, by title: those of no course and of courses they may change, beside what the
    webinar names already. Without a person, those of no course."""
    rows = select(Quiz.key, QuizVersion.title).join(QuizVersion, QuizVersion.id == Quiz.current_version_id).order_by(QuizVersion.title, Quiz.key)
    closed = select(Course.slug)
    if user is not None:
        closed = closed.where(Course.id.not_in(course_ids_edited_by(user)))
    closed_slugs = set(db.session.scalars(closed))
    named = {webinar.pretest_key, webinar.posttest_key} if webinar else set()
    return [(key, f"{title} ({key})") for key, title in db.session.execute(rows) if key in named or key.partition("/")[0] not in closed_slugs]
