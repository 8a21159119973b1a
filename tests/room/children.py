"""The real server as a process of its own, with two events more: `python -m tests.room.children`. `shout` tells the room many large things;
after `hurry` those who come are pinged as often as it says."""

from __future__ import annotations

from app.serve import main  # first of all: it turns the process into a gevent one

# isort: split
import sys
from typing import Any

from app.kernel.sockets import socketio
from app.room import fields
from app.room.events import ALL, EventGroup, Here, hears, told
from app.room.rooms import rooms_of
from app.room.slots import register_events
from app.webinars.permissions import ATTEND

SHOUTED = told("shouted", ALL, "Something large.", text="letters")


class Megaphone(EventGroup):
    @hears(ATTEND, "Tell everybody so many texts of this size, each in a frame of its own.", count=fields.number(1, 2000), size=fields.number(1, 1_000_000))
    def on_shout(self, here: Here, count: int, size: int) -> dict[str, Any]:
        from flask import current_app

        rooms = rooms_of(current_app)
        for number in range(count):
            here.room.tell(SHOUTED, {"number": number, "text": "x" * size})
            rooms._speak(here.room)
            socketio.sleep(0)  # pyright: ignore[reportArgumentType]
        return {"number": here.room.streams[ALL].number}

    @hears(ATTEND, "Ping those who come from now on every so many milliseconds, and wait as long for their answers.", ms=fields.number(1, 10_000))
    def on_hurry(self, here: Here, ms: int) -> None:
        engine: Any = socketio.server.eio  # pyright: ignore[reportOptionalMemberAccess]
        engine.ping_interval = engine.ping_timeout = ms / 1000


if __name__ == "__main__":
    register_events(Megaphone())
    sys.exit(main())
