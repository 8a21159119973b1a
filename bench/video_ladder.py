"""The making of a video: its CPU beside hand-written commands, and how soon its first second can be played.

`python -m bench.video_ladder`; `run(work)` yields the figures. The references make the same qualities from the same source: the fastest of
some hand-written single commands (with poster and preview sheet), and one command for each quality alone. "Ours" is everything
`transcoder.transcode` does, with its supervision, poster, sheet and small file. SOURCE_SECONDS and ROUNDS change the source and how often;
MINUTES the long source. 0 rounds or minutes leave that part out. With PATIENCE the long one is watched for so many seconds only, and the
rest is what the product itself says is left.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from app.media import transcoder
from app.media.ffmpeg import find_ffmpeg
from app.media.probe import probe_video
from app.media.rules import SEGMENT_SECONDS, Rung, VideoFacts, ladder_for
from bench.figures import HEADING, Figure, machine, rounds
from bench.instances import Instance, stop

SECONDS, ROUNDS = int(os.environ.get("SOURCE_SECONDS", "60")), int(os.environ.get("ROUNDS", "3"))
MINUTES, PATIENCE = float(os.environ.get("MINUTES", "10")), float(os.environ.get("PATIENCE", "0"))
SINGLE_BAR, ALONE_BAR, FIRST_BAR = 1.05, 0.65, 0.05
PIECE_SECONDS = 20
LOUD = "loudnorm=I=-16:TP=-1.5:LRA=11,aresample=48000"


class Deaf:
    """Follows the work and does nothing with it."""

    def encoded(self, percent: int, seconds_left: int | None) -> None:
        return

    def can_be_watched(self, renditions: dict[str, Any]) -> None:
        return

    def has_poster(self) -> None:
        return

    def look(self) -> None:
        return


def make_source(path: Path, seconds: float) -> Path:
    """What a phone records: 1080p, 30 frames per second, H.264 High at 16 Mbit/s, with a camera's noise. Long ones repeat a piece."""
    piece = path.with_name("piece.mp4")
    if not piece.exists():
        length = min(seconds, PIECE_SECONDS)
        subprocess.run(
            [
                find_ffmpeg(), "-v", "error", "-f", "lavfi", "-i", f"testsrc2=size=1920x1080:rate=30:duration={length}",
                "-f", "lavfi", "-i", f"anoisesrc=d={length}:c=pink:a=0.2:r=48000,tremolo=f=3", "-vf", "noise=alls=6:allf=t",
                "-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high", "-b:v", "16M", "-maxrate", "20M", "-bufsize", "20M", "-g", "30", "-pix_fmt", "yuv420p", "-c:a", "aac", str(piece),
            ],
            check=True,
        )  # fmt: skip
    again = ["-stream_loop", str(int(seconds // PIECE_SECONDS))]
    subprocess.run([find_ffmpeg(), "-v", "error", "-y", *again, "-i", str(piece), "-t", str(seconds), "-c", "copy", str(path)], check=True)
    return path


def cpu_of(work: Callable[[], object]) -> float:
    """Seconds of CPU of this process and of every child that ended meanwhile."""
    before = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    work()
    after = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(a.ru_utime + a.ru_stime - b.ru_utime - b.ru_stime for a, b in zip(after, before, strict=True))


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _encoder(rungs: Sequence[Rung], threads: int | None) -> list[str]:
    frames = str(30 * SEGMENT_SECONDS)
    told = [
        "-c:v",
        "libx264",
        "-preset",
        "veryfast",
        "-profile:v",
        "high",
        "-crf",
        "23",
        "-g",
        frames,
        "-keyint_min",
        frames,
        "-sc_threshold",
        "0",
    ]
    told += ["-c:a", "aac", "-ar", "48000", *(("-threads", str(threads)) if threads else ())]
    for i, rung in enumerate(rungs):
        told += [f"-maxrate:v:{i}", f"{rung.video_kbit}k", f"-bufsize:v:{i}", f"{2 * rung.video_kbit}k"]
        told += [f"-b:a:{i}", f"{rung.audio_kbit}k", f"-ac:a:{i}", str(rung.channels)]
    return told


def _stream(variants: str, folder: Path) -> list[str]:
    told = [
        "-f",
        "hls",
        "-hls_time",
        str(SEGMENT_SECONDS),
        "-hls_playlist_type",
        "vod",
        "-hls_segment_type",
        "fmp4",
        "-master_pl_name",
        "master.m3u8",
    ]
    return [*told, "-var_stream_map", variants, "-hls_segment_filename", f"{folder}/%v/%05d.m4s", f"{folder}/%v/index.m3u8"]


def single_command(source: Path, rungs: Sequence[Rung], folder: Path, in_steps: bool, threads: int | None) -> list[str]:
    """Everything in one command by hand: each size from the source, or (`in_steps`) each from the next larger."""
    last = len(rungs)
    small = rungs[0]
    if in_steps:
        graph = f"[0:v]split=2[v{last - 1}][s{last - 1}];"
        for i in range(last - 2, -1, -1):
            out = f",split=2[v{i}][s{i}]" if i else ",split=2[v0][sheet]"
            graph += f"[s{i + 1}]scale={rungs[i].width}:{rungs[i].height}{out};"
    else:
        graph = f"[0:v]split={last + 1}" + "".join(f"[s{i}]" for i in range(last)) + "[sheet];"
        graph += "".join(f"[s{i}]scale={rung.width}:{rung.height}[v{i}];" for i, rung in enumerate(rungs))
    graph += f"[sheet]fps=1/{SEGMENT_SECONDS},scale=160:90,tile=10x10[sprite];"
    graph += f"[0:a]{LOUD},asplit={last + 1}" + "".join(f"[a{i}]" for i in range(last + 1))
    told = [find_ffmpeg(), "-v", "error", "-y", "-i", str(source), "-filter_complex", graph]
    for i in range(last):
        told += ["-map", f"[v{i}]"]
    for i in range(last + 1):
        told += ["-map", f"[a{i}]"]
    told += [*_encoder(rungs, threads), f"-b:a:{last}", "48k", f"-ac:a:{last}", "1"]
    told += _stream(" ".join([*(f"v:{i},a:{i}" for i in range(last)), f"a:{last}"]), folder)
    told += ["-map", "[sprite]", "-frames:v", "1", "-update", "1", f"{folder}/sprite.jpg"]
    return [
        *told,
        "-map",
        "0:v",
        "-ss",
        "3",
        "-frames:v",
        "1",
        "-update",
        "1",
        "-s",
        f"{small.width * 3}x{small.height * 3}",
        f"{folder}/poster.jpg",
    ]


def alone_commands(source: Path, rungs: Sequence[Rung], folder: Path) -> Iterator[list[str]]:
    """A command for each quality, as one would write them one after the other."""
    for rung in rungs:
        scaled = ["-vf", f"scale={rung.width}:{rung.height}", "-af", LOUD]
        yield [
            find_ffmpeg(),
            "-v",
            "error",
            "-y",
            "-i",
            str(source),
            *scaled,
            *_encoder([rung], None),
            *_stream("v:0,a:0", folder / rung.name),
        ]
    sound = ["-vn", "-af", LOUD, "-c:a", "aac", "-b:a", "48k", "-ac", "1"]
    yield [find_ffmpeg(), "-v", "error", "-y", "-i", str(source), *sound, *_stream("a:0", folder / "audio")]


def figures_of_cpu(work: Path) -> Iterator[Figure]:
    source = make_source(work / f"source-{SECONDS}.mp4", SECONDS)
    facts = probe_video(source)
    rungs = ladder_for(facts)
    by_hand = {
        "each size from the source": (False, None),
        "sizes in steps": (True, None),
        "sizes in steps, as many threads as cores": (True, os.cpu_count()),
    }
    measured: list[tuple[float, dict[str, float], float]] = []
    for _ in range(ROUNDS):
        hand = {name: cpu_of(_runner(single_command(source, rungs, _fresh(work / "hand"), *how))) for name, how in by_hand.items()}
        ours = cpu_of(lambda: _transcode(source, facts, work))
        alone = cpu_of(lambda: [subprocess.run(told, check=True) for told in alone_commands(source, rungs, _fresh(work / "alone"))])
        measured.append((ours, hand, alone))
    fastest = min(by_hand, key=lambda name: sum(hand[name] for _, hand, _ in measured))
    value, beside, ratio = rounds([(ours, hand[fastest]) for ours, hand, _ in measured])
    yield Figure(f"whole ladder of {SECONDS} s 1080p, CPU; one command", value, "s", beside, ratio, SINGLE_BAR, note=fastest)
    value, beside, ratio = rounds([(ours, alone) for ours, _, alone in measured])
    yield Figure("whole ladder, CPU; each quality alone", value, "s", beside, ratio, ALONE_BAR, note=f"{len(rungs)} qualities and sound")
    lowest = work / "made" / rungs[0].name
    size = sum(file.stat().st_size for file in lowest.iterdir())
    yield Figure("lowest quality in all", size * 8 / 1000 / facts.duration_seconds, "kbit/s", bar=155)


def _runner(told: list[str]) -> Callable[[], object]:
    return lambda: subprocess.run(told, check=True)


def _transcode(source: Path, facts: VideoFacts, work: Path) -> None:
    transcoder.transcode(source, probe_video(source), _fresh(work / "made"), _fresh(work / "private"), Deaf())


def figures_of_waiting(work: Path) -> Iterator[Figure]:
    """From the moment the file is there to the first second that can be played, with the real worker."""
    source = make_source(work / "long.mp4", MINUTES * 60)
    instance = Instance(_fresh(work / "instance"))
    instance.flask("db", "upgrade")
    worker = instance.worker()
    try:
        _until(lambda: bool(instance.rows("SELECT 1 FROM worker_heartbeat")), worker, 60)
        asset_id = instance.python("bench.video_ladder", "bring-in", str(source))["asset_id"]
        began = time.monotonic()
        question = "SELECT is_watchable, state FROM media_asset WHERE id = ?"
        _until(lambda: instance.rows(question, asset_id)[0][0] == 1, worker, 600)
        first = time.monotonic() - began
        _until(
            lambda: instance.rows(question, asset_id)[0][1] == "READY" or 0 < PATIENCE < time.monotonic() - began, worker, MINUTES * 60 * 10
        )
        state, left = instance.rows("SELECT state, seconds_left FROM media_asset WHERE id = ?", asset_id)[0]
        whole = time.monotonic() - began + (0 if state == "READY" else left)
    finally:
        stop(worker)
    yield Figure(
        f"first playable second, {MINUTES:g} min of 1080p", first, "s", whole, first / whole, FIRST_BAR, note="beside: the whole ladder"
    )


def _until(reached: Callable[[], bool], worker: subprocess.Popen[bytes], seconds: float) -> None:
    give_up = time.monotonic() + seconds
    while not reached():
        if worker.poll() is not None or time.monotonic() > give_up:
            raise SystemExit("the worker did not get on; see bench.log in the instance")
        time.sleep(0.1)


def bring_in(path: str) -> None:
    """Store a file as an upload does, on the instance of the environment."""
    from app.factory import create_app
    from app.media.services import store_asset
    from config import Settings

    with create_app(Settings.from_environment()).app_context(), Path(path).open("rb") as stream:
        print(json.dumps({"asset_id": store_asset(stream, "panjang.mp4", "VIDEO", None).id}))


def run(work: Path) -> Iterator[Figure]:
    if ROUNDS:
        yield from figures_of_cpu(work)
    if MINUTES:
        yield from figures_of_waiting(work)


def main() -> int:
    if sys.argv[1:2] == ["bring-in"]:
        bring_in(sys.argv[2])
        return 0
    print(f"{machine()}\n{HEADING}", flush=True)
    met = True
    with tempfile.TemporaryDirectory(prefix="gurindam-bench-") as name:
        for figure in run(Path(name)):
            print(figure.line(), flush=True)
            met = met and figure.is_met is not False
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
