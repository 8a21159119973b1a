"""Appeals: somebody says they were there although the ledger does not show it, with what proves it; staff decides once, and it is told."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import IO

from flask_babel import gettext as _
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from app.attendance import queries, results
from app.attendance.models import Appeal, AppealState
from app.kernel import clock
from app.kernel.db import db
from app.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from app.media import intake
from app.media.intake import ReceivedFile
from app.media.models import AssetKind
from app.media.services import add_asset
from app.notifications.services import notify
from app.people import audit
from app.ui.formats import tanggal
from app.webinars.models import Webinar, WebinarState
from app.webinars.participants import user_key

OPEN_FOR = timedelta(days=7)
MOST_OF_A_PERSON = 3
LEAST_TEXT, MOST_TEXT, MOST_DECISION = 20, 2000, 1000


def closes_at(webinar: Webinar) -> datetime | None:
    """Until when people may appeal; None before the end."""
    return webinar.ended_at + OPEN_FOR if webinar.ended_at else None


def may_appeal(webinar: Webinar, user_id: int) -> bool:
    until = closes_at(webinar)
    if webinar.state != WebinarState.ENDED or until is None or clock.now() > until:
        return False
    states = [appeal.state for appeal in queries.list_appeals_of(webinar.id, user_id)]
    return AppealState.OPEN not in states and len(states) < MOST_OF_A_PERSON


def receive_proof(stream: IO[bytes], name: str) -> ReceivedFile:
    """A picture or a PDF, copied into the storage. Call it outside a transaction. Raises Invalid for anything else."""
    head = stream.read(intake.HEAD_BYTES)
    stream.seek(0)
    found = intake.recognize_any(head)
    if found is None or (found[0] != AssetKind.IMAGE and found[1] != "application/pdf"):
        raise Invalid(fields={"proof": _("Lampirkan gambar (JPG, PNG, WebP) atau PDF.")})
    return intake.receive(stream, name, found[0])


def make(webinar_id: int, user_id: int, text: str, proof: ReceivedFile | None) -> Appeal:
    """Raises Invalid for a text that says too little, Conflict when it is too late or one is being decided."""
    webinar = db.session.get_one(Webinar, webinar_id)
    text = text.strip()
    if not LEAST_TEXT <= len(text) <= MOST_TEXT:
        raise Invalid(fields={"text": _("Ceritakan dalam %(least)d sampai %(most)d karakter.", least=LEAST_TEXT, most=MOST_TEXT)})
    if not may_appeal(webinar, user_id):
        raise Conflict(_("Sanggahan tidak dapat diajukan: masanya sudah lewat, atau masih ada yang sedang diperiksa."), code="no_appeal")
    asset = add_asset(proof, user_id) if proof else None
    appeal = Appeal(webinar_id=webinar_id, user_id=user_id, text=text, asset_id=asset.id if asset else None, state=AppealState.OPEN, made_at=clock.now())
    try:
        with db.session.begin_nested():
            db.session.add(appeal)
    except IntegrityError as error:  # sent twice in the same moment
        raise Conflict(_("Sanggahan Anda sudah kami terima."), code="no_appeal") from error
    audit.note(user_id, "attendance.appeal_made", ("appeal", appeal.id), after={"webinar": webinar_id, "proof": asset is not None})
    return appeal


def may_decide(appeal: Appeal, actor_id: int) -> bool:
    """Nobody decides about themselves."""
    return appeal.user_id != actor_id


def decide(appeal_id: int, webinar_id: int, actor_id: int, granted: bool, minutes: int, checkins: int, words: str) -> Appeal:
    """Grant minutes and check-ins, or none; once. The result and its JP follow in the same transaction. Raises NotAllowed for one's own."""
    webinar = db.session.get_one(Webinar, webinar_id)
    if not may_decide(get(webinar_id, appeal_id), actor_id):
        raise NotAllowed(_("Sanggahan Anda sendiri diputuskan oleh orang lain."), code="own_appeal")
    words = words.strip()
    faults = {}
    if not 1 <= len(words) <= MOST_DECISION:
        faults["decision"] = _("Tulis alasan keputusan, paling banyak %(most)d karakter.", most=MOST_DECISION)
    most = -(-queries.live_ms(webinar, clock.now()) // 60_000)
    if granted and not 0 <= minutes <= most:
        faults["minutes"] = _("Isi dengan bilangan bulat %(least)s sampai %(most)s.", least=0, most=most)
    held = len(queries.held_checkins(webinar_id))
    if granted and not 0 <= checkins <= held:
        faults["checkins"] = _("Isi dengan bilangan bulat %(least)s sampai %(most)s.", least=0, most=held)
    if granted and not faults and minutes + checkins == 0:
        faults["minutes"] = _("Isi menit atau presensi yang diakui.")
    if faults:
        raise Invalid(fields=faults)
    values = {"granted_minutes": minutes, "granted_checkins": checkins} if granted else {}
    state = AppealState.GRANTED if granted else AppealState.DENIED
    decided = db.session.execute(
        update(Appeal)
        .where(Appeal.id == appeal_id, Appeal.webinar_id == webinar_id, Appeal.state == AppealState.OPEN)
        .values(state=state, decided_at=clock.now(), decided_by_id=actor_id, decision=words, **values)
        .returning(Appeal.user_id)
    ).scalar()
    if decided is None:
        raise Conflict(_("Sanggahan ini sudah diputuskan."), code="decided")
    audit.note(actor_id, "attendance.appeal_decided", ("appeal", appeal_id), after={"state": str(state), "minutes": minutes, "checkins": checkins})
    person = next(person for person in results.people_of(webinar_id) if person.key == user_key(decided))
    results.compute_some(webinar_id, [person], reason="appeal" if granted else "")
    _tell(webinar, decided, appeal_id, granted, words)
    return db.session.get_one(Appeal, appeal_id, populate_existing=True)


def _tell(webinar: Webinar, user_id: int, appeal_id: int, granted: bool, words: str) -> None:
    title = webinar.title
    notify(
        user_id,
        "attendance",
        lambda: _("Sanggahan diterima: %(title)s", title=title) if granted else _("Sanggahan tidak diterima: %(title)s", title=title),
        words,
        f"/webinar/{webinar.slug}/kehadiran",
        key=f"attendance-appeal:{appeal_id}",
    )


def find_open(webinar_id: int) -> list[Appeal]:
    """Those that wait for a decision, the oldest first."""
    return list(db.session.scalars(select(Appeal).where(Appeal.webinar_id == webinar_id, Appeal.state == AppealState.OPEN).order_by(Appeal.id)))


def get(webinar_id: int, appeal_id: int) -> Appeal:
    """Raises NotFound for an appeal of another webinar."""
    appeal = db.session.get(Appeal, appeal_id)
    if appeal is None or appeal.webinar_id != webinar_id:
        raise NotFound
    return appeal


def deadline_in_words(webinar: Webinar) -> str:
    until = closes_at(webinar)
    return tanggal(until, "panjang") if until else ""
