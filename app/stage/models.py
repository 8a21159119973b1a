"""Takes: one recorder of one composing browser each, as it began, grew and ended. Appearances: who was on stage, from when to when."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, intpk, line, moment, short
from app.webinars.participants import KEY_LENGTH


class StageTake(Base):
    """One run of a recorder: a new composer, or a reconnect with a new header, is a new take. `mime_type` is what the recorder really gives.

    `key` is the recorder's own name, by which it goes on after a lost connection. `started_at` is the server's clock when it began (to the first
    piece: `take.json`); `bytes` is what was acknowledged. A take without `ended_at` may still grow.
    """

    __tablename__ = "stage_take"
    __table_args__ = (UniqueConstraint("webinar_id", "number"), UniqueConstraint("webinar_id", "composer", "key"))

    id: Mapped[intpk]
    webinar_id: Mapped[int] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"))
    number: Mapped[int]
    composer: Mapped[str] = mapped_column(String(KEY_LENGTH))
    key: Mapped[str] = mapped_column(String(40))
    mime_type: Mapped[short]
    started_at: Mapped[moment]
    ended_at: Mapped[moment | None]
    bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    duration_ms: Mapped[int | None]  # measured when it became part of the recording


class StageAppearance(Base):
    """One person on stage. An open one says that they are on now: after a restart of the web process their browser finds its place again."""

    __tablename__ = "stage_appearance"
    __table_args__ = (Index("ix_stage_appearance_webinar", "webinar_id", "participant"),)

    id: Mapped[intpk]
    webinar_id: Mapped[int] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"))
    participant: Mapped[str] = mapped_column(String(KEY_LENGTH))
    full_name: Mapped[line]
    by_voice: Mapped[bool] = mapped_column(default=False)  # a viewer whose hand was raised
    from_at: Mapped[moment]
    until_at: Mapped[moment | None]
