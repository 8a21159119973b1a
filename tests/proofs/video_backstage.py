"""What the proof of video does behind the running product's back; a process like `tests.e2e.backstage`, with more to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import select

from app.kernel.db import db
from app.kernel.errors import DomainError
from app.kernel.storage import storage
from app.media.models import MediaAsset
from app.media.services import store_asset
from app.people.models import User
from tests.e2e import backstage


def bring_in(path: str, email: str) -> dict[str, Any]:
    """Store a file for a person, as the end of an upload does: its asset, or the code it was refused with."""
    user_id = db.session.scalars(select(User.id).where(User.email == email)).one()
    db.session.rollback()
    with Path(path).open("rb") as stream:
        try:
            return {"asset_id": store_asset(stream, Path(path).name, "VIDEO", user_id).id}
        except DomainError as refused:
            return {"refused": refused.code}


def standings() -> list[dict[str, Any]]:
    """Every asset: how far it is, and whether what a refused one was made from is still there."""
    return [
        {
            "id": asset.id,
            "name": asset.original_name,
            "state": asset.state,
            "code": asset.failure_code,
            "detail": asset.failure_detail,
            "seconds": asset.duration_seconds,
            "attempt": asset.attempt,
            "growing": asset.is_growing,
            "original": storage().exists(asset.original_key),
            "folders": storage().folders(asset.place),
        }
        for asset in db.session.scalars(select(MediaAsset).order_by(MediaAsset.id))
    ]


backstage.FUNCTIONS |= {function.__name__: function for function in (bring_in, standings)}

if __name__ == "__main__":
    backstage.main()
