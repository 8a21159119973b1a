"""docs/live-protocol.md says what the code does."""

from __future__ import annotations

from flask import Flask

from app.room import protocol
from app.room.events import ALL, CHANGES, OWN, STAFF, STAGE

AGAIN = "docs/live-protocol.md is not as the code has it; write it with: flask --app wsgi room protocol --write"


def test_the_page_has_every_event_and_every_change_as_the_code_declares_them(app: Flask) -> None:
    assert protocol.on_page() == protocol.written(), AGAIN


def test_every_event_says_what_it_is_for_and_needs_a_right(app: Flask) -> None:
    for name, (needed, heard) in protocol.handlers().items():
        assert needed is not None, name
        assert heard.says.endswith("."), name


def test_every_change_has_an_audience_and_words(app: Flask) -> None:
    for kind, change in CHANGES.items():
        assert change.audience in (ALL, STAFF, STAGE, OWN), kind
        assert change.says.endswith("."), kind


def test_the_limits_on_the_page_are_those_of_the_code(app: Flask) -> None:
    from app.kernel.sockets import socketio
    from app.room.guests import MOST_CONNECTIONS
    from app.room.namespace import RoomNamespace
    from app.room.ticket import VALID_SECONDS

    page = protocol.PAGE.read_text()
    largest = socketio.server.eio.max_http_buffer_size  # type: ignore[union-attr]
    assert f"{RoomNamespace.most_events} in {RoomNamespace.in_seconds:g} s" in page
    assert f"| connections of one person | {MOST_CONNECTIONS} |" in page
    assert f"{largest:,} bytes" in page
    assert VALID_SECONDS == 12 * 3600
    assert "valid for twelve hours" in page
