"""The server's clock decides. Time is read here and nowhere else, so that a test can move it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from flask import current_app

_frozen: datetime | None = None


def now() -> datetime:
    """This moment, in UTC."""
    return _frozen or datetime.now(UTC)


def milliseconds() -> int:
    """This moment as browsers count it."""
    return round(now().timestamp() * 1000)


def local_zone() -> ZoneInfo:
    """The zone in which the government's days begin and end (WIB for Kota Tanjungpinang)."""
    return ZoneInfo(current_app.config["GURINDAM"].timezone)


def local(moment: datetime) -> datetime:
    return moment.astimezone(local_zone())


def local_day(moment: datetime) -> date:
    """The calendar day a moment belongs to where the learner lives: 18.30 UTC is already tomorrow in WIB."""
    return local(moment).date()


def today() -> date:
    return local_day(now())


def freeze(moment: datetime | None) -> None:
    """Hold the clock at a moment (tests only); None lets it run."""
    global _frozen
    _frozen = moment
