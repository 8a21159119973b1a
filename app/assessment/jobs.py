"""Attempts whose time ran out are closed by the clock, whether their learner comes back or not."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from app.assessment import services
from app.assessment.models import AttemptState, QuizAttempt
from app.assessment.rules import DEFAULT_GRACE_SECONDS
from app.kernel import clock
from app.kernel.db import LOCK_PATIENCE_SECONDS, db, transaction
from app.kernel.jobs import job

AT_ONCE = 500


@job("assessment.close_overdue_attempts", every=timedelta(minutes=1))
def close_overdue_attempts() -> None:
    """Each in a transaction of its own. An answer that came in time may still be waiting for the database, so this waits a little longer."""
    over = clock.now() - timedelta(seconds=DEFAULT_GRACE_SECONDS + LOCK_PATIENCE_SECONDS)
    due = select(QuizAttempt.id).where(QuizAttempt.state == AttemptState.OPEN, QuizAttempt.deadline_at < over)
    for attempt_id in db.session.scalars(due.order_by(QuizAttempt.deadline_at).limit(AT_ONCE)).all():
        with transaction():
            services.close_if_over(attempt_id)
