"""Finds the ffmpeg that this installation uses."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache

OLDEST_MAJOR = 6  # older ones lack options that the encoding relies on


class FfmpegMissing(RuntimeError):
    """No ffmpeg that can be used is on this machine."""


@cache
def find_ffmpeg() -> str:
    """The path of the system's ffmpeg when it is recent enough, else of the one that comes as a Python package."""
    system = shutil.which("ffmpeg")
    if system and major_version(system) >= OLDEST_MAJOR:
        return system
    try:
        from imageio_ffmpeg import get_ffmpeg_exe

        return get_ffmpeg_exe()
    except (ImportError, RuntimeError) as error:
        raise FfmpegMissing(f"ffmpeg {OLDEST_MAJOR} or newer was not found") from error


@cache
def has_filter(name: str) -> bool:
    """Whether this installation's ffmpeg was built with a filter."""
    listed = subprocess.run([find_ffmpeg(), "-hide_banner", "-filters"], capture_output=True, text=True, timeout=10, check=False).stdout
    return re.search(rf"^ ?[A-Z.|]+\s+{re.escape(name)}\s", listed, re.MULTILINE) is not None


def major_version(path: str) -> int:
    """The first number of `ffmpeg -version`; 0 when it cannot be read (a build from a branch has none)."""
    try:
        said = subprocess.run([path, "-version"], capture_output=True, text=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return 0
    found = re.match(r"ffmpeg version n?(\d+)\.", said)
    return int(found[1]) if found else 0
