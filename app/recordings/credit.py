"""What watching a recording is worth beside having been there: together never more than the webinar's JP, as far as its time on air supports
them."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.attendance.held import most_jp_of
from app.attendance.results import credited_of, webinar_id_of
from app.kernel.db import db
from app.learning.queries import find_credit
from app.learning.slots import register_activity_limit, register_jp_limit
from app.recordings.models import Recording
from app.webinars.models import Webinar

REASON = "webinar_together"
WORDS = _l("Hadir langsung dan menonton rekamannya bersama-sama tidak melebihi JP webinarnya.")


def limit_replay(user_id: int, course_id: int, jp: int) -> int:
    """The JP that a completed recording may still give somebody who was there; any other course is not ours to limit."""
    webinar = db.session.scalar(select(Webinar).join(Recording, Recording.webinar_id == Webinar.id).where(Recording.course_id == course_id))
    if webinar is None:
        return jp
    return min(jp, most_jp_of(webinar) - credited_of(user_id, webinar.id))


def limit_attendance(user_id: int, activity: str, jp: int) -> int:
    """The JP that having been there may still give somebody who watched the recording first."""
    webinar_id = webinar_id_of(activity)
    if webinar_id is None:
        return jp
    row = db.session.execute(
        select(Webinar, Recording.course_id).join(Recording, Recording.webinar_id == Webinar.id).where(Webinar.id == webinar_id)
    ).one_or_none()
    if row is None or row.course_id is None:
        return jp
    replayed = find_credit(user_id, row.course_id)
    return min(jp, most_jp_of(row.Webinar) - (replayed.jp if replayed else 0))


def register() -> None:
    register_jp_limit(limit_replay, REASON, WORDS)
    register_activity_limit(limit_attendance, REASON, WORDS)
