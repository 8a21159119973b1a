"""The questions of a room in memory: what everybody, the moderators and the stage see of them, and what is each person's own."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.kernel.db import db
from app.room.events import ALL, OWN, STAFF, STAGE, told
from app.room.models import QuestionState as State
from app.room.models import RoomQuestion, RoomQuestionFollow, RoomQuestionVote
from app.room.questions import rules
from app.room.room import Part, Room
from app.room.standing import Turns, said
from app.room.words import Patience, find_alike, gist, in_order
from app.webinars.participants import Participant

MOST_SHOWN = 300
NEXT_SHOWN, ALIKE_SHOWN, ALIKE_KEPT = 3, 3, 20
MOST_COMPARED, MOST_LOOKS_AT_OPENING = 200, 100_000

SHOWN = told("question_shown", ALL, "A question to show, or to show as it now is.", question="see the state `questions`")
GONE = told("question_gone", ALL, "A question that is not shown any more.", id="its number")
COUNTED = told("question_counted", ALL, "How many people want a question answered.", id="its number", votes="persons")
KEPT = told("question_kept", STAFF, "A question with its asker, as moderators see it, in every state.", question="see the state `questions`")
NEXT = told("next_questions", STAGE, "What the speaker reads: the question being answered and the next three.", now="or null", next="up to three")
OWN_QUESTION = told("own_question", OWN, "What became of one's own question.", question="with `merged_into`")
OWN_WISH = told("own_wish", OWN, "One's support or following of a question, on every device.", id="its number", votes="or null", follows="or null")


@dataclass(slots=True)
class Asked:
    """One question as the room knows it."""

    id: int
    participant: str
    author_name: str
    author_unit: str
    anonymous: bool
    text: str
    state: str
    asked_at: datetime
    staged_at: datetime | None
    answered_at: datetime | None
    answer_text: str
    merged_into_id: int | None
    votes: set[str] = field(default_factory=set)
    follows: set[str] = field(default_factory=set)
    gist: frozenset[str] = frozenset()
    alike: list[tuple[float, int]] = field(default_factory=list)  # how alike, and which; worked out once

    def shown(self) -> dict[str, Any]:
        """As the audience sees it: the name only where the asker lent it."""
        return {
            "id": self.id, "text": self.text, "state": self.state, "votes": len(self.votes), "anonymous": self.anonymous,
            "name": "" if self.anonymous else self.author_name, "unit": "" if self.anonymous else self.author_unit,
            "asked_at": said(self.asked_at), "staged_at": said(self.staged_at), "answered_at": said(self.answered_at), "answer": self.answer_text,
        }  # fmt: skip

    def kept(self, alike: list[int]) -> dict[str, Any]:
        """As moderators see it."""
        return self.shown() | {"name": self.author_name, "unit": self.author_unit, "asker": self.participant, "alike": alike}

    def own(self) -> dict[str, Any]:
        return self.shown() | {"merged_into": self.merged_into_id}


FIELDS = tuple(name for name in Asked.__dataclass_fields__ if name not in ("votes", "follows", "gist", "alike"))


class Questions(Part):
    name = "questions"

    def __init__(self, room: Room):
        super().__init__(room)
        self.asked: dict[int, Asked] = {}
        self.turns = Turns()
        self.deciding = threading.RLock()  # moderators decide one after the other
        self._next: dict[str, Any] | None = None

    def load(self) -> None:
        here = RoomQuestion.webinar_id == self.room.webinar_id
        self.asked = {}
        for row in db.session.execute(select(RoomQuestion.__table__).where(here).order_by(RoomQuestion.id)):
            self._take(row)
        patience = Patience(MOST_LOOKS_AT_OPENING)
        questions = list(self.asked.values())
        for number, one in enumerate(questions):
            self._compare(one, questions[:number], patience)
        for wishes, name in ((RoomQuestionVote, "votes"), (RoomQuestionFollow, "follows")):
            people: dict[int, set[str]] = defaultdict(set)
            for number, person in db.session.execute(select(wishes.question_id, wishes.participant).join(RoomQuestion).where(here)):
                people[number].add(person)
            for number, found in people.items():
                setattr(self.asked[number], name, found)

    def _take(self, row: Any) -> Asked:
        known = self.asked.get(row.id)
        made = self.asked[row.id] = Asked(**{name: getattr(row, name) for name in FIELDS}, gist=known.gist if known else gist(row.text))
        if known:
            made.votes, made.follows, made.alike = known.votes, known.follows, known.alike
        return made

    def _compare(self, one: Asked, others: list[Asked], patience: Patience) -> None:
        """Which of the latest others ask nearly the same. Each pair is compared once, for both."""
        latest = [other for other in others[-MOST_COMPARED:] if other.state != State.MERGED]
        one.alike = find_alike(one.gist, ((other.id, other.gist) for other in latest), patience)[:ALIKE_KEPT]
        for measure, number in one.alike:
            self.asked[number].alike = in_order([*self.asked[number].alike, (measure, one.id)])[:ALIKE_KEPT]

    # ---- what is seen ----

    def listed(self) -> list[Asked]:
        """What the audience sees, at most so many: what waits or is being answered before what has been, the most wanted first."""
        ranks = {State.ON_STAGE: 0, State.APPROVED: 1, State.DEFERRED: 2}
        seen = [one for one in self.asked.values() if one.state in rules.SHOWN]
        return sorted(seen, key=lambda one: (ranks.get(State(one.state), 3), -len(one.votes), one.id))[:MOST_SHOWN]

    def shown(self) -> Any:
        return [one.shown() for one in self.listed()]

    def shown_to_staff(self) -> Any:
        waiting = [one for one in self.asked.values() if one.state in (State.NEW, State.REJECTED)][-MOST_SHOWN:]
        return [self.kept(one) for one in [*self.listed(), *waiting]]

    def shown_to_stage(self) -> Any:
        return self.next()

    def kept(self, one: Asked) -> dict[str, Any]:
        if one.state not in (State.NEW, State.APPROVED):
            return one.kept([])
        open_ones = [number for _measure, number in one.alike if self.asked[number].state in rules.SUPPORTED | {State.NEW}]
        return one.kept(open_ones[:ALIKE_SHOWN])

    def next(self) -> dict[str, Any]:
        """The speaker's clean view."""
        now = next((one for one in self.asked.values() if one.state == State.ON_STAGE), None)
        queue = rules.in_queue((one.id, one.state, len(one.votes)) for one in self.asked.values())
        return {"now": now and now.shown(), "next": [self.asked[number].shown() for number in queue[:NEXT_SHOWN]], "waiting": len(queue)}

    def own(self, person: Participant) -> Any:
        mine = [one.own() for one in self.asked.values() if one.participant == person.key]
        votes = [one.id for one in self.asked.values() if person.key in one.votes]
        follows = [one.id for one in self.asked.values() if person.key in one.follows]
        return {"mine": mine, "votes": votes, "follows": follows}

    # ---- what changes ----

    def take(self, row: Any, *, new: bool = False) -> Asked:
        """A row as it was written: keep it, and tell whoever is to know."""
        before = self.asked.get(row.id)
        was_shown = before is not None and before.state in rules.SHOWN
        one = self._take(row)
        if new:
            one.follows.add(one.participant)
            self._compare(one, [other for other in self.asked.values() if other.id != one.id], Patience())
        self.room.tell(KEPT, {"question": self.kept(one)})
        if one.state in rules.SHOWN:
            self.room.tell(SHOWN, {"question": one.shown()})
        elif was_shown:
            self.room.tell(GONE, {"id": one.id})
        self.room.tell_one(one.participant, OWN_QUESTION, {"question": one.own()})
        self._tell_next()
        return one

    def merged(self, gone: Any, stays: Any, votes: set[str], follows: set[str]) -> None:
        """Two questions became one: all who asked are told, and see the votes of both."""
        self.take(gone)
        self.asked[stays.id].votes, self.asked[stays.id].follows = votes, follows
        self.take(stays)
        for other in [one for one in self.asked.values() if one.merged_into_id == gone.id]:
            other.merged_into_id = stays.id
            self.room.tell_one(other.participant, OWN_QUESTION, {"question": other.own()})
        self.room.tell_one(gone.participant, OWN_WISH, {"id": stays.id, "votes": gone.participant in votes, "follows": True})

    def wish(self, key: str, number: int, wished: bool, *, as_vote: bool) -> None:
        """Somebody supports or follows a question, or no longer does. What a merge has meanwhile moved stays with the other question."""
        one = self.asked[number]
        people = one.votes if as_vote else one.follows
        (people.add if wished else people.discard)(key)
        if as_vote:
            self.room.put(COUNTED, number, {"id": number, "votes": len(people)})
            self._tell_next()
        self.room.tell_one(key, OWN_WISH, {"id": number, "votes": wished if as_vote else None, "follows": None if as_vote else wished})

    def refresh(self) -> None:
        """Read all rows anew and tell what has changed (the webinar ended)."""
        before = {number: one.state for number, one in self.asked.items()}
        rows = db.session.scalars(select(RoomQuestion).where(RoomQuestion.webinar_id == self.room.webinar_id).execution_options(populate_existing=True)).all()
        for row in [row for row in rows if before.get(row.id) != row.state]:
            self.take(row)

    def _tell_next(self) -> None:
        found = self.next()
        if found != self._next:
            self._next = found
            self.room.put(NEXT, None, found)
