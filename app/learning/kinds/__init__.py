"""Lesson kinds: how a kind of lesson is shown, and what completes it. One folder each; this registry is all they share.

A kind registers a `Behavior`. Its template extends `learning/lesson.html`; `context` is what the template needs beyond the seat;
`conditions` is what completes the lesson, met or not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.learning.missing import Condition, LessonSeat


@dataclass(frozen=True, slots=True)
class Behavior:
    """How a kind of lesson is shown and completed. With `marked_by_reader` a person completes it by saying so, once enough time to read it
    has passed; without, it completes itself when its conditions are met."""

    name: str
    template: str
    context: Callable[[LessonSeat], dict[str, Any]]
    conditions: Callable[[LessonSeat], list[Condition]]
    marked_by_reader: bool = False


_behaviors: dict[str, Behavior] = {}


def register(behavior: Behavior) -> None:
    """Plug a kind in; called by the kind's own module when it is imported."""
    _behaviors[behavior.name] = behavior


def behavior_of(kind: str) -> Behavior:
    """The behavior of a kind. A kind nobody registered is a fault of the installation: LookupError."""
    return _behaviors[kind]
