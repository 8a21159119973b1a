"""The audit log: who saw or changed what. Any feature above may write to it; nothing edits or deletes it.

Never put a NIP, a password or a code into `before` or `after`: name the person by id, the field by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import g, has_request_context

from app.kernel import clock
from app.kernel.db import db
from app.people.models import AuditEntry

NamesOf = Callable[[set[int]], dict[int, str]]

_words: dict[str, Any] = {}
_things: dict[str, Any] = {}
_values: dict[str, Any] = {}
_names: dict[str, NamesOf] = {}


def describe(
    words: Mapping[str, Any],
    things: Mapping[str, Any] | None = None,
    values: Mapping[str, Any] | None = None,
    names: Mapping[str, NamesOf] | None = None,
) -> None:
    """Say what deeds, kinds of things and coded values are called on screen (lazy texts), and what the things of a kind are named, by
    their ids. A feature does so in its wiring, for its own."""
    _words.update(words)
    _things.update(things or {})
    _values.update(values or {})
    _names.update(names or {})


def word_for(action: str) -> str:
    """A deed as a person reads it; one that nobody described keeps its code."""
    return str(_words.get(action, action))


def thing_for(kind: str) -> str:
    return str(_things.get(kind, kind))


def value_for(value: Any) -> str:
    return str(_values.get(value, value))


def names_of(entries: list[AuditEntry]) -> dict[tuple[str, int], str]:
    """The names of the things these lines are about, by kind and id; of those that have a name and are still there."""
    found: dict[tuple[str, int], str] = {}
    for kind, name in _names.items():
        ids = {entry.object_id for entry in entries if entry.object_type == kind and entry.object_id}
        found |= {(kind, id_): words for id_, words in name(ids).items()} if ids else {}
    return found


def note(
    actor_id: int | None,
    action: str,
    object_: tuple[str, int | None],
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> AuditEntry:
    """Add a line, in the transaction of the deed itself.

    `action` is `feature.deed` (`people.role_granted`); `object_` is the kind of thing and its id (`("user", 7)`); nobody as actor means
    the system itself or the command line.
    """
    kind, object_id = object_
    entry = AuditEntry(
        at=clock.now(),
        actor_id=actor_id,
        action=action,
        object_type=kind,
        object_id=object_id,
        before=before or {},
        after=after or {},
        request_id=g.get("request_id") if has_request_context() else None,
    )
    db.session.add(entry)
    return entry
