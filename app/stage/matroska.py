"""Reads as much of a Matroska (or WebM) file as is needed to begin in its middle: where the header ends, and where each cluster begins,
at which moment, and whether with a key frame. The file may still be growing. Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass

MAGIC = b"\x1a\x45\xdf\xa3"
DOCTYPES = (b"matroska", b"webm")
_DOCTYPE, _SEGMENT, _CLUSTER, _TIMECODE, _SIMPLE_BLOCK, _GROUP, _BLOCK = 0x4282, 0x18538067, 0x1F43B675, 0xE7, 0xA3, 0xA0, 0xA1
_TRACKS, _ENTRY, _NUMBER, _TYPE, _VIDEO, _WIDTH, _HEIGHT = 0x1654AE6B, 0xAE, 0xD7, 0x83, 0xE0, 0xB0, 0xBA
_PICTURE = 1
_OPEN = (_SEGMENT, _CLUSTER, _TRACKS, _ENTRY, _VIDEO, _GROUP)  # what is looked into
LARGEST_HEADER = 64 * 1024
LARGEST_ELEMENT = 16 * 1024 * 1024
_ELEMENT_HEAD = 12  # an identity of at most 4 bytes, a length of at most 8


class Garbage(ValueError):
    """These bytes are no Matroska."""


@dataclass(slots=True)
class Cluster:
    """A part that can be played by itself after the header, when it begins with a key frame. `at` is its first byte."""

    at: int
    ms: int
    with_key_frame: bool


def doctype_of(head: bytes) -> bytes | None:
    """What the first bytes of a recording say it is; None when they say nothing usable."""
    if not head.startswith(MAGIC):
        return None
    size, at = _read_length(head, 4) or (None, 0)
    if size is None:
        return None
    end = min(len(head), at + size)
    while at < end:
        found = _read_head(head, at)
        if found is None:
            return None
        identity, length, begin = found
        if length is None:
            return None
        if identity == _DOCTYPE:
            return bytes(head[begin : begin + length]).rstrip(b"\0")
        at = begin + length
    return None


class Index:
    """The clusters of a recording, found as its bytes come in: `feed` them in order, in pieces of any size."""

    def __init__(self) -> None:
        self.header_end: int | None = None
        self.clusters: list[Cluster] = []
        self.picture_size = (1280, 720)
        self._rest, self._at, self._picture_track = b"", 0, 1
        self._entry_number = 0
        self._fresh = False  # no block of the picture has been seen in the last cluster

    def feed(self, piece: bytes) -> None:
        """Raises Garbage."""
        self._rest += piece
        while self._step():
            pass

    def go_on(self, header_end: int, known: list[Cluster], at: int) -> None:
        """The header has been fed; these clusters are known from before, and what is fed next begins with the cluster at `at`."""
        self.header_end, self.clusters = header_end, known
        self._rest, self._at = b"", at

    def last_start(self, ms: int) -> Cluster | None:
        """The last place at or before this moment from which one can begin."""
        return next((one for one in reversed(self.clusters) if one.with_key_frame and one.ms <= ms), None)

    def _step(self) -> bool:
        found = _read_head(self._rest, 0)
        if found is None:
            if len(self._rest) >= _ELEMENT_HEAD:
                raise Garbage
            return False
        identity, size, begin = found
        if identity == _CLUSTER:
            if self.header_end is None:
                self.header_end = self._at
            self.clusters.append(Cluster(self._at, self.clusters[-1].ms if self.clusters else 0, False))
            self._fresh = True
        if identity in _OPEN:
            self._drop(begin)
            return True
        if size is None or size > LARGEST_ELEMENT:
            raise Garbage
        if len(self._rest) < begin + size:
            return False
        self._look_at(identity, self._rest[begin : begin + size])
        self._drop(begin + size)
        return True

    def _look_at(self, identity: int, body: bytes) -> None:
        if identity == _NUMBER:
            self._entry_number = int.from_bytes(body, "big")
        elif identity == _TYPE and int.from_bytes(body, "big") == _PICTURE:
            self._picture_track = self._entry_number
        elif identity == _WIDTH:
            self.picture_size = (int.from_bytes(body, "big"), self.picture_size[1])
        elif identity == _HEIGHT:
            self.picture_size = (self.picture_size[0], int.from_bytes(body, "big"))
        elif identity == _TIMECODE and self.clusters:
            self.clusters[-1].ms = int.from_bytes(body, "big")
        elif identity == _SIMPLE_BLOCK and self._fresh:
            track = _read_length(body, 0)
            if track and track[0] == self._picture_track and len(body) > track[1] + 2:
                self.clusters[-1].with_key_frame = bool(body[track[1] + 2] & 0x80)
                self._fresh = False

    def _drop(self, count: int) -> None:
        self._rest = self._rest[count:]
        self._at += count


def _read_head(data: bytes, at: int) -> tuple[int, int | None, int] | None:
    """Identity, length (None: until something else begins) and place of the content of the element here; None when bytes are missing."""
    if at >= len(data):
        return None
    width = 9 - data[at].bit_length()
    if not 1 <= width <= 4:
        raise Garbage
    if at + width >= len(data):
        return None
    length = _read_length(data, at + width)
    return None if length is None else (int.from_bytes(data[at : at + width], "big"), length[0], length[1])


def _read_length(data: bytes, at: int) -> tuple[int | None, int] | None:
    if at >= len(data) or data[at] == 0:
        return None
    width = 9 - data[at].bit_length()
    if at + width > len(data):
        return None
    value = int.from_bytes(data[at : at + width], "big") & ((1 << 7 * width) - 1)
    return (None if value == (1 << 7 * width) - 1 else value), at + width
