"""The recording of a webinar and the lesson it became."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, json_list, moment, short


class RecordingState(StrEnum):
    MAKING = "MAKING"
    READY = "READY"
    FAILED = "FAILED"
    NOTHING = "NOTHING"  # nobody was on air


class Recording(Base):
    """What became of a webinar's takes. `parts` maps the clock to the recording: `[take number, started at (s since the epoch), offset ms,
    duration ms]`, in order. `course_id` is the course whose one lesson shows it.

    Each time a worker begins, `attempt` counts on, and what it makes lies under that number; the first to finish gives the recording.
    """

    __tablename__ = "recording"

    webinar_id: Mapped[int] = mapped_column(ForeignKey("webinar.id", ondelete="CASCADE"), primary_key=True)
    state: Mapped[short]
    asset_id: Mapped[int | None] = mapped_column(ForeignKey("media_asset.id"))
    course_id: Mapped[int | None] = mapped_column(ForeignKey("course.id"))
    parts: Mapped[json_list] = mapped_column(default=list)
    chapters: Mapped[json_list] = mapped_column(default=list)  # [seconds, title, kind]
    failure: Mapped[str | None] = mapped_column(String(500))
    attempt: Mapped[int] = mapped_column(default=0)
    begun_at: Mapped[moment]
    ready_at: Mapped[moment | None]
    raw_removed_at: Mapped[moment | None]  # when the raw takes and live pieces were let go of
