"""Whether the live encoder is at work, for the probe and the health page. Without a live room its silence harms nobody."""

from __future__ import annotations

import time

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app.kernel.db import db
from app.kernel.errors import Busy
from app.kernel.health import CHECKS, Check
from app.kernel.storage import storage
from app.stage import layout
from app.webinars.models import Webinar, WebinarState

SILENT_SECONDS = 15
MOST_BEHIND_SECONDS = 8
REMEDY = _l("Jalankan kembali pengode siaran (python -m app.stage.encoder). Rekaman tetap tersimpan, tetapi penonton menunggu.")
SLOW = _l("Pengode siaran tertinggal: mesin terlalu sibuk, atau pembicara memakai peramban yang tidak mengirim H.264.")


def check_encoder() -> Check:
    told = layout.read_json(storage().local_path("live") / "encoder.json") or {}
    age = time.time() - float(told.get("at", 0))
    if age > SILENT_SECONDS:
        if not _is_live():
            return Check("encoder", True, _l("tidak berjalan; tidak ada siaran yang memerlukannya"))
        return Check("encoder", False, _l("tidak memberi tanda hidup"), REMEDY)
    behind = max(told.get("behind_ms", {}).values(), default=0) / 1000
    detail = _l("%(rooms)s ruang, tertinggal %(seconds)s detik", rooms=len(told.get("behind_ms", {})), seconds=round(behind))
    return Check("encoder", behind <= MOST_BEHIND_SECONDS, detail, SLOW)


def _is_live() -> bool:
    """A database that does not answer is told by a check of its own."""
    try:
        return db.session.scalar(select(Webinar.id).where(Webinar.state == WebinarState.LIVE).limit(1)) is not None
    except (SQLAlchemyError, Busy):
        db.session.rollback()
        return False


def register() -> None:
    if check_encoder not in CHECKS:
        CHECKS.append(check_encoder)
