"""Named reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from app.kernel.db import db
from app.kernel.errors import NotFound
from app.media import delivery
from app.media.models import MediaAsset, MediaCaption, MediaPage


def get_asset_for(user: Any, asset_id: int) -> MediaAsset:
    """An asset this person may have. Raises NotFound for everybody else."""
    asset = db.session.get(MediaAsset, asset_id)
    if asset is None or not delivery.may_read(user, asset):
        raise NotFound
    return asset


def list_captions(asset_id: int) -> Sequence[MediaCaption]:
    """A video's captions, Indonesian first."""
    found = db.session.scalars(select(MediaCaption).where(MediaCaption.asset_id == asset_id)).all()
    return sorted(found, key=lambda caption: (caption.language != "id", caption.language))


def list_pages(asset_id: int, first: int = 1, count: int = 20) -> Sequence[MediaPage]:
    """Some pages of a document, in order."""
    return db.session.scalars(
        select(MediaPage)
        .where(MediaPage.asset_id == asset_id, MediaPage.number.between(first, first + count - 1))
        .order_by(MediaPage.number)
    ).all()
