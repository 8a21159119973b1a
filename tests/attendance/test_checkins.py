"""Check-ins: drawn at the start, asked of all, answered once within the minute, by socket or by a plain form."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from app.attendance import checkins
from app.attendance.checkins import CheckInOver, NoCheckIn
from app.attendance.models import CheckIn, CheckInAnswer
from app.kernel import clock
from app.kernel.access import Role
from app.kernel.db import db, transaction
from app.kernel.errors import Conflict
from app.room.rooms import rooms_of
from app.webinars.models import AgendaItem, Webinar
from tests.attendance.kit import end, go_live, part_of, settled
from tests.people.factories import make_user
from tests.room.kit import Visitor, forget_everybody, visit
from tests.webinars.factories import make_webinar, register

At = Callable[..., None]


@pytest.fixture
def webinar(app: Flask, at: At) -> Webinar:
    at(2026, 11, 28, 8, 50)
    webinar = make_webinar(make_user("Dewi", role=Role.MODERATOR))
    at(2026, 11, 28, 9, 0)
    go_live(webinar)
    return webinar


def come(app: Flask, webinar: Webinar, name: str = "Alia") -> Visitor:
    user = make_user(name)
    register(webinar, user)
    return visit(app, webinar, user)


def moderate(app: Flask, webinar: Webinar) -> Visitor:
    from app.people.models import User

    return visit(app, webinar, db.session.scalars(select(User).where(User.full_name == "Dewi")).one())


def make_due(number: int) -> None:
    """Let a check-in's moment be now."""
    with transaction() as session:
        session.execute(update(CheckIn).where(CheckIn.number == number).values(due_at=clock.now()))


def open_first(app: Flask, webinar: Webinar) -> None:
    make_due(1)
    part_of(app, webinar.id).refresh()
    settled(app, webinar.id)


def test_going_live_draws_them_once_and_keeps_them(app: Flask, webinar: Webinar) -> None:
    drawn = db.session.execute(select(CheckIn.number, CheckIn.due_at)).all()
    assert [number for number, _due in drawn] == [1, 2]
    with transaction():
        checkins.draw(webinar)
    assert db.session.execute(select(CheckIn.number, CheckIn.due_at)).all() == drawn


def test_a_break_of_the_agenda_is_spared(app: Flask, at: At) -> None:
    at(2026, 11, 28, 8, 50)
    webinar = make_webinar()
    with transaction() as session:
        session.add(AgendaItem(webinar_id=webinar.id, position=1, title="Rehat", starts_at=webinar.starts_at, minutes=39, kind="BREAK"))
    go_live(webinar)
    first = db.session.scalars(select(CheckIn.due_at).order_by(CheckIn.number)).first()
    assert first is not None
    assert first >= webinar.starts_at + (webinar.ends_at - webinar.starts_at) * 39 / 120 or first < webinar.starts_at


def test_nobody_learns_when_the_next_one_comes(app: Flask, webinar: Webinar) -> None:
    assert come(app, webinar).joined["state"]["all"]["attendance"]["checkins"] == []


def test_at_its_moment_everybody_is_asked_and_answers_once(app: Flask, webinar: Webinar, at: At) -> None:
    alia, dewi = come(app, webinar), moderate(app, webinar)
    also = Visitor(app, alia.person)
    at(2026, 11, 28, 9, 12)
    open_first(app, webinar)
    [asked] = alia.heard_of("checkin_opened")
    assert asked["number"] == 1
    at(2026, 11, 28, 9, 12, 59)
    first = alia.send("answer_checkin", {"number": 1})
    at(2026, 11, 28, 9, 13, 30)
    assert also.send("answer_checkin", {"number": 1}) == first
    assert also.heard_of("checkin_answered")[0]["number"] == 1
    assert dewi.heard_of("checkin_counted")[-1] == {"number": 1, "answers": 1, "people": 1}, "who moderates is not asked"
    assert db.session.scalar(select(func.count()).select_from(CheckInAnswer)) == 1


def test_a_late_answer_is_refused_in_words(app: Flask, webinar: Webinar, at: At) -> None:
    alia = come(app, webinar)
    at(2026, 11, 28, 9, 12)
    open_first(app, webinar)
    at(2026, 11, 28, 9, 13, 1)
    refused = alia.send("answer_checkin", {"number": 1})
    assert refused["error"] == "checkin_over"
    assert "09.13" in refused["message"]
    settled(app, webinar.id)
    assert alia.heard_of("checkin_closed") == [{"number": 1}]
    assert db.session.scalar(select(func.count()).select_from(CheckInAnswer)) == 0


@pytest.mark.parametrize("number", [2, 3, 9999, 0, -1, "1", 1.0, True, None, 10**12])
def test_forged_numbers_are_refused(app: Flask, webinar: Webinar, at: At, number: object) -> None:
    alia = come(app, webinar)
    open_first(app, webinar)
    assert alia.send("answer_checkin", {"number": number})["error"] in ("no_checkin", "invalid")
    assert db.session.scalar(select(func.count()).select_from(CheckInAnswer)) == 0


def test_another_webinars_check_in_is_not_answered(app: Flask, webinar: Webinar, at: At) -> None:
    open_first(app, webinar)
    other = make_webinar()
    with pytest.raises(NoCheckIn):
        checkins.answer(other.id, "u1", 1)


def test_they_are_ten_minutes_apart(app: Flask, webinar: Webinar, at: At) -> None:
    at(2026, 11, 28, 9, 12)
    open_first(app, webinar)
    make_due(2)
    at(2026, 11, 28, 9, 21)
    part_of(app, webinar.id).refresh()
    settled(app, webinar.id)
    assert db.session.scalar(select(CheckIn.opened_at).where(CheckIn.number == 2)) is None
    at(2026, 11, 28, 9, 22)
    settled(app, webinar.id)
    assert db.session.scalar(select(CheckIn.opened_at).where(CheckIn.number == 2)) is not None


def test_nobody_is_asked_during_a_break(app: Flask, webinar: Webinar, at: At) -> None:
    dewi = moderate(app, webinar)
    at(2026, 11, 28, 9, 20)
    assert not (dewi.send("start_break", {"minutes": 15}) or {}).get("error")
    open_first(app, webinar)
    assert db.session.scalar(select(CheckIn.opened_at).where(CheckIn.number == 1)) is None
    at(2026, 11, 28, 9, 36)
    rooms_of(app).get(webinar.id).every_second()
    settled(app, webinar.id)
    assert db.session.scalar(select(CheckIn.opened_at).where(CheckIn.number == 1)) is not None


def test_a_moderator_asks_now_and_nobody_else_may(app: Flask, webinar: Webinar) -> None:
    alia, dewi = come(app, webinar), moderate(app, webinar)
    assert alia.send("open_checkin")["error"] == "not_allowed"
    assert dewi.send("open_checkin") == {"number": 1}
    assert dewi.send("open_checkin")["error"] == "checkin_open"
    assert alia.heard_of("checkin_opened")[0]["number"] == 1


def test_their_numbers_are_the_order_in_which_they_are_opened(app: Flask, webinar: Webinar, at: At) -> None:
    alia, dewi = come(app, webinar), moderate(app, webinar)
    drawn = {held.id for held in checkins.read(webinar.id).values()}
    at(2026, 11, 28, 9, 12)
    assert dewi.send("open_checkin") == {"number": 1}
    alia.send("answer_checkin", {"number": 1})
    at(2026, 11, 28, 9, 30)
    make_due(2)
    part_of(app, webinar.id).refresh()
    settled(app, webinar.id)
    assert [asked["number"] for asked in alia.heard_of("checkin_opened")] == [1, 2]
    held = checkins.read(webinar.id)
    assert ({held[2].id, held[3].id}, held[3].opened_at) == (drawn, None)
    assert dewi.heard_of("checkin_counted")[-1] == {"number": 2, "answers": 0, "people": 1}
    part_of(app, webinar.id).seen_at -= 11  # the rows say that everybody is still there
    settled(app, webinar.id)
    forget_everybody(app)
    assert part_of(app, webinar.id).shown_to_staff()["counts"] == [
        {"number": 1, "answers": 1, "people": 1},
        {"number": 2, "answers": 0, "people": 1},
    ]


def test_nothing_is_asked_outside_of_the_time_on_air(app: Flask, webinar: Webinar, at: At) -> None:
    at(2026, 11, 28, 10, 0)
    end(webinar)
    with pytest.raises(Conflict):
        checkins.open_another(webinar.id)
    make_due(1)
    part_of(app, webinar.id).refresh()
    settled(app, webinar.id)
    assert db.session.scalar(select(CheckIn.opened_at).where(CheckIn.number == 1)) is None


def test_a_server_that_starts_again_knows_what_was_answered(app: Flask, webinar: Webinar, at: At) -> None:
    alia = come(app, webinar)
    open_first(app, webinar)
    taken = alia.send("answer_checkin", {"number": 1})
    settled(app, webinar.id)
    forget_everybody(app)
    again = Visitor(app, alia.person).joined
    assert again["own"]["attendance"]["answered"] == {"1": taken["at"]}
    assert again["state"]["all"]["attendance"]["checkins"][0]["number"] == 1


def test_answering_is_kept_before_it_is_acknowledged(app: Flask, webinar: Webinar) -> None:
    open_first(app, webinar)
    at = checkins.answer(webinar.id, "g5", 1)
    with db.engine.connect() as connection:
        assert connection.scalar(select(CheckInAnswer.__table__.c.answered_at)) == at
    assert rooms_of(app).find(webinar.id) is not None


def test_the_minute_is_the_servers(app: Flask, webinar: Webinar, at: At) -> None:
    at(2026, 11, 28, 9, 12)
    open_first(app, webinar)
    at(2026, 11, 28, 9, 13)
    checkins.answer(webinar.id, "g5", 1)
    at(2026, 11, 28, 9, 13, 1)
    with pytest.raises(CheckInOver):
        checkins.answer(webinar.id, "g6", 1)
