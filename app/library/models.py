"""Who brought which file, what stood in its place before, what is being done to courses with it, and what it weighs."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, intpk, json_list, json_object, line, moment, short


class LibraryItem(Base):
    """A person's handle on a file: what they call it, and what they note about it.

    The bytes are shared by content (`MediaAsset`), so two people who bring the same file have two items. What came with a course package
    belongs to nobody in person: it has no owner and no unit, and BKPSDM answers for it.
    """

    __tablename__ = "library_item"
    __table_args__ = (UniqueConstraint("owner_id", "asset_id"),)

    id: Mapped[intpk]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("org_unit.id"), index=True)  # the owner's unit when it was added
    asset_id: Mapped[int] = mapped_column(ForeignKey("media_asset.id"), index=True)
    title: Mapped[line]
    note: Mapped[str] = mapped_column(Text, default="")
    added_at: Mapped[moment] = mapped_column(index=True)


class LibraryReplacement(Base):
    """Which file stood in an item's place before, until when, and who put another one there."""

    __tablename__ = "library_replacement"

    id: Mapped[intpk]
    item_id: Mapped[int] = mapped_column(ForeignKey("library_item.id", ondelete="CASCADE"), index=True)
    old_asset_id: Mapped[int | None] = mapped_column(ForeignKey("media_asset.id", ondelete="SET NULL"), index=True)
    new_asset_id: Mapped[int | None] = mapped_column(ForeignKey("media_asset.id", ondelete="SET NULL"), index=True)
    old_name: Mapped[line]
    replaced_at: Mapped[moment]
    replaced_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))


class ChangeKind(StrEnum):
    LESSON = "LESSON"  # the file becomes a lesson of one course
    REPLACEMENT = "REPLACEMENT"  # another file takes its place in every course that shows it


class ChangeState(StrEnum):
    WAITING = "WAITING"
    DONE = "DONE"
    REFUSED = "REFUSED"  # the course would have had faults; `faults` says which
    FAILED = "FAILED"  # it did not work; nothing was published


class CourseChange(Base):
    """What somebody asked the studio to do to courses with a file; the worker carries it out and the page that waits shows it.

    `wish` is what was asked for, `results` says for each course what came of it: `{"slug", "title", "number"}`, and the lesson's `"key"`.
    """

    __tablename__ = "course_change"

    id: Mapped[intpk]
    kind: Mapped[short]
    item_id: Mapped[int | None] = mapped_column(ForeignKey("library_item.id", ondelete="SET NULL"), index=True)
    asked_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    asked_at: Mapped[moment]
    state: Mapped[short] = mapped_column(default=ChangeState.WAITING)
    title: Mapped[line]  # of the file when it was asked for
    wish: Mapped[json_object]
    results: Mapped[json_list] = mapped_column(default=list)
    faults: Mapped[json_list] = mapped_column(default=list)  # {"path", "line", "message", "lesson"}, the last its title
    finished_at: Mapped[moment | None]


class AssetWeight(Base):
    """What the worker made of a file, in bytes: weighed once for each generation, because a folder is not counted on every page."""

    __tablename__ = "asset_weight"

    asset_id: Mapped[int] = mapped_column(ForeignKey("media_asset.id", ondelete="CASCADE"), primary_key=True)
    generation: Mapped[int]
    made_bytes: Mapped[int] = mapped_column(BigInteger)
