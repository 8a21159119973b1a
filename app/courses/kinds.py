"""What a kind of lesson must say about itself so that it can be written, checked and counted.

A kind is one object with this shape in `lesson_kinds/`, registered by name. The content format is read with it: a kind lists the fields
of its front matter, so the reader knows which files belong to the lesson and which values are allowed, without knowing any kind. How a
kind is shown and what completes it is plugged in above, in `learning`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

WORDS_PER_MINUTE = 150  # of a careful reader; docs/content-format.md
THINKING_MINUTES = 1.0  # for one question, besides reading it


class FieldType(StrEnum):
    """What may stand in a field of the front matter."""

    WHOLE = "whole"  # a whole number between low and high
    SHARE = "share"  # a number between low and high, such as 0.9
    SWITCH = "switch"  # true or false
    CHOICE = "choice"  # one of `choices`
    FILE = "file"  # a path in the package, of the named sort
    FILES = "files"  # language to path
    CHAPTERS = "chapters"  # [{at: "1:30", title: ...}]


@dataclass(frozen=True, slots=True)
class Field:
    type: FieldType
    required: bool = True
    low: float = 0
    high: float = 0
    choices: tuple[str, ...] = ()
    sort: str = ""  # of a file: video, captions, document, questions


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What was found out about a file of a package by looking into it."""

    sort: str
    duration_seconds: float | None = None
    words: int = 0
    question_words: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class LessonSource:
    """A lesson as its author wrote it: its own fields, and what counts for its minutes. Files are found by their path."""

    fields: Mapping[str, Any]
    words: int = 0
    practices: int = 0
    files: Mapping[str, FileFacts] = field(default_factory=dict)

    def file(self, name: str) -> FileFacts | None:
        """What is known of the file that a field names; None when it is missing or unreadable, which was already told."""
        return self.files.get(self.fields.get(name, ""))


@dataclass(frozen=True, slots=True)
class KindFault:
    """Something wrong with a lesson; `field` is the line to point at (None: the whole lesson)."""

    message: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """Where a lesson's files went when it was published: ids of assets by path, and ids of the quiz."""

    asset_ids: Mapping[str, int]
    quiz_id: int | None = None
    quiz_version_id: int | None = None


class LessonKind(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def label(self) -> Any:
        """What learners call it, a lazy text."""
        ...

    @property
    def icon(self) -> str: ...

    @property
    def fields(self) -> Mapping[str, Field]:
        """The fields of its front matter, besides those of every lesson."""
        ...

    def check(self, source: LessonSource) -> list[KindFault]:
        """What is wrong beyond the single fields."""
        ...

    def minutes(self, source: LessonSource) -> float:
        """Learning minutes, not rounded."""
        ...

    def content(self, source: LessonSource, stored: Stored) -> dict[str, Any]:
        """What the published lesson keeps for showing it, as plain data."""
        ...


KINDS: dict[str, LessonKind] = {}


def register(kind: LessonKind) -> None:
    if KINDS.setdefault(kind.name, kind) is not kind:
        raise ValueError(f"two kinds of lesson are called {kind.name}")


def get_kind(name: str) -> LessonKind:
    """Raises LookupError for a kind nobody registered."""
    return KINDS[name]


def reading_minutes(words: int) -> float:
    return words / WORDS_PER_MINUTE


def half_minutes(minutes: float) -> float:
    """Rounded down to the half minute, as a lesson's minutes are before they are added."""
    return int(minutes * 2 + 1e-9) / 2


def whole_jp(minutes: float) -> int:
    """The whole hours of 45 minutes in a course: more JP than this would not be honest."""
    return int(minutes // 45)
