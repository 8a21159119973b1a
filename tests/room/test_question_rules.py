"""What may become of a question, and who counts."""

from __future__ import annotations

import pytest

from app.room.models import QuestionState as State
from app.room.questions import rules


def test_every_state_says_what_it_may_become() -> None:
    assert set(rules.MOVES) == set(State)


@pytest.mark.parametrize("state", State)
def test_nothing_is_merged_or_refused_while_it_is_answered_or_after(state: State) -> None:
    if state in (State.ON_STAGE, State.ANSWERED, State.WRITTEN, State.MERGED):
        assert not rules.may_become(state, State.MERGED)
        assert not rules.may_become(state, State.REJECTED)


def test_only_what_is_on_stage_is_answered_aloud() -> None:
    assert [state for state in State if rules.may_become(state, State.ANSWERED)] == [State.ON_STAGE]


def test_nobody_counts_twice_when_two_questions_become_one() -> None:
    assert rules.votes_together("u1", {"u2", "u3"}, "u4", {"u3", "u5", "u1"}) == {"u2", "u3", "u4", "u5"}


def test_who_asked_both_is_not_a_vote_for_the_one_that_stays() -> None:
    assert rules.votes_together("u1", set(), "u1", {"u2"}) == {"u2"}


def test_the_queue_is_by_votes_then_by_patience() -> None:
    waiting = [(1, State.APPROVED, 2), (2, State.APPROVED, 9), (3, State.NEW, 50), (4, State.APPROVED, 2), (5, State.ANSWERED, 99)]
    assert rules.in_queue(waiting) == [2, 1, 4]
