"""Features announce what happened; features above react.

`record(event)` inside `transaction()` does two things. Reactions registered with `on` run at once, in the same transaction: use
them for effects that must never be lost (a completed lesson, JP). Reactions registered with `after` run once the commit has
happened: use them for what may be repeated or lost in a crash (a live update); what must survive is enqueued as a job instead.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import structlog

from app.kernel.db import db

log = structlog.get_logger()

Reaction = Callable[[Any], None]
_inside: dict[type, list[Reaction]] = defaultdict(list)
_afterwards: dict[type, list[Reaction]] = defaultdict(list)


def on(event_type: type, reaction: Reaction) -> None:
    """React inside the transaction that announces; an error in the reaction undoes the whole."""
    if reaction not in _inside[event_type]:
        _inside[event_type].append(reaction)


def after(event_type: type, reaction: Reaction) -> None:
    """React after the commit; an error is logged and stops nobody else."""
    if reaction not in _afterwards[event_type]:
        _afterwards[event_type].append(reaction)


def record(event: Any) -> None:
    """Announce a fact (a frozen dataclass, past tense). Only inside `transaction()`."""
    session = db.session()
    announced = session.info.get("announced")
    if announced is None:
        raise RuntimeError(f"{type(event).__name__} was recorded outside transaction()")
    announced.append(event)
    for reaction in _inside[type(event)]:
        reaction(event)


def publish(announced: list[Any]) -> None:
    """Run the reactions registered with `after`; called by `transaction()` once it has committed."""
    for event in announced:
        for reaction in _afterwards[type(event)]:
            try:
                reaction(event)
            except Exception:
                log.exception("reaction_failed", reaction=reaction.__qualname__, event_name=type(event).__name__)
                db.session.rollback()
