"""How much room files take, and how much more a person may bring in.

A file counts with its original and with what the worker made of it, once for each person or agency that has it, however many items or
lessons name it. The limits are the operator's (`docs/operator.md`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, func, select, union

from app.kernel.access import Scope
from app.kernel.db import db, insert_into, transaction
from app.kernel.storage import storage
from app.library.models import AssetWeight, LibraryItem, LibraryReplacement
from app.media.models import AssetState, MediaAsset
from app.media.permissions import MANAGE_MEDIA
from app.media.slots import Allowance
from app.people.models import Employee, OrgUnit
from app.people.queries import unit_ids_below
from app.ui.formats import ukuran

GB = 1_000_000_000
NEARLY_FULL = 0.8  # from this share on the uploader says it too, beside the library's own line


@dataclass(frozen=True, slots=True)
class Usage:
    """Room taken and allowed, in bytes; `limit` None: as much as the disk holds. `name` is the agency's, None for a person or the whole."""

    used: int
    files: int
    limit: int | None = None
    name: str | None = None

    @property
    def left(self) -> int | None:
        return None if self.limit is None else max(0, self.limit - self.used)

    @property
    def share(self) -> float:
        return min(1.0, self.used / self.limit) if self.limit else 0.0


def _weigh(condition: ColumnElement[bool] | None, limit: int | None, name: str | None = None) -> Usage:
    """What items hold, and what stood in their place before as long as an older version of a course keeps it: replacing makes no room."""
    items = select(LibraryItem.asset_id)
    former = select(LibraryReplacement.old_asset_id).join(LibraryItem, LibraryItem.id == LibraryReplacement.item_id)
    held = union(items.where(condition), former.where(condition)) if condition is not None else union(items, former)
    used, files = db.session.execute(
        select(func.coalesce(func.sum(MediaAsset.byte_size + func.coalesce(AssetWeight.made_bytes, 0)), 0), func.count(MediaAsset.id))
        .outerjoin(AssetWeight, AssetWeight.asset_id == MediaAsset.id)
        .where(MediaAsset.id.in_(held))
    ).one()
    return Usage(int(used), files, limit, name)


def _limit(gigabytes: int | None) -> int | None:
    return None if gigabytes is None else gigabytes * GB


def usage_of_person(user: Any) -> Usage:
    return _weigh(LibraryItem.owner_id == user.id, _limit(current_app.config["GURINDAM"].media_quota_person_gb))


def usage_of_agency(user: Any) -> Usage | None:
    """Of the agency (perangkat daerah) in which a person works, with everything below it; None for people without a unit."""
    agency = find_agency(user)
    if agency is None:
        return None
    limit = _limit(current_app.config["GURINDAM"].media_quota_unit_gb)
    return _weigh(LibraryItem.unit_id.in_(unit_ids_below({agency.id})), limit, agency.name)


def usage_of_all() -> Usage:
    return _weigh(None, None)


def usages_for(user: Any) -> list[Usage]:
    """What the library page tells a person: their own room, their agency's when they look after one, everything for BKPSDM."""
    scope = user.scope_for(MANAGE_MEDIA)
    found = [usage_of_person(user)]
    if scope == Scope.UNIT and (agency := usage_of_agency(user)) is not None:
        found.append(agency)
    return [*found, usage_of_all()] if scope == Scope.ALL else found


def find_agency(user: Any) -> OrgUnit | None:
    """The unit directly below the government in which a person works."""
    path = db.session.scalar(select(OrgUnit.path).join(Employee, Employee.org_unit_id == OrgUnit.id).where(Employee.user_id == user.id))
    if path is None:
        return None
    steps = path.strip("/").split("/")
    return db.session.get(OrgUnit, int(steps[min(1, len(steps) - 1)]))


def allow_person(user: Any) -> Allowance:
    """Slot of `media.slots`: what this person's own room still holds."""
    usage = usage_of_person(user)
    if usage.limit is None or usage.share < NEARLY_FULL:
        return Allowance(usage.left)
    return Allowance(usage.left, _("Anda memakai %(used)s dari %(limit)s.", used=ukuran(usage.used), limit=ukuran(usage.limit)))


def allow_agency(user: Any) -> Allowance:
    """Slot of `media.slots`: what the room of the person's agency still holds."""
    usage = usage_of_agency(user)
    if usage is None or usage.limit is None or usage.share < NEARLY_FULL:
        return Allowance(usage.left if usage is not None else None)
    said = _("%(name)s memakai %(used)s dari %(limit)s.", name=usage.name, used=ukuran(usage.used), limit=ukuran(usage.limit))
    return Allowance(usage.left, said)


def weigh(asset_id: int | None = None) -> int:
    """Count the bytes of what the worker made, for one file or for all that were made anew since they were weighed. Returns how many."""
    query = (
        select(MediaAsset)
        .outerjoin(AssetWeight, AssetWeight.asset_id == MediaAsset.id)
        .where(
            MediaAsset.state == AssetState.READY,
            AssetWeight.generation.is_distinct_from(MediaAsset.generation),
        )
    )
    if asset_id is not None:
        query = query.where(MediaAsset.id == asset_id)
    assets = db.session.scalars(query).all()
    weighed = [{"asset_id": a.id, "generation": a.generation, "made_bytes": _bytes_below(a.folder)} for a in assets]
    db.session.rollback()
    for facts in weighed:
        with transaction():
            if db.session.get(MediaAsset, facts["asset_id"]) is not None:
                row = insert_into(AssetWeight).values(**facts)
                db.session.execute(row.on_conflict_do_update(index_elements=["asset_id"], set_=facts))
    return len(weighed)


def _bytes_below(prefix: str) -> int:
    folder = storage().local_path(prefix)
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
