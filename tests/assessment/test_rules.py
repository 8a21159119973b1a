"""Scores, deadlines, new attempts and feedback, decided on plain values."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.assessment import messages
from app.assessment.question_types import Text, perfect_response
from app.assessment.question_types.true_false import TrueFalse, TrueFalseResponse
from app.assessment.rules import (
    AttemptPolicy,
    AttemptScore,
    FeedbackPolicy,
    PastAttempt,
    Purpose,
    StartDecision,
    StartRefusal,
    VisibleFeedback,
    deadline_for,
    is_late,
    is_passed,
    may_start_attempt,
    score_attempt,
    visible_feedback,
)

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)


def after(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def quiz(**more) -> AttemptPolicy:
    return AttemptPolicy(Purpose.MODULE_QUIZ, **({"passing_score": 70, "attempts": 3, "cooldown_minutes": 60} | more))


def statements(count: int) -> list[TrueFalse]:
    return [TrueFalse(key=f"s{number}", text=Text("Benar?"), answer=True) for number in range(count)]


def ended(*minutes: float) -> list[PastAttempt]:
    return [PastAttempt(after(minute - 5), after(minute)) for minute in minutes]


# Score.


def test_every_question_weighs_the_same_and_a_missing_answer_is_worth_nothing():
    score = score_attempt(statements(4), {"s0": TrueFalseResponse(True), "s1": TrueFalseResponse(False), "s2": TrueFalseResponse(True)})
    assert score.fraction == Fraction(1, 2)
    assert list(score.grades) == ["s0", "s1", "s2", "s3"]


def test_the_percent_is_rounded_down_so_that_what_is_shown_is_what_counts():
    questions = statements(3)
    score = score_attempt(questions, {"s0": TrueFalseResponse(True), "s1": TrueFalseResponse(True)})
    assert score.percent == 66
    assert not is_passed(quiz(passing_score=67), score)
    assert is_passed(quiz(passing_score=66), score)


@given(st.integers(0, 100), st.fractions(0, 1))
def test_passing_by_the_shown_percent_and_by_the_exact_score_is_the_same(passing_score, fraction):
    score = AttemptScore(fraction, {})
    assert is_passed(quiz(passing_score=passing_score), score) == (score.percent >= passing_score)


def test_any_submitted_attempt_passes_a_quiz_without_a_pass_mark():
    assert is_passed(AttemptPolicy(Purpose.PRE_TEST), score_attempt(statements(2), {}))


def test_perfect_answers_score_a_hundred():
    questions = statements(7)
    assert score_attempt(questions, {question.key: perfect_response(question) for question in questions}).percent == 100


def test_an_answer_to_no_question_of_the_quiz_changes_nothing():
    assert score_attempt(statements(1), {"lain": TrueFalseResponse(True)}).percent == 0


def test_a_quiz_without_questions_has_no_score():
    with pytest.raises(ValueError, match="at least one"):
        score_attempt([], {})


# Time.


def test_the_deadline_follows_from_the_servers_start():
    assert deadline_for(quiz(time_limit_minutes=15), NOON) == after(15)
    assert deadline_for(quiz(), NOON) is None


@pytest.mark.parametrize(("seconds", "late"), [(0, False), (5, False), (5.001, True), (3600, True)])
def test_an_answer_on_its_way_at_the_deadline_still_counts(seconds, late):
    assert is_late(NOON + timedelta(seconds=seconds), NOON, grace_seconds=5) == late


def test_nothing_is_late_without_a_deadline():
    assert not is_late(after(10_000), None)


# Starting an attempt.


def test_the_first_attempt_may_start():
    assert may_start_attempt(quiz(), [], NOON) == StartDecision(remaining=3)


def test_without_a_limit_one_may_always_start_again():
    assert may_start_attempt(quiz(attempts=0), ended(*range(50)), after(60)) == StartDecision()


def test_after_the_last_allowed_attempt_one_waits_and_is_told_until_when():
    assert may_start_attempt(quiz(), ended(10, 20, 30), after(89)) == StartDecision(StartRefusal.COOLING_DOWN, after(90), 0)


def test_after_the_wait_the_count_starts_again():
    assert may_start_attempt(quiz(), ended(10, 20, 30), after(90)) == StartDecision(remaining=3)
    assert may_start_attempt(quiz(), ended(10, 20, 30, 100), after(101)) == StartDecision(remaining=2)
    assert may_start_attempt(quiz(), ended(10, 20, 30, 100, 110, 120), after(121)).opens_at == after(180)


def test_without_a_cool_down_the_last_attempt_is_the_last():
    decision = may_start_attempt(quiz(attempts=1, cooldown_minutes=0), ended(1), after(100_000))
    assert decision.refusal is StartRefusal.NO_ATTEMPTS_LEFT
    assert decision.opens_at is None


def test_an_open_attempt_is_to_be_continued():
    going_on = PastAttempt(NOON, deadline=after(15))
    assert may_start_attempt(quiz(), [*ended(-30), going_on], after(15)) == StartDecision(StartRefusal.ATTEMPT_OPEN, remaining=1)


def test_an_attempt_that_ran_out_counts_as_used_from_its_deadline():
    ran_out = PastAttempt(NOON, deadline=after(15))
    assert may_start_attempt(quiz(), [ran_out], after(16)) == StartDecision(remaining=2)
    assert may_start_attempt(quiz(attempts=1), [ran_out], after(16)).opens_at == after(75)


@given(st.integers(0, 5), st.integers(0, 90), st.lists(st.integers(0, 100), max_size=8, unique=True), st.integers(101, 400))
def test_who_is_told_a_moment_may_start_at_that_moment(attempts, cooldown, minutes, now):
    policy = quiz(attempts=attempts, cooldown_minutes=cooldown)
    previous = ended(*sorted(minutes))
    decision = may_start_attempt(policy, previous, after(now))
    assert decision.allowed == (decision.refusal is None)
    if decision.opens_at:
        assert may_start_attempt(policy, previous, decision.opens_at).allowed
        assert not may_start_attempt(policy, previous, decision.opens_at - timedelta(microseconds=1)).allowed


@pytest.mark.parametrize("refusal", StartRefusal)
def test_each_refusal_is_put_into_words(refusal):
    assert messages.refusal_message(StartDecision(refusal), "23 November 2026, 13.00 WIB")


def test_the_wait_names_its_end():
    assert "13.00 WIB" in messages.refusal_message(StartDecision(StartRefusal.COOLING_DOWN, NOON), "23 November 2026, 13.00 WIB")


# Policy.


@pytest.mark.parametrize("wrong", [{"passing_score": 101}, {"passing_score": -1}, {"attempts": -1}, {"feedback": FeedbackPolicy.EACH}])
def test_a_policy_that_cannot_be_meant_is_refused(wrong):
    with pytest.raises(ValueError):
        quiz(**wrong)


# Feedback.


def practice() -> AttemptPolicy:
    return AttemptPolicy(Purpose.PRACTICE, feedback=FeedbackPolicy.EACH)


def test_practice_shows_feedback_for_what_was_answered_and_nothing_else():
    assert visible_feedback(practice(), submitted=False, answered=True) == VisibleFeedback(marks=True, texts=True, solution=True)
    assert visible_feedback(practice(), submitted=False, answered=False) == VisibleFeedback()


@pytest.mark.parametrize("feedback", [FeedbackPolicy.AFTER, FeedbackPolicy.SCORE])
def test_a_test_shows_nothing_before_it_is_submitted(feedback):
    assert visible_feedback(quiz(feedback=feedback), submitted=False, answered=True) == VisibleFeedback()


def test_score_only_means_score_only():
    policy = quiz(feedback=FeedbackPolicy.SCORE)
    assert visible_feedback(policy, submitted=True, answered=True, passed=True) == VisibleFeedback(score=True)


@pytest.mark.parametrize(
    ("passed", "may_try_again", "solution"), [(False, True, False), (False, False, True), (True, True, True), (True, False, True)]
)
def test_right_answers_stay_hidden_from_who_may_still_try_again(passed, may_try_again, solution):
    seen = visible_feedback(quiz(), submitted=True, answered=True, passed=passed, may_try_again=may_try_again)
    assert seen == VisibleFeedback(score=True, marks=True, texts=True, solution=solution)
