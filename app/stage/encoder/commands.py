"""The argument list of the live ffmpeg. The only file that knows its options.

A recording comes in through a pipe and goes out as three rungs of fMP4 segments of about a second: the picture as it is sent (H.264 is
copied, everything else is made anew, at most 720 lines), a small picture, and sound alone.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ffmpeg

from app.media.ffmpeg import find_ffmpeg
from app.stage.layout import RUNGS

SEGMENT_SECONDS = 0.9  # cut at the first key frame after that; recorders give one each second
KEPT_IN_LIST = 120
SOUND_RATE = 48000
SOUND_KBIT = {"video": 64, "low": 40, "audio": 40}
LOW_LINES, LOW_KBIT = 240, 160
EACH_SECOND = "expr:gte(t,n_forced)"
TALLEST, PICTURE_KBIT, THREADS = 720, 1200, 2


def live(folder: Path, copies_picture: bool) -> list[str]:
    """Reads a recording from standard input and writes the rungs below `folder`."""
    given = ffmpeg.input("pipe:0", protocol_whitelist="pipe", format_whitelist="matroska,webm", probesize=32768, analyzeduration=100_000, fpsprobesize=0)
    options: dict[str, Any] = {
        **({"c:v:0": "copy"} if copies_picture else _anew()),
        **_small("source" if copies_picture else EACH_SECOND),
        "c:a": "aac",
        "ar": SOUND_RATE,
        "ac": 2,
        "filter:a": "aresample=async=1000:first_pts=0",
        **{f"b:a:{i}": f"{SOUND_KBIT[name]}k" for i, name in enumerate(RUNGS)},
        "map_metadata": -1,
        "f": "hls",
        "hls_time": SEGMENT_SECONDS,
        "hls_list_size": KEPT_IN_LIST,
        "hls_segment_type": "fmp4",
        "hls_flags": "independent_segments+temp_file",
        "hls_fmp4_init_filename": "init.mp4",
        "hls_segment_filename": f"{folder}/%v/%06d.m4s",
        "var_stream_map": "v:0,a:0,name:video v:1,a:1,name:low a:2,name:audio",
    }
    streams = [given["v:0"], given["v:0"], *[given["a:0"]] * len(RUNGS)]
    made = ffmpeg.output(*streams, f"{folder}/%v/index.m3u8", **options).compile(cmd=find_ffmpeg(), overwrite_output=True)
    return [made[0], "-hide_banner", "-nostdin", "-v", "error", *made[1:]]


def _anew() -> dict[str, Any]:
    """For browsers that do not give H.264: bounded in size, rate and threads, so that one speaker's browser cannot take the machine."""
    return {
        "c:v:0": "libx264",
        "preset:v:0": "superfast",
        "tune:v:0": "zerolatency",
        "filter:v:0": f"scale=-2:'min({TALLEST},trunc(ih/2)*2)',fps=20,format=yuv420p",
        "force_key_frames:v:0": EACH_SECOND,
        "threads:v:0": THREADS,
        "crf:v:0": 25,
        "maxrate:v:0": f"{PICTURE_KBIT}k",
        "bufsize:v:0": f"{PICTURE_KBIT}k",
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
