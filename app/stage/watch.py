"""Looks after the stages of the open rooms twice a second: a composer that fell silent is replaced, a seat nobody returns to is freed.

Nothing here asks the database. It runs only while somebody has a seat.
"""

from __future__ import annotations

import time

import structlog
from flask import Flask

from app.kernel.sockets import socketio
from app.room.rooms import rooms_of
from app.stage.part import StagePart

EVERY_SECONDS = 0.5
_KEY = "gurindam_stage_watched"
log = structlog.get_logger()


def keep_watch(app: Flask) -> None:
    """Begin to look, unless it is being done."""
    if not app.extensions.get(_KEY):
        app.extensions[_KEY] = True
        socketio.start_background_task(_watch, rooms_of(app).app)


def _watch(app: Flask) -> None:
    while look_at_all(app):
        socketio.sleep(EVERY_SECONDS)  # type: ignore[arg-type]
    app.extensions[_KEY] = False


def look_at_all(app: Flask) -> bool:
    """Whether any stage still has seats."""
    busy = False
    for room in list(rooms_of(app).open_rooms.values()):
        part = room.part(StagePart)
        busy = busy or bool(part.seats)
        try:
            part.look_after(time.monotonic())
        except Exception:
            log.exception("stage_fault", webinar_id=room.webinar_id)
    return busy
