"""What media asks of the features above it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
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


@dataclass(frozen=True, slots=True)
class Home:
    """Where a person finds a file: what they call it, the address of its page, and since when it is there."""

    title: str
    address: str
    since: datetime


HomeFinder = Callable[[Any, Collection[int]], Mapping[int, Home]]
_home_finders: list[HomeFinder] = []


def register_homes(find: HomeFinder) -> None:
    """`find(user, asset_ids)` says where this person finds these files, as far as they do."""
    if find not in _home_finders:
        _home_finders.append(find)


def homes_of(user: Any, asset_ids: Collection[int]) -> dict[int, Home]:
    found: dict[int, Home] = {}
    for find in _home_finders if asset_ids else ():
        found |= find(user, asset_ids)
    return found
