"""One stream from many runs of ffmpeg. Pure: lists of segments in, playlists out.

A new composer, or an ffmpeg that had to be started again, begins a new part, with timestamps and a header of its own. The parts are joined
by `EXT-X-DISCONTINUITY`. What a viewer's player relies on: a segment keeps its number for ever, and a moment has the same discontinuity
number in every rung. So parts are only ever added at the end, and one in which a rung is still empty is shown in none. A part that was made
without the small picture shows the other one in its place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from app.stage.layout import RUNGS

WINDOW = 20  # segments that viewers are told of: who fell behind by more goes on with what is live
FIRST_BANDWIDTH = {"video": 1_200_000, "low": 260_000, "audio": 48_000}


@dataclass(frozen=True, slots=True)
class Segment:
    seconds: float
    name: str


@dataclass(slots=True)
class Part:
    """What one run made. `starts_ms` is the server's clock at its first picture, `rungs` are those that it makes."""

    folder: str
    starts_ms: int
    segments: dict[str, list[Segment]] = field(default_factory=lambda: {rung: [] for rung in RUNGS})
    rungs: tuple[str, ...] = RUNGS

    def shown_as(self, rung: str) -> str:
        """The rung that viewers of this one get."""
        return rung if rung in self.rungs else "video"

    def header(self, rung: str) -> str:
        """The file that comes before the segments of a rung, as ffmpeg names it."""
        return f"init_{self.rungs.index(rung)}.mp4"

    @property
    def is_whole(self) -> bool:
        return all(self.segments[rung] for rung in self.rungs)

    @property
    def seconds(self) -> float:
        """How far every rung has come."""
        return min(sum(one.seconds for one in self.segments[rung]) for rung in self.rungs)


def playlist(parts: Sequence[Part], rung: str, ended: bool, most: int = WINDOW) -> str | None:
    """What is live now in one rung; None before there is anything to play."""
    line = list(_in_order(parts, rung))
    shown = line[-most:]
    if not shown:
        return None
    number, _part, position, _ms = shown[0]
    opens_part = position == 0 and number > 0
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{max(1, *(round(part.segments[part.shown_as(rung)][at].seconds) for _number, part, at, _ms in shown))}",
        f"#EXT-X-MEDIA-SEQUENCE:{len(line) - len(shown)}",
        f"#EXT-X-DISCONTINUITY-SEQUENCE:{number - opens_part}",
        "#EXT-X-INDEPENDENT-SEGMENTS",
    ]
    for i, (number, part, at, ms) in enumerate(shown):
        shown_as = part.shown_as(rung)
        if at == 0 and number > 0:
            lines.append("#EXT-X-DISCONTINUITY")
        if at == 0 or i == 0:
            lines += [f'#EXT-X-MAP:URI="{part.folder}/{shown_as}/{part.header(shown_as)}"', f"#EXT-X-PROGRAM-DATE-TIME:{_moment(ms)}"]
        segment = part.segments[shown_as][at]
        lines += [f"#EXTINF:{segment.seconds:.6f},", f"{part.folder}/{shown_as}/{segment.name}"]
    if ended:
        lines.append("#EXT-X-ENDLIST")
    return "\n".join([*lines, ""])


def _in_order(parts: Sequence[Part], rung: str) -> Iterator[tuple[int, Part, int, float]]:
    """Each segment of a rung: number of its part, the part, its place in it, and the moment at which it begins."""
    for number, part in enumerate(part for part in parts if part.is_whole):
        ms = float(part.starts_ms)
        for at, segment in enumerate(part.segments[part.shown_as(rung)]):
            yield number, part, at, ms
            ms += segment.seconds * 1000


def master(bandwidths: dict[str, int], size: tuple[int, int]) -> str:
    """The rungs. Players that can mix them leave the one without a picture alone: it has a player of its own."""
    width, height = size
    small = (2 * round(width * 240 / max(height, 1) / 2), 240)
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
    for rung, (w, h) in (("video", size), ("low", small)):
        lines += [f"#EXT-X-STREAM-INF:BANDWIDTH={bandwidths[rung]},RESOLUTION={w}x{h},CODECS=\"avc1.42E01F,mp4a.40.2\"", f"{rung}.m3u8"]
    lines += [f'#EXT-X-STREAM-INF:BANDWIDTH={bandwidths["audio"]},CODECS="mp4a.40.2"', "audio.m3u8", ""]
    return "\n".join(lines)


def _moment(ms: float) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def read_segments(text: str) -> list[Segment]:
    """The lines of a run's list; a last one that was cut in the middle is left out."""
    whole, _, _cut = text.rpartition("\n")
    found = (line.split(" ", 1) for line in whole.splitlines())
    return [Segment(float(seconds), name) for seconds, name in found]


def read_run_playlist(text: str) -> tuple[int, list[Segment]]:
    """What ffmpeg says it has finished: the number of its first segment, and the segments."""
    first, seconds, segments = 0, 0.0, []
    for line in text.splitlines():
        if line.startswith("#EXT-X-MEDIA-SEQUENCE:"):
            first = int(line.partition(":")[2])
        elif line.startswith("#EXTINF:"):
            seconds = float(line[8:].rstrip(","))
        elif line and not line.startswith("#"):
            segments.append(Segment(seconds, line.rpartition("/")[2]))
    return first, segments


def run_playlist(segments: Sequence[Segment], header: str) -> str:
    """All that one run made of a rung."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", f"#EXT-X-TARGETDURATION:{max(1, *(round(one.seconds) for one in segments))}", "#EXT-X-MEDIA-SEQUENCE:0"]
    lines += ["#EXT-X-INDEPENDENT-SEGMENTS", f'#EXT-X-MAP:URI="{header}"']
    for one in segments:
        lines += [f"#EXTINF:{one.seconds:.6f},", one.name]
    return "\n".join([*lines, "#EXT-X-ENDLIST", ""])
