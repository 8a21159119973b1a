"""PDF documents as pages: pictures in two widths, and the text with its places so that it can be selected, searched and read aloud.

Each page is `{number, width, height, text, lines, words, pictures: [{path, width, height}, ...]}`, sizes in points, narrow picture first.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from app.media.confined import MIB, Ended, Limits, OutOfBounds, run_reader
from app.media.refusals import Refused, TooHeavy

READER = Path(__file__).with_name("read_document.py")


def render(path: Path, folder: Path) -> list[dict[str, Any]]:
    """Write every page's pictures into the folder. Raises Refused."""
    _read(path, folder, Limits(memory_bytes=1536 * MIB, seconds=900, file_bytes=256 * MIB), timeout=1800)
    listing = folder / "pages.json"
    pages = json.loads(listing.read_text(encoding="utf-8"))
    listing.unlink()
    return pages


def measure(path: Path) -> tuple[int, int]:
    """How many pages and words a PDF has. Raises Refused."""
    found = _read(path, None, Limits(memory_bytes=1024 * MIB, seconds=60), timeout=120)
    return int(found["pages"]), int(found["words"])


def _read(path: Path, folder: Path | None, limits: Limits, timeout: float) -> dict[str, Any]:
    try:
        found: dict[str, Any] = run_reader(READER, [str(path), *([str(folder)] if folder else [])], limits, timeout)
    except OutOfBounds as error:
        raise TooHeavy(str(error), worth_another_try=isinstance(error, Ended)) from error
    if "refused" in found:
        raise Refused(str(found["refused"]), str(found.get("detail", "")))
    return found
