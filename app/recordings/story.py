"""What happened in a webinar, by the seconds of its recording: from the rows of the plan, the stage and the room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from sqlalchemy import func, select

from app.kernel.db import db
from app.recordings.chapters import Chapter, Sort, chosen, shortened
from app.recordings.parts import Part, length_ms, position_of
from app.room.models import QuestionState, RoomQuestion, RoomQuestionVote, RoomSlideTurn
from app.stage.models import StageAppearance
from app.webinars.models import AgendaItem, Webinar, WebinarMaterial, WebinarSpeaker
from app.webinars.participants import speaker_key

SPOKEN = (QuestionState.ANSWERED, QuestionState.ON_STAGE)
SHOWN = (*SPOKEN, QuestionState.WRITTEN, QuestionState.APPROVED, QuestionState.DEFERRED)


@dataclass(frozen=True, slots=True)
class Question:
    """A question the audience could see. `second` is where its answer is heard; None for one that was not answered aloud. Who asked without
    a name has none here."""

    id: int
    text: str
    author: str
    unit: str
    state: str
    votes: int
    answer: str
    asked_second: float
    second: float | None

    @property
    def is_answered(self) -> bool:
        return self.state in (*SPOKEN, QuestionState.WRITTEN)


@dataclass(frozen=True, slots=True)
class SlideTurn:
    second: float
    title: str
    page: int
    material_id: int


@dataclass(frozen=True, slots=True)
class Story:
    chapters: tuple[Chapter, ...]
    questions: tuple[Question, ...]
    slides: tuple[SlideTurn, ...]
    agenda: tuple[AgendaItem, ...]


def read(webinar_id: int, parts: Sequence[Part]) -> Story:
    """Everything that has a place in the recording, in six statements whatever there is."""
    agenda = tuple(db.session.scalars(select(AgendaItem).where(AgendaItem.webinar_id == webinar_id).order_by(AgendaItem.position)))
    questions, slides = list_questions(webinar_id, parts), list_slides(webinar_id, parts)
    found = [*_of_agenda(webinar_id, agenda, parts), *_of_questions(questions), *_of_slides(slides)]
    return Story(tuple(chosen(found, length_ms(parts) / 1000, _("Pembukaan"))), questions, slides, agenda)


def second_of(moment: datetime, parts: Sequence[Part]) -> float:
    return position_of(moment, parts) / 1000


def _of_agenda(webinar_id: int, agenda: Sequence[AgendaItem], parts: Sequence[Part]) -> list[Chapter]:
    """A session begins when the first of its speakers came on stage, else when the agenda says; the first one with the webinar."""
    came = dict(
        db.session.execute(
            select(StageAppearance.participant, func.min(StageAppearance.from_at))
            .where(StageAppearance.webinar_id == webinar_id)
            .group_by(StageAppearance.participant)
        ).all()
    )
    speakers = db.session.execute(
        select(WebinarSpeaker.agenda_item_id, WebinarSpeaker.id).where(WebinarSpeaker.webinar_id == webinar_id)
    ).all()
    live_at = db.session.scalar(select(Webinar.live_at).where(Webinar.id == webinar_id))
    found = []
    for item in agenda:
        began = [came[speaker_key(speaker)] for session, speaker in speakers if session == item.id and speaker_key(speaker) in came]
        planned = live_at if live_at and (item is agenda[0] or item.starts_at < live_at) else item.starts_at
        moment = min(began, default=planned)
        found.append(Chapter(second_of(moment, parts), shortened(item.title), Sort.AGENDA))
    return found


def _of_questions(questions: Sequence[Question]) -> list[Chapter]:
    return [
        Chapter(question.second, _("Tanya: %(text)s", text=shortened(question.text, 90)), Sort.QUESTION)
        for question in questions
        if question.second is not None
    ]


def _of_slides(slides: Sequence[SlideTurn]) -> list[Chapter]:
    """Where slides were opened, or others were."""
    found, before = [], None
    for turn in slides:
        if turn.material_id != before:
            found.append(Chapter(turn.second, _("Slide: %(title)s", title=shortened(turn.title, 90)), Sort.SLIDES))
        before = turn.material_id
    return found


def list_questions(webinar_id: int, parts: Sequence[Part]) -> tuple[Question, ...]:
    """The questions that the audience could see: answered ones in the order of their answers, then the others by their votes."""
    votes = (
        select(RoomQuestionVote.question_id, func.count().label("votes"))
        .join(RoomQuestion, RoomQuestion.id == RoomQuestionVote.question_id)
        .where(RoomQuestion.webinar_id == webinar_id)
        .group_by(RoomQuestionVote.question_id)
        .subquery()
    )
    rows = db.session.execute(
        select(RoomQuestion, func.coalesce(votes.c.votes, 0))
        .outerjoin(votes, votes.c.question_id == RoomQuestion.id)
        .where(RoomQuestion.webinar_id == webinar_id, RoomQuestion.state.in_(SHOWN))
        .order_by(RoomQuestion.id)
    ).all()
    found = [_question(row, count, parts) for row, count in rows]
    return tuple(sorted(found, key=lambda one: (not one.is_answered, one.second is None, one.second or 0.0, -one.votes)))


def _question(row: RoomQuestion, votes: int, parts: Sequence[Part]) -> Question:
    heard = row.staged_at if row.state in SPOKEN and parts else None
    return Question(
        id=row.id,
        text=row.text,
        author="" if row.anonymous else row.author_name,
        unit="" if row.anonymous else row.author_unit,
        state=row.state,
        votes=votes,
        answer=row.answer_text,
        asked_second=second_of(row.asked_at, parts),
        second=None if heard is None else second_of(heard, parts),
    )


def list_slides(webinar_id: int, parts: Sequence[Part]) -> tuple[SlideTurn, ...]:
    rows = db.session.execute(
        select(RoomSlideTurn.turned_at, WebinarMaterial.title, RoomSlideTurn.page, WebinarMaterial.id)
        .join(WebinarMaterial, WebinarMaterial.id == RoomSlideTurn.material_id)
        .where(RoomSlideTurn.webinar_id == webinar_id)
        .order_by(RoomSlideTurn.turned_at, RoomSlideTurn.id)
    ).all()
    return tuple(SlideTurn(second_of(moment, parts), title, page, material) for moment, title, page, material in rows)
