"""What was asked, said, voted and shown in a room. Everything carries the moment by the server's clock; where that lies in the recording is
worked out from it afterwards."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, JsonValue, intpk, json_list, json_object, line, moment, short
from app.webinars.participants import KEY_LENGTH


class QuestionState(StrEnum):
    NEW = "NEW"  # waits for a moderator
    APPROVED = "APPROVED"
    ON_STAGE = "ON_STAGE"  # being answered now
    ANSWERED = "ANSWERED"  # aloud
    WRITTEN = "WRITTEN"  # answered in writing
    DEFERRED = "DEFERRED"  # put off: a task for the speaker afterwards
    REJECTED = "REJECTED"
    MERGED = "MERGED"  # into another one, with its votes


class RoomQuestion(Base):
    """A question of somebody in the audience. `anonymous` hides the name from the audience, never from the record.

    `key` is the asking browser's own name for it, so that sending it twice is once.
    """

    __tablename__ = "room_question"
    __table_args__ = (UniqueConstraint("webinar_id", "participant", "key"), Index("ix_room_question_state", "webinar_id", "state"))

    id: Mapped[intpk]
    webinar_id: Mapped[int] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"))
    participant: Mapped[str] = mapped_column(String(KEY_LENGTH), index=True)
    key: Mapped[str] = mapped_column(String(40))
    author_name: Mapped[line]
    author_unit: Mapped[line]
    anonymous: Mapped[bool] = mapped_column(default=False)
    text: Mapped[str] = mapped_column(Text)
    state: Mapped[short]
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("room_question.id"))
    asked_at: Mapped[moment]
    decided_at: Mapped[moment | None]
    decided_by: Mapped[str | None] = mapped_column(String(KEY_LENGTH))
    staged_at: Mapped[moment | None]  # the moment in the recording at which its answer begins
    answered_at: Mapped[moment | None]
    answer_text: Mapped[str] = mapped_column(Text, default="")
    answered_by: Mapped[str | None] = mapped_column(String(KEY_LENGTH))


class RoomQuestionVote(Base):
    """One person wants one question answered."""

    __tablename__ = "room_question_vote"

    question_id: Mapped[int] = mapped_column(ForeignKey("room_question.id", ondelete="CASCADE"), primary_key=True)
    participant: Mapped[str] = mapped_column(String(KEY_LENGTH), primary_key=True)
    voted_at: Mapped[moment]


class RoomQuestionFollow(Base):
    """Somebody wants to be told when a question is answered (whoever asked follows by itself)."""

    __tablename__ = "room_question_follow"

    question_id: Mapped[int] = mapped_column(ForeignKey("room_question.id", ondelete="CASCADE"), primary_key=True)
    participant: Mapped[str] = mapped_column(String(KEY_LENGTH), primary_key=True)


class RoomMessage(Base):
    """A line of the chat. A deleted one stays as a row, for the record; nobody in the room sees its text any more."""

    __tablename__ = "room_message"
    __table_args__ = (UniqueConstraint("webinar_id", "participant", "key"), Index("ix_room_message_line", "webinar_id", "id"))

    id: Mapped[intpk]
    webinar_id: Mapped[int] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"))
    participant: Mapped[str] = mapped_column(String(KEY_LENGTH))
    key: Mapped[str] = mapped_column(String(40))
    author_name: Mapped[line]
    author_unit: Mapped[line]
    text: Mapped[str] = mapped_column(Text)
    reply_to_id: Mapped[int | None] = mapped_column(ForeignKey("room_message.id"))
    said_at: Mapped[moment]
    edited_at: Mapped[moment | None]
    deleted_at: Mapped[moment | None]
    deleted_by: Mapped[str | None] = mapped_column(String(KEY_LENGTH))


class PollKind(StrEnum):
    SINGLE = "SINGLE"
    SEVERAL = "SEVERAL"
    SCALE = "SCALE"  # 1 to 5
    QUIZ = "QUIZ"  # with right answers, shown when it is closed


class PollState(StrEnum):
    DRAFT = "DRAFT"
    OPEN = "OPEN"
    CLOSED = "CLOSED"


class RoomPoll(Base):
    """A poll. Nobody but the staff sees results before it is closed. A reset begins another `round`; the votes before it stay in the record."""

    __tablename__ = "room_poll"
    __table_args__ = (UniqueConstraint("webinar_id", "key"),)

    id: Mapped[intpk]
    webinar_id: Mapped[int] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"), index=True)
    key: Mapped[str] = mapped_column(String(40))
    kind: Mapped[short]
    text: Mapped[str] = mapped_column(Text)
    options: Mapped[json_list]  # texts
    right: Mapped[json_list] = mapped_column(default=list)  # positions of the right options of a quiz
    state: Mapped[short] = mapped_column(default=PollState.DRAFT)
    round: Mapped[int] = mapped_column(default=1)
    position: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[moment]
    opened_at: Mapped[moment | None]
    closes_at: Mapped[moment | None]
    closed_at: Mapped[moment | None]


class RoomPollVote(Base):
    """What one person chose in one round; it can be changed until the poll is closed."""

    __tablename__ = "room_poll_vote"

    poll_id: Mapped[int] = mapped_column(ForeignKey("room_poll.id", ondelete="CASCADE"), primary_key=True)
    round: Mapped[int] = mapped_column(primary_key=True)
    participant: Mapped[str] = mapped_column(String(KEY_LENGTH), primary_key=True)
    choices: Mapped[json_list]  # positions of options
    voted_at: Mapped[moment]


class RoomSlideTurn(Base):
    """Which page of which slides was shown from when on; `material_id` empty: no slides."""

    __tablename__ = "room_slide_turn"
    __table_args__ = (Index("ix_room_slide_turn_line", "webinar_id", "turned_at"),)

    id: Mapped[intpk]
    webinar_id: Mapped[int] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"))
    material_id: Mapped[int | None] = mapped_column(ForeignKey("webinar_material.id", ondelete="SET NULL"))
    page: Mapped[int]
    turned_by: Mapped[str] = mapped_column(String(KEY_LENGTH))
    turned_at: Mapped[moment]


class RoomIncident(Base):
    """Something the organizer should read about afterwards: an uplink that died, a refused crowd, a restart. `kind` names it, `facts` has numbers."""

    __tablename__ = "room_incident"

    id: Mapped[intpk]
    webinar_id: Mapped[int] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"), index=True)
    kind: Mapped[short]
    facts: Mapped[json_object] = mapped_column(default=dict)
    happened_at: Mapped[moment]


class RoomState(Base):
    """What of a room's state must survive a restart and is no row of its own: the agenda item at hand, a break, closed chat, who was removed."""

    __tablename__ = "room_state"
    __table_args__ = (UniqueConstraint("webinar_id", "name"),)

    id: Mapped[intpk]
    webinar_id: Mapped[int] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"))
    name: Mapped[short]
    value: Mapped[Any] = mapped_column(JsonValue)
    changed_at: Mapped[moment]
