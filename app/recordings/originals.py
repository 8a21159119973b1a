"""One MP4 of everything that was recorded: each take remuxed, then joined by copy. Nothing is encoded here.

Joining the raw bytes of two recorders loses all but the first, so each take becomes a file of its own before they are joined. Each is given
exactly the time that it has in the live pieces, so a second of the recording stays that second when a better ladder replaces them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from app.media import encoder
from app.media.confined import MIB, Limits
from app.media.encoder import EncodingFailed
from app.media.ffmpeg import find_ffmpeg

GIGABYTE = 1024 * MIB
LIMITS = Limits(memory_bytes=3072 * MIB, seconds=3600, file_bytes=64 * GIGABYTE, open_files=4096, niceness=0)
LONGEST_CALL_SECONDS = 3600
RAW_FORMATS = "matroska,webm"
TOLERANCE_SECONDS, TOLERANCE_SHARE = 3.0, 0.02
_SAME_BYTES_AGAIN = ("-map_metadata", "-1", "-fflags", "+bitexact", "-flags:v", "+bitexact", "-flags:a", "+bitexact")


@dataclass(frozen=True, slots=True)
class Remuxed:
    """A file that can be joined to others, and how long it is."""

    file: Path
    seconds: float


def remux_raw(raw: Path, target: Path, work: Path) -> Remuxed:
    """A take as MP4. Raises EncodingFailed when it is damaged from its beginning, or of a kind that MP4 cannot hold."""
    given = ["-protocol_whitelist", "file", "-format_whitelist", RAW_FORMATS, "-i", f"file:{raw}"]
    return _copy([*given, "-map", "0:v:0", "-map", "0:a:0?"], target, work)


def remux_playlist(playlist: Path, target: Path, work: Path) -> Remuxed:
    """Live pieces as MP4."""
    given = ["-protocol_whitelist", "file", "-allowed_extensions", "ALL", "-i", str(playlist)]
    return _copy([*given, "-map", "0:v:0", "-map", "0:a:0?"], target, work)


def _copy(given: list[str], target: Path, work: Path) -> Remuxed:
    done = 0.0

    def tell(seconds: float) -> None:
        nonlocal done
        done = max(done, seconds)

    _run([*given, "-c", "copy", *_SAME_BYTES_AGAIN, "-f", "mp4", str(target)], work, tell)
    if done <= 0 or not target.exists():
        raise EncodingFailed("nothing to copy")
    return Remuxed(target, done)


def cut_raw(raw: Path, folder: Path, work: Path, copy_picture: bool) -> None:
    """Make pieces of a take that has none, as a live encoder would have."""
    folder.mkdir(parents=True)
    picture = (
        ["-c:v", "copy"] if copy_picture else ["-c:v", "libx264", "-preset", "superfast", "-crf", "24", "-pix_fmt", "yuv420p", "-g", "60"]
    )
    sound = ["-c:a", "aac", "-b:a", "96k", "-ac", "2", "-ar", "48000", "-af", "aresample=async=1000"]
    made = [
        "-f",
        "hls",
        "-hls_time",
        "4",
        "-hls_playlist_type",
        "vod",
        "-hls_segment_filename",
        f"{folder}/%05d.ts",
        f"{folder}/index.m3u8",
    ]
    given = ["-protocol_whitelist", "file", "-format_whitelist", RAW_FORMATS, "-i", f"file:{raw}", "-map", "0:v:0", "-map", "0:a:0?"]
    _run([*given, *picture, *sound, *made], work)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some seconds of a file, from a key frame on."""

    file: Path
    start: float
    seconds: float


def join(stretches: Sequence[Stretch], target: Path, work: Path) -> None:
    """One behind the other, each for exactly so many seconds."""
    listed = work / "takes.txt"
    lines = ["ffconcat version 1.0"]
    for one in stretches:
        lines += [f"file '{one.file.name}'", *([f"inpoint {one.start:.6f}"] if one.start else [])]
        lines += [f"outpoint {one.start + one.seconds:.6f}", f"duration {one.seconds:.6f}"]
    listed.write_text("\n".join(lines) + "\n")
    given = ["-protocol_whitelist", "file", "-f", "concat", "-safe", "0", "-i", str(listed)]
    _run([*given, "-map", "0", "-c", "copy", *_SAME_BYTES_AGAIN, "-f", "mp4", str(target)], work)


def draw_poster(piece: Path, width: int, height: int, target: Path, work: Path) -> None:
    """One picture from the beginning of a piece."""
    whole_range = f"scale={width}:{height}:out_range=full,format=yuvj420p"  # recorders often say nothing about the range of their colors
    given = ["-protocol_whitelist", "file", "-i", f"file:{piece}", "-map", "0:v:0", "-frames:v", "1"]
    _run([*given, "-vf", whole_range, "-q:v", "4", "-map_metadata", "-1", "-f", "image2", str(target)], work)


def _run(arguments: list[str], work: Path, tell: Callable[[float], None] | None = None) -> None:
    encoder.run([find_ffmpeg(), "-y", *arguments], LIMITS, work, LONGEST_CALL_SECONDS, tell)


def agree(raw_seconds: float, live_seconds: float) -> bool:
    """Whether the raw take and its live pieces show the same, but for what a restarted encoder may have lost."""
    return abs(raw_seconds - live_seconds) <= TOLERANCE_SECONDS + TOLERANCE_SHARE * live_seconds
