"""A learner before an open quiz, signed in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.assessment import slots
from app.assessment.models import QuizVersion
from app.people.models import User
from tests.assessment.factories import make_quiz, open_gates
from tests.people.factories import make_user, sign_in


@dataclass
class Sitting:
    """A person with a browser at a quiz."""

    client: FlaskClient
    user: User
    version: QuizVersion

    def start(self, **form: str) -> Any:
        return self.client.post(f"/kuis/{self.version.quiz_id}/percobaan", data=form)

    def started(self) -> int:
        """The id of a fresh or continued attempt."""
        return int(self.start().location.split("/")[3])

    def save(self, attempt_id: int, question: int, response: Any, sequence: int = 1, client_id: str = "peramban-1", **more: Any) -> Any:
        operation = {"client_id": client_id, "sequence": sequence, "question": question, "response": response} | more
        return self.client.post(f"/kuis/percobaan/{attempt_id}/jawaban", json=operation)

    def submit(self, attempt_id: int) -> Any:
        return self.client.post(f"/kuis/percobaan/{attempt_id}/kumpulkan")


@pytest.fixture
def gates(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    open_gates(monkeypatch)
    return lambda gate: monkeypatch.setattr(slots, "_gates", [gate])


@pytest.fixture
def sitting(client: FlaskClient, gates: Any, at: Callable[..., None]) -> Sitting:
    """Monday 23 November 2026, 09.30 WIB, before a quiz with a question of every type and 15 minutes."""
    at(2026, 11, 23, 9, 30)
    user = make_user()
    return Sitting(sign_in(client, user), user, make_quiz())
