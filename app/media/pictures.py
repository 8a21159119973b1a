"""Pictures in lessons: written anew as WebP in at most two widths, `pictures: [{path, width, height}, ...]`, narrow first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from app.media.confined import MIB, Ended, Limits, OutOfBounds, run_reader
from app.media.refusals import Refused, TooHeavy

READER = Path(__file__).with_name("read_picture.py")


def render(path: Path, folder: Path) -> dict[str, Any]:
    """Raises Refused."""
    try:
        made: dict[str, Any] = run_reader(
            READER, [str(path), str(folder)], Limits(memory_bytes=1280 * MIB, seconds=60, file_bytes=64 * MIB), timeout=120
        )
    except OutOfBounds as error:
        raise TooHeavy(str(error), worth_another_try=isinstance(error, Ended)) from error
    if "refused" in made:
        raise Refused(str(made["refused"]), str(made.get("detail", "")))
    return made
