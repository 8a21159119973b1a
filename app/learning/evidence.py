"""The evidence chain: facts about a person's learning, added at the end and nowhere else.

Each row carries a keyed MAC (HMAC-SHA-256, key outside the database) over its own canonical JSON and the MAC before it. `verify` finds
a changed, deleted, inserted or reordered row and a tail that was cut. A chain rewritten by somebody who has the key as well is
found by the anchors: once a day the heads are appended to a file beside the database, to be copied elsewhere.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import current_app
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.kernel import clock
from app.kernel.db import db, insert_into
from app.learning.models import ChainHead, LearningEvent, LearningPayload

GENESIS = "0" * 64


def canonical(value: Any) -> bytes:
    """The one way a value is written for a digest: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="microseconds")


def mac_of(row: LearningEvent, previous_mac: str) -> str:
    body = {
        "person": row.person_id,
        "sequence": row.sequence,
        "verb": row.verb,
        "object": [row.object_type, row.object_id],
        "happened_at": _stamp(row.happened_at),
        "recorded_at": _stamp(row.recorded_at),
        "source": row.source,
        "facts": row.facts,
        "payload": row.payload_digest,
    }
    key: bytes = current_app.config["GURINDAM"].evidence_key
    return hmac.new(key, previous_mac.encode() + canonical(body), hashlib.sha256).hexdigest()


def lock_chain(person_id: int) -> ChainHead:
    """The person's head, locked until the transaction ends; whatever is decided per person (a day's cap) is decided under it."""
    session = db.session()
    head = session.scalar(select(ChainHead).where(ChainHead.person_id == person_id).with_for_update())
    if head is None:
        head = _start_chain(session, person_id)
    return head


def _start_chain(session: Session, person_id: int) -> ChainHead:
    session.execute(insert_into(ChainHead).values(person_id=person_id, sequence=0, mac=GENESIS).on_conflict_do_nothing())
    return session.scalars(select(ChainHead).where(ChainHead.person_id == person_id).with_for_update()).one()


def append(
    person_id: int,
    verb: str,
    object_type: str,
    object_id: int,
    *,
    happened_at: datetime | None = None,
    source: str = "web",
    facts: dict[str, Any] | None = None,
    personal: Any = None,
) -> LearningEvent:
    """Add a fact to a person's chain, in the current transaction."""
    session = db.session()
    head = lock_chain(person_id)
    now = clock.now()
    digest = None
    if personal is not None:
        salt = secrets.token_hex(16)
        digest = hashlib.sha256(salt.encode() + canonical(personal)).hexdigest()
        session.add(LearningPayload(person_id=person_id, digest=digest, salt=salt, body=personal))
    row = LearningEvent(
        person_id=person_id,
        sequence=head.sequence + 1,
        verb=verb,
        object_type=object_type,
        object_id=object_id,
        happened_at=happened_at or now,
        recorded_at=now,
        source=source,
        facts=facts or {},
        payload_digest=digest,
        previous_mac=head.mac,
        mac="",
    )
    row.mac = mac_of(row, head.mac)
    session.add(row)
    head.sequence, head.mac = row.sequence, row.mac
    session.flush()
    return row


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a chain is not what it was: `kind` is changed, missing, inserted, reordered, cut, rewritten or payload."""

    person_id: int
    sequence: int
    kind: str


def verify(person_id: int, anchors: dict[int, list[tuple[int, str]]] | None = None) -> list[Fault]:
    """Everything that is wrong with one person's chain; empty when it is whole."""
    rows = db.session.scalars(select(LearningEvent).where(LearningEvent.person_id == person_id).order_by(LearningEvent.sequence)).all()
    faults = [*_link_faults(person_id, rows, 1, GENESIS), *_end_faults(person_id, rows[-1] if rows else None)]
    macs = {row.sequence: row.mac for row in rows}
    for sequence, mac in (anchors or {}).get(person_id, ()):
        if sequence not in macs:
            faults.append(Fault(person_id, sequence, "cut"))
        elif macs[sequence] != mac:
            faults.append(Fault(person_id, sequence, "rewritten"))
    return faults + list(_payload_faults(person_id))


@dataclass(frozen=True, slots=True)
class Part:
    """Some facts of a person, the newest first, out of `total`; `faults` is what is wrong with them and with how they hang together."""

    rows: list[LearningEvent]
    total: int
    faults: list[Fault]


def read_part(person_id: int, most: int, skip: int = 0) -> Part:
    """At most `most` facts of a chain after the newest `skip`, looked over as `verify` does, without looking at all the others."""
    newest_first = select(LearningEvent).where(LearningEvent.person_id == person_id).order_by(LearningEvent.sequence.desc())
    found = db.session.scalars(newest_first.limit(most + 1).offset(skip)).all()
    rows, before = list(found[:most]), found[most] if len(found) > most else None
    total = db.session.scalar(select(func.count(LearningEvent.id)).where(LearningEvent.person_id == person_id)) or 0
    faults = list(_link_faults(person_id, rows[::-1], before.sequence + 1 if before else 1, before.mac if before else GENESIS))
    if skip == 0:
        faults += _end_faults(person_id, rows[0] if rows else None)
    return Part(rows, total, faults)


def _link_faults(person_id: int, rows: Sequence[LearningEvent], expected: int, previous: str) -> Iterator[Fault]:
    """What is wrong with facts that should go on at number `expected` after the MAC `previous`."""
    for row in rows:
        if row.sequence > expected:
            yield Fault(person_id, expected, "missing")
        elif row.previous_mac != previous:
            yield Fault(person_id, row.sequence, "reordered")
        if mac_of(row, row.previous_mac) != row.mac:
            yield Fault(person_id, row.sequence, "changed")
        expected, previous = row.sequence + 1, row.mac


def _end_faults(person_id: int, newest: LearningEvent | None) -> list[Fault]:
    """Whether the chain ends where its head says."""
    head = db.session.scalar(select(ChainHead).where(ChainHead.person_id == person_id))
    last = newest.sequence if newest else 0
    if (head.sequence if head else 0) > last:
        return [Fault(person_id, last + 1, "cut")]
    if newest and (head is None or head.sequence < last):
        return [Fault(person_id, last, "inserted")]
    if newest and head and head.mac != newest.mac:
        return [Fault(person_id, last, "rewritten")]
    return []


def _payload_faults(person_id: int) -> Iterator[Fault]:
    """Payloads that are still there must be what their events say; erased ones are in order."""
    rows = db.session.execute(
        select(LearningEvent.sequence, LearningPayload)
        .join(LearningPayload, (LearningPayload.person_id == LearningEvent.person_id) & (LearningPayload.digest == LearningEvent.payload_digest))
        .where(LearningEvent.person_id == person_id)
    )
    for sequence, payload in rows:
        if hashlib.sha256(payload.salt.encode() + canonical(payload.body)).hexdigest() != payload.digest:
            yield Fault(person_id, sequence, "payload")


def people_with_chains() -> list[int]:
    """Everybody who has a head or a row, so that neither can be dropped without notice."""
    heads = set(db.session.scalars(select(ChainHead.person_id)))
    return sorted(heads | set(db.session.scalars(select(LearningEvent.person_id).distinct())))


def anchor_file() -> Path:
    return Path(current_app.config["GURINDAM"].instance_path) / "anchors" / "heads.jsonl"


def anchor_heads() -> int:
    """Append to the anchor file the heads that moved since the last time; each line is chained to the one before by digest."""
    path = anchor_file()
    path.parent.mkdir(mode=0o700, exist_ok=True)
    known = {person: entries[-1][0] for person, entries in read_anchors().items()}
    moved = [
        [person, sequence, mac]
        for person, sequence, mac in db.session.execute(select(ChainHead.person_id, ChainHead.sequence, ChainHead.mac).order_by(ChainHead.person_id))
        if known.get(person, 0) != sequence
    ]
    if moved:
        entry = {"at": _stamp(clock.now()), "heads": moved, "previous": _digest_of_last_line(path)}
        with path.open("ab") as file:
            file.write(canonical(entry) + b"\n")
    return len(moved)


class BrokenAnchors(Exception):
    """The anchor file itself was changed; `line` says where."""

    def __init__(self, line: int):
        super().__init__(f"the anchor file is broken at line {line}")
        self.line = line


def read_anchors() -> dict[int, list[tuple[int, str]]]:
    """All anchored heads by person. Raises BrokenAnchors when a line does not follow from the one before."""
    found: dict[int, list[tuple[int, str]]] = {}
    previous = GENESIS
    path = anchor_file()
    if not path.exists():
        return found
    for number, text in enumerate(path.read_bytes().splitlines(), 1):
        try:
            entry = json.loads(text)
            broken = entry["previous"] != previous
        except (ValueError, KeyError, TypeError):
            broken, entry = True, {}
        if broken:
            raise BrokenAnchors(number)
        previous = hashlib.sha256(text).hexdigest()
        for person, sequence, mac in entry["heads"]:
            found.setdefault(person, []).append((sequence, mac))
    return found


def _digest_of_last_line(path: Path) -> str:
    lines = path.read_bytes().splitlines() if path.exists() else []
    return hashlib.sha256(lines[-1]).hexdigest() if lines else GENESIS
