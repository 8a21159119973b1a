"""Quizzes, their published versions, attempts, and every answer that ever arrived."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, JsonValue, intpk, json_list, json_object, line, moment, short


class Quiz(Base):
    """A quiz, whatever its versions say. `key` is the name its owner gave it, such as "<course-slug>/<lesson-key>"."""

    __tablename__ = "quiz"

    id: Mapped[intpk]
    key: Mapped[str] = mapped_column(String(200), unique=True)
    current_version_id: Mapped[int | None] = mapped_column(ForeignKey("quiz_version.id", use_alter=True), index=True)
    created_at: Mapped[moment]


class QuizVersion(Base):
    """Questions and policy as they were published once; never changed, so that an attempt keeps what it was made with."""

    __tablename__ = "quiz_version"
    __table_args__ = (UniqueConstraint("quiz_id", "number"), UniqueConstraint("quiz_id", "digest"))

    id: Mapped[intpk]
    quiz_id: Mapped[int] = mapped_column(ForeignKey("quiz.id"))
    number: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    title: Mapped[line]
    policy: Mapped[json_object]
    questions: Mapped[json_list]
    introduction_html: Mapped[str] = mapped_column(Text)
    created_at: Mapped[moment]


class AttemptState(StrEnum):
    OPEN = "OPEN"
    SUBMITTED = "SUBMITTED"


class ClosedBy(StrEnum):
    LEARNER = "LEARNER"
    CLOCK = "CLOCK"


class QuizAttempt(Base):
    """One person taking a quiz once. `deadline_at` and `layout` (the order of questions and options) are fixed when it starts.

    `submitted_at` of an attempt that the clock closed is its deadline. `percent` is 0 to 100. At most one attempt of a person at a
    quiz is open.
    """

    __tablename__ = "quiz_attempt"
    __table_args__ = (
        UniqueConstraint("quiz_id", "user_id", "number"),
        UniqueConstraint("quiz_id", "user_id", "start_key"),
        Index(
            "uq_quiz_attempt_open",
            "quiz_id",
            "user_id",
            unique=True,
            sqlite_where=text("state = 'OPEN'"),
            postgresql_where=text("state = 'OPEN'"),
        ),
        Index("ix_quiz_attempt_deadline", "state", "deadline_at"),
    )

    id: Mapped[intpk]
    quiz_id: Mapped[int] = mapped_column(ForeignKey("quiz.id"))
    quiz_version_id: Mapped[int] = mapped_column(ForeignKey("quiz_version.id"), index=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    number: Mapped[int]
    start_key: Mapped[str | None] = mapped_column(String(64))  # the same press of the button, however often it is sent
    started_at: Mapped[moment]
    deadline_at: Mapped[moment | None]
    layout: Mapped[json_object]
    state: Mapped[short] = mapped_column(default=AttemptState.OPEN)
    submitted_at: Mapped[moment | None]
    closed_by: Mapped[str | None] = mapped_column(String(80))
    percent: Mapped[int | None]
    passed: Mapped[bool | None]


class EntryKind(StrEnum):
    ANSWER = "answer"
    MARK = "mark"  # `response` says whether the learner doubts their answer


class QuizAnswer(Base):
    """Something a learner entered, as it arrived; rows are only ever added. `answered_at` is what the browser says, `saved_at` what the
    server says. `is_late` means that it came after the deadline or after submitting and does not count.

    `client_id` names one open page of a browser, `client_sequence` is the count of entries in the attempt as that page knew it.
    """

    __tablename__ = "quiz_answer"
    __table_args__ = (UniqueConstraint("attempt_id", "client_id", "client_sequence"),)

    id: Mapped[intpk]
    attempt_id: Mapped[int] = mapped_column(ForeignKey("quiz_attempt.id"))
    kind: Mapped[short]
    question_key: Mapped[str] = mapped_column(String(200))
    client_id: Mapped[str] = mapped_column(String(64))
    client_sequence: Mapped[int]
    response: Mapped[Any] = mapped_column(JsonValue)
    answered_at: Mapped[moment | None]
    saved_at: Mapped[moment]
    is_late: Mapped[bool]
