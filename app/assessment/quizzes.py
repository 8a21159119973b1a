"""A published quiz as code wants it: parsed once, kept in the process, because versions never change."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import select

from app.assessment.models import QuizAttempt, QuizVersion
from app.assessment.question_types import Layout, Question, question_from_json, question_to_json
from app.assessment.rules import AttemptPolicy, FeedbackPolicy, Purpose
from app.kernel.db import db
from app.kernel.errors import NotFound


@dataclass(frozen=True)
class QuizPolicy(AttemptPolicy):
    """How a quiz may be taken, and whether questions and options are mixed for each attempt."""

    shuffle: bool = True


def policy_from_json(data: Mapping[str, Any]) -> QuizPolicy:
    """A policy out of plain data; raises ValueError for unknown fields and for values that cannot be meant."""
    try:
        values = dict(data) | {"purpose": Purpose(data["purpose"]), "feedback": FeedbackPolicy(data.get("feedback", FeedbackPolicy.AFTER))}
        policy = QuizPolicy(**values)
    except (TypeError, KeyError) as error:
        raise ValueError(f"not a policy: {error}") from error
    return policy


@dataclass(frozen=True)
class QuizContent:
    """One version of a quiz; `questions` by their keys, in the author's order."""

    version_id: int
    quiz_id: int
    title: str
    policy: QuizPolicy
    questions: Mapping[str, Question]
    introduction_html: str


@lru_cache(maxsize=256)
def get_content(version_id: int) -> QuizContent:
    """Raises NotFound for a version that does not exist."""
    row = db.session.execute(
        select(QuizVersion.quiz_id, QuizVersion.title, QuizVersion.policy, QuizVersion.questions, QuizVersion.introduction_html).where(
            QuizVersion.id == version_id
        )
    ).one_or_none()
    if row is None:
        raise NotFound
    questions = {question.key: question for question in map(question_from_json, row.questions)}
    return QuizContent(version_id, row.quiz_id, row.title, policy_from_json(row.policy), MappingProxyType(questions), row.introduction_html)


def digest_of(title: str, policy: QuizPolicy, questions: Sequence[Question], introduction_html: str) -> str:
    """The same quiz gives the same digest."""
    whole = [title, asdict(policy), [question_to_json(question) for question in questions], introduction_html]
    return hashlib.sha256(json.dumps(whole, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True)
class AttemptFacts:
    """What is fixed when an attempt starts. `order` is the questions' keys as this attempt shows them, `options` their options' order."""

    id: int
    quiz_id: int
    version_id: int
    user_id: int
    number: int
    started_at: datetime
    deadline_at: datetime | None
    order: tuple[str, ...]
    options: Mapping[str, Layout]

    @property
    def content(self) -> QuizContent:
        return get_content(self.version_id)

    def question(self, place: int) -> Question:
        """The question at a place, counted from 1. Raises LookupError beyond the last."""
        if not 1 <= place <= len(self.order):
            raise LookupError(place)
        return self.content.questions[self.order[place - 1]]


@lru_cache(maxsize=4096)
def get_attempt_facts(attempt_id: int) -> AttemptFacts:
    """Raises NotFound. Whoever asks checks whose attempt it is."""
    row = db.session.execute(
        select(
            QuizAttempt.id,
            QuizAttempt.quiz_id,
            QuizAttempt.quiz_version_id,
            QuizAttempt.user_id,
            QuizAttempt.number,
            QuizAttempt.started_at,
            QuizAttempt.deadline_at,
            QuizAttempt.layout,
        ).where(QuizAttempt.id == attempt_id)
    ).one_or_none()
    if row is None:
        raise NotFound
    return AttemptFacts(
        row.id,
        row.quiz_id,
        row.quiz_version_id,
        row.user_id,
        row.number,
        row.started_at,
        row.deadline_at,
        tuple(row.layout["order"]),
        row.layout["options"],
    )
