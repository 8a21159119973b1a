"""The report as a table for a spreadsheet."""

from __future__ import annotations

import time
from datetime import datetime

from flask_babel import gettext as _

from app.attendance import queries, report, words
from app.attendance.report import Filters, Line, Reach
from app.kernel import clock
from app.webinars.models import Webinar

Table = tuple[list[str], list[list[str]]]


def table(webinar: Webinar, reach: Reach, filters: Filters, now: datetime) -> Table:
    """One row for each person, what the report shows with the same filters."""
    held = queries.held_checkins(webinar.id)
    heading = [
        *(_("Nama"), _("NIP"), _("Unit atau instansi"), _("Sebagai"), _("Masuk pertama"), _("Hadir (menit)"), _("Terputus (menit)"), _("Keluar (menit)")),
        *(_("Presensi %(number)s", number=number) for number in held),
        *(_("Menit diakui"), _("Post-test"), _("Syarat"), _("JP")),
    ]
    rows: list[list[str]] = []
    for lines in report.lines_of(webinar, reach, filters, now):
        rows += [_row(line, list(held)) for line in lines]
        time.sleep(0)  # let the event loop answer others
    return heading, rows


def _row(line: Line, held: list[int]) -> list[str]:
    figures, facts = line.figures, line.figures.facts
    return [
        line.full_name,
        line.nip,
        line.unit_name,
        role_of(line.key, line.registered),
        _moment(figures.joined_at),
        str(words.minutes(facts.present_ms)),
        str(words.minutes(figures.presence.lost_ms)),
        str(words.minutes(figures.presence.away_ms)),
        *(_moment(figures.answered.get(number)) for number in held),
        str(facts.granted_ms // words.MINUTE),
        "" if not facts.posttest_asked else _("lulus") if facts.posttest_passed else _("belum"),
        "" if line.fulfilled is None else _("terpenuhi") if line.fulfilled else _("belum"),
        str(line.jp),
    ]


def role_of(key: str, registered: bool) -> str:
    """What somebody was in the webinar."""
    if key[:1] == "s":
        return _("narasumber")
    if key[:1] == "g":
        return _("tamu")
    return _("peserta") if registered else _("petugas")


def _moment(moment: datetime | None) -> str:
    return clock.local(moment).strftime("%Y-%m-%d %H:%M:%S") if moment else ""
