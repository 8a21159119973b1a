"""A worker that is killed in the middle leaves nothing stuck."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import pytest
from flask import Flask

from app.kernel import clock, jobs
from app.kernel.storage import storage
from app.kernel.worker import Worker, drain
from app.media import jobs as media_jobs
from app.media import transcoder
from app.media.encoder import EncodingFailed
from app.media.intake import temporary_folder
from app.media.models import AssetKind, AssetState
from app.media.playlists import header
from tests.conftest import child_environment
from tests.media.clips import clip
from tests.media.factories import again, stored


def children_naming(folder: Path) -> list[int]:
    """Processes whose command line names this folder."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(folder).encode() in entry.read_bytes():
                found.append(int(entry.parent.name))
        except OSError:
            continue
    return found


def first_segment(playlist: Path) -> str:
    """The header and the first segment, joined as a player does."""
    folder = playlist.parent
    joined = folder.parent.parent / f"first-{folder.name}.mp4"
    joined.write_bytes(header(folder) + (folder / "00000.m4s").read_bytes())
    return f"../../{joined.name}"


def wait_until(true, seconds: float = 180) -> None:
    give_up = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < give_up, "it did not happen in time"
        time.sleep(0.1)


@pytest.mark.ffmpeg
@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_a_video_can_be_watched_while_it_grows_and_a_killed_worker_leaves_nothing_stuck(app: Flask, tmp_path: Path):
    asset_id = stored(clip(tmp_path / "long.mp4", "640x360", seconds=30), AssetKind.VIDEO).id
    worker = subprocess.Popen([sys.executable, "-m", "flask", "--app", "wsgi", "worker"], env=child_environment(app), stderr=subprocess.DEVNULL)
    work = temporary_folder()
    try:
        wait_until(lambda: list(storage().local_path(again(asset_id).place).glob("1/240p/*.m4s")))
        wait_until(lambda: again(asset_id).is_growing and again(asset_id).poster)
        growing = again(asset_id)
        assert growing.duration_seconds == pytest.approx(30, abs=0.3), "known from the beginning, so that watching counts"
        assert growing.renditions["growing"]
        assert growing.renditions["small"] is None
        folder = storage().local_path(growing.folder)
        assert "#EXT-X-ENDLIST" not in (folder / "360p/index.m3u8").read_text()
        for name in re.findall(r"^\w+/index\.m3u8$", (folder / "master.m3u8").read_text(), re.MULTILINE):
            with av.open(str(folder / Path(name).parent / first_segment(folder / name))) as begun:
                assert begun.streams.video[0].codec_context.height in (240, 360)
        assert (folder / "poster.jpg").is_file()
        place = storage().local_path(again(asset_id).place)
        assert children_naming(place)
    finally:
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
    wait_until(lambda: not children_naming(place))
    assert again(asset_id).state == AssetState.PROCESSING

    jobs.release_leases_of_the_dead()
    drain(app)
    asset = again(asset_id)
    assert asset.state == AssetState.READY, asset.failure_detail
    assert asset.duration_seconds == pytest.approx(30, abs=0.3)
    assert storage().folders(asset.place) == [str(asset.generation)], "what the killed attempt left is removed"
    assert not list(work.glob(f"asset-{asset_id}-*")), "what the killed worker left is cleared away"


@pytest.mark.ffmpeg
def test_a_job_that_runs_twice_changes_nothing(app: Flask, tmp_path: Path):
    asset_id = stored(clip(tmp_path / "a.mp4", "320x240"), AssetKind.VIDEO).id
    drain(app)
    first = again(asset_id)
    made_at, generation = first.ready_at, first.generation
    media_jobs.prepare_video(asset_id)
    assert (again(asset_id).ready_at, again(asset_id).generation) == (made_at, generation)


def test_an_encoder_that_fails_again_and_again_ends_in_words(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at):
    source = tmp_path / "v.mp4"
    source.write_bytes(b"\x00\x00\x00\x18ftypisom" + bytes(100))
    asset_id = stored(source, AssetKind.VIDEO).id

    def fail(*_: object) -> None:
        raise EncodingFailed("ended with 1")

    monkeypatch.setattr(media_jobs, "_make_video", fail)
    worker = Worker(app)
    states = []
    for day in range(1, media_jobs.MOST_CRASHES + 1):
        at(2030, 1, day, 9)
        assert worker.work_once(jobs.Lane.ENCODING)
        states.append(again(asset_id).state)
    assert states == [AssetState.PROCESSING] * (media_jobs.MOST_CRASHES - 1) + [AssetState.FAILED]
    assert again(asset_id).failure_code == "ENCODING_FAILED"
    clock.freeze(None)


def test_a_failed_asset_is_tried_anew_when_the_file_comes_again(app: Flask, tmp_path: Path):
    source = tmp_path / "v.mp4"
    source.write_bytes(b"\x00\x00\x00\x18ftypisom" + bytes(100))
    asset_id = stored(source, AssetKind.VIDEO).id
    drain(app)
    assert again(asset_id).state == AssetState.FAILED
    assert stored(source, AssetKind.VIDEO).id == asset_id
    assert again(asset_id).state == AssetState.QUEUED


class Listening:
    """Hears how the work goes."""

    def __init__(self) -> None:
        self.told: list[int] = []
        self.opened: list[dict[str, object]] = []
        self.posters = 0

    def encoded(self, percent: int, seconds_left: int | None) -> None:
        self.told.append(percent)

    def can_be_watched(self, renditions: dict[str, object]) -> None:
        self.opened.append(renditions)

    def has_poster(self) -> None:
        self.posters += 1

    def look(self) -> None:
        return


@pytest.mark.ffmpeg
def test_progress_is_told_while_encoding(app: Flask, tmp_path: Path):
    from app.media.probe import probe_video

    source = clip(tmp_path / "a.mp4", "640x360", seconds=12)
    folder = tmp_path / "made"
    folder.mkdir()
    heard = Listening()
    transcoder.transcode(source, probe_video(source), folder, tmp_path, heard)
    assert heard.told[0] < 50
    heard = heard.told
    assert heard == sorted(heard)
    assert len(set(heard)) > 3
    assert max(heard) <= 99


@pytest.mark.ffmpeg
def test_a_folder_that_is_no_longer_there_is_a_failure_and_not_a_hang(tmp_path: Path):
    from app.media.probe import probe_video

    source = clip(tmp_path / "a.mp4", "320x240")
    facts = probe_video(source)
    source.unlink()
    folder = tmp_path / "made"
    folder.mkdir()
    with pytest.raises(EncodingFailed):
        transcoder.transcode(source, facts, folder, tmp_path, Listening())
