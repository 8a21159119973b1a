"""Dates, times, spans and numbers as people read them, in their language.

Moments are stored in UTC and shown in the installation's zone (WIB for Tanjungpinang). A moment without a zone is taken as UTC.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date, get_timezone_name
from babel.numbers import format_decimal
from flask import current_app
from flask_babel import gettext as _
from flask_babel import ngettext

from app.kernel.i18n import current_language

DATE_PATTERNS = {
    "penuh": "EEEE, d MMMM y",  # Senin, 23 November 2026
    "panjang": "d MMMM y",
    "sedang": "d MMM y",
    "tanpa_tahun": "d MMMM",
    "pendek": "EEE, MMM",  # under the big numeral of a date: Jum, Nov
    "bulan": "MMMM y",
    "bulan_pendek": "MMM",
    "hari": "EEEE",
}
ZONE_NAMES = {"Asia/Jakarta": "WIB", "Asia/Pontianak": "WIB", "Asia/Makassar": "WITA", "Asia/Jayapura": "WIT"}


def zone() -> ZoneInfo:
    settings = current_app.config.get("GURINDAM")
    return ZoneInfo(settings.timezone if settings else "Asia/Jakarta")


def local(moment: datetime) -> datetime:
    """The moment on the clock of the installation's zone."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(zone())


def tanggal(value: date | datetime | None, gaya: str = "panjang") -> str:
    """A day, such as "23 November 2026"; `gaya` is a key of `DATE_PATTERNS`. Nothing for None."""
    if value is None:
        return ""
    day = local(value).date() if isinstance(value, datetime) else value
    return _kept_date(day, gaya, current_language())


@lru_cache(maxsize=2048)
def _kept_date(day: date, gaya: str, language: str) -> str:
    return format_date(day, DATE_PATTERNS[gaya], locale=language)


def jam(value: datetime | None, zona: bool = False) -> str:
    """A time of day: "10.42", with `zona` "10.42 WIB"; "10:42" in English."""
    if value is None:
        return ""
    moment = local(value)
    text = moment.strftime("%H.%M" if current_language() == "id" else "%H:%M")
    return f"{text} {zone_name(moment)}" if zona else text


def zone_name(moment: datetime) -> str:
    return ZONE_NAMES.get(zone().key) or get_timezone_name(moment, width="short", locale=current_language())


def waktu(value: datetime | None) -> str:
    """Day and time: "23 November 2026, 10.42 WIB"."""
    return f"{tanggal(value)}, {jam(value, zona=True)}" if value is not None else ""


def durasi(seconds: float | timedelta | None) -> str:
    """A position or length in a recording: "9.42", "1.02.03"; with colons in English."""
    if seconds is None:
        return ""
    whole = max(0, int(seconds.total_seconds() if isinstance(seconds, timedelta) else seconds))
    hours, rest = divmod(whole, 3600)
    mark = "." if current_language() == "id" else ":"
    minutes, left = divmod(rest, 60)
    return f"{hours}{mark}{minutes:02}{mark}{left:02}" if hours else f"{minutes}{mark}{left:02}"


def angka(value: int | float | Decimal | None, desimal: int = 1) -> str:
    """A number with at most `desimal` decimals: "4.182" and "12,5"; "4,182" and "12.5" in English."""
    if value is None:
        return ""
    return _kept_number(value, desimal, current_language())


@lru_cache(maxsize=2048)
def _kept_number(value: int | float | Decimal, desimal: int, language: str) -> str:
    return format_decimal(value, format="#,##0" + ("." + "#" * desimal if desimal else ""), locale=language)


def persen(share: float | None, desimal: int = 0) -> str:
    """A share between 0 and 1 as "61,4 %"; never rounded up to 100 while something is missing."""
    if share is None:
        return ""
    shown = share * 100
    if share < 1:
        step = 10**-desimal
        shown = min(shown, 100 - step)
    return f"{angka(shown, desimal)} %"


def menit(minutes: float | None) -> str:
    """A length of time in words: "45 menit", "1 jam 15 menit", "3 jam"; what is shorter than half a minute in seconds, so that it is never 0."""
    if minutes is None:
        return ""
    if 0 < minutes <= 0.5:
        seconds = max(1, round(minutes * 60))
        return ngettext("%(num)d detik", "%(num)d detik", seconds)
    return _kept_length(round(minutes), current_language())


@lru_cache(maxsize=1024)
def _kept_length(minutes: int, language: str) -> str:
    hours, left = divmod(minutes, 60)
    parts = []
    if hours:
        parts.append(ngettext("%(num)d jam", "%(num)d jam", hours))
    if left or not hours:
        parts.append(ngettext("%(num)d menit", "%(num)d menit", left))
    return " ".join(parts)


def ukuran(size: int | None) -> str:
    """The size of a file: "1,8 MB"."""
    if size is None:
        return ""
    for unit, factor, digits in (("GB", 1e9, 1), ("MB", 1e6, 1), ("kB", 1e3, 0)):
        if size >= factor:
            return f"{angka(size / factor, digits)} {unit}"
    return _("%(count)s byte", count=angka(size))


FILTERS = {
    "tanggal": tanggal,
    "jam": jam,
    "waktu": waktu,
    "durasi": durasi,
    "angka": angka,
    "persen": persen,
    "menit": menit,
    "ukuran": ukuran,
}
