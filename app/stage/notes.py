"""What the encoder noted of a room becomes incidents for the organizer's summary, each once. The encoder itself knows no database."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select

from app.kernel.db import transaction
from app.kernel.storage import storage
from app.room.state import note_incident, read_state, write_state
from app.stage import layout
from app.webinars.models import Webinar

NOTED = "encoder_notes"  # how many of them are incidents already


def size_of_notes(webinar_id: int) -> int:
    try:
        return (storage().local_path(layout.room_key(webinar_id)) / layout.NOTES).stat().st_size
    except FileNotFoundError:
        return 0


def keep_notes(webinar_id: int) -> None:
    """Doing it again changes nothing."""
    notes = layout.read_notes(storage().local_path(layout.room_key(webinar_id)))
    if not notes:
        return
    with transaction() as session:
        session.scalar(select(Webinar.id).where(Webinar.id == webinar_id).with_for_update())
        known = read_state(webinar_id, NOTED, 0)
        for note in notes[known:]:
            note_incident(webinar_id, note.kind, happened_at=datetime.fromtimestamp(note.at_ms / 1000, UTC), **note.facts)
        write_state(webinar_id, NOTED, len(notes))
