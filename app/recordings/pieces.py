"""The live pieces of a webinar, as its encoder left them, and how they become one video by linking.

    live/<webinar>/hls/<take>-<run>/run.json            where in its take the run began, and when that was
                                    <rung>.segments     the segments of one quality, a line each: seconds and name
                                    <rung>/...          their files, and the header before them
    live/<webinar>/hls/finished                         the encoder has made all there is

A take has several runs when its encoder had to begin again. What was live is never encoded again here: every segment is linked under a
new name, and each quality gets one playlist in which EXT-X-DISCONTINUITY stands between two runs.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from app.stage.layout import read_json

AUDIO = "audio"
_RUN = re.compile(r"([0-9]+)-([0-9]+)")
_HEADER = re.compile(r'URI="([\w.\-]+)"')
_SAFE_NAME = re.compile(r"[\w\-][\w.\-]*")


@dataclass(frozen=True, slots=True)
class Piece:
    """One segment of one quality: its file, its length, and the file that stands before it (fMP4), if any."""

    file: Path
    seconds: float
    header: Path | None = None

    @property
    def ending(self) -> str:
        return self.file.suffix.lstrip(".")


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the encoder: the pieces of each quality by its name. `start_ms` is counted in its take."""

    take: int
    number: int
    rungs: dict[str, tuple[Piece, ...]] = field(default_factory=dict)
    start_ms: int = 0

    @property
    def seconds(self) -> float:
        """What every quality has: one that was cut off in the middle of a segment ends a piece earlier."""
        return min((sum(piece.seconds for piece in pieces) for pieces in self.rungs.values()), default=0.0)


def read_runs(folder: Path) -> list[Run]:
    """The runs below a webinar's `hls` folder that have something to play, in order. Damaged playlists and segments are left out."""
    found = []
    for place in sorted(folder.iterdir()) if folder.is_dir() else ():
        named = _RUN.fullmatch(place.name)
        if named is None or not place.is_dir():
            continue
        rungs = {rung.name: pieces for rung in sorted(place.iterdir()) if rung.is_dir() and (pieces := _read_rung(rung))}
        told = read_json(place / "run.json") or {}
        run = _cut_to_common_length(Run(int(named[1]), int(named[2]), rungs, int(told.get("start_ms", 0))))
        if run.seconds > 0:
            found.append(run)
    return sorted(found, key=lambda run: (run.take, run.number))


def is_finished(folder: Path) -> bool:
    return (folder / "finished").exists()


def newest_change(folder: Path) -> float:
    """When the encoder last wrote down a segment (seconds since the epoch); 0 before the first."""
    return max((listed.stat().st_mtime for listed in folder.glob("*-*/*.segments")), default=0.0)


def _text(file: Path) -> str:
    try:
        return file.read_text(errors="replace")
    except OSError:
        return ""


def _read_rung(folder: Path) -> tuple[Piece, ...]:
    """The encoder's own list is whole; ffmpeg's playlist may only tell of the newest."""
    playlist = _text(folder / "index.m3u8")
    listed = folder.with_name(f"{folder.name}.segments")
    if not listed.exists():
        return _read_playlist(playlist, folder)
    named = _HEADER.search(playlist)
    header = folder / named[1] if named else next(iter(sorted(folder.glob("init*.mp4"))), None)
    found = [
        _piece(folder, name, _seconds(seconds), header) for seconds, _space, name in (line.partition(" ") for line in _whole_lines(listed))
    ]
    return tuple(piece for piece in found if piece)


def _whole_lines(listed: Path) -> list[str]:
    """Without a last one that was cut off in the middle."""
    return _text(listed).rpartition("\n")[0].splitlines()


def _read_playlist(playlist: str, folder: Path) -> tuple[Piece, ...]:
    pieces: list[Piece] = []
    header: Path | None = None
    seconds = 0.0
    for entry in playlist.splitlines():
        if entry.startswith("#EXT-X-MAP:"):
            named = _HEADER.search(entry)
            header = folder / named[1] if named else None
        elif entry.startswith("#EXTINF:"):
            seconds = _seconds(entry[8:])
        elif entry and not entry.startswith("#"):
            piece = _piece(folder, entry, seconds, header)
            pieces += [piece] if piece else []
            seconds = 0.0
    return tuple(pieces)


def _piece(folder: Path, name: str, seconds: float, header: Path | None) -> Piece | None:
    """None for what is not there, or named in a way that no segment is."""
    if seconds <= 0 or not _SAFE_NAME.fullmatch(name) or not _has_bytes(folder / name) or (header is not None and not _has_bytes(header)):
        return None
    return Piece(folder / name, seconds, header)


def _seconds(said: str) -> float:
    try:
        return float(said.partition(",")[0])
    except ValueError:
        return 0.0


def _has_bytes(file: Path) -> bool:
    try:
        return file.is_file() and file.stat().st_size > 0
    except OSError:
        return False


def _cut_to_common_length(run: Run) -> Run:
    """Drop what only some qualities have at the end, so that all of them break off at the same second."""
    whole = run.seconds
    cut: dict[str, tuple[Piece, ...]] = {}
    for name, pieces in run.rungs.items():
        kept, so_far = [], 0.0
        for piece in pieces:
            if kept and so_far + piece.seconds / 2 > whole:
                break
            kept.append(piece)
            so_far += piece.seconds
        cut[name] = tuple(kept)
    return replace(run, rungs=cut)


def pictures_of(runs: Sequence[Run]) -> list[str]:
    """The names of the qualities with a picture that any run has."""
    return list(dict.fromkeys(name for run in runs for name in run.rungs if name != AUDIO))


def best_of(run: Run) -> str:
    """The quality that weighs most, a picture before sound alone."""
    with_picture = [name for name in run.rungs if name != AUDIO] or list(run.rungs)
    return max(with_picture, key=lambda name: sum(piece.file.stat().st_size for piece in run.rungs[name]))


def lined_up(runs: Sequence[Run], rung: str) -> list[tuple[Piece, ...]]:
    """One quality through all runs; a run that lacks it gives the best it has (its sound, for sound alone: else the picture with sound)."""
    return [run.rungs[rung] if rung in run.rungs else run.rungs[best_of(run)] for run in runs]


def first_bytes(piece: Piece) -> bytes:
    """A piece that can be read by itself."""
    return (piece.header.read_bytes() if piece.header else b"") + piece.file.read_bytes()


@dataclass(frozen=True, slots=True)
class Link:
    """A file of the recording, and the live file that it is."""

    name: str
    source: Path


def plan_rung(lines: Sequence[tuple[Piece, ...]]) -> tuple[str, list[Link]]:
    """The playlist of one quality, and the files it names."""
    links: list[Link] = []
    body: list[str] = []
    headers: dict[Path, str] = {}
    current: str | None = None
    longest, number = 1.0, 0
    for place, pieces in enumerate(lines):
        if place:
            body.append("#EXT-X-DISCONTINUITY")
        for piece in pieces:
            if piece.header is not None:
                if piece.header not in headers:
                    headers[piece.header] = f"init{len(headers)}.mp4"
                    links.append(Link(headers[piece.header], piece.header))
                if headers[piece.header] != current:
                    current = headers[piece.header]
                    body.append(f'#EXT-X-MAP:URI="{current}"')
            name = f"{number:05d}.{piece.ending}"
            links.append(Link(name, piece.file))
            body += [f"#EXTINF:{piece.seconds:.6f},", name]
            longest, number = max(longest, piece.seconds), number + 1
    head = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{round(longest + 0.499)}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        "#EXT-X-INDEPENDENT-SEGMENTS",
    ]
    return "\n".join([*head, *body, "#EXT-X-ENDLIST"]) + "\n", links
