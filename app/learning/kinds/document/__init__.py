"""A document: its pages as pictures with their text over them, the PDF to download; marked as read like an article."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from flask import request
from flask_babel import gettext as _
from sqlalchemy import Row, select

from app.courses.outline import get_lesson_body
from app.kernel.db import db
from app.learning.kinds import Behavior, register
from app.learning.kinds.reading import reading_conditions, seconds_until_readable
from app.learning.missing import Condition, LessonSeat
from app.media import presentation
from app.media.models import AssetState, MediaAsset, MediaPage

PAGES_AT_ONCE = 10


@lru_cache(maxsize=64)
def _kept_pages(asset_id: int, generation: int, first: int) -> tuple[Row[*tuple[Any, ...]], ...]:
    """Ten pages with their text; a prepared document never changes."""
    rows = db.session.execute(
        select(MediaPage.number, MediaPage.width, MediaPage.height, MediaPage.lines)
        .where(MediaPage.asset_id == asset_id, MediaPage.number.between(first, first + PAGES_AT_ONCE - 1))
        .order_by(MediaPage.number)
    )
    return tuple(rows)


def first_of(page: int) -> int:
    """The first page of the ten in which a page stands."""
    return (page - 1) // PAGES_AT_ONCE * PAGES_AT_ONCE + 1


def place_of(seat: LessonSeat) -> int:
    """The page where a person stopped, on whatever device; 1 at first."""
    return max(1, int((seat.progress.position.get("page") if seat.progress else None) or 1))


def conditions_of(seat: LessonSeat, file: MediaAsset | None) -> list[Condition]:
    if file is None or not file.is_ready:
        failed = file is None or file.state == AssetState.FAILED
        return [
            Condition(
                "not_ready",
                seat.is_complete,
                _("Dokumen tidak dapat ditampilkan") if failed else _("Dokumen sedang disiapkan"),
                reason=presentation.state_in_words(file) if file else _("Berkasnya tidak ada lagi."),
            )
        ]
    return reading_conditions(seat)


def conditions(seat: LessonSeat) -> list[Condition]:
    return conditions_of(seat, db.session.get(MediaAsset, seat.lesson.content["asset_id"]))


def context(seat: LessonSeat) -> dict[str, Any]:
    file = db.session.get(MediaAsset, seat.lesson.content["asset_id"])
    shown: dict[str, Any] = {
        "body": get_lesson_body(seat.lesson.lesson_version_id),
        "file": file,
        "words": presentation.state_in_words(file) if file else _("Berkasnya tidak ada lagi."),
        "wait_seconds": 0 if seat.is_complete else seconds_until_readable(seat),
        "conditions": conditions_of(seat, file),
    }
    if file is None or not file.is_ready:
        return shown
    last = file.pages or 1
    asked = request.args.get("halaman", type=int)
    place = min(last, place_of(seat))
    first = first_of(min(last, max(1, asked or place)))
    return shown | {
        "pages": _kept_pages(file.id, file.generation, first),
        "first": first,
        "final": min(last, first + PAGES_AT_ONCE - 1),
        "before": max(1, first - PAGES_AT_ONCE) if first > 1 else None,
        "after": first + PAGES_AT_ONCE if first + PAGES_AT_ONCE <= last else None,
        "last": last,
        "place": place if asked is None and place > 1 else None,
    }


register(Behavior("document", "learning/kinds/document.html", context, conditions, marked_by_reader=True))
