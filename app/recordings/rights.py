"""Who may have the video of a recording: everybody signed in, as its course is open to them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from app.kernel.db import db
from app.recordings.models import Recording, RecordingState


def may_watch(_user: Any, asset_id: int) -> bool:
    found = select(Recording.webinar_id).where(Recording.asset_id == asset_id, Recording.state == RecordingState.READY)
    return db.session.scalar(found) is not None
