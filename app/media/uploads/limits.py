"""What may be brought in, told before the first byte travels."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from app.kernel import clock
from app.kernel.db import db
from app.kernel.errors import DiskFull, Invalid, TooLarge
from app.kernel.storage import LEAST_FREE_BYTES, storage
from app.media.intake import LARGEST_BYTES
from app.media.models import AssetKind
from app.media.refusals import reason
from app.media.rules import LONGEST_SECONDS
from app.media.slots import Allowance, allowances_of
from app.media.uploads import files
from app.media.uploads.errors import NoQuota, TooManyOpen
from app.media.uploads.models import MediaUpload, UploadState

MOST_BYTES = max(LARGEST_BYTES.values())
PIECE_BYTES = 8 << 20  # the most that one request brings; a reverse proxy must let it through
FORM_BYTES = 200 << 20  # without a script everything comes in one request
MOST_OPEN = 20  # uploads of one person that still miss bytes
KEPT = timedelta(days=7)  # so long an upload waits for its next byte


@dataclass(frozen=True, slots=True)
class Limits:
    """What one person may bring in now. `room_bytes` is the tightest of disk and quota, None when neither is near."""

    largest_bytes: int
    document_bytes: int
    picture_bytes: int
    longest_seconds: int
    form_bytes: int
    piece_bytes: int
    most_open: int
    kept_days: int
    room_bytes: int
    quota_bytes: int | None
    quota_words: list[str]


def limits_for(user: Any) -> Limits:
    allowances = allowances_of(user)
    quota = _quota_left(user, allowances)
    return Limits(
        largest_bytes=MOST_BYTES,
        document_bytes=LARGEST_BYTES[AssetKind.DOCUMENT],
        picture_bytes=LARGEST_BYTES[AssetKind.IMAGE],
        longest_seconds=LONGEST_SECONDS,
        form_bytes=FORM_BYTES,
        piece_bytes=PIECE_BYTES,
        most_open=MOST_OPEN,
        kept_days=KEPT.days,
        room_bytes=max(0, min(_disk_left(), MOST_BYTES if quota is None else quota)),
        quota_bytes=quota,
        quota_words=[str(allowance.words) for allowance in allowances if allowance.words],
    )


def check_room(user: Any, byte_size: int) -> None:
    """Raise for an upload that could not be finished: empty, too large, beyond the quota, the disk or the number of open ones."""
    if byte_size <= 0:
        raise Invalid(reason("EMPTY"), code="EMPTY")
    if byte_size > MOST_BYTES:
        raise TooLarge(reason("TOO_LARGE"), code="TOO_LARGE")
    if _count_open(user.id) >= MOST_OPEN:
        raise TooManyOpen
    check_quota(user, byte_size)
    if byte_size > _disk_left():
        raise DiskFull


def check_quota(user: Any, byte_size: int) -> None:
    """Raise NoQuota for what is more than this person may still bring in."""
    quota = _quota_left(user, allowances_of(user))
    if quota is not None and byte_size > quota:
        raise NoQuota


def _open(*more: Any) -> tuple[Any, ...]:
    return (MediaUpload.state == UploadState.RECEIVING, MediaUpload.expires_at > clock.now(), *more)


def _count_open(user_id: int) -> int:
    return db.session.scalar(select(func.count()).where(*_open(MediaUpload.user_id == user_id))) or 0


def _quota_left(user: Any, allowances: list[Allowance]) -> int | None:
    """What the features above allow, less what this person has under way."""
    left = [allowance.bytes_left for allowance in allowances if allowance.bytes_left is not None]
    if not left:
        return None
    waiting = (UploadState.RECEIVING, UploadState.FINISHING)
    under_way = db.session.scalar(
        select(func.sum(MediaUpload.byte_size)).where(
            MediaUpload.user_id == user.id, MediaUpload.state.in_(waiting), MediaUpload.expires_at > clock.now()
        )
    )
    return max(0, min(left) - int(under_way or 0))


def _disk_left() -> int:
    """Bytes that nobody has asked for yet, with a reserve kept free."""
    promised = db.session.scalar(select(func.sum(MediaUpload.byte_size - MediaUpload.byte_offset)).where(*_open()))
    free = min(shutil.disk_usage(files.folder()).free, storage().free_bytes())
    return max(0, free - int(promised or 0) - LEAST_FREE_BYTES)
