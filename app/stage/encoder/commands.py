"""The argument list of the live ffmpeg. The only file that knows its options.

A recording comes in through a pipe and goes out as three rungs of fMP4 segments of about a second: the picture as it is sent (H.264 is
copied, everything else is made anew, at most 720 lines), a small picture, and sound alone. On a machine that is too slow for that it makes less
(`ladders`).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ffmpeg

from app.media.ffmpeg import find_ffmpeg
from app.stage.encoder.ladders import Ladder, Picture

SEGMENT_SECONDS = 0.9  # cut at the first key frame after that; recorders give one each second
KEPT_IN_LIST = 120
SOUND_RATE = 48000
SOUND_KBIT = {"video": 64, "low": 40, "audio": 40}
LOW, AUDIO = "low", "audio"
LOW_LINES, LOW_KBIT = 240, 160
EACH_SECOND = "expr:gte(t,n_forced)"
THREADS = 2


def live(folder: Path, ladder: Ladder) -> list[str]:
    """Reads a recording from standard input and writes the rungs below `folder`."""
    given = ffmpeg.input("pipe:0", protocol_whitelist="pipe", format_whitelist="matroska,webm", probesize=32768, analyzeduration=100_000, fpsprobesize=0)
    options: dict[str, Any] = {
        **(_anew(ladder.picture) if ladder.picture else {"c:v:0": "copy"}),
        **(_small(EACH_SECOND if ladder.picture else "source") if LOW in ladder.rungs else {}),
        "c:a": "aac",
        "ar": SOUND_RATE,
        "ac": 2,
        "filter:a": "aresample=async=1000:first_pts=0",
        **{f"b:a:{i}": f"{SOUND_KBIT[name]}k" for i, name in enumerate(ladder.rungs)},
        "map_metadata": -1,
        "f": "hls",
        "hls_time": SEGMENT_SECONDS,
        "hls_list_size": KEPT_IN_LIST,
        "hls_segment_type": "fmp4",
        "hls_flags": "independent_segments+temp_file",
        "hls_fmp4_init_filename": "init.mp4",
        "hls_segment_filename": f"{folder}/%v/%06d.m4s",
        "var_stream_map": " ".join(_variants(ladder.rungs)),
    }
    streams = [*[given["v:0"]] * (len(ladder.rungs) - 1), *[given["a:0"]] * len(ladder.rungs)]
    made = ffmpeg.output(*streams, f"{folder}/%v/index.m3u8", **options).compile(cmd=find_ffmpeg(), overwrite_output=True)
    return [made[0], "-hide_banner", "-nostdin", "-v", "error", *made[1:]]


def _variants(rungs: tuple[str, ...]) -> Iterator[str]:
    """Which streams go into which rung: each has sound of its own, all but the last a picture."""
    for i, name in enumerate(rungs):
        yield f"a:{i},name:{name}" if name == AUDIO else f"v:{i},a:{i},name:{name}"


def _anew(picture: Picture) -> dict[str, Any]:
    """For browsers that do not give H.264: bounded in size, rate and threads, so that one speaker's browser cannot take the machine."""
    return {
        "c:v:0": "libx264",
        "preset:v:0": picture.preset,
        "tune:v:0": "zerolatency",
        "filter:v:0": f"scale=-2:'min({picture.lines},trunc(ih/2)*2)',fps={picture.rate},format=yuv420p",
        "force_key_frames:v:0": EACH_SECOND,
        "threads:v:0": THREADS,
        "crf:v:0": 25,
        "maxrate:v:0": f"{picture.kbit}k",
        "bufsize:v:0": f"{picture.kbit}k",
        "g:v:0": 1000,
    }


def _small(key_frames: str) -> dict[str, Any]:
    return {
        "c:v:1": "libx264",
        "preset:v:1": "ultrafast",
        "tune:v:1": "zerolatency",
        "filter:v:1": f"scale=-2:{LOW_LINES},format=yuv420p",
        "force_key_frames:v:1": key_frames,
        "threads:v:1": 1,
        "b:v:1": f"{LOW_KBIT}k",
        "maxrate:v:1": f"{LOW_KBIT * 5 // 4}k",
        "bufsize:v:1": f"{LOW_KBIT}k",
        "g:v:1": 1000,
    }
