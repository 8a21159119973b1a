from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from app.kernel.sockets import socketio
from app.room.rooms import Rooms
from app.webinars.participants import Participant
from tests.room.kit import forget_everybody


@pytest.fixture(autouse=True)
def _fresh_rooms(app: Flask) -> Iterator[None]:
    """No room of another test, whose webinar had the same id."""
    forget_everybody(app)
    yield
    forget_everybody(app)


@pytest.fixture
def no_beat(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing happens by itself while a test looks: rooms speak when somebody listens or comes in."""
    join = Rooms.join

    def speak_and_join(self: Rooms, connection: str, person: Participant, *rest: Any) -> dict[str, Any]:
        room = self.find(person.webinar_id)
        if room is not None:
            self._speak(room)
        return join(self, connection, person, *rest)

    monkeypatch.setattr(Rooms, "join", speak_and_join)
    monkeypatch.setattr(socketio, "start_background_task", lambda *given, **named: None)
