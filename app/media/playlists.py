"""Playlists of a video: what ffmpeg wrote is read, the master is written by us.

The master names the qualities with a picture, the lowest first. Sound alone is chosen by a person, never by a player that measures the
link: players change badly between the two. A recording without a picture has its sounds as qualities.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

SOUND_CODEC = "mp4a.40.2"  # AAC-LC, as ffmpeg's own encoder writes it
PEAK_SHARE = 1.4  # what one segment may weigh beyond its quality's limit, while no segment was measured yet


@dataclass(frozen=True, slots=True)
class Variant:
    """One quality as the master names it. `kbit` is the most it may weigh, picture and sound together."""

    folder: str
    kbit: int
    has_sound: bool
    width: int | None = None
    height: int | None = None
    frame_rate: float | None = None


def segment_lengths(playlist: Path) -> list[float]:
    """Seconds of each segment that is there."""
    return [float(entry[8:].rstrip(",")) for entry in playlist.read_text().splitlines() if entry.startswith("#EXTINF:")]


def segment_names(playlist: Path) -> list[str]:
    return [entry for entry in playlist.read_text().splitlines() if entry and not entry.startswith("#")]


def header(folder: Path) -> bytes:
    """What stands before the first segment of a quality; nothing where each segment begins by itself (MPEG-TS)."""
    named = re.search(r'^#EXT-X-MAP:URI="([\w.]+)"', (folder / "index.m3u8").read_text(), re.MULTILINE)
    return (folder / named[1]).read_bytes() if named else b""


def has_begun(folder: Path, variants: Sequence[Variant]) -> bool:
    """Whether every quality has a segment to play."""
    for variant in variants:
        try:
            if "#EXTINF:" not in (folder / variant.folder / "index.m3u8").read_text():
                return False
        except FileNotFoundError:
            return False
    return True


def write_master(folder: Path, variants: Sequence[Variant], complete: bool) -> None:
    """Write the master in one step. While the qualities grow it names their limits, in the end what they really weigh."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS", "#EXT-X-START:TIME-OFFSET=0"]
    for variant in variants:
        peak, average = _measured(folder / variant.folder) if complete else (int(variant.kbit * 1000 * PEAK_SHARE), variant.kbit * 1000)
        told = [f"BANDWIDTH={peak}", f"AVERAGE-BANDWIDTH={average}"]
        if variant.width and variant.height and variant.frame_rate:
            told += [f"RESOLUTION={variant.width}x{variant.height}", f"FRAME-RATE={variant.frame_rate:.3f}"]
        told.append(f'CODECS="{_codecs(folder / variant.folder, variant)}"')
        lines += [f"#EXT-X-STREAM-INF:{','.join(told)}", f"{variant.folder}/index.m3u8"]
    part = folder / "master.m3u8.tmp"
    part.write_text("\n".join(lines) + "\n")
    os.replace(part, folder / "master.m3u8")


def _measured(folder: Path) -> tuple[int, int]:
    """Bits per second of the heaviest segment, and of all."""
    lengths = segment_lengths(folder / "index.m3u8")
    sizes = [(folder / name).stat().st_size * 8 for name in segment_names(folder / "index.m3u8")]
    longest = max(lengths)  # a last segment of a few frames says nothing about the link it needs
    return max(int(size / max(length, longest / 2)) for size, length in zip(sizes, lengths, strict=True)), int(sum(sizes) / sum(lengths))


def _codecs(folder: Path, variant: Variant) -> str:
    """The names of RFC 6381: profile and level of H.264 are read from what was really written."""
    codecs = [SOUND_CODEC] if variant.has_sound else []
    if variant.height:
        codecs.insert(0, f"avc1.{_profile_and_level(folder).hex()}")
    return ",".join(codecs)


def _profile_and_level(folder: Path) -> bytes:
    """From the header; in MPEG-TS from the parameters before the first picture (a NAL unit of type 7, ISO/IEC 14496-10)."""
    written = header(folder)
    if written:
        place = written.index(b"avcC") + 5
        return written[place : place + 3]
    first = (folder / segment_names(folder / "index.m3u8")[0]).read_bytes()
    found = re.search(rb"\x00\x00\x01[\x07\x27\x47\x67](...)", first, re.DOTALL)
    if found is None:
        raise ValueError("a segment without H.264 parameters")
    return found[1]
