"""The encoder as a whole: finds rooms with something to make, looks after them in turn, and gives a sign of life."""

from __future__ import annotations

import fcntl
import json
import os
import time
from pathlib import Path
from typing import IO

from app.stage import layout
from app.stage.encoder.rooms import Room
from app.stage.encoder.saying import say

MOST_ROOMS = 4  # at work at once; others wait for their turn
TICK_SECONDS = 0.1
SCAN_EVERY_SECONDS = 0.5
BEAT_EVERY_SECONDS = 2.0


class AnotherEncoder(Exception):
    """One is at work already."""


class Encoder:
    """Looks after all rooms below a storage's root. Only one may: it holds a lock as long as it lives."""

    def __init__(self, root: Path, most_rooms: int = MOST_ROOMS):
        self.live, self.most_rooms = root / "live", most_rooms
        self.live.mkdir(parents=True, exist_ok=True)
        self.rooms: dict[str, Room] = {}
        self.finished: set[str] = set()
        self.scanned = self.beaten = float("-inf")
        self.held = self._lock()

    def _lock(self) -> IO[str]:
        held = (self.live / "encoder.lock").open("w")
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            held.close()
            raise AnotherEncoder from error
        return held

    def tick(self) -> None:
        now = time.monotonic()
        if now - self.scanned >= SCAN_EVERY_SECONDS:
            self.scanned = now
            self._find_rooms()
        for name, room in list(self.rooms.items()):
            try:
                room.tick(self.at_work < self.most_rooms)
            except OSError as error:
                say("live_room_failed", room=name, reason=str(error))
                self._forget(name)
                continue
            if room.is_finished:
                self._forget(name)
                self.finished.add(name)
        if now - self.beaten >= BEAT_EVERY_SECONDS:
            self.beaten = now
            self._beat()

    def _find_rooms(self) -> None:
        for entry in os.scandir(self.live):
            name = entry.name
            if not name.isdigit() or name in self.rooms or name in self.finished:
                continue
            folder = Path(entry.path)
            if (folder / "hls" / "finished").exists():
                self.finished.add(name)
            elif (folder / "takes").is_dir():
                self.rooms[name] = Room(folder)

    def _forget(self, name: str) -> None:
        self.rooms.pop(name).stop()

    @property
    def at_work(self) -> int:
        return sum(room.run is not None for room in self.rooms.values())

    def _beat(self) -> None:
        rooms = {name: room.run.behind_ms for name, room in self.rooms.items() if room.run is not None}
        waiting = sum(room.run is None and room.next_take() is not None for room in self.rooms.values())
        told = {"at": time.time(), "pid": os.getpid(), "behind_ms": rooms, "waiting": waiting}
        layout.write_whole(self.live / "encoder.json", json.dumps(told))

    def stop(self) -> None:
        for name in list(self.rooms):
            self._forget(name)
        self.held.close()
