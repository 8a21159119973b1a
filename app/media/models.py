"""Files with a purpose (videos, documents, pictures), their captions and their pages."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, JsonValue, intpk, json_list, json_object, line, moment, short


class AssetKind(StrEnum):
    VIDEO = "VIDEO"
    DOCUMENT = "DOCUMENT"
    IMAGE = "IMAGE"


class AssetState(StrEnum):
    QUEUED = "QUEUED"
    PROCESSING = "PROCESSING"
    READY = "READY"
    FAILED = "FAILED"
    CANCELED = "CANCELED"


class Stage(StrEnum):
    """What the worker is doing with an asset; a page shows it in words."""

    WAITING = "WAITING"
    CHECKING = "CHECKING"
    ENCODING = "ENCODING"
    FINISHING = "FINISHING"
    DONE = "DONE"


class MediaAsset(Base):
    """One file, kept once for each content and kind however often it is brought in.

    `renditions` says what the worker made of it; each kind writes its own shape, described in `transcoder`, `documents` and `pictures`.

    `state` says what people can do with it, `stage` what the worker is doing: a ready video that is encoded again stays READY, and only
    its stage moves. Each time a worker begins, `attempt` counts on, and what it makes lies under that number: a worker that was overtaken
    cannot touch what the next one makes, and an address never mixes two attempts. `generation` is the attempt that people see.
    """

    __tablename__ = "media_asset"
    __table_args__ = (UniqueConstraint("sha256", "kind"),)

    id: Mapped[intpk]
    kind: Mapped[short]
    sha256: Mapped[str] = mapped_column(String(64))
    original_name: Mapped[line]
    byte_size: Mapped[int] = mapped_column(BigInteger)
    content_type: Mapped[short]
    state: Mapped[short] = mapped_column(default=AssetState.QUEUED)
    stage: Mapped[short] = mapped_column(default=Stage.WAITING)
    percent: Mapped[int] = mapped_column(default=0)
    failure_code: Mapped[str | None] = mapped_column(String(80))
    failure_detail: Mapped[str | None] = mapped_column(String(500))  # for the log and the helpdesk; people read the words of the code
    duration_seconds: Mapped[float | None]
    width: Mapped[int | None]
    height: Mapped[int | None]
    pages: Mapped[int | None]
    words: Mapped[int | None]  # of a document's text layer
    generation: Mapped[int] = mapped_column(default=0)
    attempt: Mapped[int] = mapped_column(default=0)
    asked: Mapped[int] = mapped_column(default=0)  # how often somebody wanted it prepared; a job of an earlier wish does nothing
    crashes: Mapped[int] = mapped_column(default=0)  # how often the encoder broke down since it was last asked for
    is_watchable: Mapped[bool] = mapped_column(default=False)  # its first seconds can be played while the rest is being made
    seconds_left: Mapped[int | None]  # of the preparing, estimated from its speed so far
    renditions: Mapped[json_object] = mapped_column(default=dict)
    poster: Mapped[str | None] = mapped_column(String(80))  # path below the folder
    uploaded_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), index=True)
    created_at: Mapped[moment]
    ready_at: Mapped[moment | None]

    @property
    def place(self) -> str:
        """Where in the storage everything of this asset lies."""
        return f"media/{self.sha256[:2]}/{self.sha256}-{self.kind.lower()}"

    @property
    def original_key(self) -> str:
        return f"{self.place}/original"

    @property
    def folder(self) -> str:
        """Where what the worker made lies."""
        return f"{self.place}/{self.generation}"

    @property
    def is_ready(self) -> bool:
        return self.state == AssetState.READY

    @property
    def is_growing(self) -> bool:
        """A video that can be watched while it is being made."""
        return self.state == AssetState.PROCESSING and self.is_watchable

    @property
    def is_playable(self) -> bool:
        return self.is_ready or self.is_growing

    @property
    def is_in_work(self) -> bool:
        """Something is wanted of the worker: a first preparing, or another one while the old result is still shown."""
        return self.state in (AssetState.QUEUED, AssetState.PROCESSING) or (self.is_ready and self.stage != Stage.DONE)

    @property
    def is_audio_only(self) -> bool:
        return self.kind == AssetKind.VIDEO and bool(self.renditions.get("sounds"))


class MediaCaption(Base):
    """The spoken words of a video in one language, as WebVTT and as cues: `[begin, end, text]`, in seconds."""

    __tablename__ = "media_caption"
    __table_args__ = (UniqueConstraint("asset_id", "language"),)

    id: Mapped[intpk]
    asset_id: Mapped[int] = mapped_column(ForeignKey("media_asset.id", ondelete="CASCADE"))
    language: Mapped[str] = mapped_column(String(35))  # a BCP 47 tag
    content: Mapped[str] = mapped_column(Text)
    cues: Mapped[json_list]
    updated_at: Mapped[moment]
    updated_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))

    @property
    def version(self) -> str:
        """What an editor hands back, to notice that somebody else has saved in between."""
        return hashlib.sha256(self.content.encode()).hexdigest()[:16]


class MediaPage(Base):
    """One page of a document: its size in points and its lines of text with their places, `[x, baseline, width, size, text]`."""

    __tablename__ = "media_page"
    __table_args__ = (UniqueConstraint("asset_id", "number"),)

    id: Mapped[intpk]
    asset_id: Mapped[int] = mapped_column(ForeignKey("media_asset.id", ondelete="CASCADE"))
    number: Mapped[int]
    width: Mapped[float]
    height: Mapped[float]
    lines: Mapped[list[Any]] = mapped_column(JsonValue)
    text: Mapped[str] = mapped_column(Text)
