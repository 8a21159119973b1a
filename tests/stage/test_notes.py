"""What the encoder notes of a room: an incident each, once, at the encoder's moment, whoever looks first."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.kernel import clock
from app.kernel.db import db
from app.kernel.storage import storage
from app.recordings.summary import INCIDENT_WORDS
from app.room.models import RoomIncident
from app.room.rooms import rooms_of
from app.stage import layout, takes
from app.stage.encoder import rooms as encoder_rooms
from app.stage.layout import Note
from app.webinars.models import Webinar, WebinarState
from tests.room.conftest import _fresh_rooms  # noqa: F401
from tests.webinars.factories import make_webinar

AT_MS = 1_796_000_000_000


@pytest.fixture
def webinar(app: Flask) -> Webinar:
    webinar = make_webinar(state=WebinarState.LIVE)
    storage().local_path(f"live/{webinar.id}").mkdir(parents=True)
    return webinar


def note(webinar: Webinar, kind: str, step: int, later: int = 0) -> None:
    layout.add_note(storage().local_path(f"live/{webinar.id}"), Note(kind, AT_MS + later, {"take": 1, "step": step}))


def incidents(webinar: Webinar) -> list[tuple[str, int]]:
    db.session.rollback()
    rows = db.session.scalars(select(RoomIncident).where(RoomIncident.webinar_id == webinar.id).order_by(RoomIncident.id))
    return [(row.kind, row.facts["step"]) for row in rows]


def test_a_note_becomes_an_incident_while_the_room_is_open_and_only_once(app: Flask, webinar: Webinar) -> None:
    room = rooms_of(app).get(webinar.id)
    room.every_second()
    assert incidents(webinar) == []
    note(webinar, "quality_lowered", 1)
    room.every_second()
    room.every_second()
    note(webinar, "quality_raised", 0, 60_000)
    room.every_second()
    assert incidents(webinar) == [("quality_lowered", 1), ("quality_raised", 0)]
    first = db.session.scalars(select(RoomIncident.happened_at).order_by(RoomIncident.id)).first()
    assert first is not None
    assert abs(first.timestamp() * 1000 - AT_MS) < 1


def test_what_no_room_has_seen_is_told_at_the_end_and_not_again_after_a_restart(app: Flask, webinar: Webinar) -> None:
    note(webinar, "quality_lowered", 1)
    takes.end_room(webinar.id)
    takes.end_room(webinar.id)
    rooms_of(app).get(webinar.id).every_second()
    assert incidents(webinar) == [("quality_lowered", 1)]


def test_a_line_that_is_still_being_written_waits(app: Flask, webinar: Webinar) -> None:
    note(webinar, "quality_lowered", 1)
    file = storage().local_path(f"live/{webinar.id}") / layout.NOTES
    whole = file.read_text()
    file.write_text(whole + whole[:20])
    room = rooms_of(app).get(webinar.id)
    room.every_second()
    assert len(incidents(webinar)) == 1
    file.write_text(whole * 2)
    clock.freeze(clock.now() + timedelta(seconds=1))
    room.every_second()
    assert len(incidents(webinar)) == 2


def test_the_summary_has_words_for_what_the_encoder_notes() -> None:
    assert {encoder_rooms.LOWERED, encoder_rooms.RAISED} <= set(INCIDENT_WORDS)
