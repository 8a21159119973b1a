"""The polls of a room in memory, with who chose what; equal to the rows, because nothing is counted before it is committed."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.kernel import clock
from app.kernel.db import db, transaction
from app.room.events import ALL, OWN, STAFF, told
from app.room.models import PollKind, PollState, RoomPoll
from app.room.polls import services
from app.room.polls.rules import Tally
from app.room.room import Part, Room
from app.room.standing import Turns, said
from app.webinars.participants import Participant

SHOWN = told("poll_shown", ALL, "A poll that is open or closed, as it now is; with the result once it is closed.", poll="see the state `polls`")
GONE = told("poll_gone", ALL, "A poll that is not shown any more: it begins again.", id="its number")
COUNTED = told("poll_counted", ALL, "How many people have voted.", id="its number", round="which round", voters="persons")
KEPT = told("poll_kept", STAFF, "A poll as moderators see it, in every state.", poll="see the state `polls`")
DROPPED = told("poll_dropped", STAFF, "A prepared poll that was thrown away.", id="its number")
TALLIED = told("poll_tallied", STAFF, "The counts while a poll is open.", id="its number", round="which round", counts="by option", voters="persons")
OWN_VOTE = told("own_vote", OWN, "One's own vote, on every device.", id="the poll", round="which round", choices="positions of options")


@dataclass(slots=True)
class Poll:
    id: int
    kind: str
    text: str
    options: list[str]
    right: list[int]
    state: str
    round: int
    position: int
    opened_at: datetime | None
    closes_at: datetime | None
    closed_at: datetime | None
    tally: Tally

    def shown(self) -> dict[str, Any]:
        """As the audience sees it: no counts and no right answers before it is closed."""
        closed = self.state == PollState.CLOSED
        return {
            "id": self.id, "kind": self.kind, "text": self.text, "options": self.options, "state": self.state, "round": self.round,
            "position": self.position, "several": self.kind == PollKind.SEVERAL or (self.kind == PollKind.QUIZ and len(self.right) > 1),
            "opened_at": said(self.opened_at), "closes_at": said(self.closes_at), "closed_at": said(self.closed_at), "voters": self.tally.voters,
            "counts": list(self.tally.counts) if closed else None, "right": self.right if closed and self.kind == PollKind.QUIZ else None,
        }  # fmt: skip

    def kept(self) -> dict[str, Any]:
        return self.shown() | {"counts": list(self.tally.counts), "right": self.right}


class Polls(Part):
    name = "polls"

    def __init__(self, room: Room):
        super().__init__(room)
        self.polls: dict[int, Poll] = {}
        self.turns = Turns()
        self.deciding = threading.RLock()  # moderators decide one after the other

    def load(self) -> None:
        rows = db.session.scalars(select(RoomPoll).where(RoomPoll.webinar_id == self.room.webinar_id).order_by(RoomPoll.position, RoomPoll.id)).all()
        self.polls = {row.id: self._read(row) for row in rows}

    def _read(self, row: RoomPoll) -> Poll:
        """A poll with the votes of its round, from the rows."""
        tally = Tally(len(row.options))
        for person, choices in services.list_votes(db.session.connection(), row.id, row.round):
            tally.take(person, choices)
        times = (row.opened_at, row.closes_at, row.closed_at)
        return Poll(row.id, row.kind, row.text, row.options, row.right, row.state, row.round, row.position, *times, tally)

    # ---- what is seen ----

    def shown(self) -> Any:
        return [poll.shown() for poll in self.polls.values() if poll.state != PollState.DRAFT]

    def shown_to_staff(self) -> Any:
        return [poll.kept() for poll in self.polls.values()]

    def own(self, person: Participant) -> Any:
        mine = ((poll, poll.tally.choices.get(person.key)) for poll in self.polls.values())
        return [{"id": poll.id, "round": poll.round, "choices": list(choices)} for poll, choices in mine if choices is not None]

    # ---- what changes ----

    def take(self, row: RoomPoll) -> None:
        """A poll as it was written. Closed or begun again, its votes are read anew, so that the result is what the rows say."""
        known = self.polls.get(row.id)
        poll = self._read(row) if known is None or row.state != PollState.OPEN or known.round != row.round else known
        poll.state, poll.opened_at, poll.closes_at = row.state, row.opened_at, row.closes_at
        was_shown = known is not None and known.state != PollState.DRAFT
        self.polls[row.id] = poll
        self.room.tell(KEPT, {"poll": poll.kept()})
        if poll.state != PollState.DRAFT:
            self.room.tell(SHOWN, {"poll": poll.shown()})
        elif was_shown:
            self.room.tell(GONE, {"id": row.id})

    def refresh(self) -> None:
        """Take what was closed outside of the room (the webinar ended)."""
        for row in db.session.scalars(select(RoomPoll).where(RoomPoll.webinar_id == self.room.webinar_id).execution_options(populate_existing=True)).all():
            if (known := self.polls.get(row.id)) is None or known.state != row.state:
                self.take(row)

    def drop(self, poll_id: int) -> None:
        if self.polls.pop(poll_id, None) is not None:
            self.room.tell(DROPPED, {"id": poll_id})

    def vote(self, person: str, poll_id: int, round_number: int, choices: list[int]) -> None:
        """A vote that was committed."""
        poll = self.polls.get(poll_id)
        if poll is None or poll.round != round_number:
            return
        poll.tally.take(person, choices)
        head = {"id": poll_id, "round": round_number, "voters": poll.tally.voters}
        self.room.put(COUNTED, poll_id, head)
        self.room.put(TALLIED, poll_id, head | {"counts": list(poll.tally.counts)})
        self.room.tell_one(person, OWN_VOTE, {"id": poll_id, "round": round_number, "choices": choices})

    def every_second(self) -> None:
        """Close what has reached its time."""
        now = clock.now()
        for poll in [one for one in self.polls.values() if one.state == PollState.OPEN and one.closes_at and one.closes_at <= now]:
            with self.deciding:
                with transaction():
                    row = services.close_poll(self.room.webinar_id, poll.id)
                self.take(row)
