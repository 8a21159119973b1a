"""What people and the worker do with assets.

People's deeds are steps in the caller's transaction. Those of the worker, from `start_preparing` to `note_crash`, and `store_asset` lie around
slow work and open their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import IO, Any

from flask_babel import gettext as _
from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError

from app.kernel import clock, events, jobs
from app.kernel.db import db, transaction
from app.kernel.errors import Conflict, Invalid, NotFound
from app.media import uses
from app.media.captions import BadCaptions, Line, look_at, read_vtt, write_vtt
from app.media.events import AssetFailed, AssetReady, CaptionsChanged
from app.media.intake import ReceivedFile, receive
from app.media.models import AssetKind, AssetState, MediaAsset, MediaCaption, MediaPage, Stage
from app.people.models import User

JOBS = {
    AssetKind.VIDEO: "media.prepare_video",
    AssetKind.DOCUMENT: "media.prepare_document",
    AssetKind.IMAGE: "media.prepare_picture",
}
OLD_ATTEMPT_STAYS = timedelta(hours=10)  # longer than an address works


def store_asset(stream: IO[bytes], original_name: str, kind: str, uploaded_by_id: int | None) -> MediaAsset:
    """Bring a file in and ask the worker to prepare it; the same content twice is the same asset. Call it outside a transaction.

    Whoever is inside a larger story calls `intake.receive` before its transaction and `add_asset` inside.
    """
    received = receive(stream, original_name, AssetKind(kind))
    with transaction():
        return add_asset(received, uploaded_by_id)


def add_asset(received: ReceivedFile, uploaded_by_id: int | None) -> MediaAsset:
    """The row of a received file and the job that prepares it, in the caller's transaction. A failed or canceled one is tried anew."""
    asset = _find_same(received)
    if asset is None:
        asset = MediaAsset(
            kind=received.kind,
            sha256=received.sha256,
            original_name=received.original_name,
            byte_size=received.byte_size,
            content_type=received.content_type,
            uploaded_by_id=uploaded_by_id,
            created_at=clock.now(),
            state=AssetState.QUEUED,
            stage=Stage.WAITING,
            percent=0,
            generation=0,
            renditions={},
        )
        try:
            with db.session.begin_nested():
                db.session.add(asset)
        except IntegrityError:  # somebody brought the same file in the same moment
            asset = _find_same(received)
            assert asset is not None
            return asset
        _ask(asset)
    elif asset.state in (AssetState.FAILED, AssetState.CANCELED):
        retry(asset)
    return asset


def _find_same(received: ReceivedFile) -> MediaAsset | None:
    return find_by_content(received.sha256, received.kind)


def find_by_content(sha256: str, kind: str) -> MediaAsset | None:
    return db.session.scalar(select(MediaAsset).where(MediaAsset.sha256 == sha256, MediaAsset.kind == kind))


def _ask(asset: MediaAsset) -> None:
    """Want it prepared. A job of an earlier wish, should one be left, does nothing."""
    asset.asked += 1
    asset.crashes = 0
    jobs.enqueue(JOBS[AssetKind(asset.kind)], asset_id=asset.id, asked=asset.asked)


def retry(asset: MediaAsset) -> None:
    """Prepare a failed or canceled asset once more. Raises Conflict for any other."""
    if asset.state not in (AssetState.FAILED, AssetState.CANCELED):
        raise Conflict(_("Berkas ini tidak sedang gagal atau dibatalkan."), code="not_failed")
    asset.state, asset.stage, asset.percent = AssetState.QUEUED, Stage.WAITING, 0
    asset.failure_code = asset.failure_detail = asset.seconds_left = None
    _ask(asset)


def cancel(asset: MediaAsset) -> None:
    """Stop preparing; the worker notices within two seconds. The file stays. A ready one that was being made anew stays as it is.

    Raises Conflict when nothing is being done.
    """
    if not asset.is_in_work:
        said = _("Berkas ini sudah selesai disiapkan.") if asset.is_ready else _("Berkas ini tidak sedang disiapkan.")
        raise Conflict(said, code="not_in_work")
    asset.asked += 1
    asset.seconds_left = None
    if asset.is_ready:
        asset.stage, asset.percent = Stage.DONE, 100
    else:
        asset.state, asset.stage, asset.percent, asset.is_watchable = AssetState.CANCELED, Stage.WAITING, 0, False


def make_anew(asset: MediaAsset) -> None:
    """Prepare a ready asset again; the old result is shown until the new one is ready. Raises Conflict when it is not ready or already
    being made anew."""
    if not asset.is_ready or asset.is_in_work:
        raise Conflict(_("Berkas ini belum siap atau sedang disusun ulang."), code="not_ready")
    asset.stage, asset.percent = Stage.WAITING, 0
    asset.failure_code = asset.failure_detail = None
    _ask(asset)


def dismiss(asset: MediaAsset) -> None:
    """Let go of a file that could not be used, or that nobody uses: its row now, its bytes by a job. Raises Conflict while it is used or
    being prepared."""
    if asset.is_in_work:
        raise Conflict(_("Batalkan dulu penyiapannya, lalu hapus."), code="in_work")
    in_use = Conflict(_("Berkas ini masih dipakai, jadi tidak dapat dihapus."), code="in_use")
    if uses.is_used(asset.id):
        raise in_use
    jobs.enqueue("media.remove_files", sha256=asset.sha256, kind=asset.kind)
    try:
        with db.session.begin_nested():
            db.session.delete(asset)
    except IntegrityError as error:  # a row of another feature names it
        raise in_use from error


def start_preparing(asset_id: int, asked: int | None = None) -> MediaAsset | None:
    """Begin an attempt and count it; None when there is nothing to do, or this is a job of an earlier wish."""
    with transaction() as session:
        asset = session.get(MediaAsset, asset_id, with_for_update=True)
        if asset is None or not asset.is_in_work or asked not in (None, asset.asked):
            return None
        asset.attempt += 1
        asset.stage, asset.percent, asset.seconds_left = Stage.CHECKING, 0, None
        if not asset.is_ready:
            asset.state, asset.generation, asset.is_watchable = AssetState.PROCESSING, asset.attempt, False
        return asset


def is_wanted(asset_id: int, attempt: int) -> bool:
    """Whether an attempt should go on: not canceled, not overtaken by another worker, not deleted."""
    asset = db.session.scalar(select(MediaAsset).where(MediaAsset.id == asset_id).execution_options(populate_existing=True))
    wanted = asset is not None and asset.attempt == attempt and asset.is_in_work
    db.session.rollback()
    return wanted


def tell_progress(asset_id: int, attempt: int, stage: Stage, percent: int, seconds_left: int | None = None) -> None:
    """Note how far the worker is with an asset, for the page that waits for it."""
    with transaction() as session:
        asset = session.get(MediaAsset, asset_id, with_for_update=True)
        if asset is not None and asset.attempt == attempt and asset.is_in_work:
            asset.stage, asset.percent, asset.seconds_left = stage, max(0, min(100, percent)), seconds_left


def open_growing(asset_id: int, attempt: int, columns: dict[str, Any]) -> None:
    """What of a video is known before it is made (`renditions`, length, size); with `is_watchable` people may begin to watch. A ready one
    that is made anew stays as it is until the end."""
    with transaction() as session:
        asset = session.get(MediaAsset, asset_id, with_for_update=True)
        if asset is not None and asset.attempt == attempt and asset.state == AssetState.PROCESSING:
            for name, value in columns.items():
                setattr(asset, name, value)


def mark_ready(asset_id: int, attempt: int, found: dict[str, Any], pages: list[dict[str, Any]]) -> bool:
    """The prepared files lie in the storage: let people see them. False when the attempt was canceled or overtaken meanwhile."""
    with transaction() as session:
        asset = session.get(MediaAsset, asset_id, with_for_update=True)
        if asset is None or asset.attempt != attempt or not asset.is_in_work:
            return False
        if asset.is_ready and asset.generation != attempt:  # pages that are open still play the old one
            jobs.enqueue("media.clear_attempts", run_after=clock.now() + OLD_ATTEMPT_STAYS, asset_id=asset_id)
        for name, value in found.items():
            setattr(asset, name, value)
        asset.generation = attempt
        asset.state, asset.stage, asset.percent = AssetState.READY, Stage.DONE, 100
        asset.failure_code = asset.failure_detail = asset.seconds_left = None
        asset.is_watchable = True
        asset.ready_at = clock.now()
        if pages:
            session.execute(delete(MediaPage).where(MediaPage.asset_id == asset_id))
            session.execute(insert(MediaPage), [page | {"asset_id": asset_id} for page in pages])
        events.record(AssetReady(asset.id, asset.kind))
        return True


def mark_failed(asset_id: int, code: str, detail: str, attempt: int | None = None) -> None:
    """The asset cannot be prepared: `code` says why to people (`media.refusals`), `detail` to the operator. Announces `AssetFailed`.

    A ready one that was to be made anew stays ready, with the reason beside it.
    """
    with transaction() as session:
        asset = session.get(MediaAsset, asset_id, with_for_update=True)
        if asset is None or not asset.is_in_work or attempt not in (None, asset.attempt):
            return
        asset.failure_code, asset.failure_detail, asset.seconds_left = code, detail[:500], None
        if asset.is_ready:
            asset.stage, asset.percent = Stage.DONE, 100
            return
        asset.state, asset.is_watchable = AssetState.FAILED, False
        events.record(AssetFailed(asset.id, asset.kind, code))


def note_crash(asset_id: int, attempt: int) -> int:
    """The encoder broke down: wait for the next try. Returns how often it did since this was asked for."""
    with transaction() as session:
        asset = session.get(MediaAsset, asset_id, with_for_update=True)
        if asset is None or asset.attempt != attempt or not asset.is_in_work:
            return 0
        asset.crashes += 1
        asset.stage, asset.percent, asset.seconds_left = Stage.WAITING, 0, None
        if not asset.is_ready:
            asset.is_watchable = False
        return asset.crashes


def set_caption(asset_id: int, language: str, content: str, by_id: int | None = None) -> MediaCaption:
    """Keep a video's captions in one language, in place of what was there. Raises Invalid with the line at fault."""
    try:
        found = read_vtt(content)
    except BadCaptions as bad:
        raise Invalid(bad.message, code="bad_captions", line=bad.line) from bad
    asset = db.session.get(MediaAsset, asset_id)
    if asset is None or asset.kind != AssetKind.VIDEO:
        raise NotFound
    return keep_caption(asset, language, found.lines, content if found.is_clean else write_vtt(found.lines), by_id)


def keep_caption(asset: MediaAsset, language: str, lines: Sequence[Line], content: str, by_id: int | None) -> MediaCaption:
    """Write captions that were found good. The same once more changes nothing."""
    caption = find_caption(asset.id, language)
    if caption is None:
        caption = MediaCaption(asset_id=asset.id, language=language)
        db.session.add(caption)
    elif caption.content == content:
        return caption
    caption.content, caption.updated_at, caption.updated_by_id = content, clock.now(), by_id
    caption.cues = [[cue.begin, cue.end, cue.text] for cue in (line.plain for line in lines)]
    db.session.flush()
    events.record(CaptionsChanged(asset.id, language))
    return caption


def find_caption(asset_id: int, language: str) -> MediaCaption | None:
    return db.session.scalar(select(MediaCaption).where(MediaCaption.asset_id == asset_id, MediaCaption.language == language))


def edit_caption(asset_id: int, language: str, lines: Sequence[Line], version: str, by_id: int) -> MediaCaption:
    """Save what an editor holds. `version` is that of the captions it began with, "" when there were none.

    Raises Invalid with the faults of each cue, Conflict when somebody else has saved in between.
    """
    asset = db.session.get(MediaAsset, asset_id, with_for_update=True)
    if asset is None or asset.kind != AssetKind.VIDEO:
        raise NotFound
    faults, _remarks = look_at(lines, asset.duration_seconds)
    if faults:
        raise Invalid(faults[0].message, code="bad_captions", faults=[asdict(fault) for fault in faults])
    held = find_caption(asset_id, language)
    if (held.version if held else "") != version:
        raise Conflict(
            code="captions_changed",
            version=held.version if held else "",
            by=(db.session.scalar(select(User.full_name).where(User.id == held.updated_by_id)) if held and held.updated_by_id else None),
            at=held.updated_at.isoformat() if held else None,
        )
    return keep_caption(asset, language, lines, write_vtt(lines), by_id)


def remove_caption(asset_id: int, language: str) -> None:
    """Raises NotFound when there are none in this language."""
    caption = find_caption(asset_id, language)
    if caption is None:
        raise NotFound
    db.session.delete(caption)
    db.session.flush()
    events.record(CaptionsChanged(asset_id, language))
