"""Enrollments, progress, the evidence chain, watched seconds, the JP ledger."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, JsonValue, day, intpk, json_object, line, moment, short


class EnrollmentSource(StrEnum):
    SELF = "SELF"
    ASSIGNED = "ASSIGNED"


class LessonState(StrEnum):
    STARTED = "STARTED"
    COMPLETED = "COMPLETED"


class Enrollment(Base):
    """A person takes a course, by own choice or assigned with a date. The unit's name is the one of that day."""

    __tablename__ = "enrollment"
    __table_args__ = (
        UniqueConstraint("user_id", "course_id"),
        Index("ix_enrollment_course", "course_id", "completed_at"),
        Index("ix_enrollment_due", "due_on", "completed_at"),
    )

    id: Mapped[intpk]
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"))
    source: Mapped[short]
    assigned_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    due_on: Mapped[date | None]
    org_unit_id: Mapped[int | None] = mapped_column(ForeignKey("org_unit.id"))
    org_unit_name: Mapped[str | None] = mapped_column(String(255))
    enrolled_at: Mapped[moment]
    completed_at: Mapped[moment | None]
    last_lesson_id: Mapped[int | None] = mapped_column(ForeignKey("lesson.id"))
    last_seen_at: Mapped[moment | None]


class Assignment(Base):
    """One act of assigning: who gave a course to people, until when and why. `token` comes with the form, so that sending it twice is once."""

    __tablename__ = "assignment"
    __table_args__ = (Index("ix_assignment_assigner", "assigned_by_id", "created_at"),)

    id: Mapped[intpk]
    token: Mapped[str] = mapped_column(String(64), unique=True)
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"))
    assigned_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    due_on: Mapped[date | None]
    reason: Mapped[str] = mapped_column(String(500), default="")
    created_at: Mapped[moment]
    withdrawn_at: Mapped[moment | None]


class AssignmentOutcome(StrEnum):
    """What an assignment meant for one person."""

    NEW = "NEW"  # enrolled by it
    ENROLLED = "ENROLLED"  # took the course already; it is assigned now
    COMPLETED = "COMPLETED"  # had completed the course; nothing changed
    UNREACHABLE = "UNREACHABLE"  # the account was closed meanwhile


class AssignmentPerson(Base):
    """One person of an assignment. While `pending`, what was decided (given, another date, withdrawn) has not been carried to them."""

    __tablename__ = "assignment_person"
    __table_args__ = (Index("ix_assignment_person_user", "user_id"), Index("ix_assignment_person_todo", "assignment_id", "pending"))

    assignment_id: Mapped[int] = mapped_column(ForeignKey("assignment.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    pending: Mapped[bool] = mapped_column(default=True)
    outcome: Mapped[str | None] = mapped_column(String(12))


class LessonProgress(Base):
    """How far a person is in a lesson. Derived: `flask learning rebuild` makes completion anew from the evidence.

    `position` is where they stopped: `{"seconds": 582.4}` in a video, `{"part": 0.62}` of a text, `{"page": 4}` of a document.
    """

    __tablename__ = "lesson_progress"
    __table_args__ = (UniqueConstraint("user_id", "lesson_id"), Index("ix_lesson_progress_user_course", "user_id", "course_id"))

    id: Mapped[intpk]
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"))
    lesson_id: Mapped[int] = mapped_column(ForeignKey("lesson.id"))
    state: Mapped[short]
    started_at: Mapped[moment]
    completed_at: Mapped[moment | None]
    position: Mapped[json_object] = mapped_column(default=dict)
    position_at: Mapped[moment | None]


class LearningEvent(Base):
    """One fact of the evidence: who, verb (an xAPI verb), object, when it happened, when it was recorded. Never changed, never deleted.

    `mac` is keyed over the row and the row before it of the same person, so a change anywhere shows. What is personal in it lies in
    `learning_payload` and is only referred to by digest: it can be erased and the chain still verifies.
    """

    __tablename__ = "learning_event"
    __table_args__ = (UniqueConstraint("person_id", "sequence"),)

    id: Mapped[intpk]
    person_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    sequence: Mapped[int]
    verb: Mapped[short]
    object_type: Mapped[short]
    object_id: Mapped[int]
    happened_at: Mapped[moment]
    recorded_at: Mapped[moment]
    source: Mapped[short]
    facts: Mapped[json_object]
    payload_digest: Mapped[str | None] = mapped_column(String(64))
    previous_mac: Mapped[str] = mapped_column(String(64))
    mac: Mapped[str] = mapped_column(String(64))


class LearningPayload(Base):
    """The personal part of an event; erasing it leaves the chain whole."""

    __tablename__ = "learning_payload"
    __table_args__ = (UniqueConstraint("person_id", "digest"),)

    id: Mapped[intpk]
    person_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    digest: Mapped[str] = mapped_column(String(64))
    salt: Mapped[str] = mapped_column(String(32))
    body: Mapped[Any] = mapped_column(JsonValue)


class ChainHead(Base):
    """The end of a person's chain; locked while a row is added, so that sequences are unique and nothing forks."""

    __tablename__ = "chain_head"

    person_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True, autoincrement=False)
    sequence: Mapped[int]
    mac: Mapped[str] = mapped_column(String(64))


class WatchedSpan(Base):
    """Seconds of a video that were really played, merged: spans of one person, lesson and layer never touch.

    Layer 1 is what was played at least once (it counts), layer 2 what was played more than once (it only shows). In milliseconds.
    """

    __tablename__ = "watched_span"
    __table_args__ = (
        Index("ix_watched_span_of", "user_id", "lesson_id", "layer", "start_ms"),
        Index("ix_watched_span_lesson", "lesson_id", "layer"),
    )

    id: Mapped[intpk]
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    lesson_id: Mapped[int] = mapped_column(ForeignKey("lesson.id"))
    layer: Mapped[int]
    start_ms: Mapped[int]
    end_ms: Mapped[int]


class Viewing(Base):
    """One sitting in front of a video: opened by the server, closed by leaving or by silence, with one summary event.

    A report that arrives after that (written down without a connection, say) opens it again and counts from zero: the next closing tells
    only what came since. `key` is the browser's own name for the sitting, so that opening it twice is once. Its reports are numbered;
    `last_number` and `received` (bit n: the number n before the last one) say which have been counted.
    """

    __tablename__ = "viewing"
    __table_args__ = (Index("ix_viewing_open", "closed_at"), Index("ix_viewing_key", "user_id", "key", unique=True))

    id: Mapped[intpk]
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    lesson_id: Mapped[int] = mapped_column(ForeignKey("lesson.id"))
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"))
    opened_at: Mapped[moment]
    reported_at: Mapped[moment]
    closed_at: Mapped[moment | None]
    claimed_ms: Mapped[int] = mapped_column(default=0)
    counted_ms: Mapped[int] = mapped_column(default=0)
    new_ms: Mapped[int] = mapped_column(default=0)
    reports: Mapped[int] = mapped_column(default=0)
    key: Mapped[str | None] = mapped_column(String(40))
    last_number: Mapped[int] = mapped_column(default=0, server_default="0")
    received: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")


class WatchClock(Base):
    """One clock per person: the server's time up to which their watching has been accounted for, in whatever tab or device."""

    __tablename__ = "watch_clock"

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True, autoincrement=False)
    spent_until: Mapped[moment]


class LearningNote(Base):
    """What a learner wrote at a moment of a video, for themselves alone; without text it is a bookmark.

    `key` is made by the browser that wrote it, so that saving again is the same note. `at_ms` is the moment in the video.
    """

    __tablename__ = "learning_note"
    __table_args__ = (UniqueConstraint("user_id", "key"), Index("ix_learning_note_of", "user_id", "lesson_id", "at_ms"))

    id: Mapped[intpk]
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    lesson_id: Mapped[int] = mapped_column(ForeignKey("lesson.id"))
    key: Mapped[str] = mapped_column(String(40))
    at_ms: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[moment]
    updated_at: Mapped[moment]


class JpAccrual(Base):
    """Minutes of one completed lesson, on the day (WIB) it was completed, and how many of them count under that day's cap."""

    __tablename__ = "jp_accrual"
    __table_args__ = (UniqueConstraint("user_id", "lesson_id"), Index("ix_jp_accrual_user_day", "user_id", "learned_on"))

    id: Mapped[intpk]
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"))
    lesson_id: Mapped[int] = mapped_column(ForeignKey("lesson.id"))
    form: Mapped[short]
    learned_on: Mapped[day]
    minutes: Mapped[float]
    counted_minutes: Mapped[float]
    day_cap_minutes: Mapped[float | None]
    event_sequence: Mapped[int]


class JpCredit(Base):
    """An entry of the JP ledger: whole hours of 45 minutes, once per person and activity, with all that explains it.

    `activity` is what was done: `course:3`, `webinar:12`; `course_id` is empty for what is no course. `course_jp` is what the activity is
    worth, `jp` what it came to; where a rule or a decision made the difference, `reason` is its code. An entry follows the newest fact
    of the evidence about its activity (`event_sequence`); what it was before stays in the chain.
    """

    __tablename__ = "jp_credit"
    __table_args__ = (UniqueConstraint("user_id", "activity"), Index("ix_jp_credit_user_day", "user_id", "credited_on"))

    id: Mapped[intpk]
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    activity: Mapped[short]
    course_id: Mapped[int | None] = mapped_column(ForeignKey("course.id"))
    form: Mapped[short]
    title: Mapped[line]
    jp: Mapped[int]
    course_jp: Mapped[int]
    counted_minutes: Mapped[float]
    minutes_per_jp: Mapped[float]
    legal_basis: Mapped[line]
    credited_on: Mapped[day]
    event_sequence: Mapped[int]
    reason: Mapped[short] = mapped_column(default="", server_default="")
