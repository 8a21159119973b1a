"""Pieces of a recording, joined by their place: from the one browser that composes, whole, once."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.kernel.db import db, transaction
from app.kernel.jobs import Job
from app.kernel.storage import LocalStorage, storage
from app.room.rooms import NAMESPACE, rooms_of
from app.stage import layout, takes
from app.stage.models import StageTake
from app.stage.part import StagePart
from app.stage.takes import Takes
from app.webinars import services
from app.webinars.models import Webinar, WebinarState
from tests.people.factories import make_user
from tests.room.kit import Visitor, forget_everybody, visit, visit_as_speaker
from tests.stage.recordings import H264, pieces, recording
from tests.webinars.factories import make_speaker, make_webinar, register

pytestmark = pytest.mark.ffmpeg
KEY = "perekam-satu"
Composes = Callable[..., int]


@pytest.fixture
def webinar(app: Flask) -> Webinar:
    return make_webinar(state=WebinarState.LIVE)


@pytest.fixture
def fatimah(app: Flask, webinar: Webinar) -> Visitor:
    return visit_as_speaker(app, make_speaker(webinar))


def gives_lease(app: Flask, visitor: Visitor) -> int:
    room = rooms_of(app).get(visitor.person.webinar_id)
    connection = next(iter(room.people[visitor.person.key]))
    return room.part(StagePart).lease.give(connection, visitor.person.key, time.monotonic() + 60)


def begin(visitor: Visitor, epoch: int, key: str = KEY, mime_type: str = H264) -> dict[str, Any]:
    return visitor.send("begin_take", {"epoch": epoch, "mime_type": mime_type, "key": key})


def send(visitor: Visitor, epoch: int, offset: int, piece: bytes, take: int = 1) -> dict[str, Any]:
    return visitor.send("send_piece", {"take": take, "epoch": epoch, "offset": offset, "piece": piece})


def raw(webinar: Webinar, number: int = 1) -> Path:
    return storage().local_path(f"live/{webinar.id}/takes/{number}/raw.mkv")


def test_what_is_acknowledged_is_in_the_file(app: Flask, webinar: Webinar, fatimah: Visitor) -> None:
    epoch, content = gives_lease(app, fatimah), recording()
    assert begin(fatimah, epoch) == {"take": 1, "offset": 0}
    at = 0
    for piece in pieces(content):
        at += len(piece)
        assert send(fatimah, epoch, at - len(piece), piece) == {"offset": at}
        assert raw(webinar).stat().st_size == at
    assert not fatimah.send("end_take", {"take": 1, "epoch": epoch})
    assert raw(webinar).read_bytes() == content
    take = db.session.scalars(select(StageTake)).one()
    assert (take.number, take.composer, take.bytes, take.ended_at is not None) == (1, fatimah.person.key, len(content), True)
    told = layout.read_take(raw(webinar).parent)
    assert told is not None
    assert (told.ended, told.raw_name, told.copies_picture) == (True, "raw.mkv", True)


def test_a_piece_sent_twice_is_there_once_and_a_gap_is_refused_with_the_place_to_go_on(app: Flask, webinar: Webinar, fatimah: Visitor) -> None:
    epoch, content = gives_lease(app, fatimah), recording()
    begin(fatimah, epoch)
    send(fatimah, epoch, 0, content[:5000])
    assert send(fatimah, epoch, 0, content[:5000]) == {"offset": 5000}
    beyond = send(fatimah, epoch, 9000, content[9000:9900])
    assert (beyond["error"], beyond["facts"]) == ("offset", {"expected": 5000})
    across = send(fatimah, epoch, 4000, content[4000:6000])
    assert (across["error"], across["facts"]) == ("offset", {"expected": 5000})
    assert raw(webinar).read_bytes() == content[:5000]


def test_only_the_browser_that_composes_is_heard(app: Flask, webinar: Webinar, fatimah: Visitor) -> None:
    content = recording()
    assert begin(fatimah, 0)["error"] == "not_composer"
    epoch = gives_lease(app, fatimah)
    begin(fatimah, epoch)
    send(fatimah, epoch, 0, content[:5000])
    second_tab = Visitor(app, fatimah.person)
    assert send(second_tab, epoch, 5000, content[5000:6000])["error"] == "not_composer"
    assert begin(second_tab, epoch)["error"] == "not_composer"
    alia = make_user("Alia")
    register(webinar, alia)
    viewer = visit(app, webinar, alia)
    assert send(viewer, epoch, 5000, content[5000:6000])["error"] == "not_composer"
    assert viewer.send("end_take", {"take": 1, "epoch": epoch})["error"] == "not_composer"
    rooms_of(app).get(webinar.id).part(StagePart).lease.take_back()  # a moderator removed the speaker
    assert send(fatimah, epoch, 5000, content[5000:6000])["error"] == "not_composer"
    assert raw(webinar).stat().st_size == 5000


def test_another_composer_ends_the_take_before(app: Flask, webinar: Webinar, fatimah: Visitor) -> None:
    content = recording()
    old = gives_lease(app, fatimah)
    begin(fatimah, old)
    send(fatimah, old, 0, content[:5000])
    hamzah = visit_as_speaker(app, make_speaker(webinar, "Raja Hamzah"))
    new = gives_lease(app, hamzah)
    assert begin(hamzah, new, "perekam-dua") == {"take": 2, "offset": 0}
    assert send(fatimah, old, 5000, content[5000:6000])["error"] == "not_composer"
    first = layout.read_take(raw(webinar).parent)
    assert first is not None
    assert first.ended
    again = gives_lease(app, fatimah)
    assert begin(fatimah, again)["error"] == "take_ended"
    assert begin(fatimah, again, "perekam-tiga")["take"] == 3


def test_a_recorder_goes_on_after_the_web_process_died(app: Flask, webinar: Webinar, fatimah: Visitor) -> None:
    content = recording()
    epoch = gives_lease(app, fatimah)
    begin(fatimah, epoch)
    send(fatimah, epoch, 0, content[:5000])
    forget_everybody(app)  # nothing in memory any more
    returned = Visitor(app, fatimah.person)
    epoch = gives_lease(app, returned)
    assert begin(returned, epoch) == {"take": 1, "offset": 5000}
    assert send(returned, epoch, 5000, content[5000:8000]) == {"offset": 8000}
    assert raw(webinar).read_bytes() == content[:8000]
    assert db.session.query(StageTake).count() == 1


def test_a_composer_who_left_goes_on_with_the_same_take(app: Flask, webinar: Webinar, fatimah: Visitor) -> None:
    content, epoch = recording(), gives_lease(app, fatimah)
    begin(fatimah, epoch)
    send(fatimah, epoch, 0, content[:5000])
    fatimah.socket.disconnect(NAMESPACE)
    assert rooms_of(app).get(webinar.id).part(Takes).open is None  # no file stays open for somebody who may never return
    returned = Visitor(app, fatimah.person)
    epoch = gives_lease(app, returned)
    assert begin(returned, epoch) == {"take": 1, "offset": 5000}
    assert send(returned, epoch, 5000, content[5000:8000]) == {"offset": 8000}
    assert raw(webinar).read_bytes() == content[:8000]


@pytest.mark.parametrize(
    "garbage", [b"bukan video", b"\x1a\x45\xdf\xa3", b"\x1a\x45\xdf\xa3\x87\x42\x82\x84avi1", b"\0" * 100, b"\x00\x00\x00\x20ftypisom" + b"\0" * 30]
)
def test_garbage_is_refused_at_the_first_piece(app: Flask, webinar: Webinar, fatimah: Visitor, garbage: bytes) -> None:
    epoch = gives_lease(app, fatimah)
    begin(fatimah, epoch)
    assert send(fatimah, epoch, 0, garbage)["error"] == "garbage"
    assert raw(webinar).stat().st_size == 0
    assert not (raw(webinar).parent / "take.json").exists()
    assert send(fatimah, epoch, 0, recording()[:5000]) == {"offset": 5000}


@pytest.mark.parametrize(
    "mime_type", ["video/mp4;codecs=avc1,opus", "video/webm", "video/webm;codecs=vp8", "video/webm;codecs=vp8,vp9,opus", "text/html;codecs=vp8,opus", "../raw.mkv"]
)
def test_recordings_that_cannot_be_used_are_refused_by_their_name(app: Flask, fatimah: Visitor, mime_type: str) -> None:
    assert begin(fatimah, gives_lease(app, fatimah), mime_type=mime_type)["error"] == "mime_type"


def test_pieces_that_are_none(app: Flask, webinar: Webinar, fatimah: Visitor) -> None:
    epoch = gives_lease(app, fatimah)
    begin(fatimah, epoch)
    for piece in ("teks", b"", None, b"x" * (takes.LARGEST_PIECE + 1)):
        assert send(fatimah, epoch, 0, piece)["error"] == "invalid"  # type: ignore[arg-type]
    assert send(fatimah, epoch, -1, b"x")["error"] == "invalid"
    assert send(fatimah, epoch, 0, recording()[:100], take=7)["error"] == "take_ended"


def test_nothing_is_taken_before_the_webinar_is_on_air(app: Flask) -> None:
    webinar = make_webinar()
    speaker = visit_as_speaker(app, make_speaker(webinar))
    assert begin(speaker, gives_lease(app, speaker))["error"] == "not_live"


def test_limits_of_length_and_disk_are_told(app: Flask, webinar: Webinar, fatimah: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    epoch, content = gives_lease(app, fatimah), recording()
    begin(fatimah, epoch)
    send(fatimah, epoch, 0, content[:5000])
    with monkeypatch.context() as narrow:
        narrow.setattr(takes, "LARGEST_TAKE", 6000)
        assert send(fatimah, epoch, 5000, content[5000:7000])["error"] == "too_large"
    with monkeypatch.context() as narrow:
        narrow.setattr(takes, "LONGEST_TAKE_SECONDS", -1)
        assert send(fatimah, epoch, 5000, content[5000:7000])["error"] == "too_large"
    monkeypatch.setattr(LocalStorage, "free_bytes", lambda self: 1000)
    rooms_of(app).get(webinar.id).part(Takes).open.looked = 0.0  # type: ignore[union-attr]
    assert send(fatimah, epoch, 5000, content[5000:7000])["error"] == "disk_full"
    assert begin(fatimah, epoch, "perekam-dua")["error"] == "disk_full"


def test_the_size_reaches_the_row_now_and_then(app: Flask, webinar: Webinar, fatimah: Visitor, count_queries: list[str]) -> None:
    epoch, content = gives_lease(app, fatimah), recording()
    begin(fatimah, epoch)
    count_queries.clear()
    for at in range(0, 20_000, 1000):
        send(fatimah, epoch, at, content[at : at + 1000])
    assert count_queries == []
    part = rooms_of(app).get(webinar.id).part(Takes)
    part.save()
    assert db.session.scalar(select(StageTake.bytes)) == 20_000
    send(fatimah, epoch, 20_000, content[20_000:21_000])
    part.save()  # not so soon again
    assert db.session.scalar(select(StageTake.bytes)) == 20_000


def test_the_end_of_the_webinar_ends_takes_and_stream(app: Flask, webinar: Webinar, fatimah: Visitor) -> None:
    epoch, content = gives_lease(app, fatimah), recording()
    begin(fatimah, epoch)
    send(fatimah, epoch, 0, content[:5000])
    with transaction():
        services.end_webinar(webinar.id)
    assert (storage().local_path(f"live/{webinar.id}") / "ended").exists()
    assert send(fatimah, epoch, 5000, content[5000:6000])["error"] in ("take_ended", "not_composer")
    row = db.session.scalars(select(StageTake)).one()
    assert (row.bytes, row.ended_at is not None) == (5000, True)
    told = layout.read_take(raw(webinar).parent)
    assert told is not None
    assert told.ended
    assert db.session.scalar(select(Job.name).where(Job.name == "stage.end_room")) == "stage.end_room"
    takes.end_room(webinar.id)  # the worker does it once more
