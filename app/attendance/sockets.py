"""The events of attendance in the room."""

from __future__ import annotations

from typing import Any

from app.attendance import checkins
from app.attendance.part import AttendancePart
from app.room import fields
from app.room.events import EventGroup, Here, hears
from app.webinars.permissions import ATTEND, MODERATE


class CheckInEvents(EventGroup):
    """Answering a check-in, and asking one more."""

    @hears(
        ATTEND,
        "I am still here. Once for each person; the server's clock decides whether it is in time.",
        answers="`at`: the moment that counts",
        pace=(20, 60.0),
        number=fields.number(1, 10_000),
    )
    def on_answer_checkin(self, here: Here, number: int) -> dict[str, Any]:
        at = checkins.answer(here.room.webinar_id, here.person.key, number)
        here.room.part(AttendancePart).note_answer(here.person.key, number, at)
        return {"at": at.isoformat()}

    @hears(MODERATE, "Ask everybody now whether they are still there.", answers="`number`", pace=(5, 60.0))
    def on_open_checkin(self, here: Here) -> dict[str, Any]:
        held = checkins.open_another(here.room.webinar_id)
        part = here.room.part(AttendancePart)
        part.refresh()  # those that are still to come have other numbers now
        part.note_opened(held)
        return {"number": held.number}
