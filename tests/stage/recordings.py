"""Recordings as a composing browser sends them: matroska without an end, a key frame each second, opus."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from tests.media.clips import make

H264, VP8 = "video/x-matroska;codecs=avc1,opus", "video/webm;codecs=vp8,opus"


@cache
def recording(mime_type: str = H264, seconds: int = 6, size: str = "640x360", rate: int = 20, kbit: int = 600) -> bytes:
    """Made once for all tests."""
    picture = ("-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p", "-b:v", f"{kbit}k", "-maxrate", f"{kbit}k", "-bufsize", f"{kbit}k")
    if mime_type == VP8:
        picture = ("-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", f"{kbit}k")
    folder = Path(mkdtemp(prefix="gurindam-recording-"))
    path = make(
        folder / "raw.mkv",
        "-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}:duration={seconds}",
        "-f", "lavfi", "-i", f"sine=frequency=440:duration={seconds}",
        *picture, "-g", str(rate), "-keyint_min", str(rate), "-c:a", "libopus", "-b:a", "48k",
        "-f", "webm" if mime_type == VP8 else "matroska", "-live", "1", "-cluster_time_limit", "1000", "-flush_packets", "1",
    )  # fmt: skip
    content = path.read_bytes()
    path.unlink()
    folder.rmdir()
    return content


def pieces(content: bytes, size: int = 20_000) -> list[bytes]:
    return [content[at : at + size] for at in range(0, len(content), size)]
