"""Background work of learning."""

from datetime import timedelta

from app.kernel.db import db, transaction
from app.kernel.jobs import job
from app.learning import evidence, services, watching
from app.learning.kinds import video


@job("learning.close_silent_viewings", every=timedelta(minutes=2))
def close_silent_viewings() -> None:
    """End the sittings of players that were shut without a word."""
    watching.close_silent_viewings()


@job("learning.anchor_heads", every=timedelta(days=1))
def anchor_heads() -> None:
    """Once a day, write the ends of the evidence chains to a file beside the database."""
    evidence.anchor_heads()


@job(watching.SETTLE)
def settle_watching(user_id: int, lesson_id: int) -> None:
    """Complete a video lesson whose coverage was reached, should the request that reached it have died before."""
    found = video.find_covered(user_id, lesson_id)
    db.session.rollback()
    if found is not None:
        with transaction():
            services.complete_lesson(user_id, *found)
