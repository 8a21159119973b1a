"""Whether the webinar is on air, told to everybody in the room, wherever it was begun and ended."""

from __future__ import annotations

import time
from typing import Any

from sqlalchemy import bindparam, select

from app.kernel.db import db, moment_of
from app.kernel.direct import Direct
from app.room.events import ALL, told
from app.room.polls.part import Polls
from app.room.questions.part import Questions
from app.room.room import Part, Room
from app.room.standing import said
from app.webinars.models import Webinar, WebinarState

LOOK_EVERY_SECONDS = 5.0
MOMENTS = ("starts_at", "ends_at", "live_at", "ended_at")

_STANDING = Direct(select(Webinar.state, *(getattr(Webinar, name) for name in MOMENTS)).where(Webinar.id == bindparam("id")))

BEGAN = told("webinar_began", ALL, "It is on air.", live_at="moment")
ENDED = told("webinar_ended", ALL, "It is over, for good.", ended_at="moment")


class OnAir(Part):
    name = "on_air"

    def __init__(self, room: Room):
        super().__init__(room)
        self.standing: dict[str, Any] = {}
        self._look_at = 0.0

    def load(self) -> None:
        self.standing = self._read()

    def _read(self) -> dict[str, Any]:
        self._look_at = time.monotonic() + LOOK_EVERY_SECONDS
        state, *moments = _STANDING.read(db.engine, {"id": self.room.webinar_id})[0]
        return {"state": state} | {name: said(moment_of(kept)) for name, kept in zip(MOMENTS, moments, strict=True)}

    @property
    def is_live(self) -> bool:
        return self.standing["state"] == WebinarState.LIVE

    def shown(self) -> Any:
        return self.standing

    def look(self) -> None:
        """See what the webinar is now, and tell what has changed, once."""
        before, self.standing = self.standing, self._read()
        if before["state"] == self.standing["state"]:
            return
        if self.standing["state"] == WebinarState.LIVE:
            self.room.tell(BEGAN, {"live_at": self.standing["live_at"]})
        elif self.standing["state"] == WebinarState.ENDED:
            self.room.part(Polls).refresh()
            self.room.part(Questions).refresh()
            self.room.tell(ENDED, {"ended_at": self.standing["ended_at"]})

    def every_second(self) -> None:
        """It may be begun or ended elsewhere: by the worker, or in another process."""
        if time.monotonic() >= self._look_at:
            self.look()
