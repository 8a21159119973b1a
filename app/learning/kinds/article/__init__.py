"""A text to read, with worked cases and practice in it."""

from __future__ import annotations

from typing import Any

from app.courses.outline import get_lesson_body
from app.learning.kinds import Behavior, register
from app.learning.kinds.reading import reading_conditions, seconds_until_readable
from app.learning.missing import LessonSeat


def context(seat: LessonSeat) -> dict[str, Any]:
    return {"body": get_lesson_body(seat.lesson.lesson_version_id), "wait_seconds": 0 if seat.is_complete else seconds_until_readable(seat)}


register(Behavior("article", "learning/kinds/article.html", context, reading_conditions, marked_by_reader=True))
