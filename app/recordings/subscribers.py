"""What recordings do when something happened."""

from __future__ import annotations

from app.kernel import events, jobs
from app.kernel.db import db
from app.recordings import lesson
from app.recordings.jobs import MAKE
from app.recordings.models import Recording
from app.room.facts import QuestionAnswered
from app.webinars.events import WebinarEnded


def make_when_ended(event: WebinarEnded) -> None:
    """Asked for in the transaction that ends it, so that no crash loses it."""
    jobs.enqueue(MAKE, key=f"{MAKE}:{event.webinar_id}", webinar_id=event.webinar_id)


def renew_search_on_answer(event: QuestionAnswered) -> None:
    """Answers written afterwards are found as well; whatever was answered before its recording was begun is found with it."""
    if db.session.get(Recording, event.webinar_id) is not None:
        lesson.ask_to_be_found(event.webinar_id)


def subscribe() -> None:
    events.on(WebinarEnded, make_when_ended)
    events.on(QuestionAnswered, renew_search_on_answer)
