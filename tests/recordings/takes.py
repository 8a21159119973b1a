"""A webinar that was on air: real takes as a recorder gives them, and real live pieces as the encoder leaves them."""

from __future__ import annotations

import json
import subprocess
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from app.kernel import clock
from app.kernel.db import db, transaction
from app.kernel.storage import storage
from app.media.ffmpeg import find_ffmpeg
from app.stage.encoder.merging import read_run_playlist
from app.stage.encoder.rooms import Room
from app.stage.layout import RUNGS, Take, write_take
from app.stage.models import StageTake
from app.webinars.models import Webinar, WebinarState
from app.webinars.services import end_webinar

RECORDED_AS = "video/x-matroska;codecs=avc1,opus"


def ffmpeg(*arguments: str) -> None:
    subprocess.run([find_ffmpeg(), "-v", "error", "-nostdin", "-y", *arguments], check=True, timeout=120, capture_output=True)


def make_raw(path: Path, seconds: float = 6, size: str = "640x360", tone: int = 440) -> Path:
    """What a browser's recorder gives: Matroska with H.264 and Opus, a key frame each second."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = ("-f", "lavfi", "-i", f"testsrc2=size={size}:rate=20:duration={seconds}")
    sound = ("-f", "lavfi", "-i", f"sine=frequency={tone}:duration={seconds}:sample_rate=48000")
    encoded = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "20", "-c:a", "libopus", "-b:a", "48k")
    ffmpeg(*picture, *sound, *encoded, "-f", "matroska", str(path))
    return path


def make_live(raw: Path, folder: Path, rungs: tuple[str, ...] = RUNGS, start_ms: int = 0, seconds: float | None = None) -> None:
    """What a run of the live encoder leaves: for each rung its segments, and a list of them."""
    for number, rung in enumerate(RUNGS):
        if rung not in rungs:
            continue
        place = folder / rung
        place.mkdir(parents=True)
        small = ("-c:v", "libx264", "-preset", "ultrafast", "-g", "20", "-s", "320x180", "-b:v", "120k")
        picture = {"audio": ("-vn",), "low": small, "video": ("-c:v", "copy")}[rung]
        part = (*(("-ss", f"{start_ms / 1000}") if start_ms else ()), *(("-t", str(seconds)) if seconds else ()))
        kind = ("-hls_segment_type", "fmp4", "-hls_fmp4_init_filename", f"init_{number}.mp4")
        hls = ("-f", "hls", "-hls_time", "0.9", "-hls_list_size", "0", "-hls_segment_filename", f"{place}/%06d.m4s", *kind)
        ffmpeg(*part, "-i", str(raw), *picture, "-c:a", "aac", "-b:a", "48k", *hls, f"{place}/index.m3u8")
        listed = read_run_playlist((place / "index.m3u8").read_text())[1]
        (folder / f"{rung}.segments").write_text("".join(f"{one.seconds:.6f} {one.name}\n" for one in listed))
    (folder / "run.json").write_text(json.dumps({"start_ms": start_ms, "starts_ms": 0}))


def live_stream(webinar_id: int) -> None:
    """Let the real encoder make what it makes of the takes."""
    room = Room(live_folder(webinar_id))
    (live_folder(webinar_id) / "ended").touch()
    until = time.monotonic() + 60
    while not room.is_finished and time.monotonic() < until:
        room.tick(may_start=True)
        time.sleep(0.05)


def live_folder(webinar_id: int) -> Path:
    return storage().local_path(f"live/{webinar_id}")


def add_take(
    webinar: Webinar,
    number: int,
    after_seconds: float,
    seconds: float = 6,
    size: str = "640x360",
    runs: tuple[str, ...] = ("1",),
    **live: Any,
) -> StageTake:
    """A take that began so many seconds after the webinar went live, with its live pieces (none for no runs)."""
    folder = live_folder(webinar.id)
    raw = make_raw(folder / "takes" / str(number) / "raw.mkv", seconds, size, tone=300 + 100 * number + webinar.id)
    for run in runs:
        make_live(raw, folder / "hls" / f"{number}-{run}", **live)
    (folder / "hls").mkdir(exist_ok=True)
    (folder / "hls" / "finished").touch()
    assert webinar.live_at is not None
    began = webinar.live_at + timedelta(seconds=after_seconds)
    write_take(raw.parent, Take(number, RECORDED_AS, round(began.timestamp() * 1000), ended=True))
    with transaction() as session:
        take = StageTake(
            webinar_id=webinar.id, number=number, composer="s1", key=f"take-{number}", mime_type=RECORDED_AS,
            started_at=began, ended_at=began + timedelta(seconds=seconds), bytes=raw.stat().st_size,
        )  # fmt: skip
        session.add(take)
    return take


def on_air(webinar: Webinar, ago_seconds: float = 120) -> Webinar:
    """Live for so long already."""
    with transaction() as session:
        row = session.get_one(Webinar, webinar.id)
        row.state, row.live_at = WebinarState.LIVE, clock.now() - timedelta(seconds=ago_seconds)
    return db.session.get_one(Webinar, webinar.id)


def end(webinar: Webinar) -> None:
    with transaction():
        end_webinar(webinar.id)
