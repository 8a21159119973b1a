"""Videos, with the real encoder on clips of two seconds."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import pytest
from flask import Flask

from app.kernel.errors import Invalid
from app.kernel.storage import storage
from app.media import events as media_events
from app.media.models import AssetKind, AssetState, Stage
from app.media.playlists import Variant, has_begun, segment_lengths, write_master
from app.media.probe import probe_video
from app.media.read_video import _rate
from app.media.refusals import Refused
from app.media.rules import LIKELY_RATE, VideoFacts, check_video, ladder_for, output_rate, picture_ends_early, sounds_for, sprite_interval
from tests.media.clips import clip, make
from tests.media.factories import again, prepared, stored

VIDEO = AssetKind.VIDEO


def facts(**changes: object) -> VideoFacts:
    usual = {
        "duration_seconds": 60.0,
        "width": 1920,
        "height": 1080,
        "frame_rate": 25.0,
        "video_index": 0,
        "audio_index": 1,
        "channels": 2,
        "interlaced": False,
        "high_dynamic_range": False,
        "streams": 2,
        "packets_end_seconds": 60.0,
    }
    return VideoFacts(**(usual | changes))  # type: ignore[arg-type]


def test_a_ladder_never_enlarges_and_keeps_even_sizes():
    assert [r.name for r in ladder_for(facts())] == ["240p", "360p", "480p", "720p", "1080p"]
    assert [(r.width, r.height) for r in ladder_for(facts(width=640, height=360))] == [(426, 240), (640, 360)]
    assert [(r.name, r.width, r.height) for r in ladder_for(facts(width=203, height=151))] == [("151p", 204, 152)]
    assert [(r.width, r.height) for r in ladder_for(facts(width=720, height=1280))] == [(240, 426), (360, 640), (480, 854), (720, 1280)]


def test_the_lowest_quality_fits_a_link_of_150_kilobits():
    lowest = ladder_for(facts())[0]
    assert lowest.video_kbit + lowest.audio_kbit <= 150


@pytest.mark.parametrize(
    ("given", "made"),
    [(25, Fraction(25)), (29.97, Fraction(30000, 1001)), (60, Fraction(30)), (10, Fraction(10)), (17.3, Fraction(17)), (120, Fraction(30))],
)
def test_frame_rates_become_usual_ones_of_at_most_thirty(given: float, made: Fraction):
    assert output_rate(given) == made


@dataclass
class Track:
    """What a stream declares of its pictures per second."""

    average_rate: float
    base_rate: float
    guessed_rate: float = 0.0


@pytest.mark.parametrize(
    ("average", "declared", "taken"),
    [(25, 25, 25), (7.3, 30, 30), (29.7, 90_000, 29.7), (0, 24, 24), (50, 25, 50), (1000, 1000, 1000)],
)
def test_a_recorded_screen_keeps_its_quick_moments(average: float, declared: float, taken: float):
    """Its average is low because it mostly stands still; a fine clock is not a rate."""
    assert _rate(Track(average, declared), LIKELY_RATE) == taken


def test_a_picture_that_ends_before_its_sound_is_told_apart():
    assert not picture_ends_early(facts(picture_end_seconds=59.8))
    assert picture_ends_early(facts(picture_end_seconds=40.0))
    assert not picture_ends_early(facts(video_index=None, picture_end_seconds=0.0))


def test_a_recording_without_a_picture_has_no_ladder_but_sounds():
    alone = facts(video_index=None, width=0, height=0, frame_rate=0.0, channels=1, streams=1)
    check_video(alone)
    assert ladder_for(alone) == []
    assert [(sound.name, sound.kbit, sound.channels) for sound in sounds_for(alone)] == [("48k", 48, 1), ("96k", 96, 1)]


def test_a_master_names_limits_first_and_weights_in_the_end(tmp_path: Path):
    folder = tmp_path / "audio"
    folder.mkdir()
    variants = [Variant("audio", 48, has_sound=True)]
    assert not has_begun(tmp_path, variants)
    (folder / "index.m3u8").write_text("#EXTM3U\n#EXT-X-MAP:URI=\"init_0.mp4\"\n")
    assert not has_begun(tmp_path, variants), "a list without a segment is nothing to play"
    (folder / "index.m3u8").write_text("#EXTM3U\n#EXT-X-MAP:URI=\"init_0.mp4\"\n#EXTINF:6.000000,\n00000.m4s\n#EXTINF:2.000000,\n00001.m4s\n")
    for number, size in enumerate((30_000, 8_000)):
        (folder / f"{number:05d}.m4s").write_bytes(bytes(size))
    assert has_begun(tmp_path, variants)
    write_master(tmp_path, variants, complete=False)
    assert "BANDWIDTH=67200,AVERAGE-BANDWIDTH=48000" in (tmp_path / "master.m3u8").read_text()
    write_master(tmp_path, variants, complete=True)
    assert "BANDWIDTH=40000,AVERAGE-BANDWIDTH=38000" in (tmp_path / "master.m3u8").read_text()
    assert segment_lengths(folder / "index.m3u8") == [6.0, 2.0]


def test_a_long_video_has_at_most_a_hundred_preview_pictures():
    assert sprite_interval(90) == 6
    assert 6 * 3600 / sprite_interval(6 * 3600) <= 100


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"duration_seconds": 100 * 3600.0, "packets_end_seconds": 100 * 3600.0}, "TOO_LONG"),
        ({"width": 16384, "height": 8192}, "TOO_MANY_PIXELS"),
        ({"width": 4000, "height": 70}, "ODD_SHAPE"),
        ({"width": 32, "height": 32}, "TOO_SMALL"),
        ({"streams": 40}, "TOO_MANY_STREAMS"),
        ({"frame_rate": 1000.0}, "FRAME_RATE"),
        ({"packets_end_seconds": 30.0}, "TRUNCATED"),
        ({"duration_seconds": 0.0}, "TOO_SHORT"),
    ],
)
def test_what_is_beyond_the_limits_is_refused_with_its_reason(changes: dict[str, object], code: str):
    with pytest.raises(Refused) as refused:
        check_video(facts(**changes))
    assert refused.value.code == code


def playlist_of(folder: Path, name: str) -> str:
    return (folder / name / "index.m3u8").read_text()


@pytest.mark.ffmpeg
def test_a_video_becomes_a_playable_ladder_of_aligned_qualities(app: Flask, tmp_path: Path):
    asset = prepared(app, clip(tmp_path / "a.mp4", "1280x720", seconds=14), VIDEO)
    assert (asset.state, asset.stage, asset.percent) == (AssetState.READY, Stage.DONE, 100), asset.failure_detail
    assert asset.duration_seconds == pytest.approx(14, abs=0.2)
    folder = storage().local_path(asset.folder)
    names = [rung["name"] for rung in asset.renditions["rungs"]]
    assert names == ["240p", "360p", "480p", "720p"]
    master = (folder / "master.m3u8").read_text()
    assert [f"{name}/index.m3u8" for name in names] == re.findall(r"^\w+/index\.m3u8$", master, re.MULTILINE)
    lengths = {tuple(re.findall(r"#EXTINF:([\d.]+)", playlist_of(folder, name))) for name in names}
    assert len(lengths) == 1, "every quality is cut at the same moments"
    for name in names:
        text = playlist_of(folder, name)
        assert text.rstrip().endswith("#EXT-X-ENDLIST")
        assert not re.search(r"^(/|\w+:)", re.sub(r"^#.*$", "", text, flags=re.MULTILINE), re.MULTILINE), "addresses are relative"
        with av.open(str(folder / name / "index.m3u8")) as made:
            frames = [frame.time for frame in made.decode(video=0)]
            assert frames[-1] == pytest.approx(13.96, abs=0.2)
            assert made.streams.audio
    with av.open(str(folder / "audio/index.m3u8")) as made:
        assert not made.streams.video
        assert sum(frame.samples for frame in made.decode(audio=0)) / 48000 == pytest.approx(14, abs=0.2)
    with av.open(str(folder / "small.mp4")) as made:
        assert made.streams.video[0].height == 360
    for picture in ("poster.jpg", "sprite.jpg"):
        assert (folder / picture).read_bytes().startswith(b"\xff\xd8")


@pytest.mark.ffmpeg
def test_a_video_without_sound_and_with_an_odd_size(app: Flask, tmp_path: Path):
    source = make(
        tmp_path / "odd.mkv", "-f", "lavfi", "-i", "testsrc2=size=321x243:rate=10:duration=2", "-c:v", "libvpx-vp9", "-b:v", "200k"
    )
    asset = prepared(app, source, VIDEO)
    assert asset.state == AssetState.READY, asset.failure_detail
    assert asset.renditions["audio"] is None
    assert [(r["width"], r["height"]) for r in asset.renditions["rungs"]] == [(318, 240)]
    with av.open(str(storage().local_path(f"{asset.folder}/240p/index.m3u8"))) as made:
        assert not made.streams.audio
        assert next(iter(made.decode(video=0))).width == 318


@pytest.mark.ffmpeg
def test_a_video_held_upright_stays_upright(app: Flask, tmp_path: Path):
    flat = clip(tmp_path / "flat.mp4", "640x360")
    turned = make(tmp_path / "turned.mp4", "-display_rotation", "90", "-i", str(flat), "-c", "copy")
    found = probe_video(turned)
    assert (found.width, found.height) == (360, 640)
    asset = prepared(app, turned, VIDEO)
    assert (asset.width, asset.height) == (360, 640)
    with av.open(str(storage().local_path(f"{asset.folder}/360p/index.m3u8"))) as made:
        frame = next(iter(made.decode(video=0)))
        assert (frame.width, frame.height, frame.rotation) == (360, 640, 0)


@pytest.mark.ffmpeg
def test_wide_pixels_are_shown_in_their_true_shape(tmp_path: Path):
    squeezed = clip(tmp_path / "dvd.mp4", "720x576", extra=("-vf", "setsar=64/45"))
    assert (probe_video(squeezed).width, probe_video(squeezed).height) == (1024, 576)


@pytest.mark.ffmpeg
def test_the_same_video_twice_is_one_asset_and_is_encoded_once(app: Flask, tmp_path: Path):
    source = clip(tmp_path / "a.mp4", "320x240")
    first = prepared(app, source, VIDEO)
    made_at = first.ready_at
    assert stored(source, VIDEO, "nama-lain.mp4").id == first.id
    assert again(first.id).ready_at == made_at


@pytest.mark.ffmpeg
def test_readiness_and_failure_are_announced(app: Flask, tmp_path: Path):
    from app.kernel import events

    heard: list[object] = []
    events.after(media_events.AssetReady, heard.append)
    events.after(media_events.AssetFailed, heard.append)
    good = prepared(app, clip(tmp_path / "a.mp4", "320x240"), VIDEO)
    broken = clip(tmp_path / "b.mp4", "320x240", rate=10)
    broken.write_bytes(broken.read_bytes()[:3000])
    bad = prepared(app, broken, VIDEO)
    assert media_events.AssetReady(good.id, "VIDEO") in heard
    assert bad.state == AssetState.FAILED
    assert media_events.AssetFailed(bad.id, "VIDEO", bad.failure_code or "") in heard


@pytest.mark.ffmpeg
def test_a_truncated_video_is_refused_although_it_declares_its_full_length(app: Flask, tmp_path: Path):
    source = clip(tmp_path / "cut.mp4", seconds=8)
    source.write_bytes(source.read_bytes()[: source.stat().st_size // 2])
    asset = prepared(app, source, VIDEO)
    assert (asset.state, asset.failure_code) == (AssetState.FAILED, "TRUNCATED")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("catatan.mp4", b"Ini hanya teks yang berganti nama.\n"),
        ("daftar.mp4", b"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"),
        ("sambung.mp4", b"ffconcat version 1.0\nfile /etc/passwd\n"),
        ("gambar.mp4", b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'),
        ("halaman.webm", b"<!doctype html><script>alert(1)</script>"),
        ("potret.mp4", b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"),
    ],
)
def test_what_is_no_video_is_refused_on_arrival_whatever_its_name(app: Flask, tmp_path: Path, name: str, content: bytes):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(Invalid) as refused:
        stored(path, VIDEO)
    assert refused.value.code == "NOT_A_VIDEO"
    assert not list(storage().local_path("media").glob("**/*"))


def test_an_empty_file_is_refused(app: Flask, tmp_path: Path):
    path = tmp_path / "kosong.mp4"
    path.touch()
    with pytest.raises(Invalid) as refused:
        stored(path, VIDEO)
    assert refused.value.code == "EMPTY"


@pytest.mark.parametrize("content", [b"#EXTM3U\n#EXTINF:5,\nfile:///etc/passwd\n", b"ffconcat version 1.0\nfile /etc/passwd\n", b"<svg/>"])
def test_the_probe_itself_refuses_playlists_and_drawings(tmp_path: Path, content: bytes):
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(Refused) as refused:
        probe_video(path)
    assert refused.value.code in {"NOT_A_VIDEO", "UNREADABLE"}


@pytest.mark.ffmpeg
def test_absurd_dimensions_are_refused(app: Flask, tmp_path: Path):
    source = make(tmp_path / "huge.mp4", "-f", "lavfi", "-i", "color=size=8192x4320:rate=1:duration=1", "-c:v", "mjpeg", "-q:v", "31")
    asset = prepared(app, source, VIDEO)
    assert (asset.state, asset.failure_code) == (AssetState.FAILED, "TOO_MANY_PIXELS")


@pytest.mark.ffmpeg
def test_an_mp4_that_points_to_another_file_reads_only_itself(tmp_path: Path):
    """A matroska file that carries a playlist as text stays what it is: other protocols and formats are not on the list."""
    source = tmp_path / "http.mp4"
    source.write_bytes(b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + b"#EXTM3U\nhttp://127.0.0.1:9/x.ts\n" * 20)
    with pytest.raises(Refused) as refused:
        probe_video(source)
    assert refused.value.code in {"NOT_A_VIDEO", "UNREADABLE", "NO_VIDEO"}
