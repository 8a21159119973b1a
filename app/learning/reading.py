"""One clock of reading per person: time that counts for one text counts for no other, in however many tabs they stand open.

Nothing is written for it. When a text was opened and when it was marked as read is known; each text that was marked has taken the least time that
reading it costs, from the earliest that was free while it was open. What is left over counts for the next.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select

from app.courses.models import LessonVersion
from app.courses.outline import LessonOutline
from app.kernel import clock
from app.kernel.db import db
from app.learning import rules
from app.learning.models import JpAccrual, LessonProgress
from app.learning.spans import Span, clipped, common, gaps, length, merged

TEXTS = ("article", "document")  # the kinds that their reader marks as read


class TextRead(NamedTuple):
    """A text that was marked as read, and the minutes it is estimated at."""

    lesson_id: int
    opened_at: datetime
    read_at: datetime
    minutes: float


def seconds_left(user_id: int, lesson: LessonOutline, opened_at: datetime) -> int:
    """Seconds until a text that was opened then may be marked as read; 0 when it may be now, or has been."""
    beside = _texts_beside(user_id, opened_at)
    if any(text.lesson_id == lesson.lesson_id for text in beside):
        return 0
    left = lacking(opened_at, lesson.minutes, beside, clock.now()) / 1000
    return int(left) + 1 if left > 0 else 0


def lacking(opened_at: datetime, minutes: float, beside: Iterable[TextRead], now: datetime) -> int:
    """Milliseconds of reading that a text still lacks, beside others that were marked as read."""
    open_for = [(_milliseconds(opened_at), _milliseconds(now))]
    free = length(open_for) - length(common(_taken(beside), open_for))
    return _least_time(minutes) - free


def _taken(texts: Iterable[TextRead]) -> list[Span]:
    """The time that texts have taken, in the order in which they were marked."""
    taken: list[Span] = []
    for text in sorted(texts, key=lambda text: text.read_at):
        end = _milliseconds(text.read_at)
        free = common(gaps(taken, end), [(_milliseconds(text.opened_at), end)])
        taken = merged([*taken, *clipped(free, end, _least_time(text.minutes))])
    return taken


def _least_time(minutes: float) -> int:
    return round(minutes * rules.READING_FLOOR * 60_000)


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _texts_beside(user_id: int, opened_at: datetime) -> list[TextRead]:
    """The texts that a person marked as read after another was opened, and those that stood open beside them. Who reads one text after the other
    has none: one statement."""
    since = opened_at
    while True:
        found = [TextRead._make(row) for row in db.session.execute(_MARKED.where(LessonProgress.user_id == user_id, LessonProgress.completed_at > since))]
        earliest = min((text.opened_at for text in found), default=since)
        if earliest >= since:
            return found
        since = earliest


_MARKED = (
    select(LessonProgress.lesson_id, LessonProgress.started_at, LessonProgress.completed_at, JpAccrual.minutes)
    .join(JpAccrual, (JpAccrual.user_id == LessonProgress.user_id) & (JpAccrual.lesson_id == LessonProgress.lesson_id))
    .where(LessonProgress.lesson_id.in_(select(LessonVersion.lesson_id).where(LessonVersion.kind.in_(TEXTS))))
)
