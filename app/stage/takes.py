"""Takes as they grow: each is one recorder of one composing browser, whose pieces are joined to a file by their place in it.

What is acknowledged is written. It is brought onto the disk for good about once a second, in a native thread; the row follows every few
seconds and at the end. A recorder goes on after a lost connection, or after the web process died: it says its key and is told how much is here.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Connection, func, select, update

from app.kernel import clock
from app.kernel.db import db, transaction
from app.kernel.durable import write_durably
from app.kernel.errors import Conflict, DiskFull, DomainError, Invalid, TooLarge
from app.kernel.off_the_loop import off_the_loop
from app.kernel.sockets import socketio
from app.kernel.storage import LEAST_FREE_BYTES, storage
from app.media import delivery
from app.room.events import ALL, told
from app.room.room import Part
from app.stage import layout, matroska, notes
from app.stage.models import StageTake
from app.webinars.models import Webinar, WebinarState
from app.webinars.participants import Participant

LARGEST_PIECE = 512 * 1024
LARGEST_TAKE = 16 * 1024**3
LONGEST_TAKE_SECONDS = 12 * 3600
SAVE_EVERY_SECONDS = 5

log = structlog.get_logger()

LIVE_ADDRESS = told(
    "live_address",
    ALL,
    "Where the picture and sound are fetched from: once there is something to play, and anew every hour.",
    address="of the list of qualities; the same for everybody in this hour",
    ready="whether there is something to play",
)

class WrongPlace(DomainError):
    """A piece that does not follow what is here; `expected` is where the next one belongs."""

    status, code = 409, "offset"
    default_message = _l("Bagian rekaman ini tidak menyambung; peramban mengirim ulang dari tempat yang benar.")


class TakeEnded(DomainError):
    status, code = 409, "take_ended"
    default_message = _l("Pengiriman ini sudah berakhir. Mulai lagi dari panggung.")


@dataclass(slots=True)
class OpenTake:
    """The take that grows."""

    id: int
    number: int
    key: str
    composer: str
    mime_type: str
    folder: Path
    raw: Path
    size: int
    file: int  # descriptor
    started_ms: int  # the server's clock at its first picture, as far as the browser knows
    begun: float = field(default_factory=time.monotonic)
    saved: float = 0.0
    saved_size: int = 0
    looked: float = 0.0  # when room on the disk was last looked for

    def write(self, piece: bytes) -> None:
        """Join a piece. Raises DiskFull, with nothing added."""
        try:
            written = os.write(self.file, piece)
        except OSError as error:
            os.ftruncate(self.file, self.size)
            raise DiskFull from error
        if written < len(piece):
            os.ftruncate(self.file, self.size)
            raise DiskFull
        self.size += written


class Takes(Part):
    """The takes of a room; at most one is open."""

    name = "takes"

    def __init__(self, room: Any):
        super().__init__(room)
        self.open: OpenTake | None = None
        self.saving = False
        self.ready, self.address = False, ""
        self.noted = 0  # bytes of the encoder's notes that are incidents by now

    def load(self) -> None:
        self._look_for_stream()

    def shown(self) -> dict[str, Any]:
        return {"address": self.address, "ready": self.ready}

    def _look_for_stream(self) -> bool:
        """Whether what viewers are told has changed: there is a stream now, or another hour has begun."""
        before = self.ready, self.address
        self.ready = self.ready or storage().exists(f"{layout.room_key(self.room.webinar_id)}/{layout.MASTER}")
        self.address = delivery.stream_address("live", self.room.webinar_id, layout.MASTER)
        return before != (self.ready, self.address)

    def begin(self, person: Participant, mime_type: str, key: str, running_ms: int = 0) -> OpenTake:
        """A recorder begins, or goes on where it was. Whatever take was open before has ended. Raises Invalid, Conflict, TakeEnded, DiskFull."""
        try:
            layout.read_mime_type(mime_type)
        except layout.NoRecording:
            raise Invalid(_("Peramban ini mengirim jenis rekaman yang tidak dapat dipakai. Pakai Chrome atau Edge terbaru."), code="mime_type") from None
        if self.open and (self.open.composer, self.open.key) == (person.key, key):
            return self.open
        if storage().free_bytes() < LEAST_FREE_BYTES:
            raise DiskFull
        with transaction():
            row, ended = _find_or_begin(self.room.webinar_id, person.key, mime_type, key)
        self.close()
        for number in ended:
            end_files(self.room.webinar_id, number)
        self.open = self._opened(row, key, _now_ms() - running_ms)
        return self.open

    def _opened(self, row: StageTake, key: str, started_ms: int) -> OpenTake:
        folder = storage().local_path(layout.take_key(row.webinar_id, row.number))
        folder.mkdir(parents=True, exist_ok=True)
        raw = folder / layout.Take(row.number, row.mime_type, 0).raw_name
        file = os.open(raw, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        return OpenTake(row.id, row.number, key, row.composer, row.mime_type, folder, raw, os.fstat(file).st_size, file, started_ms)

    def add(self, number: int, offset: int, piece: bytes) -> int:
        """Join a piece and return where the next one belongs. A piece that is here already is not written again. Raises TakeEnded,
        WrongPlace, Invalid, TooLarge, DiskFull."""
        take = self.open
        if take is None or take.number != number:
            raise TakeEnded
        if offset + len(piece) <= take.size:
            return take.size
        if offset != take.size:
            raise WrongPlace(expected=take.size)
        self._check_limits(take, len(piece))
        if take.size == 0:
            _check_head(piece)
        take.write(piece)
        if offset == 0:
            layout.write_take(take.folder, layout.Take(number, take.mime_type, take.started_ms))
        return take.size

    def _check_limits(self, take: OpenTake, more: int) -> None:
        now = time.monotonic()
        if take.size + more > LARGEST_TAKE or now - take.begun > LONGEST_TAKE_SECONDS:
            raise TooLarge(_("Rekaman ini terlalu panjang untuk satu kali siaran. Berhenti, lalu mulai lagi."))
        if now - take.looked > SAVE_EVERY_SECONDS:
            if storage().free_bytes() < LEAST_FREE_BYTES:
                raise DiskFull
            take.looked = now

    def end(self, number: int) -> None:
        """No more pieces of this take will come."""
        if self.open is None or self.open.number != number:
            return
        take_id, size = self.open.id, self.open.size
        self.close()
        end_files(self.room.webinar_id, number)
        with transaction() as session:
            session.execute(update(StageTake).where(StageTake.id == take_id).values(ended_at=clock.now(), bytes=size))

    def gone(self, person: Participant, reason: str) -> None:
        if self.open is not None and self.open.composer == person.key:
            self.close()

    def close(self) -> None:
        """Let go of the file; the take itself may go on later."""
        take, self.open = self.open, None
        if take is not None:
            off_the_loop(_put_down, take.file)

    def every_second(self) -> None:
        if self._look_for_stream():
            self.room.put(LIVE_ADDRESS, None, self.shown())
        self._look_for_notes()
        if self.open is not None and not self.saving and self.open.size != self.open.saved_size:
            self.saving = True
            socketio.start_background_task(self._save_in_the_background, _current_app())

    def _look_for_notes(self) -> None:
        size = notes.size_of_notes(self.room.webinar_id)
        if size != self.noted:
            notes.keep_notes(self.room.webinar_id)
            self.noted = size

    def _save_in_the_background(self, app: Any) -> None:
        try:
            with app.app_context():
                self.save()
        except Exception:
            log.exception("take_not_saved", webinar_id=self.room.webinar_id)
        finally:
            self.saving = False

    def save(self, every: float = SAVE_EVERY_SECONDS) -> None:
        """Bring what was written onto the disk, and now and then its size into the row."""
        take = self.open
        if take is None:
            return
        size = take.size
        file = os.dup(take.file)
        off_the_loop(_put_down, file)
        take.saved_size = size
        if time.monotonic() - take.saved >= every:
            take.saved = time.monotonic()
            write_durably(_size_of(take.id, size))


def end_room(webinar_id: int) -> None:
    """The room has ended: its takes too, and the encoder closes the stream. Doing it again changes nothing."""
    for number in _end_rows(webinar_id):
        end_files(webinar_id, number)
    notes.keep_notes(webinar_id)
    folder = storage().local_path(layout.room_key(webinar_id))
    if folder.is_dir():
        (folder / "ended").touch()


def end_files(webinar_id: int, number: int) -> None:
    """Tell the encoder that a take grows no more."""
    folder = storage().local_path(layout.take_key(webinar_id, number))
    take = layout.read_take(folder)
    if take is not None and not take.ended:
        layout.write_take(folder, layout.Take(take.number, take.mime_type, take.started_ms, ended=True))


def _end_rows(webinar_id: int) -> list[int]:
    with transaction() as session:
        rows = session.scalars(select(StageTake).where(StageTake.webinar_id == webinar_id)).all()
        for row in rows:
            if row.ended_at is None:
                row.ended_at = clock.now()
                row.bytes = _bytes_of(row)
        return [row.number for row in rows]


def _find_or_begin(webinar_id: int, composer: str, mime_type: str, key: str) -> tuple[StageTake, list[int]]:
    """The take of this recorder, and the numbers of the takes that it ended by beginning."""
    if db.session.scalar(select(Webinar.state).where(Webinar.id == webinar_id)) != WebinarState.LIVE:
        raise Conflict(_("Webinar ini belum dimulai atau sudah berakhir."), code="not_live")
    rows = db.session.scalars(select(StageTake).where(StageTake.webinar_id == webinar_id, StageTake.ended_at.is_(None))).all()
    mine = next((row for row in rows if (row.composer, row.key, row.mime_type) == (composer, key, mime_type)), None)
    if mine is None and db.session.scalar(_known(webinar_id, composer, key)):
        raise TakeEnded
    others = [row for row in rows if row is not mine]
    for row in others:
        row.ended_at, row.bytes = clock.now(), _bytes_of(row)
    if mine is None:
        number = (db.session.scalar(select(func.max(StageTake.number)).where(StageTake.webinar_id == webinar_id)) or 0) + 1
        mine = StageTake(webinar_id=webinar_id, number=number, composer=composer, mime_type=mime_type, key=key, started_at=clock.now())
        db.session.add(mine)
        db.session.flush()
    return mine, [row.number for row in others]


def _known(webinar_id: int, composer: str, key: str) -> Any:
    return select(StageTake.id).where(StageTake.webinar_id == webinar_id, StageTake.composer == composer, StageTake.key == key)


def _bytes_of(row: StageTake) -> int:
    raw = storage().local_path(layout.take_key(row.webinar_id, row.number)) / layout.Take(row.number, row.mime_type, 0).raw_name
    return raw.stat().st_size if raw.exists() else 0


def _check_head(piece: bytes) -> None:
    try:
        doctype = matroska.doctype_of(piece)
    except matroska.Garbage:
        doctype = None
    if doctype not in matroska.DOCTYPES:
        raise Invalid(_("Yang dikirim peramban ini bukan rekaman gambar dan suara."), code="garbage")


def _size_of(take_id: int, size: int) -> Callable[[Connection], None]:
    def work(connection: Connection) -> None:
        connection.execute(update(StageTake).where(StageTake.id == take_id).values(bytes=size))

    return work


def _put_down(file: int) -> None:
    """Onto the disk for good, and let go of."""
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _now_ms() -> int:
    return int(clock.now().timestamp() * 1000)


def _current_app() -> Any:
    from flask import current_app

    return current_app._get_current_object()  # type: ignore[attr-defined]
