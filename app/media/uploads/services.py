"""What people and the worker do with uploads."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app.kernel import clock, events, jobs
from app.kernel.db import db, transaction
from app.kernel.errors import Invalid, NotFound, TooLarge
from app.media.events import UploadFinished
from app.media.intake import LARGEST_BYTES, ReceivedFile, clean_name, recognize_any
from app.media.refusals import reason
from app.media.services import add_asset
from app.media.uploads import files
from app.media.uploads.errors import Ended, WrongOffset
from app.media.uploads.limits import KEPT, check_quota, check_room
from app.media.uploads.models import MediaUpload, UploadState
from app.people.queries import lock_user

MOST_ENDED = 50  # of one person that the page tells of
_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Incoming:
    """What a request that brings bytes has to know, without the row and its connection to the database."""

    upload_id: int
    public_id: str
    byte_size: int


def begin(user: Any, name: str, byte_size: int, fingerprint: str | None) -> MediaUpload:
    """Make room for a file. One that this person has begun already, and that has not ended, is taken up again instead.

    Raises what `limits.check_room` raises, and Invalid for a fingerprint that is none.
    """
    lock_user(user.id)
    if fingerprint is not None and not _DIGEST.fullmatch(fingerprint):
        raise Invalid(fields={"fingerprint": fingerprint[:80]})
    if fingerprint and (known := _find_begun(user.id, byte_size, fingerprint)):
        return known
    check_room(user, byte_size)
    return _add(user.id, name, byte_size, fingerprint=fingerprint)


def add_whole(user: Any, name: str, byte_size: int, public_id: str) -> MediaUpload:
    """An upload whose bytes already lie at their place (a plain form): the worker checks it next. Raises NoQuota."""
    lock_user(user.id)
    check_quota(user, byte_size)
    upload = _add(user.id, name, byte_size, public_id=public_id, byte_offset=byte_size, state=UploadState.FINISHING)
    jobs.enqueue("media.finish_upload", upload_id=upload.id)
    return upload


def _add(user_id: int, name: str, byte_size: int, **facts: Any) -> MediaUpload:
    now = clock.now()
    values = {"public_id": new_public_id(), "byte_offset": 0, "state": UploadState.RECEIVING} | facts
    upload = MediaUpload(user_id=user_id, name=clean_name(name), byte_size=byte_size, created_at=now, expires_at=now + KEPT, **values)
    db.session.add(upload)
    db.session.flush()
    return upload


def new_public_id() -> str:
    return secrets.token_urlsafe(24)


def _find_begun(user_id: int, byte_size: int, fingerprint: str) -> MediaUpload | None:
    return db.session.scalars(
        select(MediaUpload)
        .where(
            MediaUpload.user_id == user_id,
            MediaUpload.fingerprint == fingerprint,
            MediaUpload.byte_size == byte_size,
            MediaUpload.state == UploadState.RECEIVING,
            MediaUpload.expires_at > clock.now(),
        )
        .order_by(MediaUpload.byte_offset.desc())
        .limit(1)
    ).first()


def get_own(user: Any, public_id: str) -> MediaUpload:
    """An upload of this person. Raises NotFound for everybody else's, Ended when it waited too long."""
    upload = db.session.scalar(select(MediaUpload).where(MediaUpload.public_id == public_id, MediaUpload.user_id == user.id))
    if upload is None:
        raise NotFound
    if upload.expires_at <= clock.now():
        raise Ended
    return upload


def list_own(user: Any) -> Sequence[MediaUpload]:
    """What this person has under way, and the last of what has ended, oldest first."""
    mine = select(MediaUpload).where(MediaUpload.user_id == user.id, MediaUpload.expires_at > clock.now())
    ended = MediaUpload.state.in_((UploadState.DONE, UploadState.REFUSED))
    under_way = db.session.scalars(mine.where(~ended)).all()
    last = db.session.scalars(mine.where(ended).order_by(MediaUpload.id.desc()).limit(MOST_ENDED)).all()
    return sorted([*under_way, *last], key=lambda upload: upload.id)


def settle(incoming: Incoming, file_bytes: int) -> int:
    """How many bytes count, read anew while the file is held. A file that lost its end (a disk that lied, an old backup) counts as it is.

    Raises NotFound when the upload was cancelled meanwhile, WrongOffset when it is complete.
    """
    row = db.session.execute(select(MediaUpload.byte_offset, MediaUpload.state).where(MediaUpload.id == incoming.upload_id)).first()
    db.session.rollback()
    if row is None:
        raise NotFound
    if row.state != UploadState.RECEIVING:
        raise WrongOffset(offset=row.byte_offset)
    if row.byte_offset <= file_bytes:
        return row.byte_offset
    with transaction():
        upload = _hold(incoming.upload_id)
        upload.byte_offset = file_bytes
    return file_bytes


def acknowledge(incoming: Incoming, before: int, after: int, told_sha256: str | None = None) -> MediaUpload:
    """Note that bytes are on the disk; with the last one the worker is asked to finish.

    Raises NotFound when the upload was cancelled meanwhile, WrongOffset when somebody else was first.
    """
    with transaction():
        upload = _hold(incoming.upload_id)
        if upload.state != UploadState.RECEIVING or upload.byte_offset != before:
            raise WrongOffset(offset=upload.byte_offset)
        upload.byte_offset, upload.expires_at = after, clock.now() + KEPT
        if told_sha256:
            upload.told_sha256 = told_sha256
        if after == upload.byte_size:
            upload.state = UploadState.FINISHING
            jobs.enqueue("media.finish_upload", upload_id=upload.id)
        return upload


def _hold(upload_id: int) -> MediaUpload:
    upload = db.session.get(MediaUpload, upload_id, with_for_update=True, populate_existing=True)
    if upload is None:
        raise NotFound
    return upload


def check_kind(incoming: Incoming, head: bytes) -> None:
    """Refuse after the first piece what would be refused after the last. Raises Invalid or TooLarge; then the upload has ended."""
    found = recognize_any(head)
    code = "NOT_RECOGNIZED" if found is None else "TOO_LARGE" if incoming.byte_size > LARGEST_BYTES[found[0]] else None
    if code is None:
        return
    refuse(incoming.upload_id, code)
    raise (TooLarge if code == "TOO_LARGE" else Invalid)(reason(code), code=code)


def refuse(upload_id: int, code: str) -> None:
    """The upload has ended without an asset; `code` is one of `media.refusals`. Its bytes are removed."""
    with transaction() as session:
        upload = session.get(MediaUpload, upload_id, with_for_update=True)
        if upload is None or upload.state in (UploadState.DONE, UploadState.REFUSED):
            return
        upload.state, upload.failure_code, upload.finished_at = UploadState.REFUSED, code, clock.now()
        public_id = upload.public_id
    files.remove(public_id)


def cancel(user: Any, public_id: str) -> None:
    """Forget an upload of this person: one under way with its bytes, one that has ended as a line on the page."""
    with transaction() as session:
        upload = session.scalar(
            select(MediaUpload).where(MediaUpload.public_id == public_id, MediaUpload.user_id == user.id).with_for_update()
        )
        if upload is None or upload.state == UploadState.FINISHING:
            raise NotFound
        session.delete(upload)
    files.remove(public_id)


def finish(upload_id: int, received: ReceivedFile) -> None:
    """The file is in the storage: make it an asset, and announce `UploadFinished` in the same transaction."""
    with transaction() as session:
        upload = session.get(MediaUpload, upload_id, with_for_update=True)
        if upload is None or upload.state != UploadState.FINISHING:
            return
        asset = add_asset(received, upload.user_id)
        upload.state, upload.asset_id, upload.finished_at = UploadState.DONE, asset.id, clock.now()
        events.record(UploadFinished(asset.id, upload.user_id, upload.name))
        public_id = upload.public_id
    files.remove(public_id)
