"""What the library's pages show: items with their file, state, room and places. A fixed number of queries, however many items."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import url_for
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, case, func, or_, select

from app.kernel.db import db
from app.library import items
from app.library.items import Place
from app.library.models import AssetWeight, ChangeState, CourseChange, LibraryItem, LibraryReplacement
from app.library.rights import seen_by
from app.media import presentation
from app.media.models import AssetKind, AssetState, MediaAsset, Stage
from app.media.slots import Home
from app.people.models import OrgUnit, User

PAGE = 24
KINDS: dict[str, Any] = {"video": _l("Video dan suara"), "dokumen": _l("Dokumen"), "gambar": _l("Gambar")}
KIND_CODES = {"video": AssetKind.VIDEO, "dokumen": AssetKind.DOCUMENT, "gambar": AssetKind.IMAGE}
STATES: dict[str, Any] = {"siap": _l("Siap"), "disiapkan": _l("Sedang disiapkan"), "gagal": _l("Gagal atau dibatalkan")}
IN_WORK = (AssetState.QUEUED, AssetState.PROCESSING)
STOPPED = (AssetState.FAILED, AssetState.CANCELED)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody looks for in the library; an empty value leaves it open."""

    words: str = ""
    kind: str = ""
    state: str = ""
    unit_id: int | None = None

    @property
    def args(self) -> dict[str, Any]:
        named = {"cari": self.words, "jenis": self.kind, "keadaan": self.state, "unit": self.unit_id}
        return {name: value for name, value in named.items() if value}


@dataclass(frozen=True, slots=True)
class Entry:
    """One item as a list shows it."""

    item: LibraryItem
    asset: MediaAsset
    owner: str | None
    unit: str | None
    made_bytes: int
    places: list[Place] = field(default_factory=list)
    picture: str | None = None

    @property
    def byte_size(self) -> int:
        return self.asset.byte_size + self.made_bytes

    @property
    def kind_word(self) -> Any:
        return kind_word(self.asset)

    @property
    def is_stopped(self) -> bool:
        return self.asset.state in STOPPED

    @property
    def words(self) -> str:
        return presentation.state_in_words(self.asset)


@dataclass(frozen=True, slots=True)
class Shelf:
    entries: list[Entry]
    total: int
    page: int
    pages: int


def kind_word(asset: MediaAsset) -> Any:
    if asset.content_type.startswith("audio/"):
        return _l("Suara")
    return {AssetKind.VIDEO: _l("Video"), AssetKind.DOCUMENT: _l("Dokumen"), AssetKind.IMAGE: _l("Gambar")}[AssetKind(asset.kind)]


def find_picture(asset: MediaAsset, user: Any) -> str | None:
    """The address of a small picture of a file: a video's poster, a document's first page, the picture itself; None while there is none."""
    if not asset.is_ready:
        return None
    if asset.kind == AssetKind.VIDEO:
        return presentation.address(asset, asset.poster, user) if asset.poster else None
    shown = presentation.picture(asset, user) if asset.kind == AssetKind.IMAGE else presentation.page_pictures(asset, 1, user)
    return shown["src"]


def _entries(condition: ColumnElement[bool]) -> Any:
    return (
        select(LibraryItem, MediaAsset, User.full_name, OrgUnit.name, func.coalesce(AssetWeight.made_bytes, 0))
        .join(MediaAsset, MediaAsset.id == LibraryItem.asset_id)
        .outerjoin(User, User.id == LibraryItem.owner_id)
        .outerjoin(OrgUnit, OrgUnit.id == LibraryItem.unit_id)
        .outerjoin(AssetWeight, AssetWeight.asset_id == MediaAsset.id)
        .where(condition)
    )


def _filled(rows: Any, user: Any) -> list[Entry]:
    found = [tuple(row) for row in rows]
    places = items.find_places({row[1].id for row in found})
    return [Entry(*row, places=places.get(row[1].id, []), picture=find_picture(row[1], user)) for row in found]


def read_shelf(user: Any, wanted: Wanted, page: int = 1) -> Shelf:
    """The items a person finds, newest first."""
    conditions = [seen_by(user)]
    for word in wanted.words.split():
        named = [column.icontains(word, autoescape=True) for column in (LibraryItem.title, LibraryItem.note, MediaAsset.original_name)]
        conditions.append(or_(*named))
    if wanted.kind in KIND_CODES:
        conditions.append(MediaAsset.kind == KIND_CODES[wanted.kind])
    if wanted.state in STATES:
        conditions.append(_in_state(wanted.state))
    if wanted.unit_id is not None:
        conditions.append(LibraryItem.unit_id == wanted.unit_id)
    chosen = and_(*conditions)
    counted = select(func.count(LibraryItem.id)).join(MediaAsset, MediaAsset.id == LibraryItem.asset_id).where(chosen)
    total = db.session.scalar(counted) or 0
    pages = max(1, -(-total // PAGE))
    page = min(max(1, page), pages)
    ordered = _entries(chosen).order_by(LibraryItem.added_at.desc(), LibraryItem.id.desc())
    rows = db.session.execute(ordered.limit(PAGE).offset((page - 1) * PAGE)).unique()
    return Shelf(_filled(rows, user), total, page, pages)


def _in_state(state: str) -> ColumnElement[bool]:
    if state == "gagal":
        return MediaAsset.state.in_(STOPPED)
    at_work = MediaAsset.state.in_(IN_WORK) | ((MediaAsset.state == AssetState.READY) & (MediaAsset.stage != Stage.DONE))
    return at_work if state == "disiapkan" else MediaAsset.state == AssetState.READY


def read_entry(user: Any, item: LibraryItem) -> Entry:
    rows = db.session.execute(_entries(LibraryItem.id == item.id)).unique()
    return _filled(rows, user)[0]


def list_units(user: Any) -> list[tuple[int, str]]:
    """The units whose items this person finds, by name."""
    rows = select(OrgUnit.id, OrgUnit.name).where(OrgUnit.id.in_(select(LibraryItem.unit_id).where(seen_by(user)))).order_by(OrgUnit.name)
    return [(unit_id, name) for unit_id, name in db.session.execute(rows)]


def count_by_state(user: Any) -> dict[str, int]:
    """How many items are being prepared and how many have stopped, for the studio's front page."""
    states = select(MediaAsset.state, func.count()).join(LibraryItem, LibraryItem.asset_id == MediaAsset.id).where(seen_by(user))
    counted: dict[str, int] = dict(db.session.execute(states.group_by(MediaAsset.state)).all())  # type: ignore[arg-type]
    told = {"in_work": sum(counted.get(state, 0) for state in IN_WORK), "stopped": sum(counted.get(state, 0) for state in STOPPED)}
    return told | {"total": sum(counted.values())}


def list_candidates(user: Any, item: LibraryItem, kind: str, most: int = 50) -> list[Entry]:
    """Files that could take an item's place: of its kind, found by this person, not stopped, newest first."""
    fits = and_(seen_by(user), MediaAsset.kind == kind, MediaAsset.id != item.asset_id, MediaAsset.state.not_in(STOPPED))
    newest = _entries(fits).order_by(LibraryItem.added_at.desc(), LibraryItem.id.desc()).limit(most)
    return [Entry(*row) for row in db.session.execute(newest).unique()]


def find_homes(user: Any, asset_ids: Collection[int]) -> dict[int, Home]:
    """Slot of `media.slots`: the item by which a person finds a file, their own before another's."""
    rows = db.session.execute(
        select(LibraryItem.asset_id, LibraryItem.id, LibraryItem.title, LibraryItem.added_at)
        .where(LibraryItem.asset_id.in_(asset_ids), seen_by(user))
        .order_by(case((LibraryItem.owner_id == user.id, 1), else_=0), LibraryItem.id)
    )
    return {asset_id: Home(title, url_for("library.item_page", item_id=item_id), since) for asset_id, item_id, title, since in rows}


@dataclass(frozen=True, slots=True)
class Former:
    """A file that stood in an item's place before."""

    name: str
    replaced_at: datetime
    replaced_by: str


def list_former(item_id: int) -> list[Former]:
    rows = db.session.execute(
        select(LibraryReplacement.old_name, LibraryReplacement.replaced_at, User.full_name)
        .join(User, User.id == LibraryReplacement.replaced_by_id)
        .where(LibraryReplacement.item_id == item_id)
        .order_by(LibraryReplacement.id.desc())
    )
    return [Former(*row) for row in rows]


def list_open_changes(item_id: int) -> list[CourseChange]:
    """What is being done to courses with an item, and what was refused last."""
    newest = select(CourseChange).where(CourseChange.item_id == item_id).order_by(CourseChange.id.desc()).limit(3)
    return [change for change in db.session.scalars(newest) if change.state != ChangeState.DONE]
