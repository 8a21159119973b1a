"""Numbers that a regulation sets, as dated data.

A rule of last year still holds for last year's learning, so each value says from when to when it is valid, which regulation it rests
on, and how sure we are of it. Nothing in the code repeats such a number.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy import Index, String, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, JsonValue, db, intpk, line, short

KEPT_SECONDS = 300


class RegulatedValue(Base):
    """One value of one rule, valid from a day up to and including another (open when empty)."""

    __tablename__ = "regulated_value"
    __table_args__ = (Index("ix_regulated_value_key", "key", "valid_from", unique=True),)

    id: Mapped[intpk]
    key: Mapped[short]
    value: Mapped[Any] = mapped_column(JsonValue)
    legal_basis: Mapped[line]
    certainty: Mapped[str] = mapped_column(String(12))  # VERIFIED, SECONDARY or UNVERIFIED
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]


@dataclass(frozen=True, slots=True)
class Rule:
    """A regulated value as it holds on some day."""

    key: str
    value: Any
    legal_basis: str
    certainty: str
    valid_from: date
    valid_to: date | None


def find_rule(key: str, on: date) -> Rule | None:
    """The rule in force on a day, or None when nobody has set one. Pages ask often and rules change rarely, so an answer is kept for up
    to five minutes."""
    return _kept_rule(db.engine.url, key, on, int(time.monotonic() // KEPT_SECONDS))


@lru_cache(maxsize=512)
def _kept_rule(database: Any, key: str, on: date, slot: int) -> Rule | None:
    row = db.session.scalar(
        select(RegulatedValue)
        .where(
            RegulatedValue.key == key,
            RegulatedValue.valid_from <= on,
            or_(RegulatedValue.valid_to.is_(None), RegulatedValue.valid_to >= on),
        )
        .order_by(RegulatedValue.valid_from.desc())
        .limit(1)
    )
    return None if row is None else Rule(row.key, row.value, row.legal_basis, row.certainty, row.valid_from, row.valid_to)


def get_rule(key: str, on: date) -> Rule:
    """Like `find_rule`; a missing rule is a fault of the installation, not of the person: LookupError."""
    rule = find_rule(key, on)
    if rule is None:
        raise LookupError(f"no value of {key} is valid on {on}")
    return rule
