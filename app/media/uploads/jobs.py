"""What the worker does with uploads. Each step may be repeated: the bytes stay in place until the asset's row is there."""

from __future__ import annotations

import time
from datetime import timedelta

import structlog
from sqlalchemy import select

from app.kernel import clock
from app.kernel.db import db, transaction
from app.kernel.errors import DiskFull, DomainError
from app.kernel.jobs import job
from app.media import intake
from app.media.permissions import MANAGE_MEDIA
from app.media.slots import allowances_of
from app.media.uploads import files, services
from app.media.uploads.models import MediaUpload, UploadState
from app.people.models import User

STRAY_SECONDS = 24 * 3600  # a file without a row that nobody has touched for so long
log = structlog.get_logger()


def _give_up(upload_id: int, reason: str) -> None:
    log.error("upload_not_finished", upload_id=upload_id, reason=reason)
    services.refuse(upload_id, "NOT_FINISHED")


@job("media.finish_upload", most_tries=5, on_failure=_give_up)
def finish_upload(upload_id: int) -> None:
    """Check a file that has arrived whole and make it an asset, or say why not."""
    upload = db.session.get(MediaUpload, upload_id)
    if upload is None:
        return
    if upload.state != UploadState.FINISHING:
        files.remove(upload.public_id)  # the worker died between the last two steps
        return
    path, name, told, user_id, size = files.place_of(upload.public_id), upload.name, upload.told_sha256, upload.user_id, upload.byte_size
    refused = _refusal_of_person(user_id, size)
    db.session.rollback()
    if refused:
        services.refuse(upload_id, refused)
        return
    try:
        inspected = intake.inspect(path)
        if inspected.byte_size != size or (told and told != inspected.sha256):
            services.refuse(upload_id, "CHECKSUM")
            return
        received = intake.adopt(path, inspected, name)
    except DiskFull:
        services.refuse(upload_id, "DISK_FULL")
        return
    except DomainError as error:
        services.refuse(upload_id, error.code)
        return
    services.finish(upload_id, received)


def _refusal_of_person(user_id: int, size: int) -> str | None:
    """Days may have passed since the upload began: the right and the room are looked at once more."""
    user = db.session.get(User, user_id)
    if user is None or user.disabled_at is not None or user.scope_for(MANAGE_MEDIA) is None:
        return "NO_LONGER_ALLOWED"
    left = [allowance.bytes_left for allowance in allowances_of(user) if allowance.bytes_left is not None]
    return "QUOTA" if left and size > min(left) else None


@job("media.clear_uploads", every=timedelta(hours=1))
def clear_uploads() -> None:
    """Remove uploads that waited too long, those that ended days ago, and files that belong to none."""
    while True:
        with transaction() as session:
            over = session.scalars(
                select(MediaUpload).where(MediaUpload.expires_at <= clock.now(), MediaUpload.state != UploadState.FINISHING).limit(200)
            ).all()
            gone = [upload.public_id for upload in over]
            for upload in over:
                session.delete(upload)
        for public_id in gone:
            files.remove(public_id)
        if not gone:
            break
    known = set(db.session.scalars(select(MediaUpload.public_id)))
    db.session.rollback()
    for path in files.folder().iterdir():
        if path.stem not in known and time.time() - path.stat().st_mtime > STRAY_SECONDS:
            path.unlink(missing_ok=True)
