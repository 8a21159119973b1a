"""Media bytes, and how far an asset is."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Response, current_app, jsonify, request
from flask_login import current_user
from sqlalchemy import select

from app.kernel.access import SIGNED_IN, public, requires
from app.kernel.db import db
from app.media import delivery, presentation, queries
from app.media.models import MediaCaption

bp = Blueprint("media", __name__, template_folder="templates")
_CAPTIONS = re.compile(r"captions/([A-Za-z0-9\-]{1,35})\.vtt")


@bp.get("/media/<token>/<path:path>")
@public
def send(token: str, path: str) -> Response:
    """A video's captions; every other file is sent by `media.sending`, in front of Flask. The door is open to everyone because the
    address carries the right; it ends by itself."""
    try:
        right = delivery.open_address(current_app._get_current_object(), token, request.headers.get("Cookie", ""))  # type: ignore[attr-defined]
    except delivery.Expired:
        return _refuse(410)
    except delivery.Forged:
        return _refuse(404)
    captions = None if right.stream else _CAPTIONS.fullmatch(path)
    content = _find_captions(right.asset_id, captions[1]) if captions else None
    if content is None:
        return _refuse(404)
    response = Response(content, content_type=delivery.CONTENT_TYPES["vtt"])
    response.add_etag()
    response.cache_control.private = True
    response.cache_control.no_cache = True
    response.make_conditional(request)
    return response


def _find_captions(asset_id: int, language: str) -> str | None:
    return db.session.scalar(select(MediaCaption.content).where(MediaCaption.asset_id == asset_id, MediaCaption.language == language))


def _refuse(status: int) -> Response:
    """Short and without a page: players ask here, people do not."""
    response = Response("", status=status, content_type="text/plain")
    response.cache_control.no_store = True
    return response


@bp.get("/media/aset/<int:asset_id>")
@requires(SIGNED_IN)
def asset(asset_id: int) -> Any:
    """How far an asset is and, once it is ready, fresh addresses. A player asks here when its addresses have ended."""
    return jsonify(presentation.describe(queries.get_asset_for(current_user, asset_id), current_user))
