"""Polls as browsers send them."""

from __future__ import annotations

from typing import Any

from app.kernel.db import transaction
from app.kernel.durable import write_durably
from app.room.events import EventGroup, Here, hears
from app.room.fields import key, list_of, number, one_of, text
from app.room.models import PollKind
from app.room.polls import services
from app.room.polls.part import Polls
from app.room.polls.rules import MOST_OPTIONS
from app.webinars.permissions import ATTEND, MODERATE

LONGEST_SECONDS = 3600


class PollEvents(EventGroup):
    @hears(
        ATTEND,
        "Vote, or change one's vote, while the poll is open. `round` is the one on screen: a vote for an earlier round does not count in this one.",
        pace=(20, 10.0),
        poll=number(1),
        round=number(1),
        choices=list_of(number(0, MOST_OPTIONS - 1), MOST_OPTIONS, 1),
    )
    def on_vote(self, here: Here, poll: int, round: int, choices: list[int]) -> None:
        part = here.room.part(Polls)
        with part.turns.of(here.person.key):
            chosen = write_durably(services.write_vote(here.person, poll, round, choices))
            part.vote(here.person.key, poll, round, chosen)

    @hears(
        MODERATE,
        "Prepare a poll. Sent again with the same key it is the same poll.",
        answers="`poll`",
        key=key(),
        kind=one_of(*(kind.value for kind in PollKind)),
        text=text(3, 300),
        options=list_of(text(1, 120), MOST_OPTIONS, needed=False),
        right=list_of(number(0, MOST_OPTIONS - 1), MOST_OPTIONS, needed=False),
    )
    def on_make_poll(self, here: Here, key: str, kind: str, text: str, options: list[str] | None, right: list[int] | None) -> dict[str, Any]:
        part = here.room.part(Polls)
        with part.deciding:
            with transaction():
                row = services.make_poll(here.room.webinar_id, key, kind, text, options or [], right or [])
            if row.id not in part.polls:
                part.take(row)
        return {"poll": part.polls[row.id].kept()}

    @hears(MODERATE, "Let people vote, perhaps for so many seconds.", poll=number(1), seconds=number(10, LONGEST_SECONDS, needed=False))
    def on_open_poll(self, here: Here, poll: int, seconds: int | None) -> None:
        with here.room.part(Polls).deciding:
            with transaction():
                row = services.open_poll(here.room.webinar_id, poll, seconds)
            here.room.part(Polls).take(row)

    @hears(MODERATE, "End the voting and show everybody the result.", poll=number(1))
    def on_close_poll(self, here: Here, poll: int) -> None:
        with here.room.part(Polls).deciding:
            with transaction():
                row = services.close_poll(here.room.webinar_id, poll)
            here.room.part(Polls).take(row)

    @hears(MODERATE, "Begin a poll again, without votes; the record keeps those before.", poll=number(1))
    def on_reset_poll(self, here: Here, poll: int) -> None:
        with here.room.part(Polls).deciding:
            with transaction():
                row = services.reset_poll(here.room.webinar_id, poll, here.person.user_id)
            here.room.part(Polls).take(row)

    @hears(MODERATE, "Throw a prepared poll away that was never opened.", poll=number(1))
    def on_drop_poll(self, here: Here, poll: int) -> None:
        with here.room.part(Polls).deciding:
            with transaction():
                services.drop_poll(here.room.webinar_id, poll)
            here.room.part(Polls).drop(poll)
