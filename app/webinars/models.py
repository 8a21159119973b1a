"""Webinars, their agenda, the people who give, run and attend them, and what is handed out."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, intpk, json_list, json_object, line, moment, short


class WebinarState(StrEnum):
    DRAFT = "DRAFT"  # only those who plan it see it
    PUBLISHED = "PUBLISHED"  # announced, open for registration
    LIVE = "LIVE"  # on air, or in a pause between two speakers
    ENDED = "ENDED"
    CANCELED = "CANCELED"


class Moderation(StrEnum):
    """When the audience sees a question: once a moderator approved it, or at once."""

    BEFORE = "BEFORE"
    AFTER = "AFTER"


class Webinar(Base):
    """One event: when, about what, for how many JP and on which conditions. `slug` is its address.

    `form` is the learning form its JP are counted by (`jp.*` rules). `presence_percent` is the least share of the live minutes, from 1 to
    100; `checkins_needed` of `checkin_count` check-ins are needed beside it. A person earns the JP only when `posttest_key` (a quiz) is
    passed, where it is named.
    """

    __tablename__ = "webinar"
    __table_args__ = (Index("ix_webinar_state", "state", "starts_at"),)

    id: Mapped[intpk]
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    title: Mapped[line]
    summary: Mapped[str] = mapped_column(Text, default="")
    body_markdown: Mapped[str] = mapped_column(Text, default="")
    body_html: Mapped[str] = mapped_column(Text, default="")
    partner: Mapped[line] = mapped_column(default="")
    form: Mapped[short]
    jp: Mapped[int]
    starts_at: Mapped[moment]
    ends_at: Mapped[moment]
    state: Mapped[short] = mapped_column(default=WebinarState.DRAFT)
    live_at: Mapped[moment | None]  # when it first went on air
    ended_at: Mapped[moment | None]
    seats: Mapped[int | None]  # None: no limit
    registration_closes_at: Mapped[moment | None]
    guests_welcome: Mapped[bool] = mapped_column(default=False)
    share_token: Mapped[str] = mapped_column(String(32), unique=True)
    question_moderation: Mapped[short] = mapped_column(default=Moderation.BEFORE)
    anonymous_questions: Mapped[bool] = mapped_column(default=True)
    chat_open: Mapped[bool] = mapped_column(default=True)
    slow_mode_seconds: Mapped[int] = mapped_column(default=0)
    refused_words: Mapped[json_list] = mapped_column(default=list)
    presence_percent: Mapped[int] = mapped_column(default=80)
    checkin_count: Mapped[int] = mapped_column(default=2)
    checkins_needed: Mapped[int] = mapped_column(default=0)
    pretest_key: Mapped[str | None] = mapped_column(String(200))
    posttest_key: Mapped[str | None] = mapped_column(String(200))
    posttest_closes_at: Mapped[moment | None]
    created_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    created_at: Mapped[moment]
    published_at: Mapped[moment | None]
    cancel_reason: Mapped[str] = mapped_column(String(500), default="")
    version: Mapped[int] = mapped_column(default=1)  # counts edits: two people who edit at once notice

    @property
    def minutes(self) -> float:
        return (self.ends_at - self.starts_at).total_seconds() / 60


class AgendaItem(Base):
    """One session of the agenda. `minutes` is planned; the speakers of a session are those whose `agenda_item_id` it is."""

    __tablename__ = "webinar_agenda_item"
    __table_args__ = (UniqueConstraint("webinar_id", "position"),)

    id: Mapped[intpk]
    webinar_id: Mapped[int] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"))
    position: Mapped[int]
    title: Mapped[line]
    starts_at: Mapped[moment]
    minutes: Mapped[int]
    kind: Mapped[short] = mapped_column(default="TALK")  # TALK, QUESTIONS, BREAK, OPENING


class WebinarSpeaker(Base):
    """A narasumber: joins by a personal link, without an account. Only a digest of the link's secret is kept; a new link ends the old one.

    `device_check` is what the last check of their browser found, `checked_at` when.
    """

    __tablename__ = "webinar_speaker"

    id: Mapped[intpk]
    webinar_id: Mapped[int] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"), index=True)
    agenda_item_id: Mapped[int | None] = mapped_column(ForeignKey("webinar_agenda_item.id", ondelete="SET NULL"))
    full_name: Mapped[line]
    institution: Mapped[line] = mapped_column(default="")
    email: Mapped[str | None] = mapped_column(String(254))
    position: Mapped[int] = mapped_column(default=0)
    link_digest: Mapped[str | None] = mapped_column(String(64), unique=True)
    link_made_at: Mapped[moment | None]
    link_ends_at: Mapped[moment | None]
    device_check: Mapped[json_object] = mapped_column(default=dict)
    checked_at: Mapped[moment | None]


class WebinarStaff(Base):
    """Who runs the room (MODERATOR) or the event (ORGANIZER)."""

    __tablename__ = "webinar_staff"

    webinar_id: Mapped[int] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True, index=True)
    role: Mapped[short]


class WebinarQuota(Base):
    """How many seats one unit, with everything below it, has."""

    __tablename__ = "webinar_quota"

    webinar_id: Mapped[int] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"), primary_key=True)
    org_unit_id: Mapped[int] = mapped_column(ForeignKey("org_unit.id"), primary_key=True)
    seats: Mapped[int]


class WebinarMaterial(Base):
    """A document of the media library: handed out, or the slides that speakers turn (`is_slides`). `open_from` is BEFORE, LIVE or AFTER."""

    __tablename__ = "webinar_material"
    __table_args__ = (UniqueConstraint("webinar_id", "asset_id"),)

    id: Mapped[intpk]
    webinar_id: Mapped[int] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"))
    asset_id: Mapped[int] = mapped_column(ForeignKey("media_asset.id"), index=True)
    title: Mapped[line]
    is_slides: Mapped[bool] = mapped_column(default=False)
    open_from: Mapped[short] = mapped_column(default="BEFORE")
    position: Mapped[int] = mapped_column(default=0)


class RegistrationState(StrEnum):
    REGISTERED = "REGISTERED"
    WAITLISTED = "WAITLISTED"
    CANCELED = "CANCELED"


class WebinarGuest(Base):
    """Somebody without an account, who attends by a link in their mail. Only a digest of the link's secret is kept."""

    __tablename__ = "webinar_guest"
    __table_args__ = (UniqueConstraint("webinar_id", "email"),)

    id: Mapped[intpk]
    webinar_id: Mapped[int] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(String(254))
    full_name: Mapped[line]
    institution: Mapped[line] = mapped_column(default="")
    link_digest: Mapped[str] = mapped_column(String(64), unique=True)
    confirmed_at: Mapped[moment | None]
    created_at: Mapped[moment]


class WebinarRegistration(Base):
    """A seat, or a place on the waiting list, of an ASN or of a guest. The unit's name is the one of that day."""

    __tablename__ = "webinar_registration"
    __table_args__ = (
        UniqueConstraint("webinar_id", "user_id"),
        UniqueConstraint("webinar_id", "guest_id"),
        Index("ix_webinar_registration_line", "webinar_id", "state", "registered_at"),
    )

    id: Mapped[intpk]
    webinar_id: Mapped[int] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), index=True)
    guest_id: Mapped[int | None] = mapped_column(ForeignKey("webinar_guest.id", ondelete="CASCADE"))
    state: Mapped[short]
    org_unit_id: Mapped[int | None] = mapped_column(ForeignKey("org_unit.id"))
    org_unit_name: Mapped[line] = mapped_column(default="")
    quota_unit_id: Mapped[int | None]  # the unit whose quota this seat is counted against
    registered_at: Mapped[moment]
    seated_at: Mapped[moment | None]
    canceled_at: Mapped[moment | None]


def at_work(webinar: Webinar, now: datetime) -> bool:
    """Whether people who run the webinar may be in its rooms: from a day before until it has ended."""
    return webinar.state in (WebinarState.PUBLISHED, WebinarState.LIVE) and (webinar.starts_at - now).total_seconds() < 86_400
