"""Work of recordings in the background."""

from __future__ import annotations

from datetime import timedelta

from app.kernel import clock, jobs
from app.kernel.db import db, transaction
from app.recordings import findable, making, retention

MAKE = making.MAKE
PATIENCE_SECONDS = 180  # a recording that was asked for is being made; after so long somebody must look


@jobs.job(MAKE, most_tries=4, on_failure=making.give_up)
def make(webinar_id: int) -> None:
    """Turn an ended webinar's takes into a lesson. In the ordinary lane: nothing is encoded, and people wait for it."""
    making.make_recording(webinar_id)


@jobs.job("recordings.find_missing", every=timedelta(minutes=5))
def find_missing() -> None:
    """A webinar that ended without a recording being made of it is asked for again, each time anew."""
    missing = making.missing_recordings(clock.now(), PATIENCE_SECONDS)
    db.session.rollback()
    slot = int(clock.now().timestamp() // 300)
    for webinar_id in missing:
        with transaction():
            jobs.enqueue(MAKE, key=f"{MAKE}:{webinar_id}:{slot}", webinar_id=webinar_id)


@jobs.job(findable.MAKE_FINDABLE)
def make_findable(webinar_id: int) -> None:
    """Let the site search find the questions of a webinar at the second of their answers."""
    findable.index_questions(webinar_id)


@jobs.job("recordings.remove_raw", every=timedelta(hours=6))
def remove_raw() -> None:
    """Let go of raw takes and live pieces that nobody needs any more."""
    retention.remove_old()
