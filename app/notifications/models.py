"""What a person was told, what is to be mailed, and what they want mailed."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, intpk, line, moment, short


class Notification(Base):
    """One line behind the bell. It shows from `due_at` on; `key` makes sure that one cause is told once."""

    __tablename__ = "notification"
    __table_args__ = (Index("ix_notification_unread", "user_id", "read_at", "due_at"), Index("ix_notification_list", "user_id", "due_at"))

    id: Mapped[intpk]
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    kind: Mapped[short]
    title: Mapped[line]
    body: Mapped[str] = mapped_column(Text)
    url: Mapped[str | None] = mapped_column(String(500))
    key: Mapped[str] = mapped_column(String(200), unique=True)
    created_at: Mapped[moment]
    due_at: Mapped[moment]
    read_at: Mapped[moment | None]


class MailState(StrEnum):
    WAITING = "waiting"  # not handed over yet; `failure` says why the last try did not succeed
    SENDING = "sending"  # the mail server asked for the text, its answer is not known yet
    SENT = "sent"  # the mail server took it
    FAILED = "failed"  # the mail server refused it for good, or never took it
    UNCERTAIN = "uncertain"  # handed over, but the answer was lost: sent again only when an admin says so
    KEPT = "kept"  # MAIL_URL=log: shown on the development page instead of sent
    WITHDRAWN = "withdrawn"  # no longer wanted: mail switched off, account closed, its cause is gone


class OutboxMail(Base):
    """One mail, written in the transaction of its cause. `key` makes sure that it exists once, its state that it leaves once."""

    __tablename__ = "outbox_mail"
    __table_args__ = (Index("ix_outbox_mail_state", "state", "created_at"),)

    id: Mapped[intpk]
    key: Mapped[str] = mapped_column(String(200), unique=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), index=True)
    kind: Mapped[short]
    address: Mapped[str] = mapped_column(String(254))
    subject: Mapped[line]
    body: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(5))
    secret: Mapped[bool] = mapped_column(default=False)  # holds a one-time code: the text is erased once it left
    state: Mapped[short] = mapped_column(default=MailState.WAITING)
    tries: Mapped[int] = mapped_column(default=0)
    send_after: Mapped[moment]
    message_id: Mapped[str | None] = mapped_column(String(200))
    handed_over_at: Mapped[moment | None]
    sent_at: Mapped[moment | None]
    failure: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[moment]


class MailPreference(Base):
    """Whether a person wants mail of one kind; without a row the kind's own habit holds."""

    __tablename__ = "mail_preference"

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(80), primary_key=True)
    wanted: Mapped[bool]
