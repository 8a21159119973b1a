"""What people do with questions. `write_...` are short writes of many people at once; the rest is a moderator's and runs in a transaction."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, delete, func, select, update

from app.kernel import clock, events, jobs
from app.kernel.db import db, insert_into
from app.kernel.errors import Conflict, Invalid, NotFound, TooMany
from app.room.facts import QuestionAnswered
from app.room.models import QuestionState, RoomQuestion, RoomQuestionFollow, RoomQuestionVote
from app.room.questions import rules
from app.room.standing import customs_of, hold_still
from app.room.words import refused_in
from app.webinars.models import Webinar, WebinarState
from app.webinars.participants import Participant

MOST_TEXT = 600
MOST_OF_ONE_PERSON = 25
TELL_ANSWER = "room.tell_answer"
TELL_TASKS = "room.tell_tasks"

table: Any = RoomQuestion.__table__
votes: Any = RoomQuestionVote.__table__
follows: Any = RoomQuestionFollow.__table__


def refuse_words(text: str, refused: list[str]) -> None:
    """Raise Invalid when a text has words that this webinar refuses."""
    if found := refused_in(text, refused):
        raise Invalid(code="refused_words", fields={"text": _("Kata ini tidak dipakai di ruang ini: %(words)s.", words=", ".join(found))})


def write_question(person: Participant, key: str, text: str, anonymous: bool) -> Callable[[Connection], Any]:
    """The row of a new question, or of the same one sent before."""

    def work(connection: Connection) -> Any:
        mine = (table.c.webinar_id == person.webinar_id, table.c.participant == person.key)
        known = connection.execute(select(table).where(*mine, table.c.key == key)).one_or_none()
        if known is not None:
            return known
        customs = customs_of(connection, person.webinar_id)
        if anonymous and not customs.anonymous_questions:
            raise Invalid(fields={"anonymous": _("Di webinar ini pertanyaan memakai nama.")})
        refuse_words(text, customs.refused_words)
        if connection.scalar(select(func.count()).select_from(table).where(*mine)) >= MOST_OF_ONE_PERSON:  # type: ignore[operator]
            raise TooMany(_("Anda sudah banyak bertanya di webinar ini. Dukung pertanyaan orang lain yang sama."))
        state = rules.state_at_first(customs.question_moderation)
        values = {
            "webinar_id": person.webinar_id, "participant": person.key, "key": key, "author_name": person.full_name, "author_unit": person.unit_name,
            "anonymous": anonymous, "text": text, "state": state, "asked_at": clock.now(), "answer_text": "",
        }  # fmt: skip
        made = connection.execute(table.insert().values(values).returning(table.c.id)).scalar_one()
        connection.execute(follows.insert().values(question_id=made, participant=person.key))
        return connection.execute(select(table).where(table.c.id == made)).one()

    return work


def write_wish(person: Participant, question_id: int, wished: bool, *, as_vote: bool) -> Callable[[Connection], None]:
    """Somebody supports or follows a question, or no longer does."""

    def work(connection: Connection) -> None:
        customs_of(connection, person.webinar_id)
        found = connection.execute(
            select(table.c.participant, table.c.state).where(table.c.id == question_id, table.c.webinar_id == person.webinar_id)
        ).one_or_none()
        if found is None or (found.state not in rules.SHOWN and found.participant != person.key):
            raise NotFound
        if as_vote and found.participant == person.key:
            raise Conflict(_("Pertanyaan Anda sendiri sudah terhitung."), code="own_question")
        if as_vote and found.state not in rules.SUPPORTED:
            raise Conflict(_("Pertanyaan ini sudah dijawab."), code="answered")
        wishes = votes if as_vote else follows
        if wished:
            values: dict[str, Any] = {"question_id": question_id, "participant": person.key}
            connection.execute(insert_into(wishes).values(values | ({"voted_at": clock.now()} if as_vote else {})).on_conflict_do_nothing())
        else:
            connection.execute(delete(wishes).where(wishes.c.question_id == question_id, wishes.c.participant == person.key))

    return work


def get_question(webinar_id: int, question_id: int) -> RoomQuestion:
    """Raises NotFound for another webinar's."""
    question = db.session.get(RoomQuestion, question_id)
    if question is None or question.webinar_id != webinar_id:
        raise NotFound
    return question


def move(question: RoomQuestion, state: str, by: str, now: datetime | None = None) -> None:
    """Give a question its next state. Raises Conflict when it cannot become that."""
    now = now or clock.now()
    if not rules.may_become(question.state, state):
        raise Conflict(_("Pertanyaan ini sudah berubah. Lihat keadaannya yang terbaru."), code="moved", state=question.state)
    question.state, question.decided_at, question.decided_by = state, now, by
    if state == QuestionState.ON_STAGE:
        question.staged_at, question.answered_at = now, None
    elif state in (QuestionState.ANSWERED, QuestionState.WRITTEN):
        question.answered_at = now
        jobs.enqueue(TELL_ANSWER, key=f"{TELL_ANSWER}:{question.id}:{state}", question_id=question.id)
        events.record(QuestionAnswered(question.webinar_id, question.id))
    elif state == QuestionState.APPROVED:
        question.staged_at = None
    db.session.flush()


def decide(webinar_id: int, question_id: int, state: str, by: str) -> list[RoomQuestion]:
    """A moderator moves a question; whatever was on stage makes room and counts as answered. Returns all that changed; nothing when it is so already."""
    hold_still(webinar_id)
    question = get_question(webinar_id, question_id)
    if question.state == state:
        return []
    changed: list[RoomQuestion] = []
    if state == QuestionState.ON_STAGE:
        staged = select(RoomQuestion).where(RoomQuestion.webinar_id == webinar_id, RoomQuestion.state == QuestionState.ON_STAGE)
        for other in db.session.scalars(staged):
            move(other, QuestionState.ANSWERED, by)
            changed.append(other)
    move(question, state, by)
    return [*changed, question]


def decide_afterwards(webinar_id: int, question_id: int, state: str, by: str) -> RoomQuestion:
    """A moderator deals with a question when the webinar has ended: it becomes a task of the speakers, or is refused. Raises Conflict
    before the end, when the desk decides, and for a question that cannot become that."""
    webinar = db.session.scalar(select(Webinar).where(Webinar.id == webinar_id).with_for_update())
    if webinar is None:
        raise NotFound
    if webinar.state != WebinarState.ENDED:
        raise Conflict(_("Sebelum webinar berakhir, pertanyaan diputuskan di meja moderator."), code="not_over")
    question = get_question(webinar_id, question_id)
    if question.state != state:
        move(question, state, by)
        if state == QuestionState.DEFERRED:
            jobs.enqueue(TELL_TASKS, webinar_id=webinar_id)
    return question


def answer_in_writing(question: RoomQuestion, text: str, by: str) -> None:
    """Write an answer, or write it anew."""
    question.answer_text, question.answered_by = text, by
    move(question, QuestionState.WRITTEN, by)


def merge(webinar_id: int, question_id: int, into_id: int, by: str) -> tuple[RoomQuestion, RoomQuestion]:
    """Make one question of two: votes and followers go over, nobody twice. Returns the one that is gone and the one that stays."""
    hold_still(webinar_id)
    gone, stays = get_question(webinar_id, question_id), get_question(webinar_id, into_id)
    if gone.id == stays.id or stays.state not in rules.SUPPORTED | {QuestionState.NEW}:
        raise Conflict(_("Pertanyaan tujuan sudah dijawab, ditolak, atau digabung."), code="moved")
    move(gone, QuestionState.MERGED, by)
    gone.merged_into_id = stays.id
    db.session.execute(update(RoomQuestion).where(RoomQuestion.merged_into_id == gone.id).values(merged_into_id=stays.id))
    together = rules.votes_together(stays.participant, _people(votes, stays.id), gone.participant, _people(votes, gone.id))
    _set_people(votes, stays.id, together, voted_at=clock.now())
    _set_people(follows, stays.id, _people(follows, stays.id) | _people(follows, gone.id))
    return gone, stays


def _people(wishes: Any, question_id: int) -> set[str]:
    return set(db.session.scalars(select(wishes.c.participant).where(wishes.c.question_id == question_id)))


def _set_people(wishes: Any, question_id: int, people: set[str], **values: Any) -> None:
    known = _people(wishes, question_id)
    if gone := known - people:
        db.session.execute(delete(wishes).where(wishes.c.question_id == question_id, wishes.c.participant.in_(gone)))
    if new := sorted(people - known):
        db.session.execute(wishes.insert(), [{"question_id": question_id, "participant": key} | values for key in new])


def put_off_the_rest(webinar_id: int) -> None:
    """At the end: what waits for an answer becomes a task of the speakers; what is being answered has been. What no moderator has decided
    about waits for them."""
    now = clock.now()
    left = select(RoomQuestion).where(RoomQuestion.webinar_id == webinar_id, RoomQuestion.state.in_(rules.OPEN_AT_THE_END))
    for question in db.session.scalars(left):
        move(question, rules.OPEN_AT_THE_END[QuestionState(question.state)], "system", now)
    jobs.enqueue(TELL_TASKS, webinar_id=webinar_id)


def count_by_state(webinar_id: int) -> dict[str, int]:
    rows = select(RoomQuestion.state, func.count()).where(RoomQuestion.webinar_id == webinar_id).group_by(RoomQuestion.state)
    return dict(db.session.execute(rows).all())  # type: ignore[arg-type]


def who_to_tell(question: RoomQuestion) -> list[str]:
    """Whoever asked, asked the same, or follows."""
    askers = set(db.session.scalars(select(RoomQuestion.participant).where(RoomQuestion.merged_into_id == question.id)))
    return sorted(askers | {question.participant} | _people(follows, question.id))
