"""What moderators do with polls (in a transaction), and the vote of one person (a short write)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import cache
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, func, select

from app.kernel import clock
from app.kernel.db import db, insert_into, json_of, moment_of
from app.kernel.direct import Direct
from app.kernel.errors import Conflict, NotFound, TooMany
from app.people import audit
from app.room.models import PollState, RoomPoll, RoomPollVote
from app.room.polls import rules
from app.room.standing import hold_still, refuse_the_ended
from app.webinars.models import Webinar
from app.webinars.participants import Participant

MOST_POLLS = 50

polls: Any = RoomPoll.__table__
votes: Any = RoomPollVote.__table__
webinars: Any = Webinar.__table__


def make_poll(webinar_id: int, key: str, kind: str, text: str, options: Sequence[str], right: Sequence[int]) -> RoomPoll:
    """Prepare a poll; sent again with the same key it is the same poll."""
    hold_still(webinar_id)
    known = db.session.scalar(select(RoomPoll).where(RoomPoll.webinar_id == webinar_id, RoomPoll.key == key))
    if known is not None:
        return known
    count = db.session.scalar(select(func.count()).select_from(RoomPoll).where(RoomPoll.webinar_id == webinar_id)) or 0
    if count >= MOST_POLLS:
        raise TooMany(_("Paling banyak %(most)s jajak di satu webinar.", most=MOST_POLLS))
    given, correct = rules.options_of(kind, options, right)
    made = RoomPoll(webinar_id=webinar_id, key=key, kind=kind, text=text, options=given, right=correct, position=count + 1, created_at=clock.now())
    db.session.add(made)
    db.session.flush()
    return made


def get_poll(webinar_id: int, poll_id: int) -> RoomPoll:
    """The poll, held. Raises NotFound for another webinar's."""
    found = db.session.scalar(select(RoomPoll).where(RoomPoll.id == poll_id, RoomPoll.webinar_id == webinar_id).with_for_update())
    if found is None:
        raise NotFound
    return found


def open_poll(webinar_id: int, poll_id: int, seconds: int | None) -> RoomPoll:
    """Let people vote, perhaps for so many seconds. One poll at a time. Opening an open one only sets its time anew."""
    hold_still(webinar_id)
    poll = get_poll(webinar_id, poll_id)
    if poll.state == PollState.CLOSED:
        raise Conflict(_("Jajak ini sudah ditutup. Ulangi dari awal untuk membukanya lagi."), code="closed")
    other = select(RoomPoll.id).where(RoomPoll.webinar_id == webinar_id, RoomPoll.state == PollState.OPEN, RoomPoll.id != poll_id)
    if db.session.scalar(other.limit(1)) is not None:
        raise Conflict(_("Masih ada jajak yang terbuka. Tutup dulu yang itu."), code="another_open")
    now = clock.now()
    poll.opened_at = poll.opened_at if poll.state == PollState.OPEN else now
    poll.state, poll.closes_at = PollState.OPEN, now + timedelta(seconds=seconds) if seconds else None
    db.session.flush()
    return poll


def close_poll(webinar_id: int, poll_id: int) -> RoomPoll:
    """End the voting: from now on everybody sees the result."""
    poll = get_poll(webinar_id, poll_id)
    if poll.state == PollState.DRAFT:
        raise Conflict(_("Jajak ini belum dibuka."), code="not_open")
    if poll.state == PollState.OPEN:
        poll.state, poll.closed_at = PollState.CLOSED, clock.now()
        db.session.flush()
    return poll


def reset_poll(webinar_id: int, poll_id: int, actor_id: int | None) -> RoomPoll:
    """Begin again: another round without votes. Those before stay in the record, and the audit says who did it."""
    hold_still(webinar_id)
    poll = get_poll(webinar_id, poll_id)
    if poll.state == PollState.DRAFT:
        return poll
    cast = (votes.c.poll_id == poll.id, votes.c.round == poll.round)
    voters = db.session.scalar(select(func.count()).select_from(votes).where(*cast)) or 0
    audit.note(actor_id, "room.poll_reset", ("poll", poll.id), {"round": poll.round, "voters": voters}, {"round": poll.round + 1})
    poll.round, poll.state, poll.opened_at, poll.closes_at, poll.closed_at = poll.round + 1, PollState.DRAFT, None, None, None
    db.session.flush()
    return poll


def drop_poll(webinar_id: int, poll_id: int) -> None:
    """Throw a prepared poll away that was never opened."""
    poll = get_poll(webinar_id, poll_id)
    if poll.state != PollState.DRAFT or poll.round > 1:
        raise Conflict(_("Jajak yang pernah dibuka tetap tersimpan."), code="used")
    db.session.delete(poll)
    db.session.flush()


def close_all(webinar_id: int) -> None:
    """At the end of the webinar."""
    for poll_id in db.session.scalars(select(RoomPoll.id).where(RoomPoll.webinar_id == webinar_id, RoomPoll.state == PollState.OPEN)).all():
        close_poll(webinar_id, poll_id)


def list_votes(connection: Connection, poll_id: int, round_number: int) -> list[tuple[str, list[int]]]:
    wanted = select(votes.c.participant, votes.c.choices).where(votes.c.poll_id == poll_id, votes.c.round == round_number)
    return [(row.participant, row.choices) for row in connection.execute(wanted)]


_POLL_TO_VOTE_IN = Direct(
    select(polls.c.kind, polls.c.state, polls.c.closes_at, polls.c.round, polls.c.options, polls.c.right, webinars.c.state.label("webinar_state"))
    .join(webinars, webinars.c.id == polls.c.webinar_id)
    .where(polls.c.id == bindparam("poll"), polls.c.webinar_id == bindparam("webinar"))
    .with_for_update(read=True, of=polls)
)


@cache
def _voting(dialect: str) -> Direct:
    given = insert_into(votes, dialect).values({name: bindparam(name) for name in ("poll_id", "round", "participant", "choices", "voted_at")})
    again = {"choices": given.excluded.choices, "voted_at": given.excluded.voted_at}
    return Direct(given.on_conflict_do_update(index_elements=["poll_id", "round", "participant"], set_=again))


def write_vote(person: Participant, poll_id: int, round_number: int, choices: Sequence[int]) -> Callable[[Connection], list[int]]:
    """Give or change one's vote; returns it as it is kept. The row of the poll is held, so that none slips in after the close."""

    def work(connection: Connection) -> list[int]:
        found = _POLL_TO_VOTE_IN.rows(connection, {"poll": poll_id, "webinar": person.webinar_id})
        if not found or found[0][1] == PollState.DRAFT:
            raise NotFound
        kind, state, closes_at, current, options, right, webinar_state = found[0]
        refuse_the_ended(webinar_state)
        now, closes_at = clock.now(), moment_of(closes_at)
        if state != PollState.OPEN or (closes_at and closes_at <= now):
            raise Conflict(_("Jajak ini sudah ditutup."), code="closed")
        if current != round_number:
            raise Conflict(_("Jajak ini diulang dari awal. Pilih lagi."), code="another_round")
        chosen = rules.read_choices(kind, len(json_of(options)), len(json_of(right)), choices)
        vote = {"poll_id": poll_id, "round": round_number, "participant": person.key, "choices": chosen, "voted_at": now}
        _voting(connection.dialect.name).rows(connection, vote)
        return chosen

    return work
