"""Which lessons are only heard: a recording without a picture is a lesson of the kind video, but nobody would call it one."""

from __future__ import annotations

import time
from functools import lru_cache

from sqlalchemy import select

from app.courses.outline import CourseOutline, get_outline
from app.kernel.db import db
from app.media.models import AssetState, MediaAsset

SECONDS_KEPT_WHILE_MADE = 5


class _NotFinal(Exception):
    """Some recording of the course is still being made, and what it will be may not be known yet."""

    def __init__(self, keys: frozenset[str]):
        self.keys = keys


def sound_lessons(course: CourseOutline) -> frozenset[str]:
    """Keys of the lessons of a course whose recording has no picture, as far as that is known."""
    try:
        return _kept_sounds(course.version_id)
    except _NotFinal as now:
        return now.keys


@lru_cache(maxsize=256)
def _kept_sounds(version_id: int) -> frozenset[str]:
    keys, is_final = _sounds_now(version_id, int(time.monotonic()) // SECONDS_KEPT_WHILE_MADE)
    if not is_final:
        raise _NotFinal(keys)  # not kept
    return keys


@lru_cache(maxsize=64)
def _sounds_now(version_id: int, _moment: int) -> tuple[frozenset[str], bool]:
    """The keys, and whether all recordings of the course are ready; one statement, for an outline asks for each of its lessons."""
    shown = {lesson.key: lesson.content["asset_id"] for lesson in get_outline(version_id).lessons if lesson.kind == "video" and "asset_id" in lesson.content}
    assets = {asset.id: asset for asset in db.session.scalars(select(MediaAsset).where(MediaAsset.id.in_(shown.values())))} if shown else {}
    keys = frozenset(key for key, asset_id in shown.items() if asset_id in assets and assets[asset_id].is_audio_only)
    return keys, all(asset_id in assets and assets[asset_id].state == AssetState.READY for asset_id in shown.values())
