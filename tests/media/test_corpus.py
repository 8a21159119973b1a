"""What people bring in, with the real encoder: every shape becomes one that plays everywhere, and hostile files end in words."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from array import array
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import pytest
from flask import Flask

from app.kernel.storage import storage
from app.media import transcoder
from app.media.confined import MIB, Limits, command
from app.media.ffmpeg import find_ffmpeg
from app.media.models import AssetKind, AssetState
from app.media.probe import probe_video
from app.media.refusals import REASONS, Refused
from app.media.rules import VideoFacts
from tests.media import corpus
from tests.media.clips import make
from tests.media.factories import prepared
from tests.media.test_recovery import Listening
from tests.needs import must_have

pytestmark = pytest.mark.ffmpeg


@dataclass
class Made:
    """What became of a file."""

    facts: VideoFacts
    folder: Path
    renditions: dict[str, Any]

    def frames(self, rung: str = "240p") -> list[av.VideoFrame]:
        with av.open(str(self.folder / rung / "index.m3u8")) as container:
            return list(container.decode(video=0))

    def hertz(self, place: str = "audio") -> float:
        """The pitch of a pure tone, by how often it crosses the middle."""
        with av.open(str(self.folder / place / "index.m3u8")) as container:
            samples = array("f", b"".join(bytes(frame.planes[0])[: frame.samples * 4] for frame in container.decode(audio=0)))
        middle = samples[24_000:72_000]
        return sum(before < 0 <= after for before, after in pairwise(middle)) * 48_000 / len(middle)


@pytest.fixture
def become(tmp_path: Path) -> Callable[[Path], Made]:
    def transcoded(source: Path) -> Made:
        folder, work = tmp_path / "made", tmp_path / "work"
        for place in (folder, work):
            place.mkdir()
        facts = probe_video(source)
        return Made(facts, folder, transcoder.transcode(source, facts, folder, work, Listening()))

    return transcoded


# ---- what is taken ----


@pytest.mark.parametrize("name", corpus.CONTAINERS)
def test_every_container_and_codec_is_understood(tmp_path: Path, name: str):
    facts = probe_video(make(tmp_path / name, *corpus.CONTAINERS[name]))
    assert (facts.width, facts.height) == (320, 240)
    assert facts.audio_index is not None
    assert facts.duration_seconds == pytest.approx(2, abs=0.2)


def test_every_shape_becomes_a_plain_one(tmp_path: Path):
    """Square upright pixels, 4:2:0, at an even rate, as long as the longer of picture and sound."""
    for good in corpus.shapes(tmp_path):
        folder, work = tmp_path / f"{good.path.name}.made", tmp_path / f"{good.path.name}.work"
        for place in (folder, work):
            place.mkdir()
        facts = probe_video(good.path)
        made = Made(facts, folder, transcoder.transcode(good.path, facts, folder, work, Listening()))
        assert (facts.width, facts.height) == (good.width, good.height), good.path.name
        assert made.renditions["duration_seconds"] == pytest.approx(good.seconds, abs=0.3), good.path.name
        assert bool(made.renditions["audio"]) is good.sound, good.path.name
        rung = made.renditions["rungs"][0]
        frames = made.frames(rung["name"])
        assert (frames[0].width, frames[0].height, frames[0].format.name) == (rung["width"], rung["height"], "yuv420p"), good.path.name
        steps = {round(after.time - before.time, 2) for before, after in pairwise(frames) if after.time and before.time is not None}
        assert max(steps) - min(steps) <= 0.011, good.path.name
        assert frames[0].time == pytest.approx(0, abs=2.5 / facts.frame_rate), good.path.name


def test_a_recording_without_a_picture_has_sounds_as_qualities(app: Flask, tmp_path: Path):
    asset = prepared(app, corpus.with_cover(tmp_path / "album.mp3"), AssetKind.VIDEO)
    assert asset.state == AssetState.READY, asset.failure_detail
    assert asset.is_audio_only
    assert asset.duration_seconds == pytest.approx(2, abs=0.1)
    assert (asset.width, asset.height, asset.poster) == (None, None, None)
    assert [sound["name"] for sound in asset.renditions["sounds"]] == ["48k", "96k"]
    folder = storage().local_path(asset.folder)
    master = (folder / "master.m3u8").read_text()
    assert re.findall(r'CODECS="([^"]+)"', master) == ["mp4a.40.2", "mp4a.40.2"]
    assert re.findall(r"^\w+/index\.m3u8$", master, re.MULTILINE) == ["audio/index.m3u8", "audio96/index.m3u8"]
    with av.open(str(folder / "small.m4a")) as container:
        assert container.streams.audio[0].codec_context.name == "aac"
        assert not container.streams.video


@pytest.mark.parametrize("name", ["talk.opus", "talk.wma", "talk.aac"])
def test_other_recordings_are_understood(tmp_path: Path, name: str):
    facts = probe_video(make(tmp_path / name, *corpus.TONE, *corpus.SOUNDS[name]))
    assert facts.video_index is None
    assert facts.duration_seconds == pytest.approx(2, abs=0.2)


def test_quiet_and_loud_sources_are_heard_alike(tmp_path: Path, become: Callable[[Path], Made]):
    voice = ("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=8")
    source = make(tmp_path / "quiet.wav", *voice, "-af", "volume=-20dB,tremolo=f=3:d=0.5", "-ac", "2")
    assert corpus.loudness_of(source) < -35
    made = become(source)
    assert corpus.loudness_of(made.folder / "audio96/index.m3u8") == pytest.approx(-16, abs=2)


def test_of_several_languages_the_indonesian_one_is_taken(tmp_path: Path, become: Callable[[Path], Made]):
    assert become(corpus.two_languages(tmp_path / "two.mkv")).hertz() == pytest.approx(880, rel=0.03)


def test_a_high_dynamic_range_is_mapped_to_ordinary_light(tmp_path: Path, become: Callable[[Path], Made]):
    white = ("-f", "lavfi", "-i", "color=color=0xC0C0C0:size=320x240:rate=25:duration=1")
    made = become(corpus.hdr(tmp_path / "bright.mp4", "smpte2084", white))
    assert made.facts.high_dynamic_range
    frame = made.frames()[10]
    assert (int(frame.color_primaries), int(frame.color_trc), int(frame.colorspace)) == (1, 1, 1), "BT.709"
    assert bytes(frame.planes[0])[100] > 200, "a thousand candles are nearly white, not the grey that their number says"


def test_the_picture_stays_while_the_sound_goes_on(tmp_path: Path, become: Callable[[Path], Made]):
    frames = become(corpus.long_sound(tmp_path / "longer.mp4")).frames()
    assert frames[-1].time == pytest.approx(3.96, abs=0.1)


def test_what_the_master_promises_is_what_was_written(tmp_path: Path, become: Callable[[Path], Made]):
    made = become(
        make(tmp_path / "a.mp4", "-f", "lavfi", "-i", "testsrc2=size=640x360:rate=25:duration=2", *corpus.TONE, *corpus.X264, "-c:a", "aac")
    )
    master = (made.folder / "master.m3u8").read_text()
    assert re.findall(r"RESOLUTION=(\d+x\d+)", master) == ["426x240", "640x360"]
    assert re.findall(r"FRAME-RATE=([\d.]+)", master) == ["25.000", "25.000"]
    for peak, codecs, name in re.findall(r'BANDWIDTH=(\d+),.*CODECS="([^"]+)"\n(\w+)/index', master):
        with av.open(str(made.folder / name / "index.m3u8")) as container:
            header = container.streams.video[0].codec_context.extradata or b""
        assert codecs == f"avc1.{header[1:4].hex()},mp4a.40.2"
        segment = made.folder / name / "00000.m4s"
        assert int(peak) == pytest.approx(segment.stat().st_size * 8 / 2, rel=0.05)


# ---- what is refused ----


def test_what_is_beyond_reason_is_refused_in_words(tmp_path: Path):
    for path, code in corpus.bad(tmp_path):
        with pytest.raises(Refused) as refused:
            probe_video(path)
        assert refused.value.code == code, path.name
        assert code in REASONS


def test_a_file_that_points_to_another_reads_only_itself(tmp_path: Path):
    secret = make(tmp_path / "secret.mov", "-f", "lavfi", "-i", "color=red:size=320x240:rate=25:duration=2", *corpus.X264)
    pointing = corpus.pointing_elsewhere(tmp_path / "pointing.mov", secret)
    opened = subprocess.run(
        [find_ffmpeg(), "-nostdin", "-v", "info", "-enable_drefs", "1", "-use_absolute_path", "1", "-i", str(pointing), "-f", "null", "-"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert "secret.mov' for reading" in opened.stderr, "the trap works on who follows it"
    with pytest.raises(Refused) as refused:
        probe_video(pointing)
    assert refused.value.code == "UNREADABLE"


def test_what_else_a_video_carries_is_not_handed_out(app: Flask, tmp_path: Path):
    asset = prepared(app, corpus.with_zip(tmp_path / "both.mp4"), AssetKind.VIDEO)
    assert asset.state == AssetState.READY
    for file in storage().local_path(asset.folder).rglob("*"):
        if file.is_file():
            assert b"polyglot" not in file.read_bytes()
            assert not file.read_bytes().startswith(b"PK")


def test_a_stream_that_grows_beyond_all_bounds_does_not_take_the_machine(tmp_path: Path):
    """The beginning is small and right, a huge picture comes later."""
    path = tmp_path / "grows.ts"
    corpus.changing_size(path)
    huge = make(tmp_path / "huge.ts", "-f", "lavfi", "-i", "color=size=8192x4320:rate=2:duration=1", *corpus.X264, "-output_ts_offset", "4")
    small = path.read_bytes()
    path.write_bytes(small + huge.read_bytes())
    folder, work = tmp_path / "made", tmp_path / "work"
    for place in (folder, work):
        place.mkdir()
    try:
        facts = probe_video(path)
        transcoder.transcode(path, facts, folder, work, Listening())
    except (Refused, transcoder.encoder.EncodingFailed):
        return
    with av.open(str(folder / "240p/index.m3u8")) as container:
        assert {(frame.width, frame.height) for frame in container.decode(video=0)} == {(320, 240)}


# ---- the cage ----

REACH = "import socket; socket.create_connection(('127.0.0.1', {port}), 3); print('reached')"
HOARD = "x = bytearray(900 * 1024 * 1024); print('had it')"
FLOOD = "open('{file}', 'wb').write(bytes(5 * 1024 * 1024)); print('wrote it')"


def caged(code: str, **limits: int) -> str:
    usual = {"memory_bytes": 512 * MIB, "seconds": 10, "file_bytes": MIB} | limits
    done = subprocess.run(
        command([sys.executable, "-I", "-c", code], Limits(**usual)), capture_output=True, text=True, timeout=120, check=False
    )
    return done.stdout


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no namespaces")
def test_a_reader_has_no_network():
    allowed = any(subprocess.run(["unshare", kind, "true"], capture_output=True, check=False).returncode == 0 for kind in ("-n", "-Un"))
    must_have(allowed, "this system allows no namespaces")
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert (
            subprocess.run([sys.executable, "-c", REACH.format(port=port)], capture_output=True, text=True, check=True).stdout
            == "reached\n"
        )
        assert caged(REACH.format(port=port)) == ""


def test_a_reader_has_little_memory_and_writes_little(tmp_path: Path):
    assert caged("print('runs')") == "runs\n"
    assert caged(HOARD) == ""
    assert caged(FLOOD.format(file=tmp_path / "flood")) == ""
    assert (tmp_path / "flood").stat().st_size <= MIB
