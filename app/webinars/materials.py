"""What is handed out: documents of the media library, from when on, and which of them are the slides."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select

from app.kernel.db import db
from app.kernel.errors import Conflict, Invalid, NotFound
from app.library.models import LibraryItem
from app.library.rights import get_item, seen_by
from app.media.models import AssetKind, AssetState, MediaAsset
from app.people import audit
from app.webinars.labels import OPEN_FROM
from app.webinars.models import Webinar, WebinarMaterial, WebinarState
from app.webinars.participants import Participant
from app.webinars.permissions import MODERATE, SPEAK
from app.webinars.planning import lock_for_edit
from app.webinars.queries import participant_for_user

MOST_MATERIALS, MOST_OFFERED = 30, 100
ANY_STATE = tuple(state for state in WebinarState if state != WebinarState.CANCELED)
OPENED = {
    "BEFORE": {WebinarState.PUBLISHED, WebinarState.LIVE, WebinarState.ENDED},
    "LIVE": {WebinarState.LIVE, WebinarState.ENDED},
    "AFTER": {WebinarState.ENDED},
}


@dataclass(frozen=True, slots=True)
class Material:
    """One document with its file, and whether this person may have it now."""

    row: WebinarMaterial
    asset: MediaAsset
    is_open: bool

    @property
    def is_ready(self) -> bool:
        return self.asset.is_ready


def is_open(row: WebinarMaterial, webinar: Webinar, person: Participant | None) -> bool:
    """Whether somebody may have a document: speakers and moderators at once, participants from when it says."""
    if person is None:
        return False
    return person.may(MODERATE) or person.may(SPEAK) or WebinarState(webinar.state) in OPENED.get(row.open_from, set())


def list_materials(webinar: Webinar, person: Participant | None) -> list[Material]:
    rows = (
        select(WebinarMaterial, MediaAsset)
        .join(MediaAsset, MediaAsset.id == WebinarMaterial.asset_id)
        .where(WebinarMaterial.webinar_id == webinar.id)
        .order_by(WebinarMaterial.position, WebinarMaterial.id)
    )
    return [Material(row, asset, is_open(row, webinar, person)) for row, asset in db.session.execute(rows)]


def get_open_material(webinar: Webinar, person: Participant | None, material_id: int) -> Material:
    """A document that this person may have now, ready to be sent. Raises NotFound."""
    row = db.session.get(WebinarMaterial, material_id)
    asset = db.session.get(MediaAsset, row.asset_id) if row and row.webinar_id == webinar.id else None
    if row is None or asset is None or not asset.is_ready or not is_open(row, webinar, person):
        raise NotFound
    return Material(row, asset, True)


def list_offered(user: Any, webinar_id: int) -> list[tuple[int, str]]:
    """Documents of the library that this person finds there and that are not handed out yet, newest first."""
    used = select(WebinarMaterial.asset_id).where(WebinarMaterial.webinar_id == webinar_id)
    rows = (
        select(LibraryItem.id, LibraryItem.title)
        .join(MediaAsset, MediaAsset.id == LibraryItem.asset_id)
        .where(
            seen_by(user), MediaAsset.kind == AssetKind.DOCUMENT, MediaAsset.id.not_in(used),
            MediaAsset.state.in_((AssetState.READY, AssetState.QUEUED, AssetState.PROCESSING)),
        )
        .order_by(LibraryItem.added_at.desc(), LibraryItem.id.desc())
        .limit(MOST_OFFERED)
    )  # fmt: skip
    return [(item_id, title) for item_id, title in db.session.execute(rows)]


def add_material(user: Any, webinar_id: int, item_id: int, title: str, open_from: str, is_slides: bool) -> None:
    """Hand out a document of the library. Raises NotFound for one that this person does not find there."""
    if open_from not in OPEN_FROM:
        raise Invalid(fields={"open_from": _("Pilih sejak kapan bahan ini terbuka.")})
    title = " ".join(title.replace("\0", "").split())
    if len(title) > 200:
        raise Invalid(fields={"title": _("Paling panjang %(most)d huruf.", most=200)})
    lock_for_edit(webinar_id, None, ANY_STATE)
    item = get_item(user, item_id)
    asset = db.session.get_one(MediaAsset, item.asset_id)
    if asset.kind != AssetKind.DOCUMENT:
        raise Invalid(fields={"item": _("Hanya dokumen PDF yang dapat menjadi bahan.")})
    mine = WebinarMaterial.webinar_id == webinar_id
    if db.session.scalar(select(WebinarMaterial.id).where(mine, WebinarMaterial.asset_id == asset.id)) is not None:
        raise Conflict(_("Dokumen ini sudah ada di daftar bahan."))
    count, last = db.session.execute(select(func.count(), func.coalesce(func.max(WebinarMaterial.position), 0)).where(mine)).one()
    if count >= MOST_MATERIALS:
        raise Conflict(_("Paling banyak %(most)d bahan.", most=MOST_MATERIALS))
    row = WebinarMaterial(
        webinar_id=webinar_id, asset_id=asset.id, title=title or item.title[:200], is_slides=is_slides, open_from=open_from, position=last + 1
    )
    db.session.add(row)
    db.session.flush()
    audit.note(user.id, "webinars.material_added", ("webinar", webinar_id), after={"material_id": row.id, "asset_id": asset.id})


def change_material(actor_id: int, webinar_id: int, material_id: int, open_from: str, is_slides: bool) -> None:
    if open_from not in OPEN_FROM:
        raise Invalid(fields={"open_from": _("Pilih sejak kapan bahan ini terbuka.")})
    lock_for_edit(webinar_id, None, ANY_STATE)
    row = _own(webinar_id, material_id)
    row.open_from, row.is_slides = open_from, is_slides
    audit.note(actor_id, "webinars.material_changed", ("webinar", webinar_id), after={"material_id": material_id, "open_from": open_from})
    db.session.flush()


def remove_material(actor_id: int, webinar_id: int, material_id: int) -> None:
    """Take it off the list; the file stays in the library."""
    lock_for_edit(webinar_id, None, ANY_STATE)
    row = _own(webinar_id, material_id)
    audit.note(actor_id, "webinars.material_removed", ("webinar", webinar_id), before={"asset_id": row.asset_id, "title": row.title})
    db.session.delete(row)
    db.session.flush()


def _own(webinar_id: int, material_id: int) -> WebinarMaterial:
    row = db.session.get(WebinarMaterial, material_id)
    if row is None or row.webinar_id != webinar_id:
        raise NotFound
    return row


# ---- slots of media ----


def may_have(user: Any, asset_id: int) -> bool:
    """Slot of `media.delivery`: the file is handed out to this account, in some webinar."""
    rows = select(WebinarMaterial, Webinar).join(Webinar, Webinar.id == WebinarMaterial.webinar_id).where(WebinarMaterial.asset_id == asset_id)
    return any(is_open(row, webinar, participant_for_user(webinar, user)) for row, webinar in db.session.execute(rows).all())


def is_used(asset_id: int) -> bool:
    """Slot of `media.uses`."""
    return db.session.scalar(select(WebinarMaterial.id).where(WebinarMaterial.asset_id == asset_id).limit(1)) is not None
