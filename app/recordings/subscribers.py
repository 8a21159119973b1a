"""What recordings do when something happened."""

from __future__ import annotations

from app.kernel import events, jobs
from app.recordings.jobs import MAKE
from app.webinars.events import WebinarEnded


def make_when_ended(event: WebinarEnded) -> None:
    """Asked for in the transaction that ends it, so that no crash loses it."""
    jobs.enqueue(MAKE, key=f"{MAKE}:{event.webinar_id}", webinar_id=event.webinar_id)


def subscribe() -> None:
    events.on(WebinarEnded, make_when_ended)
