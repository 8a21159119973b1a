"""What assessment asks of the features above it, which arrange quizzes into courses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.kernel.errors import DomainError, NotFound

Gate = Callable[[Any, str], None]
Pass = Callable[[Any, str], bool]
WayBack = Callable[[Any, str], "tuple[str, Any] | None"]

_gates: list[Gate] = []
_passes: list[Pass] = []
_ways_back: list[WayBack] = []
_ways_on: list[WayBack] = []


def register_gate(gate: Gate) -> None:
    """`gate(user, quiz_key)` raises a `DomainError` unless the person may start the quiz now. All gates are asked."""
    if gate not in _gates:
        _gates.append(gate)


def register_pass(let_in: Pass) -> None:
    """`let_in(user, quiz_key)` says whether the person may start the quiz whatever the gates say. Where it knows the quiz as this person's and
    the time is wrong, it raises a `DomainError` that says so, told when the gates are shut too."""
    if let_in not in _passes:
        _passes.append(let_in)


def register_way_back(way_back: WayBack, *, first: bool = False) -> None:
    """`way_back(user, quiz_key)` gives the address and the name of the page a quiz belongs to, or None when it is not theirs. `first`: asked
    before those that give a way to everybody."""
    if way_back not in _ways_back:
        _ways_back.insert(0 if first else len(_ways_back), way_back)


def register_way_on(way_on: WayBack) -> None:
    """`way_on(user, quiz_key)` gives the address and the name of what comes after a quiz, or None while nothing is open after it."""
    if way_on not in _ways_on:
        _ways_on.append(way_on)


def check_gates(user: Any, quiz_key: str) -> None:
    """Raises what a gate raises; `NotFound` when nobody has ever said who may take quizzes."""
    refusal: DomainError | None = None
    for let_in in _passes:
        try:
            if let_in(user, quiz_key):
                return
        except DomainError as reason:
            refusal = reason
    if not _gates:
        raise refusal or NotFound
    try:
        for gate in _gates:
            gate(user, quiz_key)
    except DomainError as reason:
        raise refusal or reason from None


def way_back_for(user: Any, quiz_key: str) -> tuple[str, str]:
    """The address and the name of the page to go back to; nothing known of it, the front page."""
    for way_back in _ways_back:
        if found := way_back(user, quiz_key):
            return found[0], str(found[1])
    return "/", ""


def way_on_for(user: Any, quiz_key: str) -> tuple[str, str] | None:
    """The address and the name of what comes after a quiz; None when nothing does, or it is not open yet."""
    for way_on in _ways_on:
        if found := way_on(user, quiz_key):
            return found[0], str(found[1])
    return None
