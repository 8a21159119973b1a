"""Broadcasts of the real server to browsers that are quick, slow, polling, on their way to WebSocket, or gone: in order, whole, once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from app.kernel.broadcast import frame, unmask
from app.room.ticket import write_ticket
from app.webinars.models import Webinar
from app.webinars.participants import Participant
from app.webinars.permissions import ATTEND
from tests.kernel.conftest import Start, until
from tests.kernel.conftest import start as start  # noqa: PLC0414  a fixture
from tests.kernel.test_server import answers, free_port
from tests.room.wire import Gone, Poller, Wire, close_all
from tests.webinars.factories import make_webinar

pytestmark = pytest.mark.slow

Ticket = Callable[[int], str]


@pytest.fixture
def webinar(app: Flask) -> Webinar:
    return make_webinar()


@pytest.fixture
def ticket(app: Flask, webinar: Webinar) -> Ticket:
    webinar_id = webinar.id

    def write(number: int) -> str:
        return write_ticket(Participant(f"u{number}", webinar_id, None, f"Orang {number}", "Unit", frozenset({ATTEND.name})))

    return write


@pytest.fixture
def port(request: pytest.FixtureRequest, start: Start) -> Iterator[int]:
    found = free_port()
    start("tests.room.children", PORT=str(found), LIVE_BROADCAST=getattr(request, "param", "direct"))
    assert until(lambda: answers(f"http://127.0.0.1:{found}/healthz") == 200)
    yield found
    close_all()


def join(wire: Wire | Poller) -> int:
    """The number of the last frame that everybody has."""
    return wire.ask("join", {})["numbers"]["all"]


def in_row(numbers: list[int], last: int) -> bool:
    return numbers == list(range(numbers[0], last + 1))


@pytest.mark.parametrize("port", ["direct", "stock"], indirect=True)
def test_the_quick_the_slow_and_the_polling_hear_everything_in_order_and_whole(port: int, ticket: Ticket) -> None:
    quick, slow, polling = Wire(port, ticket(1)), Wire(port, ticket(2), receive_buffer=4096), Poller(port, ticket(3))
    for each in (quick, slow, polling):
        join(each)
    reading = [threading.Thread(target=lambda: polling.wait_for(40))]
    reading[0].start()
    last = quick.ask("shout", {"count": 60, "size": 200_000})["number"]
    quick.wait_for(last)
    assert in_row(quick.numbers(), last)
    slow.wait_for(last)  # reads only now: 12 MB that the system could not take
    assert in_row(slow.numbers(), last)
    bodies = [change[1] for told in slow.frames for change in told["c"] if change[0] == "shouted"]
    assert [body["number"] for body in bodies] == list(range(60))
    assert {body["text"] for body in bodies} == {"x" * 200_000}
    polling.wait_for(last)
    reading[0].join(30)
    assert in_row([told["n"] for told in polling.frames], last)


def test_somebody_on_the_way_to_websocket_misses_nothing(port: int, ticket: Ticket) -> None:
    quick, moving = Wire(port, ticket(1)), Poller(port, ticket(2))
    join(quick)
    join(moving)
    wire = moving.upgrade()
    middle = quick.ask("shout", {"count": 5, "size": 100})["number"]
    wire.send("5")
    last = quick.ask("shout", {"count": 5, "size": 100})["number"]
    assert last == middle + 5
    wire.wait_for(last)
    heard = sorted({told["n"] for told in [*moving.frames, *wire.frames]})
    assert in_row(heard, last)
    assert in_row(wire.numbers(), last)


def test_those_who_vanish_disturb_nobody(port: int, ticket: Ticket) -> None:
    stays = Wire(port, ticket(1))
    join(stays)
    for number in range(2, 12):
        leaves = Wire(port, ticket(number))
        join(leaves)
        leaves.cut() if number % 2 else leaves.send("41/room,")
    leaving = Poller(port, ticket(30))
    join(leaving)
    leaving.upgrade().cut()
    last = stays.ask("shout", {"count": 30, "size": 20_000})["number"]
    stays.wait_for(last)
    assert in_row(stays.numbers(), last)
    assert stays.ask("join", {"since": {"all": last, "own": 0}, "epoch": "x"})["state"]["all"]["presence"]["people"] <= 2
    assert answers(f"http://127.0.0.1:{port}/healthz") == 200


def test_the_answer_to_a_ping_never_falls_into_a_frame(port: int, ticket: Ticket) -> None:
    """A slow reader that pings all the while: pongs lie between frames, not inside."""
    quick, slow = Wire(port, ticket(1)), Wire(port, ticket(2), receive_buffer=4096)
    join(quick)
    join(slow)
    telling = threading.Thread(target=lambda: quick.ask("shout", {"count": 20, "size": 150_000}))
    telling.start()
    for number in range(50):
        slow.send_frame(str(number).encode(), 9)
        time.sleep(0.01)
    telling.join(60)
    pongs = []
    while len(pongs) < 50 or slow.numbers()[-1:] < [slow.frames[0]["n"] + 19]:
        said = slow.receive()
        pongs.append(said) if said.startswith("pong") else slow._keep(said)
    assert pongs == [f"pong {number}" for number in range(50)]
    assert in_row(slow.numbers(), slow.numbers()[-1])


@pytest.mark.parametrize("port", ["direct", "stock"], indirect=True)
def test_who_answers_pings_stays_and_who_does_not_is_let_go(port: int, ticket: Ticket) -> None:
    first = Wire(port, ticket(1))
    join(first)
    assert "error" not in (first.ask("hurry", {"ms": 1500}) or {})
    stays, silent = Wire(port, ticket(2)), Wire(port, ticket(3))
    join(stays)
    join(silent)
    silent.answering = False
    stays.listen(8)
    assert stays.pings >= 3
    with pytest.raises(Gone):
        silent.listen(6)
    assert silent.pings >= 1
    assert stays.ask("shout", {"count": 1, "size": 10})["number"] > 0


def test_who_takes_nothing_is_let_go_and_catches_up_later(port: int, ticket: Ticket) -> None:
    quick, stuck = Wire(port, ticket(1)), Wire(port, ticket(2), receive_buffer=4096)
    join(quick)
    had = stuck.ask("join", {})
    last = quick.ask("shout", {"count": 900, "size": 60_000})["number"]
    assert last >= 900
    again = Wire(port, ticket(2))
    missed = again.ask("join", {"since": had["numbers"], "epoch": had["epoch"]})["missed"]
    assert in_row([told["n"] for told in missed], last)


def test_frames_are_framed_as_websocket_says() -> None:
    assert frame(b"a" * 5)[:2] == b"\x81\x05"
    assert frame(b"a" * 300)[:4] == b"\x81\x7e\x01\x2c"
    assert frame(b"a" * 70_000)[:10] == b"\x81\x7f" + (70_000).to_bytes(8, "big")
    assert unmask(bytes([1 ^ 7, 2 ^ 8, 3 ^ 9, 4 ^ 10, 5 ^ 7]), bytes([7, 8, 9, 10])) == bytes([1, 2, 3, 4, 5])
    assert unmask(b"", b"abcd") == b""
