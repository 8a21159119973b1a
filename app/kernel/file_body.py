"""A part of a file as the body of an answer. The server that users run hands it to the kernel (`app.serve`), any other reads it in pieces."""

from __future__ import annotations

import os
from collections.abc import Iterator
from io import FileIO

PIECE = 512 * 1024


class FileBody:
    """`count` bytes of an open file from `begin` on. Closes the file."""

    def __init__(self, file: FileIO, begin: int, count: int):
        self.file, self.begin, self.count = file, begin, count

    def __iter__(self) -> Iterator[bytes]:
        at, end = self.begin, self.begin + self.count
        while at < end and (piece := os.pread(self.file.fileno(), min(PIECE, end - at), at)):
            at += len(piece)
            yield piece

    def close(self) -> None:
        self.file.close()
