"""Who answers for an asset: may mend its captions, encode it again, see how it is watched.

Whoever brought it in does, and BKPSDM. A feature that gives others that duty (the staff of a course, say) adds it with `register_manager`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.kernel.access import Scope
from app.kernel.db import db
from app.kernel.errors import NotFound
from app.media.models import MediaAsset
from app.media.permissions import MANAGE_MEDIA

Manager = Callable[[Any, int], bool]
_managers: list[Manager] = []


def register_manager(manager: Manager) -> None:
    """`manager(user, asset_id)` says whether this person answers for this asset; one yes is enough."""
    if manager not in _managers:
        _managers.append(manager)


def may_manage(user: Any, asset: MediaAsset) -> bool:
    scope = user.scope_for(MANAGE_MEDIA) if getattr(user, "is_authenticated", False) else None
    if scope is None:
        return False
    return scope == Scope.ALL or asset.uploaded_by_id == user.id or any(manager(user, asset.id) for manager in _managers)


def get_managed_asset(user: Any, asset_id: int) -> MediaAsset:
    """An asset this person answers for. Raises NotFound for everybody else."""
    asset = db.session.get(MediaAsset, asset_id)
    if asset is None or not may_manage(user, asset):
        raise NotFound
    return asset
