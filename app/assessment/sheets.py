"""What an attempt holds: everything that was entered, brought into order, and what of it counts."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.assessment.models import EntryKind, QuizAnswer
from app.assessment.quizzes import AttemptFacts
from app.kernel.db import db


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of `quiz_answer`."""

    id: int
    kind: str
    question_key: str
    client_id: str
    client_sequence: int
    response: Any
    saved_at: datetime
    is_late: bool


def entries_of(attempt_id: int) -> list[Entry]:
    """Everything that was entered in an attempt, as it arrived."""
    columns = [getattr(QuizAnswer, name) for name in Entry.__slots__]
    return [Entry(*row) for row in db.session.execute(select(*columns).where(QuizAnswer.attempt_id == attempt_id).order_by(QuizAnswer.id))]


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """Entries in the order they were made, the oldest first.

    Each open page counts its own entries, so within a page its count decides, whatever order they arrived in. Between pages (a phone
    and a laptop) nothing but the arrival is known: a page's entries take the places in which the page's entries arrived.
    """
    by_client: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_client[entry.client_id].append(entry)
    placed: list[tuple[int, Entry]] = []
    for made in by_client.values():
        places = sorted(entry.id for entry in made)
        placed += zip(places, sorted(made, key=lambda entry: (entry.client_sequence, entry.id)), strict=True)
    return [entry for _place, entry in sorted(placed, key=lambda item: item[0])]


@dataclass(frozen=True)
class Sheet:
    """An attempt's answers by question key. `late` are answers that do not count, the newest of each question; `doubtful` are marked."""

    answers: Mapping[str, Any]
    late: Mapping[str, Entry]
    doubtful: frozenset[str]
    last_entry_id: int
    last_saved_at: datetime | None

    def is_answered(self, question_key: str) -> bool:
        return self.answers.get(question_key) is not None


def sheet_of(entries: Sequence[Entry]) -> Sheet:
    """Which entries count: the latest of each question that was in time. What was late when it came stays late."""
    ordered = in_order(entries)
    answers = [entry for entry in ordered if entry.kind == EntryKind.ANSWER]
    marks = {entry.question_key: bool(entry.response) for entry in ordered if entry.kind == EntryKind.MARK}
    return Sheet(
        {entry.question_key: entry.response for entry in answers if not entry.is_late},
        {entry.question_key: entry for entry in answers if entry.is_late},
        frozenset(key for key, is_marked in marks.items() if is_marked),
        max((entry.id for entry in entries), default=0),
        max((entry.saved_at for entry in entries if not entry.is_late), default=None),
    )


def read_sheet(facts: AttemptFacts) -> Sheet:
    return sheet_of(entries_of(facts.id))
