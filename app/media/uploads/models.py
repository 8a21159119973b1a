"""Uploads that are under way, and for some days those that have ended."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, intpk, line, moment, short


class UploadState(StrEnum):
    RECEIVING = "RECEIVING"  # bytes are missing
    FINISHING = "FINISHING"  # all are here, the worker checks them
    DONE = "DONE"  # an asset exists
    REFUSED = "REFUSED"  # `failure_code` says why; its bytes are gone


class MediaUpload(Base):
    """One file on its way in. `byte_offset` is what was acknowledged: so many bytes are on the disk for good.

    `fingerprint` is what the browser made of the file's size and of pieces of its content, so that after a restart of the browser the
    same file is known again; `told_sha256` is the digest of the whole that it computed while it was sending.
    """

    __tablename__ = "media_upload"

    id: Mapped[intpk]
    public_id: Mapped[str] = mapped_column(String(43), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id", ondelete="CASCADE"), index=True)
    name: Mapped[line]
    byte_size: Mapped[int] = mapped_column(BigInteger)
    byte_offset: Mapped[int] = mapped_column(BigInteger, default=0)
    fingerprint: Mapped[str | None] = mapped_column(String(64))
    told_sha256: Mapped[str | None] = mapped_column(String(64))
    state: Mapped[short] = mapped_column(default=UploadState.RECEIVING)
    failure_code: Mapped[str | None] = mapped_column(String(80))
    asset_id: Mapped[int | None] = mapped_column(ForeignKey("media_asset.id", ondelete="SET NULL"))
    created_at: Mapped[moment]
    expires_at: Mapped[moment] = mapped_column(index=True)
    finished_at: Mapped[moment | None]
