"""The live encoder, with a real ffmpeg: what grows in a take comes out as one stream, whoever is killed meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.media.ffmpeg import find_ffmpeg
from app.stage import layout
from app.stage.encoder import commands, pace
from app.stage.encoder.ladders import Ladder, ladders
from app.stage.encoder.merging import read_run_playlist
from app.stage.encoder.watching import AnotherEncoder, Encoder
from app.stage.matroska import Index
from tests.stage.recordings import H264, VP8, recording
from tests.stage.test_merging import as_a_player

pytestmark = [pytest.mark.ffmpeg, pytest.mark.sqlite_only]
ROOM = "7"


@pytest.fixture
def room(tmp_path: Path) -> Path:
    return tmp_path / "live" / ROOM


@pytest.fixture
def encoder(tmp_path: Path) -> Iterator[Encoder]:
    made = Encoder(tmp_path)
    yield made
    made.stop()


def until(reached: Callable[[], object], encoder: Encoder | None = None, seconds: float = 60) -> None:
    give_up = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < give_up, "it never came"
        if encoder:
            encoder.tick()
        time.sleep(0.02)


class Growing:
    """A take as the web process lets it grow."""

    def __init__(self, room: Path, number: int = 1, mime_type: str = H264, started_ms: int = 1_796_000_000_000):
        self.folder = room / "takes" / str(number)
        self.folder.mkdir(parents=True)
        self.take = layout.Take(number, mime_type, started_ms)
        self.raw = self.folder / self.take.raw_name
        self.raw.touch()
        layout.write_take(self.folder, self.take)

    def add(self, content: bytes) -> Growing:
        with self.raw.open("ab") as file:
            file.write(content)
        return self

    def end(self) -> Growing:
        layout.write_take(self.folder, layout.Take(self.take.number, self.take.mime_type, self.take.started_ms, ended=True))
        return self


def stream(room: Path, name: str = "video") -> str:
    path = room / "hls" / f"{name}.m3u8"
    return path.read_text() if path.exists() else ""


def frames(room: Path, rung: str = "video") -> int:
    """How many pictures the whole stream of a rung has, each part decoded by itself."""
    content = []
    for folder in sorted((room / "hls").glob(f"*-*/{rung}")):
        names = [one.name for one in read_run_playlist((folder / "index.m3u8").read_text())[1]]
        content.append(b"".join((folder / name).read_bytes() for name in [f"init_{layout.RUNGS.index(rung)}.mp4", *names]))
    told = [
        subprocess.run([find_ffmpeg(), "-v", "error", "-i", "pipe:0", "-map", "0:v", "-f", "framecrc", "-"], input=one, capture_output=True, timeout=60, check=True)
        for one in content
    ]
    return sum(not line.startswith(b"#") for one in told for line in one.stdout.splitlines())


def finished(room: Path) -> Callable[[], bool]:
    return lambda: (room / "hls" / "finished").exists()


@pytest.mark.parametrize("mime_type", [H264, VP8])
def test_a_recording_comes_out_as_three_rungs(room: Path, encoder: Encoder, mime_type: str) -> None:
    Growing(room, mime_type=mime_type).add(recording(mime_type)).end()
    (room / "ended").touch()
    until(finished(room), encoder)
    for rung in layout.RUNGS:
        read = as_a_player(stream(room, rung))
        assert read.ended
        assert 5 <= len(read.segments) <= 8, rung
        for _number, _part, name in read.segments:
            assert (room / "hls" / name).stat().st_size > 500
        assert (room / "hls" / read.maps[0]).exists()
    assert 115 <= frames(room) <= 121
    assert 110 <= frames(room, "low") <= 121
    assert "RESOLUTION=640x360" in stream(room, "master")
    assert "PROGRAM-DATE-TIME:2026-11-30T00:53:20.000Z" in stream(room)


def test_what_grows_is_live_and_has_no_end_before_the_room_has(room: Path, encoder: Encoder) -> None:
    content = recording()
    take = Growing(room).add(content[: len(content) // 2])
    until(lambda: stream(room).count("#EXTINF") >= 2, encoder)
    assert not as_a_player(stream(room)).ended
    take.add(content[len(content) // 2 :])
    until(lambda: stream(room).count("#EXTINF") >= 4, encoder)
    take.end()
    until(lambda: stream(room).count("#EXTINF") >= 6, encoder)
    assert not as_a_player(stream(room)).ended  # another speaker may come
    (room / "ended").touch()
    until(finished(room), encoder)
    assert as_a_player(stream(room)).ended


def test_another_composer_goes_on_in_the_same_stream(room: Path, encoder: Encoder) -> None:
    Growing(room).add(recording()).end()
    until(lambda: stream(room).count("#EXTINF") == 6, encoder)
    Growing(room, 2, started_ms=1_796_000_020_000).add(recording()).end()
    (room / "ended").touch()
    until(finished(room), encoder)
    for rung in layout.RUNGS:
        parts = [part for _number, part, _name in as_a_player(stream(room, rung)).segments]
        assert set(parts) == {0, 1}
        assert stream(room, rung).count("#EXT-X-DISCONTINUITY\n") == 1
    assert "PROGRAM-DATE-TIME:2026-11-30T00:53:40.000Z" in stream(room)
    assert 230 <= frames(room) <= 242


def test_a_killed_ffmpeg_is_followed_by_another_from_where_it_was(room: Path, encoder: Encoder) -> None:
    content = recording()
    take = Growing(room).add(content[: len(content) // 2])
    until(lambda: stream(room).count("#EXTINF") >= 2, encoder)
    before = as_a_player(stream(room)).segments
    run = encoder.rooms[ROOM].run
    assert run is not None
    os.kill(run.child.pid, signal.SIGKILL)
    take.add(content[len(content) // 2 :]).end()
    (room / "ended").touch()
    until(finished(room), encoder)
    read = as_a_player(stream(room))
    assert read.segments[: len(before)] == before
    assert {part for _number, part, _name in read.segments} == {0, 1}
    assert 115 <= frames(room) <= 145  # nothing is missing; at most about a second is there twice


def test_a_killed_encoder_is_followed_by_another(room: Path, tmp_path: Path) -> None:
    content = recording()
    take = Growing(room).add(content[: len(content) // 2])
    first = launch(tmp_path)
    until(lambda: stream(room).count("#EXTINF") >= 2)
    second = launch(tmp_path)  # waits for its turn
    try:
        before = as_a_player(stream(room)).segments
        first.kill()
        first.wait()
        take.add(content[len(content) // 2 :]).end()
        (room / "ended").touch()
        until(finished(room))
        read = as_a_player(stream(room))
        assert read.segments[: len(before)] == before
        assert 115 <= frames(room) <= 145
    finally:
        for process in (first, second):
            process.terminate()
            process.wait(20)


def launch(storage: Path) -> subprocess.Popen[bytes]:
    env = os.environ | {"INSTANCE_PATH": str(storage / "instance"), "STORAGE_URL": f"file://{storage}"}
    return subprocess.Popen([sys.executable, "-m", "app.stage.encoder"], env=env, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def test_there_are_never_two(tmp_path: Path, encoder: Encoder) -> None:
    with pytest.raises(AnotherEncoder):
        Encoder(tmp_path)


@pytest.mark.parametrize("mime_type", [H264, VP8])
def test_a_machine_too_slow_for_all_rungs_goes_on_with_less(room: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch, mime_type: str) -> None:
    whole, cheaper = ladders(mime_type == H264)[:2]
    slow_down(monkeypatch, whole)
    Growing(room, mime_type=mime_type).add(recording(mime_type, 16)).end()
    (room / "ended").touch()
    until(finished(room), encoder, 120)
    first, second = (layout.read_json(room / "hls" / name / "run.json") or {} for name in ("1-1", "1-2"))
    assert (first["step"], second["step"], tuple(second["rungs"])) == (0, 1, cheaper.rungs)
    assert not (room / "hls" / "1-3").exists()  # once is enough
    assert [(note.kind, note.facts) for note in layout.read_notes(room)] == [("quality_lowered", {"take": 1, "step": 1})]
    for rung in layout.RUNGS:
        read = as_a_player(stream(room, rung))
        assert {part for _number, part, _name in read.segments} == {0, 1}
        assert all((room / "hls" / name).stat().st_size > 500 for _number, _part, name in read.segments)
    assert seconds_of(stream(room, "audio")) == pytest.approx(16, abs=1.5)


def slow_down(monkeypatch: pytest.MonkeyPatch, ladder: Ladder) -> None:
    """An ffmpeg that reads half as fast as time goes by when it makes this ladder, and a judge who has seen enough after two seconds."""
    live = commands.live

    def slow(folder: Path, asked: Ladder) -> list[str]:
        made = live(folder, asked)
        at = made.index("-i")
        return [*made[:at], "-readrate", "0.5", *made[at:]] if asked == ladder else made

    monkeypatch.setattr(commands, "live", slow)
    monkeypatch.setattr(pace, "WATCHED_SECONDS", 2.0)


def seconds_of(playlist: str) -> float:
    return sum(float(line[8:].rstrip(",")) for line in playlist.splitlines() if line.startswith("#EXTINF:"))


def test_what_a_slow_machine_went_on_with_holds_for_the_next_encoder(room: Path, tmp_path: Path) -> None:
    content = recording()
    take = Growing(room).add(content[: len(content) // 2])
    first = Encoder(tmp_path)
    until(lambda: stream(room).count("#EXTINF") >= 2, first)
    first.rooms[ROOM].pace.lower(0.0)
    first.rooms[ROOM]._end(first.rooms[ROOM].run)  # type: ignore[arg-type]
    first.tick()
    first.stop()
    second = Encoder(tmp_path)
    try:
        take.add(content[len(content) // 2 :]).end()
        (room / "ended").touch()
        until(finished(room), second)
        assert (layout.read_json(room / "hls" / "1-3" / "run.json") or {})["rungs"] == ["video", "audio"]
    finally:
        second.stop()


def test_garbage_in_the_middle_does_not_keep_the_rest_waiting(room: Path, encoder: Encoder) -> None:
    content = recording()
    Growing(room).add(content[: len(content) // 2] + b"\xff" * 70_000 + b"x" * 1000).end()
    Growing(room, 2).add(content).end()
    (room / "ended").touch()
    until(finished(room), encoder, 120)
    assert frames(room) >= 120


def test_what_is_no_recording_at_all_is_given_up(room: Path, encoder: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.stage.encoder.rooms.PAUSES_SECONDS", (0.0,))
    Growing(room).add(b"\x1a\x45\xdf\xa3" + os.urandom(5000)).end()
    (room / "ended").touch()
    until(finished(room), encoder)
    assert stream(room) == ""


@pytest.mark.parametrize("size", [0, 40, 8000])  # of the first cluster: nothing, a cut block, half a key frame
def test_a_browser_lost_as_it_began_does_not_keep_the_next_one_waiting(room: Path, encoder: Encoder, size: int) -> None:
    content = recording()
    index = Index()
    index.feed(content)
    Growing(room).add(content[: (index.header_end or 0) + size]).end()
    Growing(room, 2).add(content)
    until(lambda: "2-1/" in stream(room), encoder, 12)  # eight tries with their pauses would take twice as long
    assert (room / "hls" / "take-1.done").exists()


def test_a_take_that_still_grows_is_not_given_up(room: Path, encoder: Encoder) -> None:
    """An ffmpeg killed before the first key frame has come whole."""
    content = recording()
    growing = Growing(room).add(content[:3000])
    until(lambda: encoder.at_work, encoder)
    run = encoder.rooms[ROOM].run
    assert run is not None
    run.child.kill()
    until(lambda: encoder.rooms[ROOM].failures, encoder)
    growing.add(content[3000:]).end()
    until(lambda: (room / "hls" / "take-1.done").exists(), encoder)
    assert stream(room).count("#EXTINF") >= 5


def test_rooms_beyond_the_bound_wait_for_their_turn(tmp_path: Path) -> None:
    encoder = Encoder(tmp_path, most_rooms=1)
    one, two = tmp_path / "live" / "1", tmp_path / "live" / "2"
    try:
        first = Growing(one).add(recording())
        encoder.tick()
        Growing(two).add(recording()).end()
        until(lambda: stream(one).count("#EXTINF") >= 3, encoder)
        assert (encoder.at_work, stream(two)) == (1, "")
        encoder.scanned = encoder.beaten = float("-inf")  # on a quick machine the second room is not looked for yet
        encoder.tick()
        beat = layout.read_json(tmp_path / "live" / "encoder.json") or {}
        assert (beat["waiting"], list(beat["behind_ms"])) == (1, ["1"])
        first.end()
        (one / "ended").touch()
        until(lambda: stream(two).count("#EXTINF") == 6, encoder)
    finally:
        encoder.stop()


def test_it_is_a_small_process() -> None:
    told = "import sys, app.stage.encoder.__main__; print(sorted({name.partition('.')[0] for name in sys.modules} & {'flask', 'sqlalchemy', 'gevent'}))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
