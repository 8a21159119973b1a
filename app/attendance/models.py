"""Stays, check-ins, what they come to, and appeals."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, intpk, json_object, line, moment, short
from app.webinars.participants import KEY_LENGTH


class StayEnd(StrEnum):
    """How a stay ended: by leaving, by a lost connection, by a moderator, with the webinar; CRASH when the server itself stopped."""

    LEFT = "LEFT"
    LOST = "LOST"
    REMOVED = "REMOVED"
    CLOSED = "CLOSED"
    CRASH = "CRASH"


class Stay(Base):
    """One person was in the room from one moment to another, in however many tabs and devices, by the server's clock.

    While it is open, `seen_at` is moved on every few seconds: should everything crash, the stay is known to have lasted until then.
    """

    __tablename__ = "attendance_stay"
    __table_args__ = (Index("ix_attendance_stay_person", "webinar_id", "participant"), Index("ix_attendance_stay_open", "webinar_id", "left_at"))

    id: Mapped[intpk]
    webinar_id: Mapped[int] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"))
    participant: Mapped[str] = mapped_column(String(KEY_LENGTH))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), index=True)
    full_name: Mapped[line]
    unit_name: Mapped[line]
    joined_at: Mapped[moment]
    seen_at: Mapped[moment]
    left_at: Mapped[moment | None]
    ended_by: Mapped[str | None] = mapped_column(String(12))


class CheckIn(Base):
    """A moment, drawn at random within a window, at which everybody is asked whether they are still there. It is open for 60 s."""

    __tablename__ = "attendance_checkin"
    __table_args__ = (UniqueConstraint("webinar_id", "number"),)

    id: Mapped[intpk]
    webinar_id: Mapped[int] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"))
    number: Mapped[int]
    due_at: Mapped[moment]
    opened_at: Mapped[moment | None]
    closes_at: Mapped[moment | None]


class CheckInAnswer(Base):
    __tablename__ = "attendance_checkin_answer"

    checkin_id: Mapped[int] = mapped_column(ForeignKey("attendance_checkin.id", ondelete="CASCADE"), primary_key=True)
    participant: Mapped[str] = mapped_column(String(KEY_LENGTH), primary_key=True)
    answered_at: Mapped[moment]


class AttendanceResult(Base):
    """What a person's presence came to, worked out after the end and again after a post-test or an appeal. `missing` says what is lacking, in
    codes and numbers. `registered` people can earn JP; guests, speakers and staff are recorded without."""

    __tablename__ = "attendance_result"
    __table_args__ = (UniqueConstraint("webinar_id", "participant"),)

    id: Mapped[intpk]
    webinar_id: Mapped[int] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"))
    participant: Mapped[str] = mapped_column(String(KEY_LENGTH))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), index=True)
    full_name: Mapped[line]
    unit_name: Mapped[line]
    registered: Mapped[bool]
    present_ms: Mapped[int]
    lost_ms: Mapped[int]  # gaps that a lost connection left, shown apart
    granted_ms: Mapped[int] = mapped_column(default=0)  # by an appeal
    live_ms: Mapped[int]  # how long the webinar was on air
    checkins: Mapped[int]  # answered
    granted_checkins: Mapped[int] = mapped_column(default=0)  # by an appeal
    fulfilled: Mapped[bool]
    missing: Mapped[json_object] = mapped_column(default=dict)
    jp: Mapped[int] = mapped_column(default=0)
    computed_at: Mapped[moment]


class AppealState(StrEnum):
    OPEN = "OPEN"
    GRANTED = "GRANTED"
    DENIED = "DENIED"


class Appeal(Base):
    """A person says they were there although the ledger does not show it, with what proves it (`asset_id`: a picture or document)."""

    __tablename__ = "attendance_appeal"
    __table_args__ = (
        Index("ix_attendance_appeal_open", "webinar_id", "state"),
        Index(
            "uq_attendance_appeal_one_open",
            "webinar_id",
            "user_id",
            unique=True,
            sqlite_where=text("state = 'OPEN'"),
            postgresql_where=text("state = 'OPEN'"),
        ),
    )

    id: Mapped[intpk]
    webinar_id: Mapped[int] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    text: Mapped[str] = mapped_column(Text)
    asset_id: Mapped[int | None] = mapped_column(ForeignKey("media_asset.id"))
    state: Mapped[short] = mapped_column(default=AppealState.OPEN)
    made_at: Mapped[moment]
    decided_at: Mapped[moment | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    decision: Mapped[str] = mapped_column(Text, default="")
    granted_minutes: Mapped[int] = mapped_column(default=0)
    granted_checkins: Mapped[int] = mapped_column(default=0)
