"""Receives files: copied to the storage before any row exists, their kind told by content, their size limited."""

from __future__ import annotations

import hashlib
import os
import tempfile
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from flask import current_app

from app.kernel.db import db
from app.kernel.errors import DiskFull, Invalid, TooLarge
from app.kernel.off_the_loop import off_the_loop
from app.kernel.storage import LEAST_FREE_BYTES, storage
from app.media.models import AssetKind, MediaAsset
from app.media.refusals import reason

GIB = 1 << 30
LARGEST_BYTES = {AssetKind.VIDEO: 4 * GIB, AssetKind.DOCUMENT: 100 << 20, AssetKind.IMAGE: 20 << 20}
NOT_OF_KIND = {AssetKind.VIDEO: "NOT_A_VIDEO", AssetKind.DOCUMENT: "NOT_A_PDF", AssetKind.IMAGE: "NOT_A_PICTURE"}
HEAD_BYTES = 8192  # enough to recognize everything we take
_AUDIO_BRANDS = {b"M4A ", b"M4B "}
_MP3_KBIT = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_MP3_KBIT_LOW = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_PICTURE_BRANDS = {b"heic", b"heix", b"mif1", b"msf1", b"avif", b"avis", b"crx "}


@dataclass(frozen=True, slots=True)
class ReceivedFile:
    """A file that lies in the storage and waits for its row."""

    kind: AssetKind
    sha256: str
    byte_size: int
    content_type: str
    original_name: str


def receive(stream: IO[bytes], original_name: str, kind: AssetKind) -> ReceivedFile:
    """Copy a file into the storage. Call it outside a transaction: it takes as long as the file is large.

    Raises Invalid when the content is not of this kind, TooLarge beyond the kind's limit, `code` saying which reason of `refusals`; DiskFull.
    """
    if db.session.info.get("writing"):
        raise RuntimeError("receive() copies a whole file: call it before transaction(), and add_asset() inside")
    db.session.rollback()
    with tempfile.NamedTemporaryFile(dir=temporary_folder(), prefix="incoming-") as copy:
        digest, size = hashlib.sha256(), 0
        while piece := stream.read(1 << 20):
            size += len(piece)
            if size > LARGEST_BYTES[kind]:
                raise TooLarge(reason("TOO_LARGE"), code="TOO_LARGE")
            digest.update(piece)
            copy.write(piece)
        copy.flush()
        if not size:
            raise Invalid(reason("EMPTY"), code="EMPTY")
        copy.seek(0)
        content_type = recognize(copy.read(HEAD_BYTES), kind)
        if content_type is None:
            raise Invalid(reason(NOT_OF_KIND[kind]), code=NOT_OF_KIND[kind])
        if storage().free_bytes() < size + LEAST_FREE_BYTES:
            raise DiskFull
        received = ReceivedFile(kind, digest.hexdigest(), size, content_type, clean_name(original_name))
        key = MediaAsset(sha256=received.sha256, kind=kind).original_key
        if not storage().exists(key) or storage().size(key) != size:
            copy.seek(0)
            off_the_loop(storage().put, key, copy)
    return received


def clean_name(name: str) -> str:
    """The last part of what a browser calls a file, without signs that cannot be seen; never empty, at most 255 characters."""
    last = name.replace("\\", "/").rstrip("/ ").rpartition("/")[2]
    seen = "".join(sign for sign in last if unicodedata.category(sign)[0] != "C").strip()
    return (seen if seen.strip(".") else "")[-255:] or "berkas"


@dataclass(frozen=True, slots=True)
class Inspected:
    """What a file on the disk turned out to be."""

    kind: AssetKind
    sha256: str
    byte_size: int
    content_type: str


def inspect(path: Path) -> Inspected:
    """Read a whole file on the disk: its digest, and its kind by content. Slow for a large one: work for the worker.

    Raises Invalid or TooLarge; `code` says which reason of `refusals`.
    """
    with path.open("rb") as file:
        found = recognize_any(file.read(HEAD_BYTES))
        size = os.fstat(file.fileno()).st_size
        if not size:
            raise Invalid(reason("EMPTY"), code="EMPTY")
        if found is None:
            raise Invalid(reason("NOT_RECOGNIZED"), code="NOT_RECOGNIZED")
        kind, content_type = found
        if size > LARGEST_BYTES[kind]:
            raise TooLarge(reason("TOO_LARGE"), code="TOO_LARGE")
        file.seek(0)
        digest = hashlib.sha256()
        while piece := file.read(1 << 20):
            digest.update(piece)
    return Inspected(kind, digest.hexdigest(), size, content_type)


def adopt(path: Path, inspected: Inspected, original_name: str) -> ReceivedFile:
    """Bring an inspected file into the storage; it stays at `path` too. Repeating it changes nothing. Raises DiskFull."""
    key = MediaAsset(sha256=inspected.sha256, kind=inspected.kind).original_key
    if not storage().exists(key) or storage().size(key) != inspected.byte_size:
        if storage().free_bytes() < LEAST_FREE_BYTES:
            raise DiskFull
        storage().adopt(key, path)
    return ReceivedFile(inspected.kind, inspected.sha256, inspected.byte_size, inspected.content_type, clean_name(original_name))


def recognize_any(head: bytes) -> tuple[AssetKind, str] | None:
    """The kind and content type by the first bytes (`HEAD_BYTES` of them, or the whole file), or None for what we do not take."""
    for kind in (AssetKind.VIDEO, AssetKind.IMAGE, AssetKind.DOCUMENT):  # a PDF may begin late: it is asked last
        if content_type := recognize(head, kind):
            return kind, content_type
    return None


def recognize(head: bytes, kind: AssetKind) -> str | None:
    """The content type by the first bytes, or None when they are not of this kind. The name says nothing."""
    match kind:
        case AssetKind.VIDEO:
            return _recognize_video(head) or _recognize_audio(head)
        case AssetKind.DOCUMENT:
            return "application/pdf" if b"%PDF-" in head[:1024] else None
        case AssetKind.IMAGE:
            return _recognize_picture(head)


def _recognize_video(head: bytes) -> str | None:
    if head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"):
        if head[8:12] in _PICTURE_BRANDS:
            return None
        return "audio/mp4" if head[8:12] in _AUDIO_BRANDS else "video/mp4"
    for start, content_type in (
        (b"\x1a\x45\xdf\xa3", "video/x-matroska"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "video/x-ms-asf"),
        (b"\x00\x00\x01\xba", "video/mpeg"),
        (b"\x00\x00\x01\xb3", "video/mpeg"),
        (b"FLV\x01", "video/x-flv"),
    ):
        if head.startswith(start):
            return content_type
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "video/x-msvideo"
    for first, step in ((0, 188), (4, 192)):  # plain transport streams, and those of cameras with a time before each packet
        if len(head) > first + 2 * step and head[first] == head[first + step] == head[first + 2 * step] == 0x47:
            return "video/mp2t"
    return None


def _recognize_audio(head: bytes) -> str | None:
    """Sound alone: an interview, a recorded talk. It goes the way of the videos."""
    if head.startswith(b"fLaC"):
        return "audio/flac"
    if head[:4] in (b"RIFF", b"RF64") and head[8:12] == b"WAVE":
        return "audio/wav"
    if head.startswith(b"OggS") and any(codec in head[:256] for codec in (b"OpusHead", b"\x01vorbis", b"\x7fFLAC")):
        return "audio/ogg"
    if (head[:3] == b"ID3" and len(head) > 10 and head[3] in (2, 3, 4) and max(head[6:10]) < 0x80) or _frames_follow(head, _mp3_frame_bytes):
        return "audio/mpeg"
    return "audio/aac" if _frames_follow(head, _adts_frame_bytes) else None


def _frames_follow(head: bytes, frame_bytes: Callable[[bytes], int]) -> bool:
    """Whether three frames stand one behind the other: two bytes alone look like a frame in many files that are none."""
    at = 0
    for _frame in range(3):
        size = frame_bytes(head[at : at + 7])
        if not size:
            return False
        at += size
    return True


def _mp3_frame_bytes(header: bytes) -> int:
    """The length of an MPEG audio frame of layer III (ISO/IEC 11172-3, 2.4.3.1), 0 for anything else."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE6 != 0xE2:
        return 0
    version, bitrate, rate, padding = header[1] >> 3 & 3, header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if version == 1 or bitrate in (0, 15) or rate == 3:
        return 0
    kbit = (_MP3_KBIT if version == 3 else _MP3_KBIT_LOW)[bitrate]
    hertz = (44100, 48000, 32000)[rate] >> {3: 0, 2: 1, 0: 2}[version]
    return (144 if version == 3 else 72) * kbit * 1000 // hertz + padding


def _adts_frame_bytes(header: bytes) -> int:
    """The length of an AAC frame with its header (ISO/IEC 14496-3, 1.A.3), 0 for anything else."""
    if len(header) < 7 or header[0] != 0xFF or header[1] & 0xF6 != 0xF0:
        return 0
    size = (header[3] & 3) << 11 | header[4] << 3 | header[5] >> 5
    return size if size > 7 else 0


def _recognize_picture(head: bytes) -> str | None:
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    return "image/webp" if head[:4] == b"RIFF" and head[8:12] == b"WEBP" else None


def temporary_folder() -> Path:
    """Where work in progress lies; only this product reads it."""
    folder = current_app.config["GURINDAM"].instance_path / "tmp"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder
