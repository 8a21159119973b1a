"""A person's record: attempts with the names of what they belong to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from app.assessment.models import Quiz, QuizAttempt, QuizVersion
from app.kernel.db import db

MOST_ATTEMPTS = 50


@dataclass(frozen=True, slots=True)
class AttemptLine:
    id: int
    title: str
    quiz_key: str
    number: int
    started_at: datetime
    submitted_at: datetime | None
    percent: int | None
    passed: bool | None
    passing_score: int  # 0 for a pre-test and a practice: nothing to pass

    @property
    def course_slug(self) -> str:
        return self.quiz_key.partition("/")[0]


def count_attempts(user_id: int) -> int:
    return db.session.scalar(select(func.count()).where(QuizAttempt.user_id == user_id)) or 0


def list_attempts(user_id: int) -> list[AttemptLine]:
    """A person's newest attempts at quizzes, at most `MOST_ATTEMPTS`; one statement."""
    rows = db.session.execute(
        select(
            QuizAttempt.id,
            QuizVersion.title,
            Quiz.key,
            QuizAttempt.number,
            QuizAttempt.started_at,
            QuizAttempt.submitted_at,
            QuizAttempt.percent,
            QuizAttempt.passed,
            QuizVersion.policy,
        )
        .join(QuizVersion, QuizVersion.id == QuizAttempt.quiz_version_id)
        .join(Quiz, Quiz.id == QuizAttempt.quiz_id)
        .where(QuizAttempt.user_id == user_id)
        .order_by(QuizAttempt.started_at.desc())
        .limit(MOST_ATTEMPTS)
    )
    return [
        AttemptLine(
            row.id, row.title, row.key, row.number, row.started_at, row.submitted_at, row.percent, row.passed, row.policy["passing_score"]
        )
        for row in rows
    ]
