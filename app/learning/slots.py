"""What features above may say about the JP ledger."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask_babel import lazy_gettext as _l

JpLimit = Callable[[int, int, int], int]  # (user id, course id, JP it comes to) -> JP that may be written
ActivityLimit = Callable[[int, str, int], int]  # (user id, activity as `webinar:12`, JP it comes to) -> JP that may be written

JP_LIMITS: list[tuple[JpLimit, str]] = []
ACTIVITY_LIMITS: list[tuple[ActivityLimit, str]] = []
REASONS: dict[str, Any] = {
    "limited": _l("Dibatasi, karena kegiatan yang sama sudah memberi JP."),
    "per_day": _l("Dibatasi oleh JP paling banyak sehari untuk bentuk ini."),
    "appeal": _l("Diubah setelah sanggahan kehadiran diputuskan."),
}


def register_jp_limit(limit: JpLimit, reason: str = "limited", words: Any = None) -> None:
    """Ask this before a completed course is credited; the least answer wins, and its reason is kept with the entry."""
    if (limit, reason) not in JP_LIMITS:
        JP_LIMITS.append((limit, reason))
    if words is not None:
        REASONS[reason] = words


def register_activity_limit(limit: ActivityLimit, reason: str = "limited", words: Any = None) -> None:
    """The same for activities that are no course."""
    if (limit, reason) not in ACTIVITY_LIMITS:
        ACTIVITY_LIMITS.append((limit, reason))
    if words is not None:
        REASONS[reason] = words


def reason_words(reason: str) -> Any:
    """Why an entry is not what was asked for, as people read it; an unknown code as it is."""
    return REASONS.get(reason, reason)
