"""What somebody who answers for a file may ask of the worker: stop, try again, make anew, let go."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, jsonify, redirect, request
from flask_login import current_user

from app.kernel.access import requires
from app.kernel.db import db, transaction
from app.kernel.errors import Conflict
from app.kernel.http import wants_json
from app.media import presentation, rights, services
from app.media.models import MediaAsset
from app.media.permissions import MANAGE_MEDIA
from app.media.routes import bp
from app.people.routes.access import local_path


@bp.post("/media/aset/<int:asset_id>/batal")
@requires(MANAGE_MEDIA)
def cancel_asset(asset_id: int) -> Any:
    return _after(asset_id, services.cancel)


@bp.post("/media/aset/<int:asset_id>/ulangi")
@requires(MANAGE_MEDIA)
def retry_asset(asset_id: int) -> Any:
    return _after(asset_id, services.retry)


@bp.post("/media/aset/<int:asset_id>/susun-ulang")
@requires(MANAGE_MEDIA)
def make_asset_anew(asset_id: int) -> Any:
    return _after(asset_id, services.make_anew)


@bp.post("/media/aset/<int:asset_id>/buang")
@requires(MANAGE_MEDIA)
def dismiss_asset(asset_id: int) -> Any:
    """The file itself goes, when nobody uses it. Whoever has it in a library lets go of it there."""
    with transaction():
        services.dismiss(rights.get_managed_asset(current_user, asset_id))
    return ("", 204) if wants_json() else _back()


def _after(asset_id: int, change: Callable[[MediaAsset], None]) -> Any:
    """A page that was overtaken by the worker is shown anew, with a word about it."""
    try:
        with transaction():
            asset = rights.get_managed_asset(current_user, asset_id)
            change(asset)
    except Conflict as overtaken:
        if wants_json():
            raise
        db.session.rollback()
        flash(str(overtaken.message), "warning")
        return _back()
    return jsonify(presentation.describe_work(asset)) if wants_json() else _back()


def _back() -> Any:
    """To the page whose form was sent (field `next`)."""
    return redirect(local_path(request.form.get("next")), 303)
