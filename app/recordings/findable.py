"""Questions of a recorded webinar in the site search, each leading to the second of its answer."""

from __future__ import annotations

from app.kernel import search
from app.kernel.db import db, transaction
from app.recordings.lesson import MAKE_FINDABLE
from app.recordings.models import Recording, RecordingState
from app.recordings.parts import parts_of
from app.recordings.story import Question, list_questions
from app.webinars.models import Webinar

__all__ = ["MAKE_FINDABLE", "QUESTION", "index_questions"]
QUESTION = "webinar_question"  # kind in the search index


def index_questions(webinar_id: int) -> None:
    """Answered questions are found by what was asked and by what was answered in writing; who asked is not looked for."""
    recording = db.session.get(Recording, webinar_id)
    if recording is None or recording.state != RecordingState.READY:
        return
    webinar = db.session.get_one(Webinar, webinar_id)
    answered = [one for one in list_questions(webinar_id, parts_of(recording.parts)) if one.is_answered]
    prepared = search.prepare([_entry(webinar, question) for question in answered])
    db.session.rollback()
    for batch in search.in_batches(prepared):
        with transaction():
            search.write(batch)


def _entry(webinar: Webinar, question: Question) -> search.Entry:
    place = f"#t={int(question.second)}" if question.second is not None else f"#tanya-{question.id}"
    locator = {"path": f"/webinar/{webinar.slug}{place}", "course": webinar.title}
    return search.Entry(QUESTION, question.id, question.text[:255], f"{question.text} {question.answer}".strip(), locator)
