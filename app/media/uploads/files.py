"""The bytes of uploads under way: one file each, written by one request at a time, on the disk before they count."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from flask import current_app
from werkzeug.exceptions import ClientDisconnected

from app.kernel.errors import DiskFull
from app.kernel.off_the_loop import off_the_loop, on_event_loop
from app.media.uploads.errors import Locked

READ_BYTES, WRITE_BYTES = 16 << 10, 256 << 10
SILENCE_SECONDS = 45  # a connection that brings nothing for so long is taken for dead
STALE_SECONDS = 3  # and after so long when its owner knocks again
NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass
class _Reception:
    """A request that is receiving right now in this process."""

    connection: socket.socket | None
    heard_at: float = field(default_factory=time.monotonic)

    def end_if_silent(self) -> bool:
        """A weak link dies without a word; the same file coming again is the sign. The reading ends as if the connection had."""
        if self.connection is None or time.monotonic() - self.heard_at < STALE_SECONDS:
            return False
        shut(self.connection)
        return True


_receptions: dict[str, _Reception] = {}


def folder() -> Path:
    """Where uploads under way lie. Not in the temporary folder: they live for days."""
    place = current_app.config["GURINDAM"].instance_path / "uploads"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place


def place_of(public_id: str) -> Path:
    return folder() / f"{public_id}.part"


def remove(public_id: str) -> None:
    place_of(public_id).unlink(missing_ok=True)


@contextmanager
def held(public_id: str, connection: socket.socket | None = None) -> Iterator[IO[bytes]]:
    """The file of an upload, for this request alone in all processes of this machine. Raises Locked while another one brings bytes."""
    with os.fdopen(os.open(place_of(public_id), os.O_RDWR | os.O_CREAT, 0o600), "r+b", buffering=0) as file:
        _lock(file, public_id)
        reception = _receptions[public_id] = _Reception(connection)
        try:
            yield file
        finally:
            if _receptions.get(public_id) is reception:
                del _receptions[public_id]


def _lock(file: IO[bytes], public_id: str) -> None:
    for _knock in range(20):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            reception = _receptions.get(public_id)
            if reception is None or not reception.end_if_silent():
                raise Locked from None
            time.sleep(0.1)
    raise Locked


def size_of(file: IO[bytes]) -> int:
    return os.fstat(file.fileno()).st_size


def cut(file: IO[bytes], size: int) -> None:
    """Forget what stands behind `size`."""
    os.ftruncate(file.fileno(), size)


def append(public_id: str, file: IO[bytes], offset: int, stream: IO[bytes], length: int, digest: Any = None) -> int:
    """Write what the stream brings, at most `length` bytes, behind `offset`; return how many are on the disk for good.

    A connection that breaks off or falls silent keeps what it brought. Raises DiskFull; then nothing of this piece stays.
    """
    file.seek(offset)
    waiting, arrived = bytearray(), 0
    try:
        while arrived + len(waiting) < length:
            piece = _read(public_id, stream, min(READ_BYTES, length - arrived - len(waiting)))
            waiting += piece
            if len(waiting) >= WRITE_BYTES or not piece:
                _write(file, waiting, digest)
                arrived += len(waiting)
                waiting = bytearray()
            if not piece:
                break
        _write(file, waiting, digest)
        arrived += len(waiting)
        off_the_loop(os.fsync, file.fileno())
    except OSError as error:
        if error.errno not in NO_SPACE:
            raise
        os.ftruncate(file.fileno(), offset)
        raise DiskFull from error
    return arrived


def _write(file: IO[bytes], waiting: bytearray, digest: Any) -> None:
    def work() -> None:
        if digest is not None:
            digest.update(waiting)
        left = memoryview(waiting)
        while left:
            left = left[file.write(left) :]

    if waiting:
        off_the_loop(work)


def _read(public_id: str, stream: IO[bytes], size: int) -> bytes:
    """The next bytes; none at the end of the connection, however it ended."""
    try:
        piece = _patiently(lambda: stream.read(size))
    except (OSError, ClientDisconnected):
        return b""
    reception = _receptions.get(public_id)
    if reception is None:
        return piece or b""
    if piece is None:
        if reception.connection is not None:
            shut(reception.connection)
        return b""
    reception.heard_at = time.monotonic()
    return piece


def _patiently(read: Callable[[], bytes]) -> bytes | None:
    """None when nothing came for too long."""
    if not on_event_loop():
        return read()
    from gevent import Timeout

    with Timeout(SILENCE_SECONDS) as patience:
        try:
            return read()
        except Timeout as over:
            if over is not patience:
                raise
            return None


def shut(connection: socket.socket) -> None:
    """End the reading from a connection; whoever reads sees its end."""
    try:
        connection.shutdown(socket.SHUT_RD)
    except OSError:
        return
