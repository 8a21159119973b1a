"""Asks a confined process what a video is."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from app.media.confined import MIB, Ended, Limits, OutOfBounds, run_reader
from app.media.refusals import Refused, TooHeavy
from app.media.rules import LIKELY_RATE, LONGEST_SECONDS, MOST_PIXELS, MOST_STREAMS, VideoFacts, check_video

READER = Path(__file__).with_name("read_video.py")
LIMITS = json.dumps({"pixels": MOST_PIXELS, "streams": MOST_STREAMS, "seconds": LONGEST_SECONDS, "rate": LIKELY_RATE})


def probe_video(path: Path, look: Callable[[], None] | None = None) -> VideoFacts:
    """What the video is. `look` is called about twice a second; what it raises ends the reading. Raises Refused when it is no video, is
    damaged, or is beyond what we take."""
    gigabytes = path.stat().st_size / (1024 * MIB)
    limits = Limits(memory_bytes=1536 * MIB, seconds=60 + int(60 * gigabytes))
    try:
        found = run_reader(READER, [str(path), LIMITS], limits, timeout=90 + 120 * gigabytes, look=look)
    except OutOfBounds as error:
        raise TooHeavy(str(error), worth_another_try=isinstance(error, Ended)) from error
    if "refused" in found:
        raise Refused(str(found["refused"]), str(found.get("detail", "")))
    facts = VideoFacts(**cast("dict[str, Any]", found))
    check_video(facts)
    return facts
