"""The files that people bring in, made by the real encoder: every container, codec, shape and damage the product says it takes or refuses.

`good(folder)` yields what must become playable, `bad(folder)` what must be refused, with the code of its reason. Each is one or two seconds.
"""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from app.media.ffmpeg import find_ffmpeg
from tests.media.clips import make

PICTURE = ("-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=2")
TONE = ("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=2")
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
HDR = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none", "-pix_fmt", "yuv420p10le")


@dataclass(frozen=True, slots=True)
class Good:
    """A file that must become playable: its size as shown, and whether it is seen and heard."""

    path: Path
    width: int = 320
    height: int = 240
    sound: bool = True
    picture: bool = True
    seconds: float = 2.0


CONTAINERS = {
    "h264-pcm.mov": (*PICTURE, *TONE, *X264, "-c:a", "pcm_s16le"),
    "h264-aac.mp4": (*PICTURE, *TONE, *X264, "-c:a", "aac"),
    "hevc-10bit.mkv": (
        *PICTURE,
        *TONE,
        "-c:v",
        "libx265",
        "-preset",
        "ultrafast",
        "-x265-params",
        "log-level=none",
        "-pix_fmt",
        "yuv420p10le",
        "-c:a",
        "ac3",
    ),
    "vp9-opus.webm": (*PICTURE, *TONE, "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "200k", "-c:a", "libopus"),
    "mpeg4-mp3.avi": (*PICTURE, *TONE, "-c:v", "mpeg4", "-c:a", "libmp3lame"),
    "wmv2-wma.wmv": (*PICTURE, *TONE, "-c:v", "wmv2", "-c:a", "wmav2"),
    "phone.3gp": (*PICTURE, *TONE, "-c:v", "mpeg4", "-c:a", "aac"),
    "mpeg2-mp2.mpg": (*PICTURE, *TONE, "-c:v", "mpeg2video", "-c:a", "mp2"),
    "broadcast.ts": (*PICTURE, *TONE, "-c:v", "mpeg2video", "-c:a", "mp2"),
    "old.flv": (*PICTURE, *TONE, "-c:v", "flv", "-c:a", "libmp3lame", "-ar", "44100"),
}
SOUNDS = {
    "talk.mp3": ("-c:a", "libmp3lame"),
    "talk.m4a": ("-c:a", "aac"),
    "talk.ogg": ("-c:a", "libvorbis"),
    "talk.opus": ("-c:a", "libopus"),
    "talk.wav": ("-c:a", "pcm_s16le"),
    "talk.flac": ("-c:a", "flac"),
    "talk.aac": ("-c:a", "aac", "-f", "adts"),
    "talk.wma": ("-c:a", "wmav2"),
}


def containers(folder: Path) -> Iterator[Good]:
    for name, arguments in CONTAINERS.items():
        yield Good(make(folder / name, *arguments))


def recordings(folder: Path) -> Iterator[Good]:
    for name, arguments in SOUNDS.items():
        yield Good(make(folder / name, *TONE, *arguments), 0, 0, picture=False)
    yield Good(with_cover(folder / "album.mp3"), 0, 0, picture=False)


def shapes(folder: Path) -> Iterator[Good]:
    """What is awkward about files that are perfectly right."""
    yield Good(turned(folder / "upright.mp4"), 240, 320)
    yield Good(make(folder / "anamorphic.mp4", *PICTURE, *TONE, *X264, "-vf", "setsar=4/3"), 427, 240)
    yield Good(
        make(folder / "odd.mkv", "-f", "lavfi", "-i", "testsrc=size=321x243:rate=10:duration=2", "-c:v", "ffv1"), 321, 243, sound=False
    )
    yield Good(changing_rate(folder / "screen.mkv"))
    yield Good(
        make(folder / "interlaced.mpg", *PICTURE, *TONE, "-vf", "tinterlace=interleave_top", "-c:v", "mpeg2video", "-flags", "+ildct+ilme")
    )
    yield Good(hdr(folder / "hdr10.mp4", "smpte2084"))
    yield Good(hdr(folder / "hlg.mkv", "arib-std-b67"))
    yield Good(make(folder / "silent.mp4", *PICTURE, *X264), sound=False)
    yield Good(two_languages(folder / "languages.mkv"))
    yield Good(make(folder / "timecode.mov", *PICTURE, *TONE, *X264, "-c:a", "aac", "-timecode", "01:00:00:00"))
    yield Good(make(folder / "surround.mkv", *PICTURE, *TONE, *X264, "-c:a", "ac3", "-af", "pan=5.1|c0=c0|c1=c0|c2=c0|c3=c0|c4=c0|c5=c0"))
    yield Good(long_sound(folder / "longer-sound.mp4"), seconds=4.0)
    yield Good(damaged(folder / "damaged.mp4"))
    yield Good(changing_size(folder / "changing-size.ts"), seconds=4.0)
    yield Good(with_zip(folder / "archive-too.mp4"))


def good(folder: Path) -> Iterator[Good]:
    yield from containers(folder)
    yield from recordings(folder)
    yield from shapes(folder)


def bad(folder: Path) -> Iterator[tuple[Path, str]]:
    yield cut_off(folder / "cut-fast-start.mp4", fast_start=True), "TRUNCATED"
    yield cut_off(folder / "cut-no-index.mp4", fast_start=False), "TRUNCATED"
    yield (
        make(folder / "huge.mp4", "-f", "lavfi", "-i", "color=size=16384x8192:rate=1:duration=1", "-c:v", "mjpeg", "-q:v", "31"),
        "TOO_MANY_PIXELS",
    )
    yield lying_about_size(folder / "lies.mp4"), "TOO_MANY_PIXELS"
    yield (
        make(
            folder / "long.mkv",
            "-f",
            "lavfi",
            "-i",
            "color=size=320x240:rate=1:duration=3",
            "-vf",
            "setpts=N*180000/TB",
            *X264,
            "-fps_mode",
            "vfr",
        ),
        "TOO_LONG",
    )
    yield make(folder / "tiny.mp4", "-f", "lavfi", "-i", "testsrc2=size=32x32:rate=25:duration=1", *X264), "TOO_SMALL"
    yield make(folder / "strip.mp4", "-f", "lavfi", "-i", "testsrc2=size=1280x64:rate=5:duration=1", *X264), "ODD_SHAPE"
    yield make(folder / "fast.mkv", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=500:duration=1", *X264), "FRAME_RATE"
    yield make(folder / "streams.mkv", *TONE, *(("-map", "0:a") * 20), "-c:a", "pcm_u8", "-t", "0.6"), "TOO_MANY_STREAMS"
    yield make(folder / "subtitles.mkv", "-f", "srt", "-i", str(words(folder / "words.srt")), "-c:s", "srt"), "NO_VIDEO"
    yield make(folder / "blink.mp4", "-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=0.2", *X264), "TOO_SHORT"


def turned(path: Path) -> Path:
    flat = make(path.with_name("flat.mp4"), *PICTURE, *TONE, *X264, "-c:a", "aac")
    return make(path, "-display_rotation", "90", "-i", str(flat), "-c", "copy")


def changing_rate(path: Path) -> Path:
    """Fast for half a second, then a still picture, as recorded screens are."""
    return make(path, *PICTURE, *TONE, *X264, "-vf", "select=lt(mod(t\\,1)\\,0.5)", "-fps_mode", "vfr", "-c:a", "aac")


def hdr(path: Path, transfer: str, source: tuple[str, ...] = PICTURE) -> Path:
    marked = f"format=yuv420p10le,setparams=color_primaries=bt2020:colorspace=bt2020nc:color_trc={transfer}"
    return make(path, *source, *TONE, "-vf", marked, *HDR, "-c:a", "aac")


def two_languages(path: Path) -> Path:
    """English first and marked as usual, Indonesian (an octave higher) second."""
    higher = ("-f", "lavfi", "-i", "sine=frequency=880:sample_rate=48000:duration=2")
    tracks = (
        "-map",
        "0:v",
        "-map",
        "1:a",
        "-map",
        "2:a",
        "-metadata:s:a:0",
        "language=eng",
        "-metadata:s:a:1",
        "language=ind",
        "-disposition:a:0",
        "default",
    )
    return make(path, *PICTURE, *TONE, *higher, *tracks, *X264, "-c:a", "aac")


def with_cover(path: Path) -> Path:
    """A song with its picture."""
    cover = make(path.with_suffix(".png"), "-f", "lavfi", "-i", "testsrc2=size=200x200", "-frames:v", "1", "-update", "1")
    return make(
        path, *TONE, "-i", str(cover), "-map", "0:a", "-map", "1:v", "-c:a", "libmp3lame", "-c:v", "copy", "-disposition:v", "attached_pic"
    )


def long_sound(path: Path) -> Path:
    longer = ("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=4")
    return make(path, *PICTURE, *longer, *X264, "-c:a", "aac")


def damaged(path: Path) -> Path:
    """Bytes in the middle are wrong, as from a failing memory card."""
    make(path, *PICTURE, *TONE, *X264, "-c:a", "aac", "-movflags", "+faststart")
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 400] = bytes(400)
    path.write_bytes(content)
    return path


def changing_size(path: Path) -> Path:
    first = make(path.with_name("small.ts"), *PICTURE, *TONE, "-c:v", "mpeg2video", "-c:a", "mp2")
    shifted = ("-output_ts_offset", "2")
    second = make(path.with_name("large.ts"), *PICTURE, *TONE, "-vf", "scale=640:480", "-c:v", "mpeg2video", "-c:a", "mp2", *shifted)
    path.write_bytes(first.read_bytes() + second.read_bytes())
    return path


def with_zip(path: Path) -> Path:
    """A video that is an archive and a page as well."""
    import io
    import zipfile

    make(path, *PICTURE, *TONE, *X264, "-c:a", "aac")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("page.html", "<script>alert('polyglot')</script>")
    page = b"<html><script>alert('polyglot')</script></html>"
    with path.open("ab") as file:
        file.write(struct.pack(">I4s", 8 + len(page), b"free") + page + archive.getvalue())
    return path


def cut_off(path: Path, fast_start: bool) -> Path:
    """Half of a video. With its index in front it still declares its full length; with the index behind it has none."""
    longer = ("-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=8")
    make(path, *longer, *X264, *(("-movflags", "+faststart") if fast_start else ()))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


def lying_about_size(path: Path) -> Path:
    """The container says 320x240, the stream inside is 8192x4320."""
    make(path, "-f", "lavfi", "-i", "color=size=8192x4320:rate=1:duration=1", *X264)
    content = bytearray(path.read_bytes())
    place = content.index(b"avc1", content.index(b"stsd")) + 28
    content[place : place + 4] = struct.pack(">HH", 320, 240)
    path.write_bytes(content)
    return path


def words(path: Path) -> Path:
    path.write_text("1\n00:00:00,000 --> 00:00:02,000\nKata\n")
    return path


def pointing_elsewhere(path: Path, target: Path) -> Path:
    """A QuickTime file whose pictures are said to lie in another file (a data reference of type `alis`)."""
    make(path, *PICTURE, *X264)
    content = path.read_bytes()
    name = str(target).encode()
    alias = (
        bytes(10)
        + bytes([1])
        + b"v".ljust(27, b"\0")
        + bytes(12)
        + bytes([len(target.name)])
        + target.name.encode().ljust(63, b"\0")
        + bytes(16)
    )
    alias += struct.pack(">HH", 1, 1) + bytes(16)  # beside this file: one level down and one up
    alias += struct.pack(">HH", 2, len(name)) + name + bytes(len(name) % 2) + struct.pack(">HH", 0xFFFF, 0)
    entry = struct.pack(">I4sI", 12 + len(alias), b"alis", 0) + alias
    place = content.index(b"dref")
    old_size = struct.unpack(">I", content[place - 4 : place])[0]
    added = 16 + len(entry) - old_size
    grown = bytearray(
        content[: place - 4] + struct.pack(">I4sII", 16 + len(entry), b"dref", 0, 1) + entry + content[place - 4 + old_size :]
    )
    for box in (b"moov", b"trak", b"mdia", b"minf", b"dinf"):
        at = grown.rindex(box, 0, place) - 4
        grown[at : at + 4] = struct.pack(">I", struct.unpack(">I", grown[at : at + 4])[0] + added)
    path.write_bytes(grown)
    return path


def loudness_of(path: Path) -> float:
    """Integrated loudness in LUFS, as EBU R128 measures it."""
    said = subprocess.run(
        [find_ffmpeg(), "-nostdin", "-i", str(path), "-map", "0:a:0", "-af", "ebur128", "-f", "null", "-"],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    return float(said.stderr.rsplit("I:", 1)[1].split()[0])
