"""The ledger of stays: by person, by the server's clock, in batches, and whole after a crash."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from app.attendance import book, jobs, part
from app.attendance.models import Stay
from app.kernel import clock
from app.kernel.db import db, transaction
from app.kernel.errors import Busy
from app.room.rooms import NAMESPACE, rooms_of
from app.webinars.models import Webinar
from app.webinars.participants import Participant
from app.webinars.permissions import ATTEND
from app.webinars.queries import participant_for_guest
from tests.attendance.kit import end, go_live, part_of, settled, stays_of
from tests.people.factories import make_user
from tests.room.kit import Visitor, forget_everybody, visit, visit_as_speaker
from tests.webinars.factories import make_guest, make_speaker, make_webinar, register

At = Callable[..., None]


@pytest.fixture
def webinar(app: Flask, at: At) -> Webinar:
    at(2026, 11, 28, 8, 50)
    return make_webinar()


def utc(hour: int, minute: int, second: int = 0) -> datetime:
    return datetime(2026, 11, 28, hour, minute, second, tzinfo=clock.UTC) - timedelta(hours=7)


def come(app: Flask, webinar: Webinar, name: str = "Alia") -> Visitor:
    user = make_user(name)
    register(webinar, user)
    return visit(app, webinar, user)


def test_two_devices_of_a_person_are_one_stay(app: Flask, webinar: Webinar, at: At) -> None:
    first = come(app, webinar)
    at(2026, 11, 28, 9, 0)
    second = Visitor(app, first.person)
    at(2026, 11, 28, 9, 10)
    first.socket.disconnect(NAMESPACE)
    at(2026, 11, 28, 9, 30)
    second.socket.disconnect(NAMESPACE)
    settled(app, webinar.id)
    [stay] = stays_of(webinar.id)
    assert (stay.participant, stay.joined_at, stay.left_at) == (first.person.key, utc(8, 50), utc(9, 30))
    assert stay.ended_by in ("LEFT", "LOST")


def test_guests_and_speakers_are_recorded_too(app: Flask, webinar: Webinar) -> None:
    guest = participant_for_guest(webinar, make_guest(webinar))
    assert guest is not None
    Visitor(app, guest)
    visit_as_speaker(app, make_speaker(webinar))
    settled(app, webinar.id)
    assert {(stay.participant[0], stay.user_id) for stay in stays_of(webinar.id)} == {("g", None), ("s", None)}


def test_how_a_stay_ended_is_kept_apart(app: Flask, webinar: Webinar, at: At) -> None:
    visitors = [come(app, webinar, name) for name in ("Alia", "Budi", "Cici")]
    at(2026, 11, 28, 9, 5)
    room = rooms_of(app).get(webinar.id)
    for visitor, reason in zip(visitors, ("left", "lost", "removed"), strict=True):
        room.leave(next(iter(room.people[visitor.person.key])), reason)
    settled(app, webinar.id)
    assert [stay.ended_by for stay in stays_of(webinar.id)] == ["LEFT", "LOST", "REMOVED"]


def test_a_thousand_people_who_come_at_once_are_a_few_transactions(app: Flask, webinar: Webinar, monkeypatch: pytest.MonkeyPatch) -> None:
    room = rooms_of(app).get(webinar.id)
    written: list[int] = []
    real = book.write
    monkeypatch.setattr(book, "write", lambda connection, begun, left: (written.append(len(begun)), real(connection, begun, left)))
    for n in range(1000):
        room.enter(f"c{n}", Participant(f"g{n}", webinar.id, None, f"Tamu {n}", "Pemko Batam", frozenset({ATTEND.name})))
    settled(app, webinar.id)
    assert sum(written) == 1000
    assert len(written) <= 30
    assert len(stays_of(webinar.id)) == 1000


def test_entering_an_open_room_asks_the_database_nothing(app: Flask, webinar: Webinar, count_queries: list[str]) -> None:
    first = come(app, webinar)
    settled(app, webinar.id)
    other = Participant("g77", webinar.id, None, "Tamu", "", frozenset({ATTEND.name}))
    part_of(app, webinar.id).working.acquire()  # the beat writes nothing meanwhile
    count_queries.clear()
    Visitor(app, other)
    assert count_queries == []
    part_of(app, webinar.id).working.release()
    assert first.person.key in part_of(app, webinar.id).staying


def test_everybody_who_is_there_is_moved_on_in_one_statement(app: Flask, webinar: Webinar, at: At) -> None:
    for name in ("Alia", "Budi"):
        come(app, webinar, name)
    here = settled(app, webinar.id)
    at(2026, 11, 28, 9, 7)
    here.seen_at -= part.SEEN_EVERY_SECONDS
    settled(app, webinar.id)
    assert [stay.seen_at for stay in stays_of(webinar.id)] == [utc(9, 7)] * 2


def test_after_a_crash_open_stays_end_when_they_were_last_seen(app: Flask, webinar: Webinar, at: At) -> None:
    come(app, webinar)
    here = settled(app, webinar.id)
    at(2026, 11, 28, 9, 7)
    here.seen_at -= part.SEEN_EVERY_SECONDS
    settled(app, webinar.id)
    forget_everybody(app)  # as if the process had been killed: nobody left, nothing was said
    at(2026, 11, 28, 9, 8)
    come(app, webinar, "Budi")
    settled(app, webinar.id)
    crashed, fresh = stays_of(webinar.id)
    assert (crashed.left_at, crashed.ended_by) == (utc(9, 7), "CRASH")
    assert (fresh.joined_at, fresh.left_at) == (utc(9, 8), None)


def test_a_room_that_nobody_opens_again_is_swept(app: Flask, webinar: Webinar, at: At) -> None:
    come(app, webinar)
    settled(app, webinar.id)
    forget_everybody(app)
    at(2026, 11, 28, 8, 50, 59)
    jobs.close_abandoned_stays()
    assert stays_of(webinar.id)[0].left_at is None
    at(2026, 11, 28, 8, 52)
    jobs.close_abandoned_stays()
    db.session.expire_all()
    assert (stays_of(webinar.id)[0].left_at, stays_of(webinar.id)[0].ended_by) == (utc(8, 50), "CRASH")


def test_who_was_swept_although_there_stays_on(app: Flask, webinar: Webinar, at: At) -> None:
    visitor = come(app, webinar)
    here = settled(app, webinar.id)
    with transaction() as session:
        session.execute(update(Stay).values(left_at=Stay.seen_at, ended_by="CRASH"))
    at(2026, 11, 28, 8, 52)
    here.seen_at -= part.SEEN_EVERY_SECONDS
    settled(app, webinar.id)
    [stay] = stays_of(webinar.id)
    assert (stay.left_at, stay.ended_by, stay.seen_at) == (None, None, utc(8, 52))
    assert visitor.person.key in here.staying


def test_who_was_swept_and_then_leaves_stayed_until_then(app: Flask, webinar: Webinar, at: At) -> None:
    visitor = come(app, webinar)
    settled(app, webinar.id)
    with transaction() as session:
        session.execute(update(Stay).values(left_at=Stay.seen_at, ended_by="CRASH"))
    at(2026, 11, 28, 8, 52)
    visitor.socket.disconnect(NAMESPACE)
    settled(app, webinar.id)
    [stay] = stays_of(webinar.id)
    assert (stay.left_at, stay.ended_by == "CRASH") == (utc(8, 52), False)


def test_a_database_that_is_busy_loses_nothing(app: Flask, webinar: Webinar, monkeypatch: pytest.MonkeyPatch) -> None:
    refusals = [Busy(), Busy()]

    def busy(work):  # type: ignore[no-untyped-def]
        if refusals:
            raise refusals.pop()
        return real(work)

    real = part.write_durably
    monkeypatch.setattr(part, "write_durably", busy)
    monkeypatch.setattr(part.socketio, "sleep", lambda seconds: None)
    come(app, webinar)
    settled(app, webinar.id)
    assert not refusals
    assert len(stays_of(webinar.id)) == 1


def test_the_end_closes_every_stay_at_its_moment(app: Flask, webinar: Webinar, at: At) -> None:
    visitor = come(app, webinar)
    at(2026, 11, 28, 9, 0)
    go_live(webinar)
    at(2026, 11, 28, 11, 0)
    end(webinar)
    settled(app, webinar.id)
    [stay] = stays_of(webinar.id)
    assert stay.left_at == utc(11, 0)
    assert stay.ended_by in ("CLOSED", "CRASH")
    at(2026, 11, 28, 11, 5)
    Visitor(app, visitor.person)
    settled(app, webinar.id)
    assert len(stays_of(webinar.id)) == 1


def test_a_person_sees_the_minutes_on_air_only(app: Flask, webinar: Webinar, at: At) -> None:
    visitor = come(app, webinar)
    at(2026, 11, 28, 9, 0)
    go_live(webinar)
    at(2026, 11, 28, 9, 42)
    assert visitor.heard_of("attendance_clock")[-1]["live_at"] == utc(9, 0).isoformat()
    again = Visitor(app, visitor.person)
    own = again.joined["own"]["attendance"]
    assert (own["present_ms"], own["at"]) == (42 * 60_000, utc(9, 42).isoformat())


def test_a_client_with_a_clock_of_its_own_changes_nothing(app: Flask, webinar: Webinar) -> None:
    visitor = come(app, webinar)
    assert visitor.send("answer_checkin", {"number": 1, "at": "2020-01-01T00:00:00+00:00"})["error"] == "invalid"
    assert db.session.scalar(select(Stay.id)) is None or stays_of(webinar.id)[0].joined_at == utc(8, 50)
