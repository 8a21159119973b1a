"""The end of a webinar, for its takes and its stream: at once, and once more by the worker, should the web process die just then."""

from __future__ import annotations

from flask import current_app

from app.kernel import events
from app.kernel.jobs import enqueue, job
from app.room.rooms import rooms_of
from app.stage.takes import Takes, end_room
from app.webinars.events import WebinarEnded


def end_stream(event: WebinarEnded) -> None:
    room = rooms_of(current_app._get_current_object()).find(event.webinar_id)  # type: ignore[attr-defined]
    if room is not None:
        room.part(Takes).close()
    end_room(event.webinar_id)


def make_sure(event: WebinarEnded) -> None:
    enqueue("stage.end_room", key=f"stage.end_room-{event.webinar_id}", webinar_id=event.webinar_id)


@job("stage.end_room")
def end_room_again(webinar_id: int) -> None:
    end_room(webinar_id)


def register() -> None:
    events.on(WebinarEnded, make_sure)
    events.after(WebinarEnded, end_stream)
