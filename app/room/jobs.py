"""What the worker does for the room."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from app.kernel.db import db, transaction
from app.kernel.jobs import job
from app.notifications.services import notify
from app.room.models import QuestionState, RoomQuestion
from app.room.questions.services import TELL_ANSWER, who_to_tell
from app.room.subscribers import ANSWERED
from app.webinars.models import Webinar

PEOPLE_AT_ONCE = 50


@job(TELL_ANSWER)
def tell_answer(question_id: int) -> None:
    """Tell whoever asked or follows a question that it was answered: a line behind the bell, and a mail when it was in writing."""
    question = db.session.get(RoomQuestion, question_id)
    if question is None or question.state not in (QuestionState.ANSWERED, QuestionState.WRITTEN):
        return
    people = who_to_tell(question)
    for start in range(0, len(people), PEOPLE_AT_ONCE):
        with transaction():
            for user_id in people[start : start + PEOPLE_AT_ONCE]:
                _tell(user_id, question_id)


def _tell(user_id: int, question_id: int) -> None:
    question = db.session.get_one(RoomQuestion, question_id)
    webinar = db.session.get_one(Webinar, question.webinar_id)
    written = question.state == QuestionState.WRITTEN
    notify(
        user_id,
        ANSWERED.name,
        lambda: _title(webinar.title, written),
        lambda: f"{question.text}\n\n{question.answer_text}" if written else question.text,
        f"/webinar/{webinar.slug}/tanya-jawab#q{question.id}",
        key=f"room_answer:{question.id}:{question.state}:{user_id}",
        mail=written,
    )


def _title(title: str, written: bool) -> Any:
    if written:
        return _("Pertanyaan Anda dijawab tertulis: %(title)s", title=title)
    return _("Pertanyaan Anda dijawab: %(title)s", title=title)
