"""Questions as browsers send them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from app.kernel.db import db, transaction
from app.kernel.durable import write_durably
from app.kernel.errors import NotAllowed, NotFound
from app.room.events import EventGroup, Here, hears
from app.room.fields import flag, key, number, one_of, text
from app.room.models import QuestionState as State
from app.room.models import RoomQuestionFollow, RoomQuestionVote
from app.room.questions import services
from app.room.questions.part import Questions
from app.room.standing import hold_still
from app.webinars.permissions import ATTEND, MODERATE, SPEAK

DECISIONS = {"approve": State.APPROVED, "reject": State.REJECTED, "stage": State.ON_STAGE, "answered": State.ANSWERED, "defer": State.DEFERRED}
LONGEST_ANSWER = 4000


class QuestionEvents(EventGroup):
    @hears(
        ATTEND,
        "Ask. Sent again with the same key it is the same question. Without a name it has none for the audience; moderators see who asked.",
        answers="`question`",
        pace=(4, 20.0),
        key=key(),
        text=text(5, services.MOST_TEXT),
        anonymous=flag(needed=False),
    )
    def on_ask(self, here: Here, key: str, text: str, anonymous: bool | None) -> dict[str, Any]:
        part = here.room.part(Questions)
        with part.turns.of(here.person.key):
            row = write_durably(services.write_question(here.person, key, text, bool(anonymous)))
            one = part.asked.get(row.id) or part.take(row, new=True)
        return {"question": one.own()}

    @hears(ATTEND, "Support a question, or no longer.", pace=(40, 20.0), question=number(1), on=flag())
    def on_upvote(self, here: Here, question: int, on: bool) -> None:
        self._wish(here, question, on, as_vote=True)

    @hears(ATTEND, "Be told when a question is answered, or no longer.", pace=(40, 20.0), question=number(1), on=flag())
    def on_follow(self, here: Here, question: int, on: bool) -> None:
        self._wish(here, question, on, as_vote=False)

    def _wish(self, here: Here, question: int, on: bool, *, as_vote: bool) -> None:
        part = here.room.part(Questions)
        if question not in part.asked:
            raise NotFound
        with part.turns.of(here.person.key):
            write_durably(services.write_wish(here.person, question, on, as_vote=as_vote))
            part.wish(here.person.key, question, on, as_vote=as_vote)

    @hears(
        MODERATE,
        "Approve, refuse, put on stage, call answered or put off. Putting one on stage ends the answer of the one that is there.",
        question=number(1),
        to=one_of(*DECISIONS),
    )
    def on_decide_question(self, here: Here, question: int, to: str) -> None:
        with here.room.part(Questions).deciding:
            with transaction():
                changed = services.decide(here.room.webinar_id, question, DECISIONS[to], here.person.key)
            for row in changed:
                here.room.part(Questions).take(row)

    @hears(ATTEND, "Answer in writing, or write the answer anew; for speakers and moderators.", question=number(1), text=text(1, LONGEST_ANSWER))
    def on_answer_question(self, here: Here, question: int, text: str) -> None:
        if not (here.person.may(MODERATE) or here.person.may(SPEAK)):
            raise NotAllowed
        with here.room.part(Questions).deciding:
            with transaction():
                hold_still(here.room.webinar_id)
                row = services.get_question(here.room.webinar_id, question)
                services.answer_in_writing(row, text, here.person.key)
            here.room.part(Questions).take(row)

    @hears(MODERATE, "Make one question of two: this one's votes go to the other, and its asker is told.", question=number(1), into=number(1))
    def on_merge_questions(self, here: Here, question: int, into: int) -> None:
        with here.room.part(Questions).deciding:
            with transaction():
                gone, stays = services.merge(here.room.webinar_id, question, into, here.person.key)
                votes, follows = (
                    set(db.session.scalars(select(wish.participant).where(wish.question_id == stays.id)))
                    for wish in (RoomQuestionVote, RoomQuestionFollow)
                )
            here.room.part(Questions).merged(gone, stays, votes, follows)
