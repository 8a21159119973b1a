"""What of a room must survive a restart and is no row of its own (`RoomState`)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.kernel import clock
from app.kernel.db import db
from app.room.models import RoomIncident, RoomState


def read_state(webinar_id: int, name: str, default: Any = None) -> Any:
    row = _find(webinar_id, name)
    return default if row is None else row.value


def write_state(webinar_id: int, name: str, value: Any) -> None:
    """Call inside `transaction()`."""
    row = _find(webinar_id, name)
    if row is None:
        db.session.add(RoomState(webinar_id=webinar_id, name=name, value=value, changed_at=clock.now()))
    else:
        row.value, row.changed_at = value, clock.now()
    db.session.flush()


def note_incident(webinar_id: int, kind: str, *, happened_at: datetime | None = None, **facts: Any) -> None:
    """Something for the organizer's summary. Call inside `transaction()`."""
    db.session.add(RoomIncident(webinar_id=webinar_id, kind=kind, facts=facts, happened_at=happened_at or clock.now()))
    db.session.flush()


def _find(webinar_id: int, name: str) -> RoomState | None:
    return db.session.scalar(select(RoomState).where(RoomState.webinar_id == webinar_id, RoomState.name == name))
