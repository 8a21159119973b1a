"""Where the pictures and sound of a room lie, and the few files by which the web process and the encoder tell each other how things stand.

    live/<webinar>/ended                              the room has ended
    live/<webinar>/notes                              what the encoder has to tell of the room: an incident in a line (`Note`)
    live/<webinar>/takes/<n>/take.json                what a take is (`Take`)
    live/<webinar>/takes/<n>/raw.mkv                  its pieces, joined; grows while somebody is on stage (or raw.webm)
    live/<webinar>/hls/<take>-<run>/<rung>/…          what one run of the encoder made of a take
    live/<webinar>/hls/<rung>.m3u8, master.m3u8       all takes and runs as one stream, for viewers
    live/encoder.json                                 the encoder's sign of life

Standard library only: the encoder is a small process.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

MASTER = "hls/master.m3u8"
NOTES = "notes"
RUNGS = ("video", "low", "audio")
ENDINGS = {"video/x-matroska": "mkv", "video/webm": "webm"}
_VIDEO = {"avc1": "h264", "h264": "h264", "vp8": "vp8", "vp9": "vp9", "vp09": "vp9", "av1": "av1", "av01": "av1"}


class NoRecording(ValueError):
    """A browser calls its recording something that cannot be used here."""


@dataclass(frozen=True, slots=True)
class Take:
    """One run of a recorder. `started_ms` is the server's clock at the first picture; `ended` says that no more pieces come."""

    number: int
    mime_type: str
    started_ms: int
    ended: bool = False

    @property
    def raw_name(self) -> str:
        return f"raw.{ENDINGS[self.mime_type.partition(';')[0]]}"

    @property
    def copies_picture(self) -> bool:
        """Whether viewers can be given the picture as the recorder made it."""
        return read_mime_type(self.mime_type)[1] == "h264"


def read_mime_type(text: str) -> tuple[str, str]:
    """The ending of the file and the codec of the picture. Raises NoRecording."""
    kind, _, rest = text.lower().replace(" ", "").partition(";")
    listed = re.fullmatch(r'codecs="?([a-z0-9.,]+)"?', rest)
    codecs = [one.partition(".")[0] for one in listed[1].split(",")] if listed else []
    pictures = [_VIDEO[one] for one in codecs if one in _VIDEO]
    if kind not in ENDINGS or len(pictures) != 1 or "opus" not in codecs or len(codecs) != 2:
        raise NoRecording(text)
    return ENDINGS[kind], pictures[0]


@dataclass(frozen=True, slots=True)
class Note:
    """Something that happened in the encoder and belongs into the organizer's summary."""

    kind: str
    at_ms: int
    facts: dict[str, int]


def add_note(room: Path, note: Note) -> None:
    with (room / NOTES).open("a") as file:
        file.write(json.dumps(asdict(note)) + "\n")


def read_notes(room: Path) -> list[Note]:
    """In order; a last one that was cut in the middle is left out until it is whole."""
    try:
        whole = (room / NOTES).read_text().rpartition("\n")[0]
    except FileNotFoundError:
        return []
    return [Note(**json.loads(line)) for line in whole.splitlines()]


def room_key(webinar_id: int) -> str:
    """The key of everything that belongs to one room, below the storage's root."""
    return f"live/{webinar_id}"


def take_key(webinar_id: int, number: int) -> str:
    return f"{room_key(webinar_id)}/takes/{number}"


def write_take(folder: Path, take: Take) -> None:
    write_whole(folder / "take.json", json.dumps(asdict(take)))


def read_take(folder: Path) -> Take | None:
    """None when it is not (or not wholly) there yet."""
    told = read_json(folder / "take.json")
    try:
        return Take(**told) if told else None
    except TypeError:
        return None


def takes_of(room: Path) -> Iterator[tuple[Take, Path]]:
    """The takes of a room in order, each with its folder."""
    try:
        numbers = sorted(int(entry.name) for entry in os.scandir(room / "takes") if entry.name.isdigit())
    except FileNotFoundError:
        return
    for number in numbers:
        folder = room / "takes" / str(number)
        take = read_take(folder)
        if take is not None:
            yield take, folder


def write_whole(path: Path, text: str) -> None:
    """A reader sees the old text or the new one, never a part."""
    arriving = path.with_name(f".part-{path.name}")
    arriving.write_text(text)
    os.replace(arriving, path)


def read_json(path: Path) -> dict[str, Any] | None:
    try:
        told = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return told if isinstance(told, dict) else None
