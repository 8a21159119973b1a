"""The installation's working hours: what ships with the product, and the free days its operator adds."""

from __future__ import annotations

from datetime import date, datetime, time
from functools import lru_cache
from pathlib import Path
from typing import Any

import structlog
import yaml
from flask import current_app

from app.kernel import clock
from app.notifications.rules import WorkingHours, next_working_moment

SHIPPED = Path(__file__).parent / "data" / "working_hours.yaml"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
log = structlog.get_logger()


def working_moment(after: datetime | None = None) -> datetime:
    """The first moment from `after` (default: now) at which a reminder may reach people."""
    return next_working_moment(after or clock.now(), clock.local_zone(), _hours(Path(current_app.instance_path) / "holidays.yaml"))


@lru_cache(maxsize=4)
def _hours(own: Path) -> WorkingHours:
    hours = read_working_hours(SHIPPED.read_text(encoding="utf-8"))
    if not own.is_file():
        return hours
    try:
        free = read_free_days(own.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        log.error("holidays_unreadable", file=str(own), reason=str(error))
        return hours
    return WorkingHours(hours.by_weekday, hours.free_every_year, hours.free_days | free)


def read_working_hours(text: str) -> WorkingHours:
    """Raises ValueError for a file that does not say what it should."""
    data = _mapping(text)
    by_weekday = {WEEKDAYS.index(name): (time.fromisoformat(span[0]), time.fromisoformat(span[1])) for name, span in data["hours"].items()}
    every_year = frozenset((int(month), int(day)) for month, day in (entry.split("-") for entry in data["every_year"]))
    return WorkingHours(by_weekday, every_year, read_free_days(text))


def read_free_days(text: str) -> frozenset[date]:
    """The days under `dated`. Raises ValueError when one of them is no date."""
    days = _mapping(text).get("dated") or []
    if not isinstance(days, list):
        raise ValueError("'dated' must be a list of dates")
    for entry in days:
        if not isinstance(entry, date) or isinstance(entry, datetime):
            raise ValueError(f"{entry!r} is not a date such as 2027-03-10")
    return frozenset(days)


def _mapping(text: str) -> dict[str, Any]:
    data = yaml.safe_load(text) or {}
    if not isinstance(data, dict):
        raise ValueError("the file must be a mapping")
    return data
