"""What stands beside the recording, on its clock: the chat, the polls, what was handed out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import aliased

from app.kernel.db import db
from app.media import presentation
from app.media.models import AssetKind
from app.recordings.parts import Part
from app.recordings.story import second_of
from app.room.models import PollKind, PollState, RoomMessage, RoomPoll, RoomPollVote
from app.webinars.materials import list_materials
from app.webinars.models import Webinar
from app.webinars.participants import Participant

MOST_LINES = 3000
SCALE = ("1", "2", "3", "4", "5")


@dataclass(frozen=True, slots=True)
class ChatLine:
    id: int
    second: float
    author: str
    unit: str
    text: str
    answers: str  # the name of whom it answers


def list_chat(webinar_id: int, parts: Sequence[Part]) -> list[ChatLine]:
    """What was said in the chat and stayed."""
    answered = aliased(RoomMessage)
    rows = db.session.execute(
        select(
            RoomMessage.id, RoomMessage.said_at, RoomMessage.author_name, RoomMessage.author_unit, RoomMessage.text, answered.author_name
        )
        .outerjoin(answered, answered.id == RoomMessage.reply_to_id)
        .where(RoomMessage.webinar_id == webinar_id, RoomMessage.deleted_at.is_(None))
        .order_by(RoomMessage.id)
        .limit(MOST_LINES)
    ).all()
    return [ChatLine(number, second_of(at, parts), name, unit, text, answers or "") for number, at, name, unit, text, answers in rows]


def found_in(text: str, *places: str) -> bool:
    """Whether all words of a search stand in one of the places; no words are in everything."""
    words = text.casefold().split()
    return all(any(word in place.casefold() for place in places) for word in words)


@dataclass(frozen=True, slots=True)
class PollOption:
    text: str
    votes: int
    share: float
    right: bool


@dataclass(frozen=True, slots=True)
class PollResult:
    id: int
    second: float
    text: str
    kind: str
    people: int
    options: tuple[PollOption, ...]


def list_polls(webinar_id: int, parts: Sequence[Part]) -> list[PollResult]:
    """The polls that people voted in, with what came of them. Two statements."""
    polls = db.session.scalars(
        select(RoomPoll)
        .where(RoomPoll.webinar_id == webinar_id, RoomPoll.state != PollState.DRAFT)
        .order_by(RoomPoll.opened_at, RoomPoll.id)
    ).all()
    counted = _count_votes(webinar_id, tuple((poll.id, poll.round) for poll in polls))
    return [_result(poll, parts, *counted.get(poll.id, (0, Counter()))) for poll in polls if poll.opened_at]


@lru_cache(maxsize=256)
def _count_votes(webinar_id: int, _rounds: tuple[tuple[int, int], ...]) -> dict[int, tuple[int, Counter[int]]]:
    """People, and votes of each option, by poll. Nobody votes any more once the webinar has ended."""
    found: dict[int, tuple[int, Counter[int]]] = {}
    rows = db.session.execute(
        select(RoomPollVote.poll_id, RoomPollVote.choices)
        .join(RoomPoll, (RoomPoll.id == RoomPollVote.poll_id) & (RoomPoll.round == RoomPollVote.round))
        .where(RoomPoll.webinar_id == webinar_id)
    )
    for poll_id, choices in rows:
        people, votes = found.get(poll_id, (0, Counter()))
        votes.update(choice for choice in choices if isinstance(choice, int))
        found[poll_id] = (people + 1, votes)
    return found


def _result(poll: RoomPoll, parts: Sequence[Part], people: int, votes: Counter[int]) -> PollResult:
    texts = poll.options or (list(SCALE) if poll.kind == PollKind.SCALE else [])
    options = tuple(
        PollOption(str(text), votes[place], votes[place] / people if people else 0.0, place in poll.right)
        for place, text in enumerate(texts)
    )
    assert poll.opened_at is not None
    return PollResult(poll.id, second_of(poll.opened_at, parts), poll.text, poll.kind, people, options)


@dataclass(frozen=True, slots=True)
class Handout:
    title: str
    pages: int | None
    is_slides: bool
    address: str | None  # None while it is being prepared


def list_handouts(webinar: Webinar, person: Participant | None, user: Any) -> list[Handout]:
    """What was handed out, for those who were part of it."""
    found = []
    for one in list_materials(webinar, person):
        if one.is_open:
            ready = one.asset.is_ready and one.asset.kind == AssetKind.DOCUMENT
            address = presentation.document_download(one.asset, user) if ready else None
            found.append(Handout(one.row.title, one.asset.pages, one.row.is_slides, address))
    return found
