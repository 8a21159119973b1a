"""The rooms that are open in this process, and the one beat in which they speak: four frames a second, only when there is news."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import structlog
from flask import Flask
from flask_babel import force_locale
from prometheus_client import Counter, Gauge
from sqlalchemy.exc import SQLAlchemyError

from app.kernel.broadcast import broadcast
from app.kernel.db import db
from app.kernel.errors import Busy, NotFound
from app.kernel.health import registry
from app.kernel.sockets import socketio
from app.room import looking_after, slots
from app.room.guests import Guests
from app.room.people import PUT_OUT, WORDS, People
from app.room.room import Room
from app.webinars.models import Webinar, WebinarState
from app.webinars.participants import Participant

NAMESPACE = "/room"
BEAT_SECONDS = 0.25
SECOND = 1.0
EMPTY_SECONDS = 120  # an empty room is forgotten after that; its rows are all there
PATIENT_BEATS = 40

log = structlog.get_logger()

rooms_open = Gauge("gurindam_live_rooms", "Live rooms open in this process", registry=registry)
people_there = Gauge("gurindam_live_people", "People in live rooms, all roles, each once", registry=registry)
seats_taken = Gauge("gurindam_live_seats_taken", "Viewers' seats taken, of LIVE_SEATS", registry=registry)
frames_told = Counter("gurindam_live_frames", "Frames told to the audiences of live rooms", registry=registry)


class Rooms:
    """Opens rooms, lets people in and out, and tells them what happened."""

    def __init__(self, app: Flask):
        self.app = app
        self.open_rooms: dict[int, Room] = {}
        self.lock = threading.RLock()
        self.pulse: threading.Event | None = None  # of the loops that run now; set when they are to end
        self.next_beat = threading.Event()
        self.looking = threading.Lock()  # held while rooms are looked after
        self.guests = Guests(app.config["GURINDAM"].live_seats)

    def find(self, webinar_id: int) -> Room | None:
        """The room when somebody is in it, or was a moment ago. For what happens outside of it (a page, a job)."""
        return self.open_rooms.get(webinar_id)

    def get(self, webinar_id: int) -> Room:
        """The room, opened from its rows when nobody has been in it. Raises NotFound when there is no such webinar to be in."""
        room = self.open_rooms.get(webinar_id)
        if room is not None:
            return room
        with self.lock:
            room = self.open_rooms.get(webinar_id)
            if room is None:
                room = self._open(webinar_id)
                self.open_rooms[webinar_id] = room
            if self.pulse is None:
                self.pulse = threading.Event()
                socketio.start_background_task(self._beat, self.pulse)
                socketio.start_background_task(self._look_around, self.pulse)
        return room

    def _open(self, webinar_id: int) -> Room:
        webinar = db.session.get(Webinar, webinar_id)
        if webinar is None or webinar.state in (WebinarState.DRAFT, WebinarState.CANCELED):
            raise NotFound
        looking_after.note_restart(webinar)
        room = Room(webinar_id, slots.PARTS)
        room.send_own, room.send_numbered = _send_own, _send_own
        for part in room.parts.values():
            part.load()
        return room

    # ---- coming and going ----

    def join(self, connection: str, person: Participant, since: dict[str, int] | None = None, epoch: str | None = None) -> dict[str, Any]:
        """Let a connection in and answer with all it needs. It hears every frame after the numbers in the answer. Raises Busy, and NotFound
        when the connection has gone in the meantime."""
        room = self.get(person.webinar_id)
        if guest := self.guests.by_connection.get(connection):
            room.part(People).check(guest.ticket)
        for _beat in range(PATIENT_BEATS):
            with room.lock:
                answer = room.welcome(person, since, epoch)
                if answer is not None:
                    try:
                        for stream in room.streams_of(person):
                            socketio.server.enter_room(connection, channel(room.webinar_id, stream), namespace=NAMESPACE)  # type: ignore[union-attr]
                    except KeyError:  # the library knows it no more
                        raise NotFound from None
                    room.enter(connection, person)
                    return answer
                beat = self.next_beat
            beat.wait(SECOND)
        raise Busy

    def leave(self, connection: str, person: Participant, reason: str) -> None:
        room = self.find(person.webinar_id)
        if room is not None:
            room.leave(connection, reason)

    def put_out(self, room: Room, connections: Iterable[str], reason: str) -> None:
        """End these connections, each told why in its language."""
        for connection in list(connections):
            guest = self.guests.by_connection.get(connection)
            with force_locale(guest.language if guest else "id"):
                _send_own([connection], PUT_OUT, {"reason": reason, "message": str(WORDS[reason])})
            room.leave(connection, "removed")
            socketio.server.disconnect(connection, namespace=NAMESPACE)  # type: ignore[union-attr]

    # ---- the beat ----

    def _beat(self, pulse: threading.Event) -> None:
        due = time.monotonic()
        while not pulse.is_set():
            due = max(due + BEAT_SECONDS, time.monotonic())  # the time that speaking takes is part of a beat, and no beat is caught up
            socketio.sleep(max(0.0, due - time.monotonic()))  # type: ignore[arg-type]
            for room in list(self.open_rooms.values()):
                self._speak(room)
            passed, self.next_beat = self.next_beat, threading.Event()
            passed.set()
            with self.lock:
                if not self.open_rooms:
                    self.rest()

    def rest(self) -> None:
        """Nobody is anywhere: the loops end, and begin anew with the next room."""
        with self.lock:
            if self.pulse is not None:
                self.pulse.set()
            self.pulse = None

    def _speak(self, room: Room) -> None:
        """Send what is due. Frames of a room leave one after the other; nobody comes in between a frame and its sending."""
        with room.lock:
            try:
                for frame in room.frames():
                    broadcast("frame", frame, NAMESPACE, channel(room.webinar_id, frame["s"]))
                    frames_told.inc()
                room.keep_states()
            except Exception:
                log.exception("room_frame_fault", webinar_id=room.webinar_id)
                room.start_over()

    # ---- every second ----

    def _look_around(self, pulse: threading.Event) -> None:
        looked_after = time.monotonic()
        while not pulse.wait(SECOND):
            late = time.monotonic() - looked_after >= looking_after.EVERY_SECONDS
            with self.looking:
                for room in list(self.open_rooms.values()):
                    self._look_at(room, late)
            looked_after = time.monotonic() if late else looked_after
            self._measure()

    def _look_at(self, room: Room, late: bool) -> None:
        self._guarded(room, room.every_second)
        forgotten = not room.people and time.monotonic() - room.emptied_at > EMPTY_SECONDS
        if late or forgotten:
            self._guarded(room, partial(looking_after.look_after, self, room))
        if forgotten and not room.people:
            self.forget(room.webinar_id)

    def _measure(self) -> None:
        rooms_open.set(len(self.open_rooms))
        people_there.set(sum(len(room.people) for room in self.open_rooms.values()))
        seats_taken.set(len(self.guests.seated))

    def _guarded(self, room: Room, work: Callable[[], None]) -> None:
        """A fault in one room's work stops neither the others nor the next second."""
        try:
            with self.app.app_context():
                work()
        except SQLAlchemyError as error:
            log.warning("room_not_looked_after", webinar_id=room.webinar_id, reason=str(error))
        except Exception:
            log.exception("room_fault", webinar_id=room.webinar_id)

    def forget(self, webinar_id: int) -> None:
        """Close a room in memory; who comes next opens it from its rows."""
        self.open_rooms.pop(webinar_id, None)


def channel(webinar_id: int, stream: str) -> str:
    """What Socket.IO calls the connections that hear one stream of one room."""
    return f"{webinar_id}:{stream}"


def _send_own(connections: Iterable[str], kind: str, body: Any, number: int | None = None) -> None:
    for connection in connections:
        socketio.emit("own", [kind, body] if number is None else [kind, body, number], namespace=NAMESPACE, to=connection)


def rooms_of(app: Flask) -> Rooms:
    return app.extensions["gurindam_rooms"]
