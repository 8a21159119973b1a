"""A recording that arrives as a composing browser sends it, in pieces of a quarter of a second as time goes by. No browser, so that little of the
machine is needed beside those who watch."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from app.stage import layout
from app.stage.matroska import Index
from tests.stage.recordings import H264, pieces

PIECES_EACH_SECOND = 4


def spread(content: bytes) -> list[tuple[float, int]]:
    """(second, how many bytes are there by then): what was recorded comes once it was recorded."""
    index = Index()
    for piece in pieces(content, 65_536):
        index.feed(piece)
    places = [(one.at, one.ms / 1000) for one in index.clusters]
    ends = [*places[1:], (len(content), places[-1][1] + 1)]
    found = [(places[0][1], places[0][0])]
    for (at, begun), (end, over) in zip(places, ends, strict=True):
        steps = max(1, round((over - begun) * PIECES_EACH_SECOND))
        found += [(begun + (over - begun) * step / steps, at + (end - at) * step // steps) for step in range(1, steps + 1)]
    return found


class Feeding(threading.Thread):
    """A take of a room that grows until its recording is over or `end()` is called."""

    def __init__(self, room: Path, content: bytes, number: int = 1, mime_type: str = H264):
        super().__init__(daemon=True)
        self.content, self.number, self.mime_type = content, number, mime_type
        self.folder = room / "takes" / str(number)
        self.folder.mkdir(parents=True)
        self.stopped = threading.Event()

    def run(self) -> None:
        begun, here = time.monotonic(), 0
        take = layout.Take(self.number, self.mime_type, round(time.time() * 1000))
        with (self.folder / take.raw_name).open("wb", buffering=0) as raw:
            layout.write_take(self.folder, take)
            for second, until in spread(self.content):
                if self.stopped.wait(max(0.0, begun + second - time.monotonic())):
                    break
                raw.write(self.content[here:until])
                here = until
        layout.write_take(self.folder, layout.Take(self.number, self.mime_type, take.started_ms, ended=True))

    def end(self) -> None:
        self.stopped.set()
        self.join(10)
