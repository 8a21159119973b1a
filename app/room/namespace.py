"""The namespace `/room`: whoever has a ticket comes in, joins, and sends the events that features registered.

    connect      auth {"ticket": "..."}: read without the database; a bad one is refused with its reason
    join         {"since": {"all": 12}, "epoch": "..."} → what was missed, or the whole state (`Room.welcome`)
    frame        server → browser, four times a second at most: {"s": stream, "n": number, "c": [[kind, body], ...]}
    own          server → browser, at once: [kind, body] for one person

`docs/live-protocol.md` lists every event and every change.
"""

from __future__ import annotations

import time
from typing import Any

from flask import request
from flask_babel import get_locale
from socketio.exceptions import ConnectionRefusedError as Refused

from app.kernel import clock
from app.kernel.access import Permission
from app.kernel.errors import DomainError, Invalid, NotAllowed, TooMany
from app.kernel.sockets import GuardedNamespace
from app.room import fields, slots
from app.room.events import Heard, Here, hears
from app.room.people import People
from app.room.rooms import NAMESPACE, Rooms
from app.room.ticket import open_ticket
from app.webinars.participants import Participant
from app.webinars.permissions import ATTEND


class RoomNamespace(GuardedNamespace):
    """Finds the handler of an event among the registered groups, reads its parts, and holds each person to its pace."""

    most_events, in_seconds = 300, 10.0  # a composing browser sends four pieces a second, and signals to four others

    def __init__(self, registry: Rooms):
        super().__init__(NAMESPACE)
        self.registry, self.guests = registry, registry.guests
        self.paces: dict[tuple[int, str, str], list[float]] = {}

    # ---- the door ----

    def admit(self, auth: Any) -> None:
        """Read the ticket and find a seat. Nothing here asks the database."""
        ticket = open_ticket(auth.get("ticket") if isinstance(auth, dict) else None)
        room = self.registry.find(ticket.person.webinar_id)
        if room is not None:
            room.part(People).check(ticket)
        self.guests.admit(_connection(), ticket, str(get_locale() or "id"))

    def refuse(self, error: DomainError) -> Any:
        raise Refused(error.code, error.as_json())

    def check_right(self, needed: Permission | None) -> None:
        guest = self.guests.by_connection.get(_connection())
        if needed is None or guest is None or not guest.person.may(needed):
            raise NotAllowed

    def find_handler(self, event: str) -> Any:
        found = super().find_handler(event)
        found = found or slots.HANDLERS.get(event)
        return found and self._reading(event, found) if event not in ("connect", "disconnect") else found

    def check_parts(self, handler: Any, given: tuple[Any, ...]) -> None:
        """`_reading` does."""

    def _reading(self, event: str, handler: Any) -> Any:
        """The handler as an event calls it: with its parts read and its person's pace kept."""

        def handle(*given: Any) -> Any:
            if len(given) > 1:
                raise Invalid
            heard: Heard = handler.heard
            connection = _connection()
            person = self.guests.by_connection[connection].person
            room = self.registry.get(person.webinar_id)
            if event != "join" and connection not in room.connections:
                raise NotAllowed(code="not_joined")
            self._keep_pace(person, event, heard)
            return handler(Here(room, person, connection), **fields.read(heard.fields, given[0] if given else None))

        handle.needed_permission = getattr(handler, "needed_permission", None)  # type: ignore[attr-defined]
        handle.__name__ = f"on_{event}"
        return handle

    def _keep_pace(self, person: Participant, event: str, heard: Heard) -> None:
        if heard.pace is None:
            return
        most, seconds = heard.pace
        now, key = time.monotonic(), (person.webinar_id, person.key, event)
        sent = [moment for moment in self.paces.get(key, ()) if now - moment < seconds]
        if len(sent) >= most:
            raise TooMany(seconds=round(seconds - (now - sent[0])) + 1)
        self.paces[key] = [*sent, now]

    # ---- its own events ----

    @hears(
        ATTEND,
        "Come in, or come back with the number of the last frame of each stream.",
        answers="`epoch`, `numbers`, `now` (ms by the server's clock) and `took` (ms until then), and either `missed` (frames) with `missed_own`, or `state` (by stream) with `own`",
        pace=(10, 10),
        since=fields.obj(200, needed=False),
        epoch=fields.text(1, 20, needed=False),
    )
    def on_join(self, here: Here, since: dict[str, Any] | None, epoch: str | None) -> dict[str, Any]:
        if since is not None and not all(type(number) is int for number in since.values()):
            raise Invalid(fields={"since": ""})
        asked = time.monotonic()
        answer = self.registry.join(here.connection, here.person, since, epoch)
        return answer | {"now": clock.milliseconds(), "took": round((time.monotonic() - asked) * 1000)}

    def on_disconnect(self, reason: Any = None) -> None:
        connection = _connection()
        guest, last = self.guests.let_go(connection)
        if guest is None:
            return
        person = guest.person
        if last:
            for key in [key for key in self.paces if key[:2] == (person.webinar_id, person.key)]:
                del self.paces[key]
        room = self.registry.find(person.webinar_id)
        if room is not None:
            for group in slots.EVENTS:
                group.left(Here(room, person, connection))
        self.registry.leave(connection, person, "left" if reason == "client disconnect" else "lost")


def _connection() -> str:
    return request.sid  # type: ignore[attr-defined]
