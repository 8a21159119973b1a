"""Named reads of quizzes and attempts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, select

from app.assessment.models import AttemptState, Quiz, QuizAttempt
from app.assessment.quizzes import AttemptFacts, QuizContent, QuizPolicy, get_attempt_facts, get_content
from app.assessment.rules import PastAttempt, StartDecision, StartRefusal, may_start_attempt
from app.kernel import clock
from app.kernel.db import db
from app.kernel.errors import NotFound


@dataclass(frozen=True, slots=True)
class AttemptSummary:
    """One attempt as a list shows it. `percent` and `passed` are None while it is open."""

    id: int
    version_id: int
    number: int
    state: str
    started_at: datetime
    deadline_at: datetime | None
    submitted_at: datetime | None
    closed_by: str | None
    percent: int | None
    passed: bool | None

    @property
    def is_open(self) -> bool:
        return self.state == AttemptState.OPEN


_attempt: Any = QuizAttempt.__table__
_SUMMARY = (
    _attempt.c.id,
    _attempt.c.quiz_version_id,
    _attempt.c.number,
    _attempt.c.state,
    _attempt.c.started_at,
    _attempt.c.deadline_at,
    _attempt.c.submitted_at,
    _attempt.c.closed_by,
    _attempt.c.percent,
    _attempt.c.passed,
)


def get_facts_for(user_id: int, attempt_id: int) -> AttemptFacts:
    """What is fixed of an attempt, mostly without a query. Raises NotFound for anybody but the person who made it."""
    facts = get_attempt_facts(attempt_id)
    if facts.user_id != user_id:
        raise NotFound
    return facts


def get_attempt_for(user: Any, attempt_id: int) -> QuizAttempt:
    """Raises NotFound for anybody but the person who made the attempt."""
    attempt = db.session.get(QuizAttempt, attempt_id)
    if attempt is None or attempt.user_id != user.id:
        raise NotFound
    return attempt


def get_summary(facts: AttemptFacts) -> AttemptSummary:
    """How the attempt stands now. Raises NotFound when it is gone."""
    row = db.session.execute(select(*_SUMMARY).where(QuizAttempt.id == facts.id, QuizAttempt.user_id == facts.user_id)).one_or_none()
    if row is None:
        raise NotFound
    return AttemptSummary(*row)


@dataclass(frozen=True, slots=True)
class QuizStanding:
    """Where a person stands with a quiz: what it asks, what they did, and whether they may start (again). One query."""

    quiz_id: int
    quiz_key: str
    content: QuizContent
    attempts: list[AttemptSummary]
    decision: StartDecision

    @property
    def policy(self) -> QuizPolicy:
        return self.content.policy

    @property
    def question_count(self) -> int:
        return len(self.content.questions)

    @property
    def open_attempt(self) -> AttemptSummary | None:
        """The attempt to continue; one whose time is over is not."""
        if self.decision.refusal is not StartRefusal.ATTEMPT_OPEN:
            return None
        return next((attempt for attempt in self.attempts if attempt.is_open), None)

    @property
    def best(self) -> AttemptSummary | None:
        """The graded attempt with the highest score."""
        return max((a for a in self.attempts if a.percent is not None), key=lambda a: a.percent or 0, default=None)

    @property
    def has_passed(self) -> bool:
        return any(attempt.passed for attempt in self.attempts)


_quiz: Any = Quiz.__table__
_STANDING = (
    select(_quiz.c.key, _quiz.c.current_version_id, *_SUMMARY)
    .select_from(_quiz.outerjoin(_attempt, and_(_attempt.c.quiz_id == _quiz.c.id, _attempt.c.user_id == bindparam("user_id"))))
    .where(_quiz.c.id == bindparam("quiz_id"))
    .order_by(_attempt.c.number)
)


def standing_of(user_id: int, quiz_id: int) -> QuizStanding:
    """Raises NotFound for a quiz that does not exist or was never published."""
    rows = db.session.execute(_STANDING, {"user_id": user_id, "quiz_id": quiz_id}).all()
    if not rows or rows[0].current_version_id is None:
        raise NotFound
    content = get_content(rows[0].current_version_id)
    attempts = [AttemptSummary(*row[2:]) for row in rows if row[2] is not None]
    return QuizStanding(quiz_id, rows[0].key, content, attempts, decide_start(content.policy, attempts))


def decide_start(policy: QuizPolicy, attempts: list[AttemptSummary]) -> StartDecision:
    """Whether a new attempt may start now, after these."""
    past = [PastAttempt(attempt.started_at, attempt.submitted_at, attempt.deadline_at) for attempt in attempts]
    return may_start_attempt(policy, past, clock.now())
