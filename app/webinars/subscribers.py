"""What follows from a change of the plan, in the same transaction: people are told by the worker, seats are filled, the search is renewed."""

from __future__ import annotations

from app.kernel import events, jobs
from app.webinars import registering
from app.webinars.events import WebinarCanceled, WebinarChanged, WebinarPublished


def make_findable_on_published(event: WebinarPublished) -> None:
    jobs.enqueue("webinars.make_findable", webinar_id=event.webinar_id)


def follow_change(event: WebinarChanged) -> None:
    if event.moved_from is not None:
        jobs.enqueue("webinars.tell_moved", webinar_id=event.webinar_id, moved_from=event.moved_from.timestamp(), version=event.version)
    if event.more_seats:
        registering.fill_seats(event.webinar_id)


def tell_on_canceled(event: WebinarCanceled) -> None:
    jobs.enqueue("webinars.tell_canceled", webinar_id=event.webinar_id)


def subscribe() -> None:
    events.on(WebinarPublished, make_findable_on_published)
    events.on(WebinarChanged, follow_change)
    events.on(WebinarCanceled, tell_on_canceled)
