"""People in a room, as their browsers see it."""

from __future__ import annotations

import threading
from typing import Any

from flask import Flask
from flask_socketio.test_client import SocketIOTestClient

from app.kernel.sockets import socketio
from app.people.models import User
from app.room.rooms import NAMESPACE, rooms_of
from app.room.ticket import write_ticket
from app.webinars import queries
from app.webinars.models import Webinar, WebinarSpeaker
from app.webinars.participants import Participant


class Visitor:
    """One connection to a room: what it sends, and what it has heard."""

    def __init__(self, app: Flask, person: Participant, *, join: bool = True, ticket: str | None = None):
        self.app, self.person, self.ticket = app, person, ticket or write_ticket(person)
        self.socket: SocketIOTestClient = socketio.test_client(app, namespace=NAMESPACE, auth={"ticket": self.ticket})
        self.heard: list[tuple[str, Any]] = []
        self.joined: dict[str, Any] = self.send("join", {}) if join else {}

    def send(self, event: str, body: Any = None) -> Any:
        return self.socket.emit(event, body, namespace=NAMESPACE, callback=True)

    def hear(self) -> list[tuple[str, Any]]:
        """Everything told since the last time, as (kind, body), frames opened; speaks first, so that nothing is pending."""
        rooms = rooms_of(self.app)
        rooms._speak(rooms.get(self.person.webinar_id))
        news: list[tuple[str, Any]] = []
        client: Any = self.socket
        received, client.queue = client.queue, []  # also what was told right before the end of the connection
        for packet in received:
            if packet["name"] == "frame":
                news += [(kind, body) for kind, body in packet["args"][0]["c"]]
            elif packet["name"] == "own":
                news.append((packet["args"][0][0], packet["args"][0][1]))
            else:
                news.append((packet["name"], packet["args"]))
        self.heard += news
        return news

    def heard_of(self, kind: str) -> list[Any]:
        return [body for told, body in self.hear() if told == kind]


def visit(app: Flask, webinar: Webinar, user: User, **options: Any) -> Visitor:
    person = queries.participant_for_user(webinar, user)
    assert person is not None
    return Visitor(app, person, **options)


def visit_as_speaker(app: Flask, speaker: WebinarSpeaker, **options: Any) -> Visitor:
    return Visitor(app, queries.participant_for_speaker(speaker), **options)


def forget_everybody(app: Flask) -> None:
    """Close every room and forget who is connected, between two tests whose rows have the same ids."""
    rooms = rooms_of(app)
    with rooms.looking:
        rooms.open_rooms.clear()
    rooms.rest()
    for thread in threading.enumerate():  # what still writes for a room must not meet the next test's database
        if (work := getattr(thread, "_target", None)) and getattr(work, "__module__", "").startswith("app.") and work.__name__ != "_beat":
            thread.join(5)
    namespace: Any = socketio.server.namespace_handlers[NAMESPACE]  # type: ignore[union-attr]
    namespace.guests.clear()
    namespace.paces.clear()
    namespace._counted.clear()
