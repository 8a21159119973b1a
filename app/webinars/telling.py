"""What people are told about a webinar they registered for: that they have a seat, that they wait, that they moved up, the day before, the hour
before, another time, and that it is off. ASN by bell and mail, guests by mail. Everything here writes in the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from flask_babel import gettext as _

from app.kernel import clock
from app.kernel.db import db
from app.notifications.calendar import working_moment
from app.notifications.services import mail_somebody, notify, withdraw
from app.ui.formats import waktu
from app.webinars import links
from app.webinars.models import Webinar, WebinarGuest, WebinarRegistration

KIND = "webinar"
STAGES = ("day", "hour")
Text = Callable[[], str]


def path_of(webinar: Webinar) -> str:
    return f"/webinar/{webinar.slug}"


def tell_registered(webinar: Webinar, row: WebinarRegistration) -> None:
    """That the seat is theirs, and the two reminders that follow from it."""
    _tell(
        webinar,
        row,
        "registered",
        lambda: _("Anda terdaftar: %(title)s", title=webinar.title),
        lambda: _("Webinar dimulai %(when)s. Halamannya menjadi ruang siaran pada waktunya.", when=waktu(webinar.starts_at)),
    )
    schedule_reminders(webinar, row)


def tell_waitlisted(webinar: Webinar, row: WebinarRegistration) -> None:
    _tell(
        webinar,
        row,
        "waitlisted",
        lambda: _("Anda di daftar tunggu: %(title)s", title=webinar.title),
        lambda: _("Kursinya penuh. Begitu ada kursi kosong, Anda maju menurut urutan dan diberi tahu."),
    )


def tell_moved_up(webinar: Webinar, row: WebinarRegistration) -> None:
    _tell(
        webinar,
        row,
        "moved-up",
        lambda: _("Ada kursi untuk Anda: %(title)s", title=webinar.title),
        lambda: _("Anda maju dari daftar tunggu dan kini terdaftar. Webinar dimulai %(when)s.", when=waktu(webinar.starts_at)),
    )
    schedule_reminders(webinar, row)


def tell_moved(webinar: Webinar, row: WebinarRegistration, version: int) -> None:
    """Another time: told once for each change, with new reminders."""
    _tell(
        webinar,
        row,
        f"moved:{version}",
        lambda: _("Jadwal berubah: %(title)s", title=webinar.title),
        lambda: _("Webinar kini dimulai %(when)s. Anda tetap terdaftar; batalkan bila tidak dapat hadir.", when=waktu(webinar.starts_at)),
    )
    if row.seated_at is not None:
        schedule_reminders(webinar, row)


def tell_canceled(webinar: Webinar, row: WebinarRegistration) -> None:
    _tell(
        webinar,
        row,
        "canceled",
        lambda: _("Dibatalkan: %(title)s", title=webinar.title),
        lambda: _("Webinar pada %(when)s dibatalkan. Alasan: %(reason)s", when=waktu(webinar.starts_at), reason=webinar.cancel_reason),
    )


# ---- reminders ----


def schedule_reminders(webinar: Webinar, row: WebinarRegistration) -> None:
    """A day before, an hour before; what would be at once, or is over, is left out."""
    for stage, moment in reminders_to_come(webinar).items():
        _remind(webinar, row, stage, moment)


def reminders_to_come(webinar: Webinar) -> dict[str, datetime]:
    """The reminders that somebody who takes a seat now will get."""
    return {stage: moment for stage, moment in reminder_moments(webinar.starts_at).items() if moment > clock.now()}


def reminder_moments(starts_at: datetime) -> dict[str, datetime]:
    """The hour before is told at its time. The day before is told while people are at work, so before a holiday on the working day before it."""
    moments = {"hour": starts_at - timedelta(hours=1)}
    for days in range(1, 8):
        told_at = working_moment(starts_at - timedelta(days=days))
        if told_at <= starts_at - timedelta(hours=12):
            return moments | {"day": told_at}
    return moments


def _remind(webinar: Webinar, row: WebinarRegistration, stage: str, moment: datetime) -> None:
    title = (
        (lambda: _("Pengingat webinar: %(title)s", title=webinar.title))
        if stage == "day"
        else (lambda: _("Satu jam lagi: %(title)s", title=webinar.title))
    )
    _tell(
        webinar,
        row,
        _reminder(webinar.starts_at, stage),
        title,
        lambda: _("Webinar dimulai %(when)s. Buka halamannya dari tautan ini; ponsel pun cukup.", when=waktu(webinar.starts_at)),
        send_after=moment,
    )


def withdraw_reminders(webinar: Webinar, rows: Sequence[WebinarRegistration], starts_at: datetime | None = None) -> None:
    """Take back what has not reached them yet; `starts_at`: of the time it used to begin."""
    reminders = [_reminder(starts_at or webinar.starts_at, stage) for stage in STAGES]
    withdraw([_key(row, reminder) for row in rows for reminder in reminders])


def _reminder(starts_at: datetime, stage: str) -> str:
    return f"reminder:{stage}:{_stamp(starts_at)}"


# ---- by bell and mail, or by mail alone ----


def _tell(
    webinar: Webinar, row: WebinarRegistration, what: str, title: Text, body: Text, send_after: datetime | None = None
) -> None:
    key = _key(row, what)
    if row.user_id is not None:
        notify(row.user_id, KIND, title, body, path_of(webinar), key=key, send_after=send_after)
        return
    guest = db.session.get_one(WebinarGuest, row.guest_id)
    mail_somebody(guest.email, guest.full_name, KIND, title, body, links.guest_path(links.guest_secret(guest)), key=key, secret=True, send_after=send_after)


def _key(row: WebinarRegistration, what: str) -> str:
    """Once for each cause; somebody who gave the seat back and registers anew is told anew."""
    return f"webinar:{row.id}:{_stamp(row.registered_at)}:{what}"


def _stamp(moment: datetime) -> str:
    return f"{moment.timestamp():.0f}"
