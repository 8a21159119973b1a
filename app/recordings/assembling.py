"""From takes and live pieces to files: one original, and the folder that is streamed until a better ladder takes its place."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from app.kernel.storage import storage
from app.media import playlists
from app.media.encoder import EncodingFailed
from app.media.playlists import Variant
from app.media.probe import probe_video
from app.media.refusals import Refused
from app.media.rules import Rung
from app.recordings import originals, pieces
from app.recordings.originals import Stretch
from app.recordings.pieces import AUDIO, Piece, Run

SHORTEST_TAKE_SECONDS = 0.5
CUT_RUN = 0  # of pieces that were cut from the raw take, because there were no live ones
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Take:
    """A take as its rows tell it: its number, its beginning on the clock and its raw file (None: it is gone)."""

    number: int
    started_at: float
    raw: Path | None


@dataclass(frozen=True, slots=True)
class Damaged:
    """A take that could not be used, and why."""

    take: int
    reason: str


@dataclass(slots=True)
class Material:
    """What was found of all takes: the runs to link, what to join, when each run began and how long it is, and what was left out."""

    runs: list[Run] = field(default_factory=list)
    stretches: list[Stretch] = field(default_factory=list)
    times: list[tuple[int, float, int]] = field(default_factory=list)
    damaged: list[Damaged] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        return sum(run.seconds for run in self.runs)


def gather(takes: Sequence[Take], live: Sequence[Run], work: Path) -> Material:
    """Look at every take, in the order in which they began."""
    found = Material()
    for take in sorted(takes, key=lambda one: (one.started_at, one.number)):
        runs = [run for run in live if run.take == take.number]
        try:
            used, stretches = _look_at(take, runs, work)
        except (EncodingFailed, Refused, OSError) as error:
            log.warning("take_damaged", take=take.number, reason=str(error))
            found.damaged.append(Damaged(take.number, str(error)[:200]))
            continue
        found.runs += used
        found.stretches += stretches
        found.times += [(take.number, take.started_at + run.start_ms / 1000, round(run.seconds * 1000)) for run in used]
    return found


def _look_at(take: Take, runs: list[Run], work: Path) -> tuple[list[Run], list[Stretch]]:
    """The runs of one take and what of which file they are: the raw one where it shows what was live, else whichever there is more of."""
    live_seconds = sum(run.seconds for run in runs)
    live_end = max((run.start_ms / 1000 + run.seconds for run in runs), default=0.0)
    raw = _remuxed(take, work)
    if raw is not None and runs and originals.agree(raw.seconds, live_end):
        return runs, [Stretch(raw.file, run.start_ms / 1000, run.seconds) for run in runs]
    if take.raw is not None and live_end < SHORTEST_TAKE_SECONDS + (raw.seconds if raw else 0.0):
        cut = _cut(take, raw is not None, work)
        if cut.seconds > max(live_seconds, SHORTEST_TAKE_SECONDS):
            return [cut], [Stretch(raw.file, 0.0, cut.seconds) if raw else _joined_pieces(cut, work)]
    if live_seconds < SHORTEST_TAKE_SECONDS:
        raise EncodingFailed("nothing to be played in it")
    return runs, [_joined_pieces(run, work) for run in runs]


def _remuxed(take: Take, work: Path) -> originals.Remuxed | None:
    if take.raw is None:
        return None
    try:
        return originals.remux_raw(take.raw, work / f"take-{take.number}.mp4", work)
    except EncodingFailed as error:
        log.info("raw_take_not_copied", take=take.number, reason=str(error)[:200])
        return None


def _cut(take: Take, copy_picture: bool, work: Path) -> Run:
    assert take.raw is not None
    folder = work / "cut" / f"{take.number}-{CUT_RUN}" / "source"
    originals.cut_raw(take.raw, folder, work, copy_picture)
    cut = [run for run in pieces.read_runs(work / "cut") if run.take == take.number]
    return cut[0] if cut else Run(take.number, CUT_RUN)


def _joined_pieces(run: Run, work: Path) -> Stretch:
    """The best quality of a run as one file."""
    folder = work / f"run-{run.take}-{run.number}"
    folder.mkdir()
    playlist, links = pieces.plan_rung([run.rungs[pieces.best_of(run)]])
    for link in links:
        os.symlink(link.source, folder / link.name)
    (folder / "index.m3u8").write_text(playlist)
    return Stretch(originals.remux_playlist(folder / "index.m3u8", work / f"{folder.name}.mp4", work).file, 0.0, run.seconds)


@dataclass(frozen=True, slots=True)
class Original:
    path: Path
    sha256: str
    size: int


def make_original(found: Material, work: Path) -> Original:
    """Join the takes. The same takes give the same bytes, so a second try finds what the first one stored."""
    path = work / "original.mp4"
    originals.join(found.stretches, path, work)
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
        os.fsync(file.fileno())
    return Original(path, digest.hexdigest(), path.stat().st_size)


@dataclass(frozen=True, slots=True)
class Streamed:
    """What a player needs to know of the linked folder: columns of the asset."""

    columns: dict[str, Any]


def link_pieces(found: Material, prefix: str, work: Path) -> Streamed:
    """Fill the folder below `prefix` with links to the live pieces, its playlists and its poster. Raises EncodingFailed when no quality can
    be used."""
    folder = storage().grow_folder(prefix)
    rungs, loud = _link_pictures(found, prefix, folder, work)
    sound = _link_sound(found, prefix, folder) if loud else None
    if not rungs and sound is None:
        raise EncodingFailed("no quality of the live pieces can be used")
    variants = [Variant(rung.name, 0, loud, rung.width, rung.height, rate) for rung, rate in rungs] or [Variant(AUDIO, 0, True)]
    playlists.write_master(folder, variants, complete=True)
    best = rungs[-1][0] if rungs else None
    poster = _draw_poster(found, best, folder, work) if best else None
    _to_disk(folder)
    first = folder / (rungs[0][0].name if rungs else AUDIO) / "index.m3u8"
    renditions = {
        "master": "master.m3u8",
        "pieced": True,
        "rungs": [
            {"name": r.name, "path": f"{r.name}/index.m3u8", "width": r.width, "height": r.height, "bytes": _weight(folder / r.name)}
            for r, _rate in rungs
        ],
        "audio": sound,
        "sounds": [] if rungs or sound is None else [{"name": "48k", **sound}],
        "small": None,
        "sprite": None,
    }
    seconds = round(sum(playlists.segment_lengths(first)), 3)
    size = {"width": best.width, "height": best.height} if best else {}
    return Streamed({"renditions": renditions, "duration_seconds": seconds, "poster": poster} | size)


def _link_pictures(found: Material, prefix: str, folder: Path, work: Path) -> tuple[list[tuple[Rung, float]], bool]:
    """The qualities with a picture, the lightest first, each with its pictures per second; and whether they have sound."""
    made: list[tuple[Rung, float]] = []
    loud = False
    for name in pieces.pictures_of(found.runs):
        try:
            longest = max((run for run in found.runs if name in run.rungs), key=lambda run: run.seconds)
            facts = probe_video(_sample(longest.rungs[name], work))
        except Refused as refused:
            log.warning("live_rung_refused", rung=name, code=refused.code, detail=refused.detail)
            continue
        if facts.video_index is None:
            continue
        loud = loud or facts.audio_index is not None
        shown = f"{min(facts.width, facts.height)}p"
        called = shown if all(rung.name != shown for rung, _rate in made) else f"{shown}-{name}"
        _link_rung(pieces.lined_up(found.runs, name), f"{prefix}/{called}", folder / called)
        made.append((Rung(called, facts.width, facts.height, 0, 0, facts.channels or 2), facts.frame_rate))
    return sorted(made, key=lambda one: (one[0].height, _weight(folder / one[0].name))), loud


def _link_sound(found: Material, prefix: str, folder: Path) -> dict[str, Any] | None:
    """Sound alone; a run without it (one that was cut from a raw take) gives its picture with sound, which players of sound can use."""
    if not any(AUDIO in run.rungs for run in found.runs):
        return None
    _link_rung(pieces.lined_up(found.runs, AUDIO), f"{prefix}/{AUDIO}", folder / AUDIO)
    return {"path": f"{AUDIO}/index.m3u8", "bytes": _weight(folder / AUDIO)}


def _link_rung(lines: Sequence[tuple[Piece, ...]], prefix: str, folder: Path) -> None:
    playlist, links = pieces.plan_rung(lines)
    for link in links:
        storage().link(f"{prefix}/{link.name}", link.source)
    (folder / "index.m3u8").write_text(playlist)


def _sample(rung: Sequence[Piece], work: Path) -> Path:
    """The beginning of a quality as a file to look at."""
    sample = work / "sample"
    sample.write_bytes(
        b"".join([pieces.first_bytes(rung[0]), *(piece.file.read_bytes() for piece in rung[1:3] if piece.header == rung[0].header)])
    )
    return sample


def _draw_poster(found: Material, best: Rung, folder: Path, work: Path) -> str | None:
    """A picture from a tenth of the way in, where somebody speaks. A recording without a poster is better than none."""
    lines = [piece for line in pieces.lined_up(found.runs, pieces.best_of(found.runs[0])) for piece in line]
    first = work / "poster-from"
    first.write_bytes(pieces.first_bytes(lines[len(lines) // 10]))
    try:
        originals.draw_poster(first, best.width, best.height, folder / "poster.jpg", work)
    except EncodingFailed as error:
        log.warning("poster_failed", reason=str(error)[:200])
        return None
    return "poster.jpg" if (folder / "poster.jpg").exists() else None


def _weight(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


def _to_disk(folder: Path) -> None:
    """The links are entries of their folders: one fsync of each makes them lasting. What they name was written while it was live."""
    for place in (*(p for p in folder.rglob("*") if p.is_dir()), folder, folder.parent):
        handle = os.open(place, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
