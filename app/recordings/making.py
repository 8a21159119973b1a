"""From an ended webinar to a recording that people can watch. Killed at any moment and begun again, it gives one recording."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from flask_babel import force_locale
from sqlalchemy import select, update

from app.kernel import clock
from app.kernel.db import db, insert_into, transaction
from app.kernel.jobs import Job, JobState
from app.kernel.storage import storage
from app.media.intake import ReceivedFile, clean_name, temporary_folder
from app.media.models import AssetKind, AssetState, MediaAsset, Stage
from app.media.services import add_asset, find_by_content, make_anew
from app.recordings import assembling, lesson, parts, pieces, story
from app.recordings.assembling import Material, Original, Streamed, Take
from app.recordings.models import Recording, RecordingState
from app.room.models import RoomIncident
from app.stage import layout
from app.stage.models import StageTake
from app.webinars.models import Webinar, WebinarState

SHORTEST_SECONDS = 1.0
QUIET_SECONDS, MOST_PATIENCE_SECONDS = 4.0, 30.0  # how long live pieces must be still, and how long that is waited for
RAW_NAMES = tuple(f"raw.{ending}" for ending in layout.ENDINGS.values())
MAKE = "recordings.make"
DAMAGED_TAKE = "recording_take_damaged"
log = structlog.get_logger()


def make_recording(webinar_id: int) -> None:
    """Make the recording of an ended webinar, once."""
    attempt = _begin(webinar_id)
    if attempt is None:
        return
    takes = _list_takes(webinar_id)
    with _work_folder(webinar_id) as work:
        _wait_until_still(webinar_id)
        live = pieces.read_runs(storage().local_path(f"{layout.room_key(webinar_id)}/hls"))
        found = assembling.gather(takes, live, work)
        _tell_damaged(webinar_id, found)
        if found.seconds < SHORTEST_SECONDS:
            _end_with_nothing(webinar_id)
            return
        original = assembling.make_original(found, work)
        asset = MediaAsset(sha256=original.sha256, kind=AssetKind.VIDEO)
        storage().adopt(asset.original_key, original.path)
        prefix = f"{asset.place}/{attempt}"
        streamed, kept = assembling.link_pieces(found, prefix, work), False
        try:
            kept = _publish(webinar_id, attempt, found, original, streamed)
        finally:
            if not kept:
                storage().delete(prefix)
    if kept:
        _clear_earlier(asset.place, attempt)


def _begin(webinar_id: int) -> int | None:
    """Count an attempt; None when there is nothing (more) to do."""
    with transaction() as session:
        if session.scalar(select(Webinar.state).where(Webinar.id == webinar_id)) != WebinarState.ENDED:
            return None
        row = {"webinar_id": webinar_id, "state": RecordingState.MAKING, "parts": [], "chapters": [], "attempt": 0, "begun_at": clock.now()}
        session.execute(insert_into(Recording).values(row).on_conflict_do_nothing(index_elements=["webinar_id"]))
        recording = session.get_one(Recording, webinar_id, with_for_update=True, populate_existing=True)
        if recording.state == RecordingState.READY:
            return None
        recording.attempt += 1
        recording.state, recording.failure = RecordingState.MAKING, None
        return recording.attempt


def _list_takes(webinar_id: int) -> list[Take]:
    rows = db.session.execute(
        select(StageTake.number, StageTake.started_at).where(StageTake.webinar_id == webinar_id).order_by(StageTake.number)
    ).all()
    db.session.rollback()
    folders = ((number, started_at, storage().local_path(layout.take_key(webinar_id, number))) for number, started_at in rows)
    return [Take(number, _began(folder, started_at), _raw_of(folder)) for number, started_at, folder in folders]


def _began(folder: Path, started_at: datetime) -> float:
    """The clock at the first piece, which the encoder's file knows better than the row."""
    told = layout.read_take(folder)
    return told.started_ms / 1000 if told else started_at.timestamp()


def _raw_of(folder: Path) -> Path | None:
    return next((folder / name for name in RAW_NAMES if (folder / name).is_file() and (folder / name).stat().st_size), None)


def _wait_until_still(webinar_id: int) -> None:
    """The encoder may still be writing the last seconds."""
    folder = storage().local_path(f"{layout.room_key(webinar_id)}/hls")
    give_up = time.monotonic() + MOST_PATIENCE_SECONDS
    while folder.is_dir() and not pieces.is_finished(folder):
        if time.time() - pieces.newest_change(folder) > QUIET_SECONDS or time.monotonic() > give_up:
            return
        time.sleep(0.5)


@contextmanager
def _work_folder(webinar_id: int) -> Iterator[Path]:
    """A private place; what a killed attempt left is removed. Beside the storage, so that nothing is copied, where they share a disk."""
    for rest in temporary_folder().glob(f"recording-{webinar_id}-*"):
        shutil.rmtree(rest, ignore_errors=True)
    work = Path(tempfile.mkdtemp(dir=temporary_folder(), prefix=f"recording-{webinar_id}-"))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _tell_damaged(webinar_id: int, found: Material) -> None:
    """Each damaged take becomes one incident, however often the work begins anew."""
    if not found.damaged:
        return
    with transaction() as session:
        told = select(RoomIncident.facts).where(RoomIncident.webinar_id == webinar_id, RoomIncident.kind == DAMAGED_TAKE)
        known = {facts.get("take") for facts in session.scalars(told)}
        session.add_all(
            RoomIncident(webinar_id=webinar_id, kind=DAMAGED_TAKE, facts={"take": one.take, "reason": one.reason}, happened_at=clock.now())
            for one in found.damaged
            if one.take not in known
        )


def _end_with_nothing(webinar_id: int) -> None:
    with transaction() as session:
        recording = session.get_one(Recording, webinar_id, with_for_update=True, populate_existing=True)
        if recording.state != RecordingState.READY:
            recording.state = RecordingState.NOTHING


def _publish(webinar_id: int, attempt: int, found: Material, original: Original, streamed: Streamed) -> bool:
    """The one moment at which the recording comes to be: its file, its lesson and its row, in one transaction. Returns whether the folder
    that was linked is shown by it: not when another worker was first, nor when the library has this very file and shows it already."""
    laid = parts.laid_out(found.times)
    with force_locale("id"):
        told = story.read(webinar_id, laid)
        draft = lesson.prepare(webinar_id, told, streamed.columns["duration_seconds"])
    db.session.rollback()
    with transaction() as session:
        recording = session.get_one(Recording, webinar_id, with_for_update=True, populate_existing=True)
        if recording.state == RecordingState.READY:
            return False
        webinar = session.get_one(Webinar, webinar_id)
        asset = _keep_asset(webinar, (attempt, recording.attempt), original, streamed)
        course_id = lesson.publish(draft, asset.id, recording.course_id)
        recording.state, recording.asset_id, recording.course_id = RecordingState.READY, asset.id, course_id
        recording.parts = [[p.take, p.started_at, p.offset_ms, p.duration_ms] for p in laid]
        recording.chapters = [[chapter.seconds, chapter.title, chapter.sort.name] for chapter in told.chapters]
        recording.ready_at = clock.now()
        for number in {part.take for part in laid}:
            length = sum(part.duration_ms for part in laid if part.take == number)
            session.execute(
                update(StageTake).where(StageTake.webinar_id == webinar_id, StageTake.number == number).values(duration_ms=length)
            )
        lesson.ask_to_be_found(webinar_id)
        return asset.generation == attempt


def _keep_asset(webinar: Webinar, attempts: tuple[int, int], original: Original, streamed: Streamed) -> MediaAsset:
    """The file in the media library: ready as it was live, and asked to be made better in the encoding lane. `attempts` are this one and the
    last that was begun: what the encoder makes lies under a number that none of them has."""
    received = ReceivedFile(AssetKind.VIDEO, original.sha256, original.size, "video/mp4", clean_name(f"{webinar.slug}.mp4"))
    known = find_by_content(original.sha256, AssetKind.VIDEO)
    asset = known if known is not None and known.state == AssetState.READY else add_asset(received, None)
    if asset is known and asset.is_ready:
        return asset
    asset.state, asset.stage, asset.percent = AssetState.READY, Stage.DONE, 100
    asset.generation, asset.attempt = attempts[0], max(*attempts, asset.attempt)
    asset.is_watchable, asset.ready_at = True, clock.now()
    for name, value in streamed.columns.items():
        setattr(asset, name, value)
    db.session.flush()
    make_anew(asset)  # counts the wish: the job of a first preparing, asked for a moment ago, finds that it is not the last one
    return asset


def _clear_earlier(place: str, attempt: int) -> None:
    for name in storage().folders(place):
        if name.isdigit() and int(name) < attempt:
            storage().delete(f"{place}/{name}")


def give_up(webinar_id: int, reason: str) -> None:
    """The last try failed: the page says so, and whoever organizes can ask for it anew."""
    db.session.rollback()
    with transaction() as session:
        recording = session.get(Recording, webinar_id, with_for_update=True)
        if recording is not None and recording.state == RecordingState.MAKING:
            recording.state, recording.failure = RecordingState.FAILED, reason[:500]


def missing_recordings(now: datetime, patience_seconds: float) -> list[int]:
    """Webinars that ended so long ago and still have no recording, nor a reason why there is none, nor somebody at it."""
    until = now - timedelta(seconds=patience_seconds)
    missing = db.session.scalars(
        select(Webinar.id)
        .outerjoin(Recording, Recording.webinar_id == Webinar.id)
        .where(Webinar.state == WebinarState.ENDED, Webinar.ended_at < until)
        .where(Recording.webinar_id.is_(None) | (Recording.state == RecordingState.MAKING) & (Recording.begun_at < until))
        .order_by(Webinar.id)
    ).all()
    at_it = select(Job.arguments).where(Job.name == MAKE, Job.state.in_((JobState.QUEUED, JobState.RUNNING)))
    asked = {arguments.get("webinar_id") for arguments in db.session.scalars(at_it)} if missing else set()
    return [webinar_id for webinar_id in missing if webinar_id not in asked]
