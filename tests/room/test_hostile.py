"""Floods, lies and rudeness at the door of a room: each refused in words, the room unharmed."""

from __future__ import annotations

import base64
import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask_socketio.test_client import SocketIOTestClient
from socketio.packet import CONNECT_ERROR, Packet

from app.kernel import clock
from app.kernel.access import Role
from app.kernel.db import db, transaction
from app.kernel.sockets import socketio
from app.people.models import RoleGrant, User, UserSession
from app.room import looking_after
from app.room.delays import Delays
from app.room.guests import MOST_CONNECTIONS
from app.room.models import RoomIncident
from app.room.people import People
from app.room.presence import DELAYS
from app.room.rooms import NAMESPACE, rooms_of
from app.room.state import read_state, write_state
from app.room.ticket import VALID_SECONDS, write_ticket
from app.webinars import queries, speakers
from app.webinars.models import RegistrationState, Webinar, WebinarRegistration, WebinarSpeaker, WebinarStaff, WebinarState
from app.webinars.participants import Participant
from app.webinars.permissions import ATTEND, MODERATE, SPEAK
from tests.kernel.conftest import Start, until
from tests.kernel.conftest import start as start  # noqa: PLC0414  a fixture
from tests.kernel.test_server import answers, free_port
from tests.people.factories import make_user
from tests.room.kit import Visitor, forget_everybody, visit, visit_as_speaker
from tests.room.wire import Gone, Poller, Wire, close_all
from tests.webinars.factories import make_guest, make_speaker, make_webinar, register

At = Callable[..., None]
STALE = ("no_ticket", "Halaman ini sudah lama terbuka. Muat ulang untuk masuk lagi.")


@pytest.fixture
def dewi(app: Flask) -> User:
    return make_user("Dewi", role=Role.MODERATOR)


@pytest.fixture
def webinar(app: Flask, dewi: User) -> Webinar:
    return make_webinar(dewi)


def viewer(webinar: Webinar, number: int, *rights: str) -> Participant:
    return Participant(f"g{number}", webinar.id, None, f"Tamu {number}", "Pemko Batam", frozenset({ATTEND.name, *rights}))


def is_done(answer: Any) -> bool:
    return answer in (None, [])


class Knocking(SocketIOTestClient):
    """Keeps what is told to whom the door stays shut; the client of the library forgets it."""

    refusal: dict[str, Any] | None = None

    def connect(self, *given: Any, **named: Any) -> None:
        server: Any = self.socketio.server
        send = server._send_packet

        def listen_and_send(connection: str, packet: Packet) -> None:
            if packet.packet_type == CONNECT_ERROR:
                self.refusal = packet.data["data"]
            send(connection, packet)

        server._send_packet = listen_and_send
        super().connect(*given, **named)


def knock(app: Flask, ticket: str) -> bool:
    """Connect; whether one is let in."""
    return socketio.test_client(app, namespace=NAMESPACE, auth={"ticket": ticket}).is_connected(NAMESPACE)


def refusal_of(app: Flask, ticket: str) -> tuple[str, str]:
    """Connect in vain; the code and the words of the refusal."""
    client = Knocking(app, socketio, namespace=NAMESPACE, auth={"ticket": ticket})
    assert not client.is_connected(NAMESPACE)
    assert client.refusal is not None
    return client.refusal["error"], client.refusal["message"]


# ---- removal ----


def test_whom_a_moderator_removes_is_told_why_and_stays_out(app: Flask, webinar: Webinar, dewi: User) -> None:
    rude, staff = Visitor(app, viewer(webinar, 900)), visit(app, webinar, dewi)
    staff.hear()
    assert is_done(staff.send("remove_person", {"key": "g900"}))
    assert [body["reason"] for body in rude.heard_of("put_out")] == ["removed"]
    assert not rude.socket.is_connected(NAMESPACE)
    assert [one["key"] for one in staff.heard_of("removed_changed")[-1]["people"]] == ["g900"]
    assert refusal_of(app, write_ticket(rude.person))[0] == "removed"
    forget_everybody(app)  # the process starts anew: the room is opened from its rows
    again = Visitor(app, rude.person, join=False)
    assert again.send("join", {})["error"] == "removed"
    staff = visit(app, webinar, dewi)
    assert staff.joined["state"]["staff"]["people"]["removed"][0]["name"] == "Tamu 900"
    assert is_done(staff.send("readmit_person", {"key": "g900"}))
    assert "state" in Visitor(app, rude.person).joined


def test_only_moderators_remove_and_nobody_removes_a_moderator(app: Flask, webinar: Webinar, dewi: User) -> None:
    alia, staff = Visitor(app, viewer(webinar, 901)), visit(app, webinar, dewi)
    for event, body in (("remove_person", {"key": "g901"}), ("readmit_person", {"key": "g901"}), ("find_people", {"text": ""})):
        assert alia.send(event, body)["error"] == "not_allowed"
    assert staff.send("remove_person", {"key": f"u{dewi.id}"})["error"] == "not_allowed"
    assert staff.send("remove_person", {"key": "g999"})["error"] == "not_found"
    assert staff.send("readmit_person", {"key": "g999"})["error"] == "not_found"


def test_moderators_find_people_by_name_or_unit_a_few_at_a_time(app: Flask, webinar: Webinar, dewi: User) -> None:
    for number in range(1, 24):
        Visitor(app, viewer(webinar, number))
    staff = visit(app, webinar, dewi)
    found = staff.send("find_people", {"text": "tamu 1"})
    assert found["more"] == 0
    assert {one["name"] for one in found["people"]} == {"Tamu 1", *(f"Tamu {n}" for n in range(10, 20))}
    everybody = staff.send("find_people", {"text": ""})
    assert (len(everybody["people"]), everybody["more"]) == (20, 4)
    assert staff.send("find_people", {"text": "dewi"})["people"][0]["role"] == "moderator"


# ---- the crowd ----


def test_the_full_room_refuses_the_next_viewer_in_words_and_lets_speakers_and_staff_in(
    app: Flask, webinar: Webinar, dewi: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    rooms = rooms_of(app)
    monkeypatch.setattr(rooms.guests, "seats", 2)
    first, second = Visitor(app, viewer(webinar, 1)), Visitor(app, viewer(webinar, 2))
    assert refusal_of(app, write_ticket(viewer(webinar, 3)))[0] == "full"
    assert knock(app, write_ticket(first.person))  # another tab of somebody who is in
    assert knock(app, write_ticket(viewer(webinar, 4, SPEAK.name)))
    assert "state" in visit(app, webinar, dewi).joined
    looking_after.look_after(rooms, rooms.get(webinar.id))
    incident = db.session.query(RoomIncident).one()
    assert (incident.kind, incident.facts) == ("crowd_refused", {"refused": 1, "seats": 2})
    second.socket.disconnect(NAMESPACE)
    assert knock(app, write_ticket(viewer(webinar, 3)))


def test_one_person_has_six_connections_and_the_rest_of_two_hundred_are_refused(app: Flask, webinar: Webinar) -> None:
    person = viewer(webinar, 5)
    assert sum(knock(app, write_ticket(person)) for _ in range(200)) == MOST_CONNECTIONS


def test_nothing_of_those_who_came_and_went_is_kept(app: Flask, webinar: Webinar) -> None:
    rooms = rooms_of(app)
    namespace: Any = socketio.server.namespace_handlers[NAMESPACE]  # type: ignore[union-attr]
    for number in range(50):
        visitor = Visitor(app, viewer(webinar, number))
        visitor.send("watching", {"rung": "audio"})
        visitor.socket.disconnect(NAMESPACE)
    guests = rooms.guests
    assert not any((guests.by_connection, guests.of_person, guests.seated, namespace.paces, namespace._counted))
    assert rooms.get(webinar.id).people == {}


# ---- what is sent ----


def test_a_forged_role_is_no_ticket(app: Flask, webinar: Webinar) -> None:
    body, *rest = write_ticket(viewer(webinar, 6)).split(".")
    told = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    told[5] = [ATTEND.name, MODERATE.name]
    forged = base64.urlsafe_b64encode(json.dumps(told).encode()).rstrip(b"=").decode()
    assert refusal_of(app, ".".join([forged, *rest])) == STALE


def test_a_ticket_of_yesterday_is_refused_in_words(app: Flask, webinar: Webinar, monkeypatch: pytest.MonkeyPatch) -> None:
    ticket = write_ticket(viewer(webinar, 7))
    later = time.time() + VALID_SECONDS + 60
    monkeypatch.setattr("itsdangerous.timed.time.time", lambda: later)
    assert refusal_of(app, ticket) == STALE


@pytest.mark.parametrize("body", [5, "x", [], {"since": 3}, {"since": {"all": "1"}, "epoch": "e"}, {"since": {"all": 1}, "epoch": 7}, {"x": 1}])
def test_a_join_that_makes_no_sense_is_refused(app: Flask, webinar: Webinar, body: Any) -> None:
    assert Visitor(app, viewer(webinar, 8), join=False).send("join", body)["error"] == "invalid"


@pytest.mark.parametrize("since", [{"all": -5, "own": 0}, {"all": 10**15, "own": 0}, {"all": 0, "own": 0, "staff": 0}, {}])
def test_numbers_that_cannot_be_mean_the_whole_state(app: Flask, webinar: Webinar, since: dict[str, int]) -> None:
    visitor = Visitor(app, viewer(webinar, 9))
    assert "state" in visitor.send("join", {"since": since, "epoch": visitor.joined["epoch"]})


def test_a_flood_of_events_is_refused_and_others_are_heard(app: Flask, webinar: Webinar) -> None:
    rude, alia = Visitor(app, viewer(webinar, 10)), Visitor(app, viewer(webinar, 11))
    answers = [rude.send("watching", {"rung": "audio" if n % 2 else "video"}) for n in range(400)]
    assert is_done(answers[0])
    assert [answer["error"] for answer in answers[-1:]] == ["too_many"]
    assert answers[50]["facts"]["seconds"] >= 1
    assert is_done(alia.send("watching", {"rung": "text"}))


def test_events_before_joining_and_unknown_ones_do_nothing(app: Flask, webinar: Webinar) -> None:
    early = Visitor(app, viewer(webinar, 12), join=False)
    assert early.send("watching", {"rung": "audio"})["error"] == "not_joined"
    assert early.send("on_join", {}) == []  # nobody answers


def test_the_servers_clock_is_told_and_the_browsers_is_not_asked(app: Flask, webinar: Webinar, at: Callable[..., None]) -> None:
    at(2026, 11, 30, 9, 0)
    assert Visitor(app, viewer(webinar, 13)).joined["now"] == round(clock.now().timestamp() * 1000)


# ---- looking after ----


def test_whose_reason_to_be_here_has_gone_is_put_out_with_words(
    app: Flask, webinar: Webinar, dewi: User, count_queries: list[str]
) -> None:
    alia, budi, cici, speaker = make_user("Alia"), make_user("Budi"), make_user("Cici"), make_speaker(webinar, link_digest="x" * 64, link_ends_at=clock.now() + timedelta(hours=4))
    guest = make_guest(webinar)
    alia_id, budi_id, cici_id, guest_id, speaker_id, dewi_id = alia.id, budi.id, cici.id, guest.id, speaker.id, dewi.id
    for one in (alia_id, budi_id, cici_id):
        register(webinar, db.session.get_one(User, one))
    person = queries.participant_for_guest(webinar, guest)
    assert person is not None
    visitors = {"guest": Visitor(app, person), "speaker": visit_as_speaker(app, db.session.get_one(WebinarSpeaker, speaker_id))}
    visitors |= {name: visit(app, webinar, db.session.get_one(User, one)) for name, one in (("alia", alia_id), ("budi", budi_id), ("dewi", dewi_id))}
    visitors["cici"] = signed_in(app, webinar, db.session.get_one(User, cici_id))
    rooms, room = rooms_of(app), rooms_of(app).get(webinar.id)
    looking_after.look_after(rooms, room)
    assert len(room.people) == 6
    with transaction() as session:
        session.get_one(User, alia_id).disabled_at = clock.now()
        session.query(WebinarRegistration).filter_by(user_id=budi_id).one().state = RegistrationState.CANCELED
        session.query(WebinarRegistration).filter_by(guest_id=guest_id).one().state = RegistrationState.CANCELED
        session.get_one(WebinarSpeaker, speaker_id).link_digest = None
        session.query(UserSession).filter_by(user_id=cici_id).one().revoked_at = clock.now()
    count_queries.clear()
    looking_after.look_after(rooms, room)
    assert len([one for one in count_queries if one.startswith("SELECT")]) <= 8
    told = {name: [body["reason"] for body in visitor.heard_of("put_out")] for name, visitor in visitors.items() if name != "dewi"}
    assert told == {"alia": ["disabled"], "budi": ["not_registered"], "guest": ["not_registered"], "speaker": ["link_ended"], "cici": ["signed_out"]}
    assert list(room.people) == [f"u{dewi_id}"]


def test_a_moderator_who_is_off_the_staff_or_lost_the_role_is_put_out(app: Flask, webinar: Webinar, dewi: User) -> None:
    planner, off, stays = make_user("Eko", role=Role.TRAINING_ADMIN), make_user("Fitri", role=Role.MODERATOR), dewi
    with transaction() as session:
        session.add(WebinarStaff(webinar_id=webinar.id, user_id=off.id, role="MODERATOR"))
    planner_id, off_id, stays_id = planner.id, off.id, stays.id
    visitors = [visit(app, webinar, db.session.get_one(User, one)) for one in (planner_id, off_id, stays_id)]
    rooms, room = rooms_of(app), rooms_of(app).get(webinar.id)
    looking_after.look_after(rooms, room)
    assert len(room.people) == 3
    with transaction() as session:
        session.delete(session.get_one(WebinarStaff, (webinar.id, off_id)))
        session.query(RoleGrant).filter_by(user_id=planner_id).delete()
    looking_after.look_after(rooms, room)
    assert list(room.people) == [f"u{stays_id}"]
    assert [[body["reason"] for body in one.heard_of("put_out")] for one in visitors] == [["not_staff"], ["not_staff"], []]


def test_who_gave_their_seat_back_during_the_webinar_is_put_out(app: Flask, webinar: Webinar, dewi: User) -> None:
    alia = make_user("Alia")
    register(webinar, alia)
    visitor, rooms = visit(app, webinar, alia), rooms_of(app)
    with transaction() as session:
        session.get_one(Webinar, webinar.id).state = WebinarState.LIVE
        session.query(WebinarRegistration).filter_by(user_id=alia.id).one().state = RegistrationState.WAITLISTED
    looking_after.look_after(rooms, rooms.get(webinar.id))
    assert [body["reason"] for body in visitor.heard_of("put_out")] == ["not_registered"]


def signed_in(app: Flask, webinar: Webinar, user: User) -> Visitor:
    """Somebody whose ticket came from a signed-in browser."""
    from flask import g

    with transaction() as session:
        row = UserSession(
            user_id=user.id, token_digest="d" * 64, user_agent="", address="", created_at=clock.now(), seen_at=clock.now(), expires_at=clock.now()
        )
        session.add(row)
        session.flush()
        g.user_session_id = row.id
    try:
        return visit(app, webinar, db.session.get_one(User, user.id))
    finally:
        g.pop("user_session_id", None)


def test_who_was_put_out_does_not_come_back_with_the_ticket_of_before(app: Flask, webinar: Webinar, at: At) -> None:
    at(2026, 11, 28, 9, 0)
    alia, budi = make_user("Alia"), make_user("Budi")
    register(webinar, alia)
    register(webinar, budi)
    people = [visit(app, webinar, alia), signed_in(app, webinar, budi)]
    tickets = [visitor.ticket for visitor in people]
    with transaction() as session:
        session.query(WebinarRegistration).filter_by(user_id=alia.id).one().state = RegistrationState.CANCELED
        session.query(UserSession).filter_by(user_id=budi.id).one().revoked_at = clock.now()
    look(app, webinar)
    assert [refusal_of(app, ticket)[0] for ticket in tickets] == ["not_registered", "signed_out"]
    forget_everybody(app)  # the process starts anew: the room is opened from its rows
    assert Visitor(app, people[0].person, ticket=tickets[0]).joined["error"] == "not_registered"
    assert refusal_of(app, tickets[1])[0] == "signed_out"
    at(2026, 11, 28, 9, 5)
    with transaction() as session:
        session.query(WebinarRegistration).filter_by(user_id=alia.id).one().state = RegistrationState.REGISTERED
    assert "state" in visit(app, webinar, db.session.get_one(User, alia.id)).joined, "registered again, with a ticket of now"
    assert "state" in visit(app, webinar, db.session.get_one(User, budi.id)).joined, "signed in again"


def test_who_signs_out_in_one_browser_stays_in_the_other(app: Flask, webinar: Webinar) -> None:
    budi = make_user("Budi")
    register(webinar, budi)
    here, there = signed_in(app, webinar, budi), visit(app, webinar, budi)
    with transaction() as session:
        session.query(UserSession).filter_by(user_id=budi.id).one().revoked_at = clock.now()
    look(app, webinar)
    assert [body["reason"] for body in here.heard_of("put_out")] == ["signed_out"]
    assert there.heard_of("put_out") == []
    assert there.socket.is_connected(NAMESPACE)


def test_what_is_remembered_of_who_was_put_out_ends_with_the_tickets(app: Flask, webinar: Webinar, at: At) -> None:
    at(2026, 11, 28, 9, 0)
    people = rooms_of(app).get(webinar.id).part(People)
    people.remember({"g1": "not_registered"})
    at(2026, 11, 28, 21, 1)
    people.remember({"g2": "not_registered"})
    assert list(people.put_out) == ["g2"]
    assert [name for name, _moment, _reason in read_state(webinar.id, "put_out")] == ["g2"]


def test_a_speakers_link_that_was_replaced_ends_at_once(app: Flask, webinar: Webinar, dewi: User, count_queries: list[str]) -> None:
    speaker = make_speaker(webinar)
    renew(dewi, speaker)
    before = visit_as_speaker(app, db.session.get_one(WebinarSpeaker, speaker.id))
    renew(dewi, speaker)
    assert [body["reason"] for body in before.heard_of("put_out")] == ["link_ended"]
    assert not before.socket.is_connected(NAMESPACE)
    now = visit_as_speaker(app, db.session.get_one(WebinarSpeaker, speaker.id))
    count_queries.clear()
    assert refusal_of(app, before.ticket)[0] == "link_ended"
    assert count_queries == []
    look(app, webinar)
    assert now.socket.is_connected(NAMESPACE)
    with transaction():
        speakers.revoke_link(dewi.id, webinar.id, speaker.id)
    assert [body["reason"] for body in now.heard_of("put_out")] == ["link_ended"]
    forget_everybody(app)
    assert Visitor(app, now.person, ticket=now.ticket).joined["error"] == "link_ended"


def test_a_speakers_link_ends_with_its_time(app: Flask, webinar: Webinar, at: At) -> None:
    at(2026, 11, 28, 9, 0)
    speaker = visit_as_speaker(app, make_speaker(webinar, link_digest="x" * 64, link_ends_at=clock.now() + timedelta(minutes=1)))
    at(2026, 11, 28, 9, 2)
    look(app, webinar)
    assert [body["reason"] for body in speaker.heard_of("put_out")] == ["link_ended"]
    assert refusal_of(app, speaker.ticket)[0] == "link_ended"


def renew(actor: User, speaker: WebinarSpeaker) -> None:
    with transaction():
        speakers.renew_link(actor.id, speaker.webinar_id, speaker.id)


def look(app: Flask, webinar: Webinar) -> None:
    looking_after.look_after(rooms_of(app), rooms_of(app).get(webinar.id))


def test_a_canceled_webinar_has_nobody_in_its_room(app: Flask, webinar: Webinar, dewi: User) -> None:
    staff, rooms = visit(app, webinar, dewi), rooms_of(app)
    with transaction() as session:
        session.get_one(Webinar, webinar.id).state = WebinarState.CANCELED
    looking_after.look_after(rooms, rooms.get(webinar.id))
    assert [body["reason"] for body in staff.heard_of("put_out")] == ["canceled"]


def test_a_restart_while_a_webinar_is_on_is_an_incident(app: Flask, webinar: Webinar, dewi: User) -> None:
    with transaction() as session:
        session.get_one(Webinar, webinar.id).state = WebinarState.LIVE
        write_state(webinar.id, looking_after.ALIVE, {"boot": "another", "at": clock.now().isoformat()})
    visit(app, webinar, dewi)
    incident = db.session.query(RoomIncident).one()
    assert incident.kind == "restart"
    assert incident.facts["seconds"] >= 0
    rooms = rooms_of(app)
    looking_after.look_after(rooms, rooms.get(webinar.id))
    forget_everybody(app)
    visit(app, webinar, dewi)  # the same process: no restart
    assert db.session.query(RoomIncident).count() == 1


@pytest.mark.usefixtures("no_beat")
def test_what_viewers_report_of_the_delay_is_gathered_on_air_and_outlives_a_restart(
    app: Flask, webinar: Webinar, dewi: User, count_queries: list[str]
) -> None:
    staff, rooms = visit(app, webinar, dewi), rooms_of(app)
    viewers = [Visitor(app, viewer(webinar, 40 + number)) for number in range(3)]

    def report(*delays: int) -> None:
        count_queries.clear()
        for one, delay in zip(viewers, delays, strict=True):
            one.send("watching", {"rung": "video", "delay_ms": delay})
        assert count_queries == [], "a report writes nothing"
        looking_after.look_after(rooms, rooms.get(webinar.id))

    report(9000, 9000, 9000)
    assert read_state(webinar.id, DELAYS) is None, "it is not on air yet"
    assert is_done(staff.send("go_on_air"))
    report(2000, 2400, 2600)
    rooms.forget(webinar.id)
    viewers = [Visitor(app, one.person) for one in viewers]
    report(3000, 3100, 30_000)
    kept = Delays.from_value(read_state(webinar.id, DELAYS))
    assert kept.worst is not None
    assert (sum(kept.counts.values()), kept.worst.delay_ms, kept.typical_ms) == (6, 3100, 2650)


def test_the_stage_and_the_staff_see_how_many_take_in_what(app: Flask, webinar: Webinar, dewi: User) -> None:
    staff, speaker = visit(app, webinar, dewi), Visitor(app, viewer(webinar, 22, SPEAK.name))
    first, second = Visitor(app, viewer(webinar, 20)), Visitor(app, viewer(webinar, 21))
    first.send("watching", {"rung": "video"})
    second.send("watching", {"rung": "audio"})
    second.send("watching", {"rung": "audio"})
    assert staff.heard_of("watching_counted")[-1] == {"rungs": {"video": 1, "audio": 1}}
    assert speaker.heard_of("watching_counted")[-1] == {"rungs": {"video": 1, "audio": 1}}
    assert first.heard_of("watching_counted") == []
    second.socket.disconnect(NAMESPACE)
    assert staff.heard_of("watching_counted")[-1] == {"rungs": {"video": 1}}
    assert first.send("watching", {"rung": "x-ray"})["error"] == "invalid"
    for delay in (-1, 600_001, 1.5, "9"):
        assert first.send("watching", {"rung": "video", "delay_ms": delay})["error"] == "invalid"


def test_somebody_is_removed_while_many_look_for_a_seat(app: Flask, webinar: Webinar) -> None:
    part = rooms_of(app).get(webinar.id).part(People)
    part.change({"g30": {"key": "g30", "name": "Tamu 30", "at": clock.now().isoformat()}})
    assert refusal_of(app, write_ticket(viewer(webinar, 30)))[0] == "removed"
    assert knock(app, write_ticket(viewer(webinar, 31)))


# ---- on the wire, at the real server ----


@pytest.fixture
def port(start: Start) -> Iterator[int]:
    found = free_port()
    start("tests.room.children", PORT=str(found), LIVE_SEATS="40")
    assert until(lambda: answers(f"http://127.0.0.1:{found}/healthz") == 200)
    yield found
    close_all()


@pytest.mark.slow
def test_the_real_server_stands_all_of_it(app: Flask, webinar: Webinar, port: int) -> None:
    """One process, one after the other; somebody in the room hears everything all the while."""
    stays = Wire(port, write_ticket(viewer(webinar, 100)))
    first = stays.ask("join", {})["numbers"]["all"]

    person = viewer(webinar, 101)
    crowd = [Wire(port, write_ticket(person)) for _ in range(60)]
    assert [wire.refusal["error"] for wire in crowd if wire.refusal] == ["too_many_tabs"] * (60 - MOST_CONNECTIONS)
    assert all("tab" in wire.refusal["message"] for wire in crowd if wire.refusal)

    seated = [Wire(port, write_ticket(viewer(webinar, 200 + n))) for n in range(45)]
    full = [wire.refusal for wire in seated if wire.refusal]
    assert len(full) == 45 - 38  # one seat for whoever stays, one for the person with many tabs
    assert "40" in full[0]["message"]
    assert (Wire(port, write_ticket(viewer(webinar, 300, SPEAK.name))).refusal, full[0]["error"]) == (None, "full")
    refused = next(wire for wire in seated if wire.refusal)
    assert until(lambda: is_gone(refused), 40)  # a connection that is in no room is not kept

    huge = Wire(port, write_ticket(viewer(webinar, 300, SPEAK.name)))
    huge.send_frame(b"42/room," + b"x" * 1000, length=50_000_000)
    with pytest.raises(Gone) as closed:
        huge.receive()
    assert closed.value.code == 1009
    wordy = Wire(port, write_ticket(viewer(webinar, 300, SPEAK.name)))
    with contextlib.suppress(OSError):
        wordy.send('42/room,["join",{"epoch":"' + "x" * 150_000 + '"}]')
    with pytest.raises((Gone, OSError)):
        wordy.receive()
    in_pieces = Wire(port, write_ticket(viewer(webinar, 300, SPEAK.name)))
    with pytest.raises((Gone, OSError)):
        send_without_end(in_pieces)
    for nonsense in (b"\xff\xfe", b"9garbage", b"42/room,[", b'42/room,["join",{"a":' + b"[" * 5000, b"451-/room,[]"):
        rude = Wire(port, write_ticket(viewer(webinar, 300, SPEAK.name)))
        rude.send_frame(nonsense)
        rude.cut()
    polling = Poller(port, write_ticket(viewer(webinar, 300, SPEAK.name)))
    with pytest.raises(Gone) as shut:
        polling.post("4" + "x" * 1_500_000)
    assert shut.value.code == 413
    for moment in ("before the probe", "after the probe"):
        leaving = Poller(port, write_ticket(viewer(webinar, 300, SPEAK.name)))
        leaving.ask("join", {})
        if moment == "after the probe":
            leaving.upgrade().cut()
        else:
            Wire(port, session=leaving.session).cut()

    flood = Wire(port, write_ticket(viewer(webinar, 301, SPEAK.name)))
    flooding = threading.Thread(target=send_many, args=(flood, '42/room,["watching",{"rung":"audio"}]', 3000))
    flooding.start()
    last = stays.ask("shout", {"count": 20, "size": 100})["number"]
    stays.wait_for(last)
    assert stays.numbers() == list(range(first + 1, last + 1))
    assert answers(f"http://127.0.0.1:{port}/healthz") == 200
    flooding.join(60)
    assert not flooding.is_alive()


def send_many(wire: Wire, message: str, times: int) -> None:
    """Sends until the server has had enough: who floods may be put out in the middle."""
    with contextlib.suppress(OSError):
        for _ in range(times):
            wire.send(message)


def send_without_end(wire: Wire) -> None:
    for piece in range(60):
        wire.send_frame(b"x" * 500_000, 1 if piece == 0 else 0, last=False)
    wire.receive()


def is_gone(wire: Wire) -> bool:
    try:
        wire.listen(0.2)
    except (Gone, OSError):
        return True
    return False
