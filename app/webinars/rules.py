"""Decisions about a webinar's plan. Pure: plain values in, plain values out."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping

LONGEST_SLUG = 60
SLOWEST_SECONDS = 300  # between two lines of one person in the chat, as planned and as a moderator may set it


def most_jp(minutes: float, days: int, minutes_per_jp: float, per_day: int | None) -> int:
    """The most JP a webinar may promise: whole JP in its minutes, and never more than the form's rule allows for its days."""
    by_minutes = max(0, math.floor(minutes / minutes_per_jp + 1e-9))
    return by_minutes if per_day is None else min(by_minutes, per_day * days)


def slug_from(title: str) -> str:
    """A title as part of an address: lower case letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_SLUG].strip("-")
    return slug or "webinar"


def nearest_quota(unit_path: str, quotas: Mapping[int, int]) -> int | None:
    """The unit whose quota holds for somebody at the end of this path (`/1/12/40/`): their own unit, else the nearest above; None without one."""
    return next((unit_id for unit_id in reversed([int(part) for part in unit_path.split("/") if part]) if unit_id in quotas), None)


def has_room(taken: int, seats: int | None, taken_of_quota: int, quota: int | None) -> bool:
    """Whether one more seat is free: in the webinar, and within the quota of the person's unit."""
    return (seats is None or taken < seats) and (quota is None or taken_of_quota < quota)
