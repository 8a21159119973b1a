"""A room with a moderator and two who attend, for tests of what is said in it."""

from __future__ import annotations

from typing import Any

from flask import Flask

from app.kernel.access import Role
from app.kernel.db import transaction
from app.room.questions.part import Questions
from app.room.rooms import rooms_of
from app.webinars import services as webinars
from app.webinars.models import Webinar
from tests.people.factories import make_user
from tests.room.kit import Visitor, visit
from tests.webinars.factories import make_webinar, register

TEXT = "Apakah formulir boleh diisikan petugas loket?"


class Talk:
    """A moderator and two who attend, in one room."""

    def __init__(self, app: Flask, **values: Any):
        self.app = app
        moderator = make_user("Tengku Razali", role=Role.MODERATOR)
        self.webinar: Webinar = make_webinar(moderator, **values)
        self.people = [make_user("Alia"), make_user("Budi")]
        for person in self.people:
            register(self.webinar, person)
        self.moderator = visit(app, self.webinar, moderator)
        self.alia, self.budi = (visit(app, self.webinar, person) for person in self.people)
        self.number = 0

    def ask(self, who: Visitor, text: str = TEXT, **more: Any) -> int:
        self.number += 1
        answer = who.send("ask", {"key": f"key-{self.number:05}", "text": text} | more)
        return answer["question"]["id"]

    def decide(self, question: int, to: str) -> Any:
        return self.moderator.send("decide_question", {"question": question, "to": to})

    def come_back(self, who: Visitor) -> Visitor:
        """Another device of somebody, after everything was told."""
        who.hear()
        return Visitor(self.app, who.person)

    def begin(self) -> None:
        with transaction():
            webinars.go_live(self.webinar.id)

    def end(self) -> None:
        with transaction():
            webinars.end_webinar(self.webinar.id)

    @property
    def part(self) -> Questions:
        return rooms_of(self.app).get(self.webinar.id).part(Questions)
