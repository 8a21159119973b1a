"""Prepares a live room on an instance: a webinar on the air with an open poll, and tickets for so many viewers. Answers in one line of JSON."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from typing import Any

from app.factory import create_app
from config import Settings


def prepare(viewers: int, slug: str) -> dict[str, Any]:
    from app.kernel import clock
    from app.kernel.db import transaction
    from app.room.models import PollKind, PollState, RoomPoll
    from app.room.ticket import write_ticket
    from app.webinars.models import Webinar, WebinarState
    from app.webinars.participants import Participant
    from app.webinars.permissions import ATTEND, MODERATE

    with create_app(Settings.from_environment()).test_request_context():
        now = clock.now()
        with transaction() as session:
            webinar = Webinar(
                slug=slug, title="Uji beban", form="SEMINAR", jp=2, starts_at=now, ends_at=now + timedelta(hours=3), state=WebinarState.LIVE,
                live_at=now, share_token=slug, created_at=now, published_at=now,
            )  # fmt: skip
            session.add(webinar)
            session.flush()
            poll = RoomPoll(
                webinar_id=webinar.id, key=f"poll-{slug}", kind=PollKind.SINGLE, text="Mana yang dipilih?", options=["Satu", "Dua", "Tiga"],
                state=PollState.OPEN, created_at=now, opened_at=now,
            )  # fmt: skip
            session.add(poll)
            session.flush()
            found = {"webinar": webinar.id, "poll": poll.id}
        people = (Participant(f"g{n}", found["webinar"], None, f"Tamu {n}", "Pemko Batam", frozenset({ATTEND.name})) for n in range(1, viewers + 1))
        desk = Participant("u1", found["webinar"], None, "Moderator", "", frozenset({ATTEND.name, MODERATE.name}))
        return found | {"tickets": [write_ticket(person) for person in people], "desk": write_ticket(desk)}


if __name__ == "__main__":
    print(json.dumps(prepare(int(sys.argv[1]), sys.argv[2])))
