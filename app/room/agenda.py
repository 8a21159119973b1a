"""Where the webinar is in its agenda, and breaks that count down and end by themselves."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.kernel import clock
from app.kernel.db import db, transaction
from app.kernel.errors import NotFound
from app.room.events import ALL, EventGroup, Here, hears, told
from app.room.fields import number
from app.room.room import Part, Room
from app.room.standing import hold_still, said
from app.room.state import read_state, write_state
from app.webinars.models import AgendaItem
from app.webinars.permissions import MODERATE

LONGEST_BREAK_MINUTES = 120
AT_HAND, TURNS = "agenda", "agenda_turns"  # the names under which they are kept; turns: [[item, moment], ...] for the chapters afterwards

CHANGED = told("agenda_changed", ALL, "The agenda item at hand, or a break.", item="its number or null", break_until="moment or null")


class Agenda(Part):
    name = "agenda"

    def __init__(self, room: Room):
        super().__init__(room)
        self.items: list[dict[str, Any]] = []
        self.item: int | None = None
        self.break_until: datetime | None = None
        self.deciding = threading.RLock()

    def load(self) -> None:
        rows = db.session.scalars(select(AgendaItem).where(AgendaItem.webinar_id == self.room.webinar_id).order_by(AgendaItem.position))
        self.items = [
            {"id": row.id, "title": row.title, "kind": row.kind, "starts_at": said(row.starts_at), "minutes": row.minutes} for row in rows
        ]
        kept = read_state(self.room.webinar_id, AT_HAND, {})
        self.item = kept.get("item")
        self.break_until = datetime.fromisoformat(kept["break_until"]) if kept.get("break_until") else None

    def shown(self) -> Any:
        return {"items": self.items, "item": self.item, "break_until": said(self.break_until)}

    def set(self, item: int | None, break_until: datetime | None) -> None:
        """Write it down, then tell everybody."""
        here, now = self.room.webinar_id, clock.now()
        with transaction():
            hold_still(here)
            write_state(here, AT_HAND, {"item": item, "break_until": said(break_until)})
            if item is not None and item != self.item:
                write_state(here, TURNS, [*read_state(here, TURNS, []), [item, said(now)]])
        self.item, self.break_until = item, break_until
        self.room.put(CHANGED, None, {"item": item, "break_until": said(break_until)})

    def every_second(self) -> None:
        """A break ends by itself."""
        if self.break_until is not None and self.break_until <= clock.now():
            with self.deciding:
                self.set(self.item, None)


class AgendaEvents(EventGroup):
    @hears(MODERATE, "Go to an agenda item, or to none.", item=number(1, needed=False))
    def on_set_agenda_item(self, here: Here, item: int | None) -> None:
        agenda = here.room.part(Agenda)
        if item is not None and item not in {one["id"] for one in agenda.items}:
            raise NotFound
        with agenda.deciding:
            agenda.set(item, agenda.break_until)

    @hears(MODERATE, "Pause for so many minutes; everybody sees the time running down.", minutes=number(1, LONGEST_BREAK_MINUTES))
    def on_start_break(self, here: Here, minutes: int) -> None:
        agenda = here.room.part(Agenda)
        with agenda.deciding:
            agenda.set(agenda.item, clock.now() + timedelta(minutes=minutes))

    @hears(MODERATE, "End the pause now.")
    def on_end_break(self, here: Here) -> None:
        agenda = here.room.part(Agenda)
        with agenda.deciding:
            if agenda.break_until is not None:
                agenda.set(agenda.item, None)
