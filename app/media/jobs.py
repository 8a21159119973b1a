"""What the worker does with assets. Every handler may start twice, and two may even run at once for a while: each attempt works under a
number of its own, and asks before each step whether it is still wanted (`services.is_wanted`)."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import structlog

from app.kernel.db import db, transaction
from app.kernel.jobs import Lane, job
from app.kernel.storage import LEAST_FREE_BYTES, storage
from app.media import documents, pictures, services, transcoder
from app.media.encoder import EncodingFailed
from app.media.intake import temporary_folder
from app.media.models import AssetKind, MediaAsset, Stage
from app.media.probe import probe_video
from app.media.refusals import Refused, TooHeavy

PROGRESS_EVERY_SECONDS = 2.0
ASK_EVERY_SECONDS = 1.0
LEFTOVER_SECONDS = 2 * 24 * 3600
MOST_CRASHES = 3  # an encoder that breaks down so often will break down again
log = structlog.get_logger()

Made = tuple[dict[str, Any], list[dict[str, Any]]]  # columns of the asset, rows of its pages


class Unwanted(Exception):
    """Somebody canceled, deleted, or another worker has overtaken this attempt: stop, and say nothing."""


class Attempt:
    """One beginning of the work on one asset, with a number that is its own. It hears how the work goes and tells the database."""

    def __init__(self, asset: MediaAsset):
        self.asset_id, self.number, self.remaking = asset.id, asset.attempt, asset.is_ready
        self.source, self.prefix, self.place = storage().local_path(asset.original_key), f"{asset.place}/{asset.attempt}", asset.place
        self.shown = asset.generation
        self.told = self.asked = 0.0

    def stage(self, stage: Stage, percent: int) -> None:
        services.tell_progress(self.asset_id, self.number, stage, percent)

    def encoded(self, percent: int, seconds_left: int | None) -> None:
        if time.monotonic() - self.told > PROGRESS_EVERY_SECONDS:
            self.told = time.monotonic()
            services.tell_progress(self.asset_id, self.number, Stage.ENCODING, percent, seconds_left)

    def can_be_watched(self, renditions: dict[str, Any]) -> None:
        services.open_growing(self.asset_id, self.number, {"renditions": renditions, "is_watchable": True})

    def has_poster(self) -> None:
        services.open_growing(self.asset_id, self.number, {"poster": "poster.jpg"})

    def look(self) -> None:
        """Raises Unwanted, and Refused when the disk is nearly full."""
        if time.monotonic() - self.asked < ASK_EVERY_SECONDS:
            return
        self.asked = time.monotonic()
        if not services.is_wanted(self.asset_id, self.number):
            raise Unwanted
        if storage().free_bytes() < LEAST_FREE_BYTES:
            raise Refused("NO_ROOM", f"{storage().free_bytes()} bytes free")

    def clear_earlier(self) -> None:
        """Remove what killed attempts left; whoever watches one of them is given the new address when the old one breaks off."""
        for name in storage().folders(self.place):
            if name.isdigit() and int(name) not in (self.shown, self.number):
                storage().delete(f"{self.place}/{name}")


def _give_up(asset_id: int, reason: str, asked: int | None = None) -> None:
    asset = db.session.get(MediaAsset, asset_id)
    code = "ENCODING_FAILED" if asset is not None and asset.kind == AssetKind.VIDEO else "FAILED"
    stale = asset is not None and asked not in (None, asset.asked)
    db.session.rollback()
    if not stale:
        services.mark_failed(asset_id, code, reason)


@job("media.prepare_video", lane=Lane.ENCODING, most_tries=12, on_failure=_give_up)
def prepare_video(asset_id: int, asked: int | None = None) -> None:
    """Check a video and make its ladder. The tries are many because a worker that is stopped uses one up; `MOST_CRASHES` bounds the rest."""
    _prepare(asset_id, asked, _make_video)


@job("media.prepare_document", most_tries=3, on_failure=_give_up)
def prepare_document(asset_id: int, asked: int | None = None) -> None:
    """Turn a PDF into pages. In the ordinary lane: it takes a minute at most, and must not wait behind hours of video."""
    _prepare(asset_id, asked, _make_document)


@job("media.prepare_picture", most_tries=3, on_failure=_give_up)
def prepare_picture(asset_id: int, asked: int | None = None) -> None:
    """Turn a picture into two widths."""
    _prepare(asset_id, asked, _make_picture)


@job("media.clear_leftovers", every=timedelta(hours=6))
def clear_leftovers() -> None:
    """Remove what killed processes left in the temporary folder."""
    for rest in temporary_folder().iterdir():
        try:
            if time.time() - rest.stat().st_mtime > LEFTOVER_SECONDS:
                shutil.rmtree(rest) if rest.is_dir() else rest.unlink()
        except FileNotFoundError:
            continue


@job("media.clear_attempts")
def clear_attempts(asset_id: int) -> None:
    """Remove results that were replaced so long ago that no address to them works any more."""
    asset = db.session.get(MediaAsset, asset_id)
    if asset is not None:
        place, kept = asset.place, {asset.generation, asset.attempt}
        db.session.rollback()
        for name in storage().folders(place):
            if name.isdigit() and int(name) not in kept:
                storage().delete(f"{place}/{name}")


@job("media.remove_files")
def remove_files(sha256: str, kind: str) -> None:
    """Remove the bytes of a deleted asset, unless the same file was brought in again meanwhile."""
    gone = MediaAsset(sha256=sha256, kind=kind)
    with transaction():
        if services.find_by_content(sha256, kind) is not None:
            return
        storage().delete(gone.original_key)
    storage().delete(gone.place)


def _make_video(attempt: Attempt, work: Path) -> Made:
    """Straight into the folder that is served, so that it can be watched while it grows."""
    facts = probe_video(attempt.source, attempt.look)
    size = {"width": facts.width or None, "height": facts.height or None}
    services.open_growing(attempt.asset_id, attempt.number, size | {"duration_seconds": facts.duration_seconds, "poster": None})
    attempt.stage(Stage.ENCODING, 0)
    folder = storage().grow_folder(attempt.prefix)
    renditions = transcoder.transcode(attempt.source, facts, folder, work, attempt)
    attempt.stage(Stage.FINISHING, 99)
    storage().settle_folder(attempt.prefix)
    columns = size | {"duration_seconds": renditions.pop("duration_seconds"), "renditions": renditions}
    return columns | {"poster": "poster.jpg" if renditions["rungs"] else None}, []


def _make_document(attempt: Attempt, work: Path) -> Made:
    attempt.stage(Stage.ENCODING, 0)
    pages = documents.render(attempt.source, work)
    columns = {
        "pages": len(pages),
        "words": sum(page.pop("words") for page in pages),
        "renditions": {"pages": [page.pop("pictures") for page in pages]},
    }
    attempt.stage(Stage.FINISHING, 99)
    storage().put_folder(attempt.prefix, work)
    return columns, pages


def _make_picture(attempt: Attempt, work: Path) -> Made:
    made = pictures.render(attempt.source, work)
    storage().put_folder(attempt.prefix, work)
    return {"width": made["width"], "height": made["height"], "renditions": {"pictures": made["pictures"]}}, []


def _prepare(asset_id: int, asked: int | None, make: Callable[[Attempt, Path], Made]) -> None:
    asset = services.start_preparing(asset_id, asked)
    if asset is None:
        return
    attempt, kept = Attempt(asset), False
    attempt.clear_earlier()
    base = _private_folder(asset_id)
    work = base / "made"
    work.mkdir()
    try:
        columns, pages = make(attempt, work)
        kept = services.mark_ready(asset_id, attempt.number, columns, pages)
    except Refused as refused:
        if isinstance(refused, TooHeavy) and refused.worth_another_try and services.note_crash(asset_id, attempt.number) < MOST_CRASHES:
            raise
        log.warning("asset_refused", asset_id=asset_id, code=refused.code, detail=refused.detail)
        services.mark_failed(asset_id, refused.code, refused.detail, attempt.number)
    except Unwanted:
        log.info("preparing_stopped", asset_id=asset_id, attempt=attempt.number)
    except Exception as error:
        if services.note_crash(asset_id, attempt.number) < MOST_CRASHES:
            kept = isinstance(error, EncodingFailed)  # who watches its beginning may finish that; the next attempt removes it
            raise
        log.exception("preparing_given_up", asset_id=asset_id)
        _give_up(asset_id, str(error), asked)
    finally:
        shutil.rmtree(base, ignore_errors=True)
        if not kept:
            storage().delete(attempt.prefix)


def _private_folder(asset_id: int) -> Path:
    work = temporary_folder()
    for rest in work.glob(f"asset-{asset_id}-*"):  # of a worker that was killed
        shutil.rmtree(rest, ignore_errors=True)
    return Path(tempfile.mkdtemp(dir=work, prefix=f"asset-{asset_id}-"))
