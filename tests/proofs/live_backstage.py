"""What the proof of the live room does and sees behind the running product's back."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from app.attendance.held import HELD_PERCENT
from app.attendance.models import AttendanceResult, Stay
from app.kernel import clock
from app.kernel.db import db, transaction
from app.kernel.regulation import RegulatedValue
from app.learning.models import JpCredit
from app.recordings.models import Recording
from app.room.models import RoomPoll, RoomPollVote, RoomQuestion, RoomQuestionVote
from app.stage.models import StageTake
from app.webinars.models import WebinarMaterial
from app.webinars.queries import find_webinar
from tests.e2e import backstage


def add_slides(slug: str) -> None:
    """Three drawn pages that speakers turn, as the media library leaves them."""
    webinar = find_webinar(slug)
    assert webinar is not None
    with transaction() as session:
        asset_id = backstage._make_slides(session, slug, clock.now())
        session.add(WebinarMaterial(webinar_id=webinar.id, asset_id=asset_id, title="Lima pertanyaan", is_slides=True))


def ask_no_time_on_air() -> None:
    """The proof's webinar is over in minutes; what it shows of JP is that they are credited at all."""
    with transaction() as session:
        session.scalars(select(RegulatedValue).where(RegulatedValue.key == HELD_PERCENT)).one().value = 0


def rows_of(slug: str) -> dict[str, Any]:
    """Everything of one webinar that may not be lost, counted."""
    db.session.rollback()
    webinar = find_webinar(slug)
    assert webinar is not None
    recording = db.session.get(Recording, webinar.id)
    count = select(func.count())
    questions = db.session.scalars(select(RoomQuestion).where(RoomQuestion.webinar_id == webinar.id).order_by(RoomQuestion.id)).all()
    results = db.session.scalars(select(AttendanceResult).where(AttendanceResult.webinar_id == webinar.id)).all()
    return {
        "state": webinar.state,
        "questions": [[one.text, one.state] for one in questions],
        "question_votes": db.session.scalar(count.select_from(RoomQuestionVote).where(RoomQuestionVote.question_id.in_([one.id for one in questions]))),
        "poll_votes": db.session.scalar(count.select_from(RoomPollVote).join(RoomPoll).where(RoomPoll.webinar_id == webinar.id)),
        "takes": [[take.composer, take.mime_type, take.bytes] for take in db.session.scalars(select(StageTake).where(StageTake.webinar_id == webinar.id).order_by(StageTake.number))],
        "stays": db.session.scalar(count.select_from(Stay).where(Stay.webinar_id == webinar.id)),
        "recording": None if recording is None else {"state": recording.state, "chapters": [chapter[1:] for chapter in recording.chapters], "parts": recording.parts},
        "results": {one.full_name: [one.present_ms, one.live_ms, one.fulfilled, one.jp] for one in results},
    }  # fmt: skip


def jp_of(email: str) -> list[list[Any]]:
    """The person's ledger: titles and JP."""
    db.session.rollback()
    rows = db.session.scalars(select(JpCredit).where(JpCredit.user_id == backstage._user(email).id))
    return [[row.title, row.jp] for row in rows]


backstage.FUNCTIONS |= {function.__name__: function for function in (ask_no_time_on_air, add_slides, rows_of, jp_of)}

if __name__ == "__main__":
    backstage.main()
