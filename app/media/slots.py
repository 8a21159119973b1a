"""What media asks of the features above it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much more a person may bring in, for the moment before an upload begins.

    `bytes_left` counts what is stored already and nothing that is under way (None: no limit); `words` say it to the person.
    """

    bytes_left: int | None
    words: Any = ""


Allower = Callable[[Any], Allowance]
_allowers: list[Allower] = []


def register_allowance(allower: Allower) -> None:
    """`allower(user)` says how much this person may still bring in; the smallest answer counts."""
    if allower not in _allowers:
        _allowers.append(allower)


def allowances_of(user: Any) -> list[Allowance]:
    return [allower(user) for allower in _allowers]
