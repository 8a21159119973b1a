"""Saving what a learner enters: checked, written once, acknowledged when it is on the disk.

This is the one path that many people use in the same second, so it is a single statement in Core: the row takes its lateness from the
attempt as it is at that moment, and the attempt cannot be closed between looking and writing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import uuid4

from flask_babel import lazy_gettext as _l
from sqlalchemy import Boolean, Connection, Executable, Integer, String, bindparam, func, or_, select

from app.assessment.messages import response_message
from app.assessment.models import AttemptState, EntryKind, QuizAnswer, QuizAttempt
from app.assessment.question_types import InvalidResponse, parse_response
from app.assessment.quizzes import AttemptFacts
from app.assessment.rules import is_late
from app.kernel import clock
from app.kernel.db import JsonValue, UtcDateTime, db, insert_into
from app.kernel.durable import write_durably
from app.kernel.errors import Invalid, NotFound, TooMany

MOST_OPERATIONS = 200
MOST_ENTRIES = 5000  # of one attempt, counted or not: every page of it reads them all
LARGEST_SEQUENCE = 2_000_000_000
AT_ONCE = 40  # rows in one write transaction
_CLIENT_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")


@dataclass(frozen=True, slots=True)
class NewEntry:
    """Something a learner entered, checked against its question."""

    kind: EntryKind
    question_key: str
    client_id: str
    client_sequence: int
    response: Any
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an entry. A repeat gets the receipt of the first."""

    entry_id: int
    saved_at: datetime
    is_late: bool


def read_operation(facts: AttemptFacts, operation: Any) -> NewEntry:
    """An operation from a browser; raises Invalid for anything that is not one, with the reason in the learner's words."""
    if not isinstance(operation, dict):
        raise Invalid(code="malformed")
    client_id, sequence = operation.get("client_id"), operation.get("sequence")
    if not isinstance(client_id, str) or not _CLIENT_ID.fullmatch(client_id):
        raise Invalid(code="malformed")
    if type(sequence) is not int or not 1 <= sequence <= LARGEST_SEQUENCE:
        raise Invalid(code="malformed")
    place, answered_at = operation.get("question"), _claimed_moment(operation.get("answered_at"))
    if "doubtful" in operation:
        if type(operation["doubtful"]) is not bool:
            raise Invalid(code="malformed")
        return NewEntry(EntryKind.MARK, _question_key(facts, place), client_id, sequence, operation["doubtful"], answered_at)
    if "response" not in operation:
        raise Invalid(code="malformed")
    return new_answer(facts, place, operation["response"], client_id, sequence, answered_at)


def new_answer(
    facts: AttemptFacts, place: Any, raw: Any, client_id: str = "", client_sequence: int = 1, answered_at: datetime | None = None
) -> NewEntry:
    """An answer to the question at a place; without a `client_id` it counts as the only one of its page. Raises Invalid."""
    key = _question_key(facts, place)
    try:
        response = parse_response(facts.content.questions[key], raw, facts.options.get(key))
    except InvalidResponse as error:
        raise Invalid(response_message(error), code=error.code) from error
    return NewEntry(EntryKind.ANSWER, key, client_id or uuid4().hex, client_sequence, response.to_json(), answered_at)


def new_mark(facts: AttemptFacts, place: Any, doubtful: bool) -> NewEntry:
    return NewEntry(EntryKind.MARK, _question_key(facts, place), uuid4().hex, 1, doubtful)


def _question_key(facts: AttemptFacts, place: Any) -> str:
    if type(place) is not int or not 1 <= place <= len(facts.order):
        raise Invalid(code="unknown_question")
    return facts.order[place - 1]


def _claimed_moment(value: Any) -> datetime | None:
    """When the browser says it was: kept as a claim, never used to decide anything. Milliseconds since 1970; anything else is no claim."""
    if type(value) is not int or not 0 < value < 4_102_444_800_000:
        return None
    return datetime.fromtimestamp(value / 1000, UTC)


@lru_cache(maxsize=4)
def _insert(dialect: str) -> Executable:
    late = or_(QuizAttempt.state != AttemptState.OPEN, bindparam("after_deadline", type_=Boolean()))
    row = select(
        QuizAttempt.id,
        bindparam("kind", type_=String()),
        bindparam("question_key", type_=String()),
        bindparam("client_id", type_=String()),
        bindparam("client_sequence", type_=Integer()),
        bindparam("response", type_=JsonValue),
        bindparam("answered_at", type_=UtcDateTime()),
        bindparam("saved_at", type_=UtcDateTime()),
        late,
    ).where(
        QuizAttempt.id == bindparam("attempt_id"),
        QuizAttempt.user_id == bindparam("user_id"),
        select(func.count()).where(QuizAnswer.attempt_id == bindparam("attempt_id")).scalar_subquery() < MOST_ENTRIES,
    )
    columns = ["attempt_id", "kind", "question_key", "client_id", "client_sequence", "response", "answered_at", "saved_at", "is_late"]
    # The shared lock makes PostgreSQL look again when the attempt is just being closed; on SQLite there is one writer at a time.
    filled = insert_into(QuizAnswer, dialect).from_select(columns, row.with_for_update(read=True), include_defaults=False)
    return filled.on_conflict_do_nothing().returning(QuizAnswer.id, QuizAnswer.saved_at, QuizAnswer.is_late)


_FIRST = select(QuizAnswer.id, QuizAnswer.saved_at, QuizAnswer.is_late).where(
    QuizAnswer.attempt_id == bindparam("attempt_id"),
    QuizAnswer.client_id == bindparam("client_id"),
    QuizAnswer.client_sequence == bindparam("client_sequence"),
)


_OWNED = select(QuizAttempt.id).where(QuizAttempt.id == bindparam("attempt_id"), QuizAttempt.user_id == bindparam("user_id"))


def save_entries(facts: AttemptFacts, entries: Sequence[NewEntry]) -> list[Receipt]:
    """Store entries in their order and return when none of them can be lost any more. Commits by itself.

    What comes after the deadline or after submitting is stored as late. Raises NotFound when the attempt is gone, TooMany when it holds
    more than anybody enters, Busy when the database could not take it (then nothing of this part was written, and repeating is safe).
    """
    now = clock.now()
    after_deadline, insert = is_late(now, facts.deadline_at), _insert(db.engine.dialect.name)

    def write(connection: Connection, part: Sequence[NewEntry]) -> list[Receipt]:
        return [_write_one(connection, insert, facts, entry, now, after_deadline) for entry in part]

    receipts: list[Receipt] = []
    for start in range(0, len(entries), AT_ONCE):
        part = entries[start : start + AT_ONCE]
        receipts += write_durably(lambda connection, part=part: write(connection, part))
    return receipts


def _write_one(
    connection: Connection, insert: Executable, facts: AttemptFacts, entry: NewEntry, now: datetime, after_deadline: bool
) -> Receipt:
    values = {
        "attempt_id": facts.id,
        "user_id": facts.user_id,
        "kind": str(entry.kind),
        "question_key": entry.question_key,
        "client_id": entry.client_id,
        "client_sequence": entry.client_sequence,
        "response": entry.response,
        "answered_at": entry.answered_at,
        "saved_at": now,
        "after_deadline": after_deadline,
    }
    row = connection.execute(insert, values).first() or connection.execute(_FIRST, values).first()
    if row is None:
        if connection.execute(_OWNED, values).first() is None:
            raise NotFound
        raise TooMany(_l("Jawaban pada percobaan ini sudah terlalu sering diubah. Yang tersimpan tidak hilang; kumpulkan kuis ini."), code="too_many_entries")
    return Receipt(*row)
