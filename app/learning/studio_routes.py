"""For those who make a video: how people watch it, in curves and words, without names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import render_template
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy import select

from app.courses.models import CourseStaff
from app.courses.outline import CourseOutline, LessonOutline
from app.courses.queries import get_current_outline
from app.kernel.access import requires
from app.kernel.db import db
from app.kernel.errors import NotFound
from app.learning import retention
from app.learning.kinds import video
from app.learning.retention import Retention
from app.learning.routes import bp
from app.media import presentation
from app.media.captions import Cue
from app.media.models import MediaAsset
from app.media.permissions import MANAGE_MEDIA
from app.media.queries import list_captions
from app.media.rights import may_manage
from app.ui.formats import durasi

EQUAL_PARTS = 10  # rows of the table for a video without chapters
MOST_WORDS = 9
NEAR_MS = 3000  # words may begin so much later than the moment that is to be named


@dataclass(frozen=True, slots=True)
class Stretch:
    """A stretch of the video as the page names it, in seconds, with the chapter or the words spoken there."""

    start: float
    end: float
    words: str
    share: float


def _get_video(slug: str, key: str) -> tuple[CourseOutline, LessonOutline, MediaAsset]:
    """A video lesson of a course this person teaches, or whose file they answer for. Raises NotFound for everybody else."""
    outline = get_current_outline(slug)
    lesson = outline.lesson(key)
    asset = db.session.get(MediaAsset, lesson.content["asset_id"]) if lesson.kind == "video" else None
    if asset is None:
        raise NotFound
    teaches = select(CourseStaff.user_id).where(CourseStaff.course_id == outline.course_id, CourseStaff.user_id == current_user.id)
    if not may_manage(current_user, asset) and db.session.scalar(teaches) is None:
        raise NotFound
    return outline, lesson, asset


def words_at(at_ms: int, chapters: Sequence[dict[str, Any]], cues: Sequence[Cue]) -> str:
    """What a moment is about: the first words spoken there, else the title of its chapter, else nothing."""
    seconds = at_ms / 1000
    spoken = next((cue for cue in cues if cue.end > seconds and cue.begin < seconds + NEAR_MS / 1000), None)
    if spoken is not None:
        words = spoken.text.rstrip(".").split()
        return _("“%(words)s”", words=" ".join(words[:MOST_WORDS]) + (" …" if len(words) > MOST_WORDS else ""))
    title = next((chapter["title"] for chapter in reversed(chapters) if chapter["at"] <= seconds), "")
    return str(title)


def area(shares: Sequence[float]) -> str:
    """An SVG path of steps over a field of one unit for each part and 100 units of height."""
    return "M0 100" + "".join(f"V{100 - 100 * share:.1f}H{place + 1}" for place, share in enumerate(shares)) + "V100Z"


def bounds_of(watched: Retention, chapters: Sequence[dict[str, Any]]) -> list[int]:
    """Where the rows of the table begin: at the chapters, else in equal parts."""
    starts = sorted({0, *(round(chapter["at"] * 1000) for chapter in chapters if 0 < chapter["at"] * 1000 < watched.duration_ms)})
    if len(starts) > 1:
        return starts
    parts = min(EQUAL_PARTS, len(watched.watched))
    return [round(len(watched.watched) * n / parts) * watched.part_ms for n in range(parts)]


@bp.get("/studio/video/<slug>/<key>")
@requires(MANAGE_MEDIA)
def video_retention(slug: str, key: str) -> Any:
    outline, lesson, asset = _get_video(slug, key)
    whole = video.duration_ms(lesson)
    chapters = lesson.content.get("chapters") or []
    cues = presentation.transcript(list_captions(asset.id))
    watched = retention.get_retention(lesson.lesson_id, whole) if whole else None
    shown = watched if watched and watched.is_shown else None
    return render_template(
        "learning/retention.html",
        course=outline,
        lesson=lesson,
        people=watched.people if watched else 0,
        fewest=retention.FEWEST_PEOPLE,
        watched=shown,
        duration=whole / 1000,
        chapters=chapters,
        **(_drawn(shown, chapters, cues) if shown else {}),
    )


def _drawn(watched: Retention, chapters: Sequence[dict[str, Any]], cues: Sequence[Cue]) -> dict[str, Any]:
    def stretch(start: int, end: int, share: float) -> Stretch:
        return Stretch(start / 1000, end / 1000, words_at((start + end) // 2 if end - start < NEAR_MS else start, chapters, cues), share)

    half = watched.half_gone_ms
    return {
        "watched_path": area(watched.watched),
        "again_path": area(watched.again),
        "half": half if half is None else stretch(half, half + watched.part_ms, 0.5),
        "half_place": None if half is None else round(100 * half / watched.duration_ms, 1),
        "peaks": [stretch(peak.start_ms, peak.end_ms, peak.share) for peak in watched.peaks],
        "rows": [
            (Stretch(start / 1000, end / 1000, words_at(start, chapters, cues), seen), again, stopped)
            for start, end, seen, again, stopped in watched.rows(bounds_of(watched, chapters))
        ],
        "ticks": [(25 * n, durasi(watched.duration_ms * n / 4000)) for n in range(5)],
    }
