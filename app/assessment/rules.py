"""Decisions about attempts: scores, deadlines, who may start again and when, which feedback may be seen. Values in, values out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from fractions import Fraction
from math import floor

from app.assessment.question_types import Grade, Question, Response, grade

DEFAULT_GRACE_SECONDS = 5
"""What an answer may take on its way after the deadline and still count."""


class Purpose(StrEnum):
    """What a quiz is for: a pre-test before the course, practice in it, a quiz at the end of a module, a post-test at the end."""

    PRE_TEST = "PRE_TEST"
    PRACTICE = "PRACTICE"
    MODULE_QUIZ = "MODULE_QUIZ"
    POST_TEST = "POST_TEST"


class FeedbackPolicy(StrEnum):
    """When learners see feedback and right answers."""

    EACH = "EACH"
    """As soon as an answer is given; practice only."""
    AFTER = "AFTER"
    """After submitting."""
    SCORE = "SCORE"
    """The score only."""


@dataclass(frozen=True)
class AttemptPolicy:
    """How a quiz may be taken (docs/content-format.md). `passing_score` in percent; 0 attempts or minutes mean no limit.

    `cooldown_minutes` is the wait after the last allowed attempt, after which the count starts again; 0 means it never does.
    Raises ValueError for numbers that cannot be meant.
    """

    purpose: Purpose
    passing_score: int = 0
    attempts: int = 0
    cooldown_minutes: int = 0
    time_limit_minutes: int = 0
    feedback: FeedbackPolicy = FeedbackPolicy.AFTER

    def __post_init__(self) -> None:
        if not 0 <= self.passing_score <= 100:
            raise ValueError("passing_score is a percentage from 0 to 100")
        if min(self.attempts, self.cooldown_minutes, self.time_limit_minutes) < 0:
            raise ValueError("attempts and minutes are not negative")
        if self.feedback is FeedbackPolicy.EACH and self.purpose is not Purpose.PRACTICE:
            raise ValueError("feedback on each answer is for practice only")


# Score.


@dataclass(frozen=True)
class AttemptScore:
    """`fraction` is exact. `percent` is it in whole percent, rounded down: a shown 70 is never a missed 70."""

    fraction: Fraction
    grades: Mapping[str, Grade]

    @property
    def percent(self) -> int:
        return floor(self.fraction * 100)


def score_attempt(questions: Sequence[Question], responses: Mapping[str, Response]) -> AttemptScore:
    """Every question weighs the same; one without a response is worth nothing. Raises ValueError for a quiz without questions."""
    if not questions:
        raise ValueError("a quiz has at least one question")
    nothing = Grade(Fraction(0))
    grades = {question.key: grade(question, responses[question.key]) if question.key in responses else nothing for question in questions}
    return AttemptScore(sum((given.fraction for given in grades.values()), Fraction(0)) / len(questions), grades)


def is_passed(policy: AttemptPolicy, score: AttemptScore) -> bool:
    """With a passing score of 0 any submitted attempt passes."""
    return score.fraction * 100 >= policy.passing_score


# Time.


def deadline_for(policy: AttemptPolicy, started_at: datetime) -> datetime | None:
    """The moment after which answers no longer count, by the server's clock; None without a time limit."""
    return started_at + timedelta(minutes=policy.time_limit_minutes) if policy.time_limit_minutes else None


def is_late(saved_at: datetime, deadline: datetime | None, grace_seconds: int = DEFAULT_GRACE_SECONDS) -> bool:
    """Whether an answer came after the deadline and the seconds it may take on its way. Such an answer is kept and shown, and never counts."""
    return deadline is not None and saved_at > deadline + timedelta(seconds=grace_seconds)


# Starting an attempt.


@dataclass(frozen=True)
class PastAttempt:
    """An attempt made before; without `submitted_at` it is still open, until its deadline."""

    started_at: datetime
    submitted_at: datetime | None = None
    deadline: datetime | None = None

    def ended_at(self, now: datetime) -> datetime | None:
        """When it was over, or None while it goes on."""
        if self.submitted_at is not None:
            return self.submitted_at
        return self.deadline if self.deadline is not None and now > self.deadline else None


class StartRefusal(StrEnum):
    """Why no new attempt may start now."""

    ATTEMPT_OPEN = "attempt_open"
    """One is going on: continue that."""
    COOLING_DOWN = "cooling_down"
    """Every attempt of this round is used; the next round has its moment."""
    NO_ATTEMPTS_LEFT = "no_attempts_left"
    """Every attempt is used, and the quiz gives no more."""


@dataclass(frozen=True)
class StartDecision:
    """Whether a new attempt may start now, and if not, why and from when. `remaining` counts this round; None without a limit."""

    refusal: StartRefusal | None = None
    opens_at: datetime | None = None
    remaining: int | None = None

    @property
    def allowed(self) -> bool:
        return self.refusal is None


def may_start_attempt(policy: AttemptPolicy, previous: Sequence[PastAttempt], now: datetime) -> StartDecision:
    """An attempt nobody submitted counts as used once its deadline has passed."""
    ends = [attempt.ended_at(now) for attempt in previous]
    used = len(previous) % policy.attempts if policy.attempts else 0
    remaining = policy.attempts - used if policy.attempts else None
    if None in ends:
        left = (policy.attempts - used) % policy.attempts if policy.attempts else None
        return StartDecision(StartRefusal.ATTEMPT_OPEN, remaining=left)
    if not policy.attempts or not previous or used:
        return StartDecision(remaining=remaining)
    if not policy.cooldown_minutes:
        return StartDecision(StartRefusal.NO_ATTEMPTS_LEFT, remaining=0)
    opens_at = max(end for end in ends if end is not None) + timedelta(minutes=policy.cooldown_minutes)
    if now < opens_at:
        return StartDecision(StartRefusal.COOLING_DOWN, opens_at, 0)
    return StartDecision(remaining=remaining)


# Feedback.


@dataclass(frozen=True)
class VisibleFeedback:
    """What a learner may see of one question: the attempt's score, which parts were right, the feedback texts, the right answer."""

    score: bool = False
    marks: bool = False
    texts: bool = False
    solution: bool = False


def visible_feedback(
    policy: AttemptPolicy, *, submitted: bool, answered: bool, passed: bool = False, may_try_again: bool = True
) -> VisibleFeedback:
    """Before submitting only practice with EACH shows anything, and only for a question that was answered.

    After submitting, AFTER shows marks and feedback; the right answers stay hidden while the learner has not passed and may still try
    again with the same questions.
    """
    if policy.feedback is FeedbackPolicy.SCORE:
        return VisibleFeedback(score=submitted)
    if policy.feedback is FeedbackPolicy.EACH:
        shown = submitted or answered
        return VisibleFeedback(score=submitted, marks=shown, texts=shown, solution=shown)
    if not submitted:
        return VisibleFeedback()
    return VisibleFeedback(score=True, marks=True, texts=True, solution=passed or not may_try_again or policy.passing_score == 0)
