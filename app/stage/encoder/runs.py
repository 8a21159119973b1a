"""One run of ffmpeg over one take: fed from the growing file by a thread, its finished segments written down as they come."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.media.confined import MIB, Limits, command, environment
from app.stage import layout
from app.stage.encoder import commands
from app.stage.encoder.index import READ_AT_ONCE, TakeIndex
from app.stage.encoder.ladders import Ladder, ladders
from app.stage.encoder.merging import Part, read_run_playlist, read_segments, run_playlist
from app.stage.layout import RUNGS

LIMITS = Limits(memory_bytes=1536 * MIB, seconds=12 * 3600, file_bytes=64 * MIB, open_files=64, niceness=3)
LOOK_EVERY_SECONDS = 0.05
AHEAD_MS = 60_000  # how much more than its segments ffmpeg is given: its list of segments must not outrun us
HANGS_SECONDS = 20.0


@dataclass(slots=True)
class Made:
    """What a run has made so far, as its folder says; also of a run that died long ago. `start_ms` is counted in the recording; `step` says which
    ladder it makes."""

    folder: Path
    take: int
    run: int
    start_ms: int
    step: int
    part: Part

    @classmethod
    def begin(cls, hls: Path, take: layout.Take, run: int, start_ms: int, step: int = 0) -> Made:
        folder = hls / f"{take.number}-{run}"
        rungs = ladders(take.copies_picture)[step].rungs
        for rung in rungs:
            (folder / rung).mkdir(parents=True, exist_ok=True)
        made = cls(folder, take.number, run, start_ms, step, Part(folder.name, take.started_ms + start_ms, rungs=rungs))
        told = {"start_ms": start_ms, "starts_ms": made.part.starts_ms, "step": step, "rungs": rungs}
        layout.write_whole(folder / "run.json", json.dumps(told))
        return made

    @classmethod
    def recall(cls, folder: Path) -> Made | None:
        told = layout.read_json(folder / "run.json")
        take, _, run = folder.name.partition("-")
        if told is None or not (take.isdigit() and run.isdigit()):
            return None
        rungs = tuple(told.get("rungs", RUNGS))
        made = cls(folder, int(take), int(run), told["start_ms"], told.get("step", 0), Part(folder.name, told["starts_ms"], rungs=rungs))
        for rung in rungs:
            made._recall(folder / f"{rung}.segments", rung)
        made.collect()
        return made

    def _recall(self, kept: Path, rung: str) -> None:
        text = kept.read_text() if kept.exists() else ""
        self.part.segments[rung] = read_segments(text)
        if text and not text.endswith("\n"):  # whoever wrote it died in the middle of a line
            layout.write_whole(kept, text.rpartition("\n")[0] + "\n")

    def settle(self) -> None:
        """Nothing more comes of this run: its playlists name all of it, for the recording, and say so."""
        self.collect()
        for rung in self.part.rungs:
            segments = self.part.segments[rung]
            if segments:
                layout.write_whole(self.folder / rung / "index.m3u8", run_playlist(segments, self.part.header(rung)))
            else:
                (self.folder / rung / "index.m3u8").unlink(missing_ok=True)

    @property
    def end_ms(self) -> int:
        """How far the recording is made in every rung."""
        return self.start_ms + round(self.part.seconds * 1000)

    def collect(self) -> bool:
        """Write down the segments that ffmpeg finished since the last look; true when there are any."""
        return bool(sum(self._collect(rung) for rung in self.part.rungs))

    def _collect(self, rung: str) -> bool:
        try:
            first, listed = read_run_playlist((self.folder / rung / "index.m3u8").read_text())
        except FileNotFoundError:
            return False
        known = self.part.segments[rung]
        fresh = listed[max(0, len(known) - first) :]
        if not fresh:
            return False
        with (self.folder / f"{rung}.segments").open("a") as file:
            file.write("".join(f"{one.seconds:.6f} {one.name}\n" for one in fresh))
        known += fresh
        return True


class Run:
    """An ffmpeg at work."""

    def __init__(self, made: Made, index: TakeIndex, take_folder: Path, place: int, ladder: Ladder):
        self.made, self.index = made, index
        self.complaints = made.folder / "errors.txt"
        with self.complaints.open("wb") as complaints:
            self.child = subprocess.Popen(
                command(commands.live(made.folder, ladder), LIMITS),
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=complaints,
                env=environment(made.folder),
                cwd=made.folder,
            )
        self.fed_wholly = self.hung = False
        self.fed, self.progressed = place, time.monotonic()
        self.stopped = threading.Event()
        self.feeder = threading.Thread(target=self._feed, args=(take_folder, place), daemon=True)
        self.feeder.start()

    def _feed(self, take_folder: Path, place: int) -> None:
        pipe = self.child.stdin
        assert pipe is not None
        try:
            if place:
                _write(pipe.fileno(), self.index.header)
            while not self.stopped.is_set():
                self._wait_for_ffmpeg()
                piece = os.pread(self.index.file, READ_AT_ONCE, self.fed)
                self.index.catch_up()
                if piece:
                    _write(pipe.fileno(), piece)
                    self.fed += len(piece)
                elif self._has_ended(take_folder):
                    self.fed_wholly = True
                    break
                else:
                    self.stopped.wait(LOOK_EVERY_SECONDS)
        except OSError:
            return  # ffmpeg has gone: whoever looks after the room starts another
        finally:
            with suppress(OSError):
                pipe.close()

    def _wait_for_ffmpeg(self) -> None:
        while self.behind_ms > AHEAD_MS and not self.stopped.wait(LOOK_EVERY_SECONDS):
            pass

    def _has_ended(self, take_folder: Path) -> bool:
        """No more pieces come, and none came between looking for bytes and reading that."""
        take = layout.read_take(take_folder)
        return bool(take and take.ended) and os.fstat(self.index.file).st_size <= self.fed

    @property
    def behind_ms(self) -> int:
        """How much of what ffmpeg was given has not come out yet."""
        return max(0, self.index.ms_at(self.fed) - self.made.end_ms)

    def collect(self) -> bool:
        news = self.made.collect()
        if news or self.behind_ms < 3000:
            self.progressed = time.monotonic()
        elif time.monotonic() - self.progressed > HANGS_SECONDS:
            self.hung = True
            self.child.kill()
        return news

    @property
    def has_gone(self) -> bool:
        return self.child.poll() is not None

    def stop(self) -> None:
        self.stopped.set()
        if not self.has_gone:
            self.child.kill()
        self.child.wait()
        self.feeder.join(5)

    def complaint(self) -> str:
        return self.complaints.read_bytes()[-300:].decode("utf-8", "replace").strip()


def _write(pipe: int, content: bytes) -> None:
    while content:
        content = content[os.write(pipe, content) :]
