"""The stage follows the webinar's phases."""

from __future__ import annotations

from flask import current_app

from app.kernel import events
from app.room.rooms import rooms_of
from app.stage.part import StagePart
from app.webinars.events import WebinarEnded, WebinarWentLive


def register() -> None:
    events.after(WebinarWentLive, _went_live)
    events.after(WebinarEnded, _ended)


def _went_live(event: WebinarWentLive) -> None:
    room = rooms_of(current_app).find(event.webinar_id)  # type: ignore[arg-type]
    if room is not None:
        room.part(StagePart).went_live()


def _ended(event: WebinarEnded) -> None:
    room = rooms_of(current_app).find(event.webinar_id)  # type: ignore[arg-type]
    if room is not None:
        room.part(StagePart).ended()
