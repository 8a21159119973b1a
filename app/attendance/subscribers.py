"""Reactions to what happens to webinars and to post-tests."""

from __future__ import annotations

from datetime import timedelta

from flask import current_app
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.assessment.events import AttemptGraded
from app.attendance import book, checkins, jobs
from app.attendance.models import AttendanceResult
from app.attendance.part import AttendancePart
from app.kernel import clock, events
from app.kernel.db import db
from app.kernel.jobs import enqueue
from app.notifications.kinds import Kind, register_kind
from app.room.rooms import rooms_of
from app.webinars.events import WebinarEnded, WebinarWentLive
from app.webinars.models import Webinar, WebinarState
from app.webinars.participants import user_key

ATTENDANCE = Kind("attendance", _l("Kehadiran webinar"), _l("Bila kehadiran Anda belum memenuhi syarat, dan keputusan atas sanggahan Anda."))
WRITTEN_BY_THEN = timedelta(seconds=3)  # the room writes what it gathered within a second or two


def draw_on_live(event: WebinarWentLive) -> None:
    checkins.draw(db.session.get_one(Webinar, event.webinar_id))


def tell_room_of_live(event: WebinarWentLive) -> None:
    if part := find_part(event.webinar_id):
        part.went_live()


def close_on_end(event: WebinarEnded) -> None:
    """In the transaction that ends it: nobody stays on, and the results will be worked out."""
    webinar = db.session.get_one(Webinar, event.webinar_id)
    db.session.flush()
    book.close_all(db.session.connection(), webinar.id, webinar.ended_at or clock.now())
    enqueue(jobs.COMPUTE, key=f"attendance:{webinar.id}", run_after=clock.now() + WRITTEN_BY_THEN, webinar_id=webinar.id)


def tell_room_of_end(event: WebinarEnded) -> None:
    if part := find_part(event.webinar_id):
        part.closed()


def look_again_on_graded(event: AttemptGraded) -> None:
    """A post-test may have been all that was missing."""
    if not event.passed:
        return
    waiting = db.session.scalars(
        select(AttendanceResult.webinar_id)
        .join(Webinar, Webinar.id == AttendanceResult.webinar_id)
        .where(Webinar.posttest_key == event.quiz_key, Webinar.state == WebinarState.ENDED, AttendanceResult.user_id == event.user_id)
    )
    for webinar_id in waiting.all():
        enqueue(jobs.COMPUTE_PERSON, webinar_id=webinar_id, participant=user_key(event.user_id))


def find_part(webinar_id: int) -> AttendancePart | None:
    """The attendance of a room that is open in this process."""
    room = rooms_of(current_app._get_current_object()).find(webinar_id)  # type: ignore[attr-defined]
    return room.part(AttendancePart) if room else None


def subscribe() -> None:
    register_kind(ATTENDANCE)
    events.on(WebinarWentLive, draw_on_live)
    events.after(WebinarWentLive, tell_room_of_live)
    events.on(WebinarEnded, close_on_end)
    events.after(WebinarEnded, tell_room_of_end)
    events.on(AttemptGraded, look_again_on_graded)
