"""The places of one growing recording from which ffmpeg can be started anew, kept in a file beside it, so that the next encoder need not read
hours of it again."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from app.stage.matroska import Cluster, Garbage, Index

READ_AT_ONCE = 256 * 1024


class TakeIndex:
    """Reads on in the recording when asked (`catch_up`); used by one thread at a time, looked at by others."""

    def __init__(self, folder: Path, raw: Path):
        self.kept = folder / "clusters"
        self.file = os.open(raw, os.O_RDONLY)
        self.read_to, self.written = 0, 0
        self.garbage = False
        self.lock = threading.Lock()
        self.index = Index()
        self._recall()

    def close(self) -> None:
        os.close(self.file)

    def _recall(self) -> None:
        """Go on at the last cluster that is known."""
        lines = self.kept.read_text().rpartition("\n")[0].splitlines() if self.kept.exists() else []
        known = [Cluster(int(at), int(ms), key == "1") for at, ms, key in (line.split() for line in lines)]
        if not known:
            self.kept.unlink(missing_ok=True)
            return
        self.index.feed(os.pread(self.file, known[0].at, 0))
        self.index.go_on(known[0].at, known[:-1], known[-1].at)
        self.read_to, self.written = known[-1].at, len(known)

    def catch_up(self, most: int = READ_AT_ONCE) -> None:
        """Read on, at most so many bytes."""
        with self.lock:
            piece = b"" if self.garbage else os.pread(self.file, most, self.read_to)
            if not piece:
                return
            self.read_to += len(piece)
            try:
                self.index.feed(piece)
            except Garbage:
                self.garbage = True
            self._write_down()

    def catch_up_wholly(self) -> None:
        before = -1
        while before != self.read_to:
            before = self.read_to
            self.catch_up()

    def _write_down(self) -> None:
        """All but the last one, of which not everything may have been seen."""
        fresh = self.index.clusters[self.written : -1]
        if fresh:
            with self.kept.open("a") as file:
                file.write("".join(f"{one.at} {one.ms} {int(one.with_key_frame)}\n" for one in fresh))
            self.written += len(fresh)

    @property
    def header(self) -> bytes:
        return os.pread(self.file, self.index.header_end or 0, 0)

    @property
    def size(self) -> tuple[int, int]:
        return self.index.picture_size

    def ms_at(self, place: int) -> int:
        """The moment of what lies here; of the last cluster when nothing is known beyond."""
        clusters = self.index.clusters
        low, high = 0, len(clusters)
        while low < high:
            middle = (low + high) // 2
            low, high = (middle + 1, high) if clusters[middle].at <= place else (low, middle)
        return clusters[low - 1].ms if low else 0

    @property
    def newest_ms(self) -> int:
        """The moment of the last that was read."""
        return self.index.clusters[-1].ms if self.index.clusters else 0

    def start_for(self, ms: int) -> Cluster | None:
        return self.index.last_start(ms)

    def start_after(self, ms: int) -> Cluster | None:
        """The first place beyond this moment."""
        return next((one for one in self.index.clusters if one.with_key_frame and one.ms > ms), None)
