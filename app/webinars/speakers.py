"""Narasumber: who they are, and the personal link by which they come on stage. A link is shown once; only its digest is kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from uuid import uuid4

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import func, select

from app.kernel import clock, events
from app.kernel.db import db
from app.kernel.errors import Conflict, Invalid, NotFound
from app.notifications.services import mail_somebody
from app.people import audit
from app.ui.formats import waktu
from app.webinars import links
from app.webinars.events import SpeakerLinksChanged
from app.webinars.models import AgendaItem, Webinar, WebinarSpeaker, WebinarState
from app.webinars.planning import lock_for_edit

MOST_SPEAKERS, LONGEST_NAME, LONGEST_EMAIL = 30, 200, 254
WHILE_IT_MATTERS = (WebinarState.DRAFT, WebinarState.PUBLISHED, WebinarState.LIVE)
ADDRESS = re.compile(r"[^@\s,;<>\"]{1,64}@[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?", re.ASCII)


@dataclass(frozen=True, slots=True)
class SpeakerFacts:
    full_name: str
    institution: str
    email: str | None
    agenda_item_id: int | None


def clean_address(text: str) -> str | None:
    """A mail address in small letters; None for an empty one. Raises Invalid for what is none."""
    address = text.replace("\0", "").strip().lower()
    if not address:
        return None
    if len(address) > LONGEST_EMAIL or not ADDRESS.fullmatch(address) or "." not in address.rpartition("@")[2] or ".." in address:
        raise Invalid(fields={"email": _("Alamat surel ini tidak benar.")})
    return address


def read_facts(form: Mapping[str, str]) -> SpeakerFacts:
    name, institution = (" ".join(form.get(field, "").replace("\0", "").split()) for field in ("full_name", "institution"))
    if not 1 <= len(name) <= LONGEST_NAME:
        raise Invalid(fields={"full_name": _("Tulis nama, paling panjang %(most)d huruf.", most=LONGEST_NAME)})
    if len(institution) > LONGEST_NAME:
        raise Invalid(fields={"institution": _("Paling panjang %(most)d huruf.", most=LONGEST_NAME)})
    item = form.get("agenda_item_id", "").strip()
    if item and not (item.isascii() and item.isdigit() and len(item) < 10):
        raise NotFound
    return SpeakerFacts(name, institution, clean_address(form.get("email", "")), int(item) if item else None)


def add_speaker(actor_id: int | None, webinar_id: int, facts: SpeakerFacts) -> WebinarSpeaker:
    """Raises NotFound for a session of another webinar."""
    lock_for_edit(webinar_id, None, WHILE_IT_MATTERS)
    _own_item(webinar_id, facts.agenda_item_id)
    known = db.session.scalar(select(func.count()).where(WebinarSpeaker.webinar_id == webinar_id)) or 0
    if known >= MOST_SPEAKERS:
        raise Conflict(_("Paling banyak %(most)d narasumber.", most=MOST_SPEAKERS))
    last = db.session.scalar(select(func.max(WebinarSpeaker.position)).where(WebinarSpeaker.webinar_id == webinar_id)) or 0
    speaker = WebinarSpeaker(
        webinar_id=webinar_id, full_name=facts.full_name, institution=facts.institution, email=facts.email,
        agenda_item_id=facts.agenda_item_id, position=last + 1,
    )  # fmt: skip
    db.session.add(speaker)
    db.session.flush()
    audit.note(actor_id, "webinars.speaker_added", ("webinar", webinar_id), after={"speaker_id": speaker.id})
    return speaker


def change_speaker(actor_id: int | None, webinar_id: int, speaker_id: int, facts: SpeakerFacts) -> None:
    lock_for_edit(webinar_id, None, WHILE_IT_MATTERS)
    speaker = get_speaker(webinar_id, speaker_id)
    _own_item(webinar_id, facts.agenda_item_id)
    speaker.full_name, speaker.institution, speaker.email = facts.full_name, facts.institution, facts.email
    speaker.agenda_item_id = facts.agenda_item_id
    audit.note(actor_id, "webinars.speaker_changed", ("webinar", webinar_id), after={"speaker_id": speaker_id})
    db.session.flush()


def remove_speaker(actor_id: int | None, webinar_id: int, speaker_id: int) -> None:
    """Their link ends with them. Once it is on air nobody is taken off the list any more: their link can be revoked."""
    lock_for_edit(webinar_id, None)
    speaker = get_speaker(webinar_id, speaker_id)
    audit.note(actor_id, "webinars.speaker_removed", ("webinar", webinar_id), before={"speaker_id": speaker_id})
    db.session.delete(speaker)
    events.record(SpeakerLinksChanged(webinar_id))
    db.session.flush()


def renew_link(actor_id: int | None, webinar_id: int, speaker_id: int) -> str:
    """Make a speaker's link, which ends the one before, and mail it to them where their address is known. Returns the address, to be shown once."""
    webinar = lock_for_edit(webinar_id, None, WHILE_IT_MATTERS)
    speaker = get_speaker(webinar_id, speaker_id)
    secret = links.make_secret()
    speaker.link_digest, speaker.link_made_at, speaker.link_ends_at = links.digest_of(secret), clock.now(), links.ends_at(webinar)
    audit.note(actor_id, "webinars.speaker_link_made", ("webinar", webinar_id), after={"speaker_id": speaker_id})
    events.record(SpeakerLinksChanged(webinar_id))
    db.session.flush()
    if speaker.email:
        _mail_link(webinar, speaker, links.speaker_path(secret))
    return current_app.config["GURINDAM"].base_url + links.speaker_path(secret)


def revoke_link(actor_id: int | None, webinar_id: int, speaker_id: int) -> None:
    lock_for_edit(webinar_id, None, tuple(WebinarState))
    speaker = get_speaker(webinar_id, speaker_id)
    speaker.link_digest = speaker.link_made_at = speaker.link_ends_at = None
    audit.note(actor_id, "webinars.speaker_link_revoked", ("webinar", webinar_id), before={"speaker_id": speaker_id})
    events.record(SpeakerLinksChanged(webinar_id))
    db.session.flush()


def _mail_link(webinar: Webinar, speaker: WebinarSpeaker, path: str) -> None:
    mail_somebody(
        str(speaker.email),
        speaker.full_name,
        "webinar",
        lambda: _("Tautan narasumber: %(title)s", title=webinar.title),
        lambda: _(
            "Anda menjadi narasumber %(title)s pada %(when)s. Buka tautan di bawah ini dengan Chrome atau Edge di komputer; lebih baik sehari "
            "sebelumnya, untuk memeriksa kamera dan suara. Tautan ini hanya untuk Anda: siapa pun yang memegangnya tampil sebagai Anda.",
            title=webinar.title,
            when=waktu(webinar.starts_at),
        ),
        path,
        key=f"webinar-speaker:{speaker.id}:{uuid4().hex}",
        secret=True,
    )


def get_speaker(webinar_id: int, speaker_id: int) -> WebinarSpeaker:
    speaker = db.session.get(WebinarSpeaker, speaker_id)
    if speaker is None or speaker.webinar_id != webinar_id:
        raise NotFound
    return speaker


def _own_item(webinar_id: int, item_id: int | None) -> None:
    if item_id is not None:
        item = db.session.get(AgendaItem, item_id)
        if item is None or item.webinar_id != webinar_id:
            raise NotFound
