"""Real clips of two seconds, made by the real encoder."""

from __future__ import annotations

import subprocess
from pathlib import Path

from app.media.ffmpeg import find_ffmpeg


def make(path: Path, *arguments: str) -> Path:
    subprocess.run([find_ffmpeg(), "-v", "error", "-nostdin", "-y", *arguments, str(path)], check=True, timeout=300, capture_output=True)
    return path


def clip(path: Path, size: str = "640x360", seconds: float = 2, sound: bool = True, rate: int = 25, extra: tuple[str, ...] = ()) -> Path:
    """A moving test picture, with a tone unless `sound` is off."""
    picture = ("-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}:duration={seconds}")
    tone = ("-f", "lavfi", "-i", f"sine=frequency=440:duration={seconds}") if sound else ()
    encoded = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", *(("-c:a", "aac") if sound else ()))
    return make(path, *picture, *tone, *encoded, "-movflags", "+faststart", *extra)
