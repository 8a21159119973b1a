"""Coming into a room: by ticket, without the database, with everything that happened, in order, once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask

from app.kernel.access import Role
from app.kernel.errors import DomainError, Invalid, NotFound
from app.kernel.sockets import socketio
from app.room import fields
from app.room.guests import MOST_CONNECTIONS
from app.room.rooms import NAMESPACE, rooms_of
from app.room.ticket import read_ticket, write_ticket
from app.webinars import queries
from app.webinars.models import RegistrationState, Webinar
from app.webinars.participants import Participant
from app.webinars.permissions import ATTEND, MODERATE
from tests.people.factories import make_user
from tests.room.kit import Visitor, visit
from tests.webinars.factories import make_webinar, register


@pytest.fixture
def webinar(app: Flask) -> Webinar:
    return make_webinar()


@pytest.fixture
def alia(webinar: Webinar) -> Participant:
    user = make_user("Alia")
    register(webinar, user)
    person = queries.participant_for_user(webinar, user)
    assert person is not None
    return person


def test_whoever_joins_gets_the_state_and_its_numbers(app: Flask, alia: Participant) -> None:
    joined = Visitor(app, alia).joined
    assert joined["state"]["all"]["presence"] == {"people": 0}
    assert set(joined["numbers"]) == {"all", "own"}


def test_the_joined_are_counted_by_person(app: Flask, alia: Participant) -> None:
    first = Visitor(app, alia)
    Visitor(app, alia)
    assert first.heard_of("people_counted") == [{"people": 1}]


def test_who_returns_gets_what_was_missed_and_nothing_twice(app: Flask, alia: Participant) -> None:
    first = Visitor(app, alia)
    first.hear()
    room = rooms_of(app).get(alia.webinar_id)
    numbers = {"all": room.streams["all"].number, "own": 0}
    first.socket.disconnect(NAMESPACE)
    room.put("people_counted", None, {"people": 7})
    rooms_of(app)._speak(room)
    again = Visitor(app, alia, join=False)
    joined = again.send("join", {"since": numbers, "epoch": room.epoch})
    assert "state" not in joined
    assert [change for frame in joined["missed"] for change in frame["c"]] == [["people_counted", {"people": 7}]]
    assert again.heard_of("people_counted") == [{"people": 1}]


@pytest.mark.usefixtures("no_beat")
def test_what_an_audience_sees_is_made_for_who_waits_and_for_no_other_stream(app: Flask, alia: Participant) -> None:
    first = Visitor(app, alia)
    first.hear()
    room = rooms_of(app).get(alia.webinar_id)
    room._kept.clear()
    room.put("people_counted", None, {"people": 7})
    rooms_of(app)._speak(room)
    assert room._kept == {}
    room.put("people_counted", None, {"people": 8})
    assert room.welcome(alia, None, None) is None
    rooms_of(app)._speak(room)
    assert list(room._kept) == ["all"]


def test_numbers_of_another_epoch_mean_the_whole_state(app: Flask, alia: Participant) -> None:
    visitor = Visitor(app, alia, join=False)
    assert "state" in visitor.send("join", {"since": {"all": 0}, "epoch": "another"})


def test_moderators_hear_more_than_the_audience(app: Flask, webinar: Webinar) -> None:
    dewi = make_user("Dewi", role=Role.MODERATOR)
    mine = make_webinar(dewi)
    assert set(visit(app, mine, dewi).joined["numbers"]) == {"all", "staff", "stage", "own"}


def test_nobody_comes_in_without_a_ticket(app: Flask, webinar: Webinar) -> None:
    for auth in (None, {}, {"ticket": "x.y"}, {"ticket": 5}, {"ticket": "x" * 5000}, "text"):
        assert not socketio.test_client(app, namespace=NAMESPACE, auth=auth).is_connected(NAMESPACE)  # type: ignore[arg-type]


def test_a_ticket_that_was_changed_is_refused(app: Flask, alia: Participant) -> None:
    ticket = write_ticket(alia)
    head, _, tail = ticket.partition(".")
    with pytest.raises(DomainError):
        read_ticket(head[:-4] + "AAAA." + tail)


def test_connecting_and_joining_an_open_room_asks_the_database_nothing(app: Flask, alia: Participant, count_queries: list[str]) -> None:
    Visitor(app, replace(alia, key="u901"))
    count_queries.clear()
    Visitor(app, alia)
    assert count_queries == []


def test_an_event_before_joining_and_an_unknown_part_are_refused(app: Flask, alia: Participant) -> None:
    assert Visitor(app, alia, join=False).send("join", {"sincee": 4})["error"] == "invalid"


def test_only_the_first_unknown_part_is_named(app: Flask, alia: Participant) -> None:
    answer = Visitor(app, alia, join=False).send("join", {f"part{number}": 0 for number in range(1000)})
    assert answer["fields"] == {"part0": "Bagian ini tidak dikenal."}


def test_joining_has_a_pace(app: Flask, alia: Participant) -> None:
    visitor = Visitor(app, alia)
    answers = [visitor.send("join", {}).get("error") for _ in range(10)]
    assert answers == [None] * 9 + ["too_many"]


def test_a_text_is_measured_before_it_is_read(app: Flask) -> None:
    class Unreadable(str):
        def __iter__(self) -> Iterator[str]:
            raise AssertionError("read sign by sign")

    said = {"epoch": fields.text(1, 20)}
    with pytest.raises(Invalid) as refusal:
        fields.read(said, {"epoch": Unreadable("x" * 900_000)})
    assert refusal.value.fields == {"epoch": "Paling banyak 20 huruf; ini 900000."}
    assert fields.read(said, {"epoch": "  \u200bmasa\n"}) == {"epoch": "masa"}


def test_one_person_has_a_few_connections_and_no_more(app: Flask, alia: Participant) -> None:
    visitors = [Visitor(app, alia) for _ in range(MOST_CONNECTIONS)]
    refused = socketio.test_client(app, namespace=NAMESPACE, auth={"ticket": write_ticket(alia)})
    assert not refused.is_connected(NAMESPACE)
    visitors[0].socket.disconnect(NAMESPACE)
    assert socketio.test_client(app, namespace=NAMESPACE, auth={"ticket": write_ticket(alia)}).is_connected(NAMESPACE)


def test_a_place_on_the_waiting_list_or_none_is_no_ticket(app: Flask, webinar: Webinar) -> None:
    waiting, outsider = make_user("Budi"), make_user("Cici")
    register(webinar, waiting, RegistrationState.WAITLISTED)
    assert queries.participant_for_user(webinar, waiting) is None
    assert queries.participant_for_user(webinar, outsider) is None


def test_a_role_alone_moderates_nothing(app: Flask, webinar: Webinar) -> None:
    moderator = make_user("Dewi", role=Role.MODERATOR)
    assert queries.participant_for_user(webinar, moderator) is None
    register(webinar, moderator)
    person = queries.participant_for_user(webinar, moderator)
    assert person is not None
    assert (person.may(ATTEND), person.may(MODERATE)) == (True, False)


def test_whoever_left_while_coming_in_is_not_there(app: Flask, alia: Participant) -> None:
    """As when a page is closed while its room is being told."""
    Visitor(app, alia)
    with pytest.raises(NotFound):
        rooms_of(app).join("gone", alia)
    (connections,) = rooms_of(app).get(alia.webinar_id).people.values()
    assert "gone" not in connections
