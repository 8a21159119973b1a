"""What is missing, and why, in words: the same for the viewer, on the page afterwards, and for who answers questions about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext

from app.attendance.report import Kinds
from app.attendance.rules import Condition, Presence
from app.ui.formats import waktu
from app.webinars.models import Webinar

MINUTE = 60_000


def minutes(milliseconds: int) -> int:
    """Whole minutes that somebody has."""
    return milliseconds // MINUTE


def minutes_needed(milliseconds: int) -> int:
    """Whole minutes that are asked for: a part of one is asked for as a whole."""
    return -(-milliseconds // MINUTE)


def kinds_line(kinds: Kinds) -> str:
    """Who the people of a report are: "Terdiri dari 30 peserta, 2 narasumber."."""
    parts = [
        (kinds.participants, ngettext("%(num)d peserta", "%(num)d peserta", kinds.participants)),
        (kinds.guests, ngettext("%(num)d tamu", "%(num)d tamu", kinds.guests)),
        (kinds.speakers, ngettext("%(num)d narasumber", "%(num)d narasumber", kinds.speakers)),
        (kinds.staff, ngettext("%(num)d petugas", "%(num)d petugas", kinds.staff)),
    ]
    return _("Terdiri dari %(kinds)s.", kinds=", ".join(text for count, text in parts if count))


def for_whom(webinar: Webinar) -> str:
    """Whom the conditions are for."""
    return _("Syaratnya hanya berlaku bagi peserta.") if webinar.posttest_key else _("Syaratnya hanya berlaku bagi peserta dan tamu.")


def items_of(conditions: Sequence[Condition], webinar: Webinar, presence: Presence | None = None) -> list[dict[str, Any]]:
    """The conditions as `missing_list` draws them."""
    write = {"presence": _presence, "checkins": _checkins, "posttest": _posttest}
    return [{"done": condition.done, "url": None, **write[condition.code](condition, webinar, presence)} for condition in conditions]


def _presence(condition: Condition, webinar: Webinar, presence: Presence | None) -> dict[str, Any]:
    return {
        "label": ngettext(
            "Hadir paling sedikit %(num)d menit (%(percent)s persen)",
            "Hadir paling sedikit %(num)d menit (%(percent)s persen)",
            minutes_needed(condition.need),
            percent=webinar.presence_percent,
        ),
        "amount": ngettext("%(num)d menit", "%(num)d menit", minutes(condition.have)),
        "reason": gaps_in_words(presence) if presence else "",
    }


def gaps_in_words(presence: Presence) -> str:
    """What was missed by a lost connection and by leaving, apart: whole minutes, as presence is told, so that together they are never more than
    the time on air."""
    lost, away, parts = minutes(presence.lost_ms), minutes(presence.away_ms), []
    if lost:
        parts.append(ngettext("Terputus dari jaringan %(num)d menit.", "Terputus dari jaringan %(num)d menit.", lost))
    elif presence.lost_ms:
        parts.append(_("Terputus dari jaringan kurang dari semenit."))
    if away:
        parts.append(ngettext("Keluar dari ruang %(num)d menit.", "Keluar dari ruang %(num)d menit.", away))
    elif presence.away_ms > 0:
        parts.append(_("Keluar dari ruang kurang dari semenit."))
    return " ".join(parts)


def _checkins(condition: Condition, webinar: Webinar, presence: Presence | None) -> dict[str, Any]:
    return {
        "label": ngettext("Menjawab paling sedikit %(num)d presensi", "Menjawab paling sedikit %(num)d presensi", condition.need),
        "amount": _("%(have)s dijawab", have=condition.have),
        "reason": "",
    }


def _posttest(condition: Condition, webinar: Webinar, presence: Presence | None) -> dict[str, Any]:
    closes: datetime | None = webinar.posttest_closes_at
    until = _("Dapat dikerjakan sampai %(when)s.", when=waktu(closes)) if closes else _("Kerjakan dari halaman webinar ini.")
    return {
        "label": _("Lulus post-test"),
        "amount": "",
        "reason": "" if condition.done else until,
        "url": f"/webinar/{webinar.slug}",
    }


HOW_ENDED = {
    "LEFT": lambda: _("keluar dari ruang"),
    "LOST": lambda: _("terputus dari jaringan"),
    "REMOVED": lambda: _("dikeluarkan moderator"),
    "CRASH": lambda: _("gangguan pada server"),
    "CLOSED": lambda: _("webinar selesai"),
}


def how_ended(code: str | None) -> str:
    return HOW_ENDED[code]() if code in HOW_ENDED else ""
