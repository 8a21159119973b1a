"""What may become of a question, and who counts as wanting it answered. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Set

from app.room.models import QuestionState as State
from app.webinars.models import Moderation

# From each state to those it may become. Nothing leads out of MERGED; a written answer may be written anew.
MOVES: dict[str, frozenset[str]] = {
    State.NEW: frozenset({State.APPROVED, State.REJECTED, State.MERGED, State.ON_STAGE, State.WRITTEN, State.DEFERRED}),
    State.APPROVED: frozenset({State.REJECTED, State.MERGED, State.ON_STAGE, State.WRITTEN, State.DEFERRED}),
    State.ON_STAGE: frozenset({State.ANSWERED, State.APPROVED, State.DEFERRED}),
    State.ANSWERED: frozenset({State.ON_STAGE, State.WRITTEN}),
    State.WRITTEN: frozenset({State.WRITTEN}),
    State.DEFERRED: frozenset({State.APPROVED, State.REJECTED, State.MERGED, State.ON_STAGE, State.WRITTEN}),
    State.REJECTED: frozenset({State.APPROVED, State.DEFERRED}),
    State.MERGED: frozenset(),
}
SHOWN = frozenset({State.APPROVED, State.ON_STAGE, State.ANSWERED, State.WRITTEN, State.DEFERRED})  # what the audience sees
SUPPORTED = frozenset({State.APPROVED, State.ON_STAGE, State.DEFERRED})  # what can still gain votes
OPEN_AT_THE_END = {State.APPROVED: State.DEFERRED, State.ON_STAGE: State.ANSWERED}  # what the end of the webinar makes of them

AFTERWARDS = {"pass_on": State.DEFERRED, "reject": State.REJECTED}  # what moderators still decide when it has ended
SEEN_BY_STAFF = SHOWN | {State.NEW, State.REJECTED}


def may_become(state: str, wanted: str) -> bool:
    return wanted in MOVES[state]


def state_at_first(moderation: str) -> str:
    """Seen by everybody at once, or once a moderator approved it."""
    return State.NEW if moderation == Moderation.BEFORE else State.APPROVED


def votes_together(asker: str, votes: Set[str], other_asker: str, other_votes: Set[str]) -> set[str]:
    """Who wants the question that two become: nobody twice, and its asker not at all (asking is wanting)."""
    return {*votes, *other_votes, other_asker} - {asker}


def in_queue(waiting: Iterable[tuple[int, str, int]]) -> list[int]:
    """The ids of approved questions, (id, state, votes), most wanted first; among equals the one that has waited longest."""
    return [number for number, state, _ in sorted(waiting, key=lambda one: (-one[2], one[0])) if state == State.APPROVED]
