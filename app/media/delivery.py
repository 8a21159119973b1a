"""Who gets media bytes: addresses that carry their own right for two to three hours, in one browser.

An address is `/media/<token>/<path>`. The token names the asset, its generation, the browser it was made for and the hour at which it
ends, signed with the installation's key. It stands in the path, so the relative addresses inside a playlist carry the same right, and
playlists can be plain files. Tokens begin anew every hour, not with every page, so that a browser's cache keeps what was already fetched.

An address works only beside the cookie of the browser it was made for, and only while that browser is signed in; copied elsewhere it opens
nothing. What everybody may see on a public page (a course's picture) or in a live room (the pages of slides) is signed for everybody, and never opens
a document's original; a guest without an account gets the original by an address of its own. `docs/media-delivery.md` says what holds.

A feature that shows an asset to people says who may have it with `register_reader`; signing an address trusts its caller.

What is live is a stream: a folder of growing playlists that a feature names with `register_stream`. Its address is the same for all who watch
within an hour, so that nginx sends the same files to a thousand of them; it ends an hour or two later, and needs no cookie.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

from flask import Flask, current_app, request, url_for
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import select

from app.kernel import clock
from app.kernel.db import db
from app.media.models import AssetKind, MediaAsset
from app.people import sessions

VALID_HOURS, STEP_HOURS = 3, 1  # an address works for two to three hours
STREAM_HOURS = 2  # that of a stream for one to two
FILE_HOURS = 2  # that of an original for a guest as well
EVERYBODY, NOBODY, WHO_HAS_THE_FILE = "", "-", "="  # holders that are no browser
ORIGINAL = "berkas.pdf"  # the only original that is handed out
ANY_TOKEN = "~token~"  # noqa: S105  what no path is called
CONTENT_TYPES = {
    "m3u8": "application/vnd.apple.mpegurl",
    "m4s": "video/iso.segment",
    "mp4": "video/mp4",
    "m4a": "audio/mp4",
    "jpg": "image/jpeg",
    "webp": "image/webp",
    "vtt": "text/vtt; charset=utf-8",
    "pdf": "application/pdf",
}

Reader = Callable[[Any, int], bool]
_readers: list[Reader] = []
_streams: dict[str, Callable[[int], str]] = {}


class Expired(Exception):
    """The address was good and its time is over."""


class Forged(Exception):
    """The address was never given out, or not to this browser, or the browser was signed out."""


@dataclass(frozen=True, slots=True)
class Right:
    """What an address says: which asset in which generation, for whom, until which second. For a stream: its kind, and the number it has there."""

    asset_id: int
    generation: int
    holder: str
    ends: int
    stream: str = ""

    def opens(self, path: str) -> bool:
        """What is signed for everybody shows an asset and does not hand out its original; what hands out the original shows nothing else;
        of a stream only what is played."""
        if self.stream:
            return path.startswith("hls/")
        if self.holder == WHO_HAS_THE_FILE:
            return path == ORIGINAL
        return path != ORIGINAL or self.holder != EVERYBODY

    @property
    def seconds_left(self) -> int:
        return self.ends - int(clock.now().timestamp())


@dataclass(frozen=True, slots=True)
class Place:
    """Where an asset's files of one generation lie, the key of its original when that is handed out (documents), and its name."""

    folder: str
    original: str | None
    name: str


def register_reader(reader: Reader) -> None:
    """`reader(user, asset_id)` says whether this person may have this asset; one yes is enough."""
    if reader not in _readers:
        _readers.append(reader)


def register_stream(kind: str, folder_of: Callable[[int], str]) -> None:
    """A feature sends live streams: `folder_of(number)` is the storage key of the folder in which the files of one lie."""
    _streams[kind] = folder_of


def stream_address(kind: str, number: int, path: str) -> str:
    """The address of one file of a stream for this hour; the caller hands it to those who may watch."""
    ends = int(clock.now().timestamp()) // 3600 + STREAM_HOURS
    return f"/media/{_kept_stream_token(current_app.config['SECRET_KEY'], kind, number, ends)}/{path}"


@lru_cache(maxsize=256)
def _kept_stream_token(secret: str, kind: str, number: int, ends: int) -> str:
    return _signer(secret).dumps([kind, number, ends])  # type: ignore[return-value]


def may_read(user: Any, asset: MediaAsset) -> bool:
    """Whoever brought the file may see it; beyond that the features that show it decide."""
    if not getattr(user, "is_authenticated", False):
        return False
    return asset.uploaded_by_id == user.id or any(reader(user, asset.id) for reader in _readers)


def address(asset: MediaAsset, path: str, user: Any) -> str:
    """The address of one file of an asset, for a person in the browser that asks (None: everybody who sees the page). The caller has
    checked that they may have it."""
    return addresses(asset, user)(path)


def addresses(asset: MediaAsset, user: Any) -> Callable[[str], str]:
    """The same for many files of one asset, which share their token."""
    token, open_for = token_for(asset.id, asset.generation, user), addresses_for_any()
    return lambda path: open_for(path).replace(ANY_TOKEN, token)


def token_for(asset_id: int, generation: int, user: Any) -> str:
    """The token in a person's addresses of an asset, in the browser that asks; the caller has checked that they may have it."""
    return sign(asset_id, generation, EVERYBODY if getattr(user, "id", None) is None else sessions.own_mark() or NOBODY)


def original_address(asset: MediaAsset, user: Any) -> str:
    """The address of a document's original. Without an account it opens that alone, for whoever has it; the caller has checked as above."""
    if getattr(user, "id", None) is not None:
        return address(asset, ORIGINAL, user)
    return addresses_for_any()(ORIGINAL).replace(ANY_TOKEN, sign(asset.id, asset.generation, WHO_HAS_THE_FILE))


def addresses_for_any() -> Callable[[str], str]:
    """Addresses that open nothing yet: `ANY_TOKEN` stands where a browser's token goes, so that what names them can be drawn for all."""
    return partial(_address_of_any, request.script_root if request else None)


@lru_cache(maxsize=4096)
def _address_of_any(root: str | None, path: str) -> str:
    """The address of this file of whatever asset, with a mark in the place of the token."""
    return url_for("media.send", token=ANY_TOKEN, path=path)


def sign(asset_id: int, generation: int, holder: str) -> str:
    hours = FILE_HOURS if holder == WHO_HAS_THE_FILE else VALID_HOURS
    ends = (int(clock.now().timestamp()) // 3600 // STEP_HOURS) * STEP_HOURS + hours
    return _kept_token(current_app.config["SECRET_KEY"], asset_id, generation, holder, ends)


@lru_cache(maxsize=1024)
def _kept_token(secret: str, asset_id: int, generation: int, holder: str, ends: int) -> str:
    """A page names many files of one asset, and they share their token."""
    return _signer(secret).dumps([asset_id, generation, holder, ends])  # type: ignore[return-value]


def open_address(app: Flask, token: str, cookies: str) -> Right:
    """The right that an address carries in the browser that sends this `Cookie` header. Raises Forged or Expired."""
    right = _read_token(app.config["SECRET_KEY"], token)
    if right is None:
        raise Forged
    if right.seconds_left <= 0:
        raise Expired
    if right.holder not in (EVERYBODY, WHO_HAS_THE_FILE):
        browser = sessions.find_browser(app, cookies)
        if browser is None or browser.mark != right.holder or not sessions.is_alive(app, browser):
            raise Forged
    return right


@lru_cache(maxsize=4096)
def _read_token(secret: str, token: str) -> Right | None:
    try:
        said = _signer(secret).loads(token)
        if len(said) == 3:
            kind, number, ends = said
            return Right(number, 0, EVERYBODY, ends * 3600, kind)
        asset_id, generation, holder, ends = said
    except (BadSignature, ValueError, TypeError):
        return None
    return Right(asset_id, generation, holder, ends * 3600)


def _signer(secret: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt="media-address", signer_kwargs={"digest_method": hashlib.sha256})


def place_of(app: Flask, right: Right) -> Place | None:
    """Where the files lie; None when the asset is gone. Asked of the database once a minute for each asset, and never for a stream."""
    if right.stream:
        return Place(_streams[right.stream](right.asset_id), None, "") if right.stream in _streams else None
    return _kept_place(app, right.asset_id, right.generation, int(clock.now().timestamp()) // 60)


@lru_cache(maxsize=4096)
def _kept_place(app: Flask, asset_id: int, generation: int, minute: int) -> Place | None:
    wanted = select(MediaAsset.__table__).where(MediaAsset.id == asset_id)
    with app.app_context(), db.engine.connect() as connection:
        row = connection.execute(wanted).one_or_none()
    if row is None:
        return None
    asset = MediaAsset(sha256=row.sha256, kind=row.kind)
    return Place(f"{asset.place}/{generation}", asset.original_key if asset.kind == AssetKind.DOCUMENT else None, row.original_name)
