"""What `flask learning verify` must find: change, deletion, insertion, reordering, a cut tail, a rewritten chain."""

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete, insert, select, update

from app.kernel import clock
from app.kernel.db import db, transaction, write_intent
from app.learning import evidence
from app.learning.models import ChainHead, LearningEvent, LearningPayload
from tests.people.factories import make_user


@pytest.fixture
def person(app: Flask) -> int:
    user = make_user("Alya Rahman")
    with transaction():
        for number in range(1, 6):
            evidence.append(user.id, "completed", "lesson", number, facts={"minutes": 8.5, "judul": "Ñ “kutip”"}, personal={"unit": "Kelurahan Penyengat"})
    return user.id


def tamper(*statements: object) -> None:
    db.session.rollback()
    with write_intent(), db.engine.begin() as connection:
        for statement in statements:
            connection.execute(statement)  # type: ignore[call-overload]


def kinds(person: int) -> set[str]:
    db.session.rollback()
    return {fault.kind for fault in evidence.verify(person, evidence.read_anchors())}


def test_an_honest_chain_is_whole(person: int) -> None:
    assert kinds(person) == set()


@pytest.mark.parametrize(
    "change",
    [
        {"facts": {"minutes": 80}},
        {"verb": "passed"},
        {"object_id": 99},
        {"source": "other"},
        {"payload_digest": "0" * 64},
        {"mac": "f" * 64},
    ],
)
def test_a_changed_row_is_found(person: int, change: dict[str, object]) -> None:
    tamper(update(LearningEvent).where(LearningEvent.person_id == person, LearningEvent.sequence == 3).values(**change))
    assert "changed" in kinds(person)


def test_a_changed_moment_is_found(person: int) -> None:
    tamper(update(LearningEvent).where(LearningEvent.person_id == person, LearningEvent.sequence == 2).values(happened_at=clock.now()))
    assert "changed" in kinds(person)


def test_a_deleted_row_is_found(person: int) -> None:
    tamper(delete(LearningEvent).where(LearningEvent.person_id == person, LearningEvent.sequence == 3))
    assert "missing" in kinds(person)


def test_an_inserted_row_is_found(person: int) -> None:
    last = db.session.scalars(select(LearningEvent).where(LearningEvent.person_id == person, LearningEvent.sequence == 5)).one()
    values = {c.name: getattr(last, c.name) for c in LearningEvent.__table__.columns if c.name != "id"}
    tamper(insert(LearningEvent).values(values | {"sequence": 6, "previous_mac": last.mac, "mac": "a" * 64}))
    assert {"inserted", "changed"} <= kinds(person)


def test_reordered_rows_are_found(person: int) -> None:
    of = (LearningEvent.person_id == person,)
    tamper(
        update(LearningEvent).where(*of, LearningEvent.sequence == 2).values(sequence=100),
        update(LearningEvent).where(*of, LearningEvent.sequence == 3).values(sequence=2),
        update(LearningEvent).where(*of, LearningEvent.sequence == 100).values(sequence=3),
    )
    assert {"reordered", "changed"} <= kinds(person)


def test_a_cut_tail_is_found(person: int) -> None:
    tamper(delete(LearningEvent).where(LearningEvent.person_id == person, LearningEvent.sequence >= 4))
    assert kinds(person) == {"cut"}


def test_a_cut_tail_with_its_head_is_found_by_the_anchor(person: int) -> None:
    evidence.anchor_heads()
    kept = db.session.scalar(select(LearningEvent.mac).where(LearningEvent.person_id == person, LearningEvent.sequence == 3))
    tamper(
        delete(LearningEvent).where(LearningEvent.person_id == person, LearningEvent.sequence >= 4),
        update(ChainHead).where(ChainHead.person_id == person).values(sequence=3, mac=kept),
    )
    assert kinds(person) == {"cut"}


def test_a_chain_rewritten_with_the_key_is_found_by_the_anchor(person: int) -> None:
    evidence.anchor_heads()
    tamper(delete(LearningEvent), delete(ChainHead), delete(LearningPayload))
    with transaction():
        for number in range(1, 6):
            evidence.append(person, "completed", "lesson", number, facts={"minutes": 45})
    assert kinds(person) == {"rewritten"}


def test_erasing_the_personal_part_leaves_the_chain_whole(person: int) -> None:
    tamper(delete(LearningPayload).where(LearningPayload.person_id == person))
    assert kinds(person) == set()


def test_a_changed_personal_part_is_found(person: int) -> None:
    tamper(update(LearningPayload).where(LearningPayload.person_id == person).values(body={"unit": "Lain"}))
    assert kinds(person) == {"payload"}


def test_a_changed_anchor_file_is_found(app: Flask, person: int) -> None:
    evidence.anchor_heads()
    with transaction():
        evidence.append(person, "completed", "lesson", 9)
    evidence.anchor_heads()
    path: Path = evidence.anchor_file()
    first, second = path.read_bytes().splitlines()
    path.write_bytes(first.replace(b'"at"', b'"At"') + b"\n" + second + b"\n")
    with pytest.raises(evidence.BrokenAnchors):
        evidence.read_anchors()


def test_the_command_tells_and_ends_with_one(app: Flask, person: int) -> None:
    run = app.test_cli_runner().invoke
    assert run(args=["learning", "verify"]).exit_code == 0
    tamper(update(LearningEvent).where(LearningEvent.person_id == person, LearningEvent.sequence == 3).values(verb="passed"))
    told = run(args=["learning", "verify"])
    assert told.exit_code == 1
    assert f"person {person}, event 3: changed" in told.output


@pytest.fixture(autouse=True)
def _fresh_anchors(app: Flask) -> None:
    evidence.anchor_file().unlink(missing_ok=True)


