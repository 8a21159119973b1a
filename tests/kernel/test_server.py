"""The server that users run, as a process: a lock never freezes it, what it acknowledged survives its death."""

from __future__ import annotations

import signal
import socket
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable

import pytest
from flask import Flask

from app.kernel.db import db
from tests.kernel.conftest import Start, until
from tests.ports import free_port

pytestmark = pytest.mark.slow


def answers(url: str, timeout: float = 10) -> int:
    try:
        with urllib.request.urlopen(url, timeout=timeout) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


@pytest.mark.sqlite_only
def test_a_writer_elsewhere_never_freezes_the_server(app: Flask, start: Start) -> None:
    """While another process holds the write lock for 4 s, a write waits and everybody else is answered."""
    if db.engine.dialect.name != "sqlite":
        pytest.skip("about SQLite")
    port = free_port()
    server = start("app.serve", PORT=str(port))
    root = f"http://127.0.0.1:{port}"
    assert until(lambda: answers(f"{root}/healthz") == 200)
    assert answers(f"{root}/masuk") == 200  # templates are compiled

    holder = start("tests.kernel.children", "hold", app.config["GURINDAM"].database_url.removeprefix("sqlite:///"), 4)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "holding\n"
    released = threading.Event()
    threading.Thread(target=lambda: (holder.stdout.readline(), released.set()), daemon=True).start()  # type: ignore[union-attr]

    waited: list[tuple[int, bool]] = []

    def write() -> None:
        """A sign-in counts its try before looking at the password: it has to wait for the lock."""
        page = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        with page.open(f"{root}/masuk", timeout=30) as form:
            token = form.read().decode().split('name="csrf_token" value="')[1].split('"')[0]
        body = urllib.parse.urlencode({"csrf_token": token, "identifier": "siti@contoh.go.id", "password": "salah"}).encode()
        try:
            with page.open(f"{root}/masuk", body, timeout=30) as answer:
                waited.append((answer.status, released.is_set()))
        except urllib.error.HTTPError as error:
            waited.append((error.code, released.is_set()))

    writers = [threading.Thread(target=write) for _i in range(3)]
    for writer in writers:
        writer.start()
    during = {"/healthz": 0, "/masuk": 0}
    while not released.is_set():
        for path in during:
            assert answers(root + path) == 200
            during[path] += not released.is_set()
    for writer in writers:
        writer.join()
    assert min(during.values()) >= 3  # a frozen one answers nobody; how many in 4 s is the machine's affair
    assert [released_before for _status, released_before in waited] == [True] * 3
    assert all(status in (200, 401, 422, 429) for status, _ in waited)
    assert server.poll() is None


@pytest.mark.sqlite_only
def test_what_a_group_commit_acknowledged_is_there_after_kill_9(app: Flask, start: Start, proof: Callable[[], dict[str, int]]) -> None:
    if db.engine.dialect.name != "sqlite":
        pytest.skip("about SQLite")
    child = start("tests.kernel.children", "group-commit", 40)
    out, err = child.communicate(timeout=120)
    assert child.returncode == -signal.SIGKILL, err
    lines = out.split("\n")[:-1]
    acknowledged = {line for line in lines if not line.startswith("refused ")}
    refused = {line.removeprefix("refused ") for line in lines if line.startswith("refused ")}
    there = set(proof())
    assert len(acknowledged) >= 200
    assert refused
    assert acknowledged - there == set()  # every acknowledged write is there
    assert refused & there == set()  # one that failed left nothing, and spoiled nobody else's
    assert all(count == 1 for count in proof().values())


def test_nobody_holds_a_connection_by_sending_next_to_nothing(app: Flask, start: Start) -> None:
    """The limits are made short here; what is slow but comes through is answered."""
    port = free_port()
    start("tests.kernel.children", "serve-impatiently", PORT=str(port))
    assert until(lambda: answers(f"http://127.0.0.1:{port}/healthz") == 200)
    head = b"POST /masuk HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100000\r\n\r\n"
    for opening, drip in ((b"", b""), (b"GET / HTTP/1.1\r\nX-Slow: ", b"a"), (head, b"a"), (head, b"")):
        assert is_shut(port, opening, drip), (opening, drip)
    with socket.create_connection(("127.0.0.1", port), timeout=30) as patient:
        slowly = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
        for start_of_piece in range(0, len(slowly), 8):
            patient.sendall(slowly[start_of_piece : start_of_piece + 8])
            time.sleep(0.01)
        assert patient.recv(4096).startswith(b"HTTP/1.1 200")


def is_shut(port: int, opening: bytes, drip: bytes) -> bool:
    """Whether the server lets go of a connection that begins like this and goes on with a byte now and then."""
    with socket.create_connection(("127.0.0.1", port), timeout=0.3) as connection:
        connection.sendall(opening)
        give_up = time.monotonic() + 60
        while time.monotonic() < give_up:
            try:
                connection.sendall(drip)
                if not connection.recv(4096):
                    return True
            except TimeoutError:
                continue
            except OSError:
                return True
    return False


def test_the_server_ends_cleanly_and_says_what_is_wrong(app: Flask, start: Start) -> None:
    port = free_port()
    server = start("app.serve", PORT=str(port))
    assert until(lambda: answers(f"http://127.0.0.1:{port}/healthz") == 200)
    second = start("app.serve", PORT=str(port))
    assert second.wait(timeout=120) == 3
    assert second.stderr is not None
    assert f"cannot listen on 127.0.0.1:{port}" in second.stderr.read()
    server.send_signal(signal.SIGTERM)
    assert server.wait(timeout=60) == 0
    wrong = start("app.serve", PORT="x", PROXY_HOPS="y")
    assert wrong.wait(timeout=120) == 2
    assert wrong.stderr is not None
    assert [line.split()[1] for line in wrong.stderr.read().splitlines()] == ["PORT", "PROXY_HOPS"]


