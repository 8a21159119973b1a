"""What assessment announces."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class AttemptGraded:
    """An attempt was closed, by the learner or by the clock, and has its score. Recorded in the transaction that graded it.

    `percent` is 0 to 100, rounded down; `submitted_at` is the moment the attempt ended (the deadline, when the clock closed it).
    """

    attempt_id: int
    user_id: int
    quiz_id: int
    quiz_key: str
    percent: int
    passed: bool
    submitted_at: datetime
