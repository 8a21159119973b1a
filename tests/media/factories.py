"""Assets for tests."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from app.kernel.db import db
from app.kernel.worker import drain
from app.media.models import AssetKind, MediaAsset
from app.media.services import store_asset


def stored(path: Path, kind: AssetKind, name: str | None = None, uploaded_by_id: int | None = None) -> MediaAsset:
    with path.open("rb") as stream:
        return store_asset(stream, name or path.name, kind, uploaded_by_id)


def prepared(app: Flask, path: Path, kind: AssetKind, name: str | None = None, uploaded_by_id: int | None = None) -> MediaAsset:
    """Brought in and worked on by the real worker."""
    asset_id = stored(path, kind, name, uploaded_by_id).id
    drain(app)
    return again(asset_id)


def again(asset_id: int) -> MediaAsset:
    """The asset as the database has it now."""
    db.session.rollback()
    db.session.expire_all()
    asset = db.session.get(MediaAsset, asset_id)
    assert asset is not None
    return asset
