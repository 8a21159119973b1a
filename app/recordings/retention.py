"""How long raw takes and live pieces are kept: some days after the better ladder took their place, never shorter."""

from __future__ import annotations

from datetime import timedelta

from flask import current_app
from sqlalchemy import select

from app.kernel import clock
from app.kernel.db import db, transaction
from app.kernel.storage import storage
from app.media.models import AssetState, MediaAsset, Stage
from app.people import audit
from app.recordings.models import Recording, RecordingState
from app.stage import layout


def remove_old() -> int:
    """Remove what is old enough; returns of how many webinars. The files go first: a crash in between repeats it."""
    days = current_app.config["GURINDAM"].recording_raw_days
    old = clock.now() - timedelta(days=days)
    rows = db.session.execute(
        select(Recording.webinar_id, MediaAsset.renditions)
        .join(MediaAsset, MediaAsset.id == Recording.asset_id)
        .where(Recording.state == RecordingState.READY, Recording.raw_removed_at.is_(None), MediaAsset.state == AssetState.READY)
        .where(MediaAsset.stage == Stage.DONE, MediaAsset.ready_at < old, Recording.ready_at < old)
    ).all()
    db.session.rollback()
    ready = [webinar_id for webinar_id, renditions in rows if not renditions.get("pieced")]
    for webinar_id in ready:
        storage().delete(layout.room_key(webinar_id))
        with transaction() as session:
            recording = session.get_one(Recording, webinar_id, with_for_update=True)
            recording.raw_removed_at = clock.now()
            audit.note(None, "recordings.raw_removed", ("webinar", webinar_id), after={"days": days})
    return len(ready)
