"""The real server, killed as a power cut would, with people in the room: the ledger knows how long they were there, to within eleven seconds,
and nothing that was answered is lost.

A stay's row is written within about a second of coming in, and moved on every ten seconds (`SEEN_EVERY_SECONDS`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.attendance import checkins, queries
from app.attendance.models import CheckInAnswer, Stay
from app.attendance.part import SEEN_EVERY_SECONDS
from app.kernel.db import db
from app.room.ticket import write_ticket
from app.webinars.models import Webinar
from app.webinars.participants import Participant
from app.webinars.permissions import ATTEND
from tests.attendance.kit import go_live
from tests.kernel.conftest import Start, until
from tests.kernel.conftest import start as start  # noqa: PLC0414  a fixture
from tests.kernel.test_server import answers, free_port
from tests.room.wire import Wire, close_all
from tests.webinars.factories import make_webinar

pytestmark = pytest.mark.slow

PEOPLE = 30
BOUND = timedelta(seconds=SEEN_EVERY_SECONDS + 1)
SLACK = timedelta(seconds=8)  # a busy machine beats late


@pytest.fixture
def webinar(app: Flask) -> Webinar:
    webinar = make_webinar(checkin_count=0)
    go_live(webinar)
    return webinar


def ticket(webinar_id: int, number: int) -> str:
    return write_ticket(Participant(f"g{number}", webinar_id, None, f"Tamu {number}", "Pemko Batam", frozenset({ATTEND.name})))


def rows() -> list[Stay]:
    db.session.rollback()
    return list(db.session.scalars(select(Stay).order_by(Stay.participant, Stay.joined_at)))


def begin(start: Start) -> tuple[Callable[[], None], int]:
    port = free_port()
    process = start("app.serve", PORT=str(port))
    assert until(lambda: answers(f"http://127.0.0.1:{port}/healthz") == 200)

    def kill() -> None:
        process.kill()
        process.wait()

    return kill, port


def test_who_was_there_when_the_server_was_killed(app: Flask, webinar: Webinar, start: Start) -> None:
    webinar_id = webinar.id
    kill, port = begin(start)
    first = [Wire(port, ticket(webinar_id, number)) for number in range(1, PEOPLE + 1)]
    for wire in first:
        wire.ask("join", {})
    assert until(lambda: len(rows()) == PEOPLE)
    held = checkins.open_another(webinar_id)
    at = first[0].ask("answer_checkin", {"number": held.number})["at"]
    here_until = time.monotonic() + SEEN_EVERY_SECONDS + 3
    while time.monotonic() < here_until:
        for wire in first:
            wire.listen(0.05)
    kill()
    killed_at = datetime.now(UTC)
    close_all()

    kill, port = begin(start)
    second = [Wire(port, ticket(webinar_id, number)) for number in range(1, PEOPLE + 1)]
    assert all("epoch" in wire.ask("join", {}) for wire in second)
    assert until(lambda: len(rows()) == 2 * PEOPLE)
    crashed = [stay for stay in rows() if stay.ended_by == "CRASH"]
    assert len(crashed) == PEOPLE
    assert all(stay.left_at is not None and killed_at - stay.left_at <= BOUND + SLACK for stay in crashed)
    print(f"lost before the kill: {max((killed_at - (stay.left_at or killed_at)).total_seconds() for stay in crashed):.1f} s at most")  # noqa: T201
    assert [row.answered_at.isoformat() for row in db.session.scalars(select(CheckInAnswer))] == [at]

    now = datetime.now(UTC)
    figures = queries.figures_of(db.session.get_one(Webinar, webinar_id), [f"g{number}" for number in range(1, PEOPLE + 1)], now)
    for one in figures.values():
        assert one.joined_at is not None
        assert one.presence.lost_ms == 0  # the gap is the server's own
        assert one.presence.present_ms >= (now - one.joined_at - SLACK).total_seconds() * 1000
    kill()
    close_all()
