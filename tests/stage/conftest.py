"""A webinar with a moderator and speakers, as every test of the stage needs it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask

from app.kernel.access import Role
from app.people.models import User
from app.room.rooms import rooms_of
from app.stage.part import StagePart
from app.webinars.models import Webinar
from tests.people.factories import make_user
from tests.room.conftest import _fresh_rooms  # noqa: F401  for every test here
from tests.room.kit import Visitor, forget_everybody, visit, visit_as_speaker
from tests.webinars.factories import make_speaker, make_webinar, register

READY = {"microphone": True, "camera": True, "composes": True}


@dataclass
class Stage:
    """The webinar, its moderator, and ways onto its stage."""

    app: Flask
    webinar: Webinar
    dewi: User
    moderator: Visitor

    @property
    def part(self) -> StagePart:
        return rooms_of(self.app).get(self.webinar.id).part(StagePart)

    def speaker(self, name: str = "Raja Fatimah", *, seated: bool = True) -> Visitor:
        visitor = visit_as_speaker(self.app, make_speaker(self.webinar, name))
        if seated:
            visitor.send("take_seat", READY)
        return visitor

    def viewer(self, name: str = "Alia") -> Visitor:
        user = make_user(name)
        register(self.webinar, user)
        return visit(self.app, self.webinar, user)

    def on_air(self) -> None:
        assert not self.moderator.send("go_on_air", {})


@pytest.fixture
def stage(app: Flask) -> Iterator[Stage]:
    forget_everybody(app)
    dewi = make_user("Dewi", role=Role.MODERATOR)
    webinar = make_webinar(dewi)
    yield Stage(app, webinar, dewi, visit(app, webinar, dewi))
    forget_everybody(app)


