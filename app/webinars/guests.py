"""Guests: people without an account. They write their address, get a link, and by opening it show that the address is theirs.

The answer to the form is the same whoever wrote what, so that nobody learns from it who is registered. The same link is mailed each time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from flask_babel import gettext as _
from sqlalchemy import delete, exists, select

from app.kernel import clock
from app.kernel.db import db
from app.kernel.errors import Conflict, Invalid, NotFound
from app.notifications.services import mail_somebody
from app.people.throttle import count_try
from app.ui.formats import waktu
from app.webinars import links, registering, telling
from app.webinars.models import Webinar, WebinarGuest, WebinarRegistration
from app.webinars.speakers import clean_address

CONFIRM_WITHIN = timedelta(hours=48)
LINKS_WORK_AFTER = timedelta(days=30)  # after the event: the recording, the certificate's questions
FORGOTTEN_AFTER = timedelta(days=7)
LONGEST_NAME = 100
# From one place: a hall asks at once behind a single address, but nobody mails strangers from there all day long.
PLACE_ASKS, PLACE_WINDOW = 600, timedelta(hours=2)
_NO_NAME = re.compile(r"https?:|www\.|[/@<>\\]", re.IGNORECASE)


class LinkOver(Conflict):
    """The link was good once."""


@dataclass(frozen=True, slots=True)
class GuestFacts:
    full_name: str
    institution: str
    email: str


def read_facts(form: Mapping[str, str]) -> GuestFacts:
    """Raises Invalid. A name goes into a mail to somebody whom we do not know yet, so it holds no address of a page."""
    faults: dict[str, object] = {}
    name, institution = (" ".join(form.get(field, "").replace("\0", "").split()) for field in ("full_name", "institution"))
    if not 1 <= len(name) <= LONGEST_NAME or _NO_NAME.search(name):
        faults["full_name"] = _("Tulis nama Anda, paling panjang %(most)d huruf, tanpa alamat situs.", most=LONGEST_NAME)
    if len(institution) > LONGEST_NAME or _NO_NAME.search(institution):
        faults["institution"] = _("Paling panjang %(most)d huruf, tanpa alamat situs.", most=LONGEST_NAME)
    email = None
    try:
        email = clean_address(form.get("email", ""))
    except Invalid as fault:
        faults |= fault.fields
    if email is None:
        faults.setdefault("email", _("Tulis alamat surel Anda; tautannya dikirim ke sana."))
    if faults or email is None:
        raise Invalid(fields=faults)
    return GuestFacts(name, institution, email)


def count_request(email: str, address: str) -> None:
    """Raises TooMany for one address asked for again and again, or one place that asks for many. Opens its own transaction."""
    count_try(email, f"guest:{address}", None, kind="guest", address_tries=PLACE_ASKS, address_window=PLACE_WINDOW)


def ask_for_link(webinar_id: int, facts: GuestFacts) -> None:
    """Mail the link by which this address becomes a guest. Raises Conflict when no guests are welcome or registration is closed."""
    webinar = db.session.scalar(select(Webinar).where(Webinar.id == webinar_id).with_for_update())
    if webinar is None or not webinar.guests_welcome:
        raise NotFound
    now = clock.now()
    if not registering.is_open(webinar, now):
        raise Conflict(_("Pendaftaran webinar ini sudah ditutup."), code="closed")
    guest = db.session.scalar(select(WebinarGuest).where(WebinarGuest.webinar_id == webinar_id, WebinarGuest.email == facts.email))
    if guest is None:
        guest = WebinarGuest(webinar_id=webinar_id, email=facts.email)
    if guest.confirmed_at is None:
        guest.full_name, guest.institution = facts.full_name, facts.institution
        if guest.created_at is None or now - guest.created_at >= CONFIRM_WITHIN / 2:
            guest.created_at = now
            guest.link_digest = links.digest_of(links.guest_secret(guest))
    db.session.add(guest)
    db.session.flush()
    _mail_link(webinar, guest)


def _mail_link(webinar: Webinar, guest: WebinarGuest) -> None:
    mail_somebody(
        guest.email,
        guest.full_name,
        telling.KIND,
        lambda: _("Tautan Anda: %(title)s", title=webinar.title),
        lambda: _(
            "Alamat surel ini ditulis untuk mendaftar ke webinar %(title)s, %(when)s. Buka tautan di bawah ini untuk memastikan bahwa itu Anda "
            "dan untuk masuk ke halamannya. Bila bukan Anda yang mendaftar, abaikan surel ini.",
            title=webinar.title,
            when=waktu(webinar.starts_at),
        ),
        links.guest_path(links.guest_secret(guest)),
        key=f"webinar-guest:{guest.id}:{uuid4().hex}",
        secret=True,
    )


def get_by_link(secret: str) -> tuple[WebinarGuest, Webinar]:
    """The guest whose link this is. Raises NotFound for one that was never given out, LinkOver for one whose time is over."""
    guest = links.find_guest(secret)
    if guest is None:
        raise NotFound(_("Tautan ini tidak dikenal. Periksa apakah alamatnya lengkap, atau minta tautan baru di halaman webinarnya."))
    webinar, now = db.session.get_one(Webinar, guest.webinar_id), clock.now()
    if guest.confirmed_at is None and now - guest.created_at > CONFIRM_WITHIN:
        raise LinkOver(_("Tautan ini sudah lewat 48 jam tanpa dibuka. Daftar lagi di halaman webinarnya untuk mendapat tautan baru."), code="expired")
    if now > webinar.ends_at + LINKS_WORK_AFTER:
        raise LinkOver(_("Webinar ini sudah lama selesai; tautannya tidak berlaku lagi."), code="expired")
    return guest, webinar


def confirm(secret: str) -> WebinarRegistration:
    """The address is theirs: the guest takes a seat, or a place on the waiting list. A second time nothing changes."""
    guest, webinar = get_by_link(secret)
    guest.confirmed_at = guest.confirmed_at or clock.now()
    db.session.flush()
    return registering.register_guest(webinar.id, guest)


def forget_unconfirmed() -> int:
    """Addresses that nobody confirmed are not kept. Call inside `transaction()`."""
    registered = exists().where(WebinarRegistration.guest_id == WebinarGuest.id)
    stale = delete(WebinarGuest).where(WebinarGuest.confirmed_at.is_(None), WebinarGuest.created_at < clock.now() - FORGOTTEN_AFTER, ~registered)
    return len(db.session.scalars(stale.returning(WebinarGuest.id).execution_options(synchronize_session=False)).all())
