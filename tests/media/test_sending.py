"""Media bytes as browsers get them: from the server that users run, and through a real nginx with the include file that operators use."""

from __future__ import annotations

import http.client
import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.media import delivery
from app.media.models import MediaAsset
from tests.kernel.conftest import Start, start, until  # noqa: F401  start: a fixture
from tests.kernel.test_server import answers
from tests.media.nginx import find_nginx, start_nginx
from tests.media.test_delivery import address, made_video
from tests.needs import must_have
from tests.people.factories import make_user, sign_in
from tests.ports import free_port

SEGMENT = os.urandom(8 * 1024 * 1024 + 321)

pytestmark = [pytest.mark.slow, pytest.mark.sqlite_only]  # what is asked of the database is asked in test_delivery


@dataclass(frozen=True)
class Site:
    """Where to ask, and the address of a large segment in a signed-in browser's hands."""

    port: int
    where: str
    cookie: str
    video: MediaAsset

    def ask(self, where: str = "", method: str = "GET", cookie: str | None = None, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            sent = {name.replace("_", "-"): value for name, value in headers.items()} | {"Cookie": self.cookie if cookie is None else cookie}
            connection.request(method, where or self.where, headers=sent)
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()


@pytest.fixture(params=["the product alone", "through nginx"])
def site(request: pytest.FixtureRequest, app: Flask, client: FlaskClient, start: Start, tmp_path: Path) -> Iterator[Site]:  # noqa: F811
    behind_nginx = request.param == "through nginx"
    program = must_have(find_nginx(), "there is no nginx on this machine, and we may not install one") if behind_nginx else None
    alia = make_user("Alia")
    video = made_video(tmp_path, alia.id, SEGMENT)
    where = address(app, video, "240p/00000.m4s", alia, sign_in(client, alia))
    cookie = client.get_cookie("gurindam")
    assert cookie is not None
    port, inner = free_port(), free_port()
    start("app.serve", PORT=str(inner if program else port), **({"MEDIA_ACCEL": "/_media"} if program else {}))
    if program is None:
        assert until(lambda: answers(f"http://127.0.0.1:{port}/healthz") == 200)
        yield Site(port, where, f"gurindam={cookie.value}", video)
        return
    assert until(lambda: answers(f"http://127.0.0.1:{inner}/healthz") == 200)
    nginx = start_nginx(program, tmp_path / "nginx", Path(app.instance_path) / "files", port, inner)
    yield Site(port, where, f"gurindam={cookie.value}", video)
    nginx.terminate()
    nginx.wait(10)


def test_a_browser_gets_exactly_what_it_asks_for(app: Flask, site: Site):
    whole, data = site.ask()
    assert (whole.status, data == SEGMENT) == (200, True)
    assert whole.getheader("Content-Type") == "video/iso.segment"
    assert "immutable" in (whole.getheader("Cache-Control") or "")
    assert "private" in (whole.getheader("Cache-Control") or "")
    assert whole.getheader("X-Content-Type-Options") == "nosniff"
    assert whole.getheader("Content-Security-Policy") == "default-src 'none'; sandbox"
    assert whole.getheader("Cross-Origin-Resource-Policy") == "same-origin"

    head, nothing = site.ask(method="HEAD")
    assert (head.status, nothing, head.getheader("Content-Length")) == (200, b"", str(len(SEGMENT)))
    part, data = site.ask(Range="bytes=1000000-1999999")
    assert (part.status, data == SEGMENT[1_000_000:2_000_000]) == (206, True)
    assert part.getheader("Content-Range") == f"bytes 1000000-1999999/{len(SEGMENT)}"
    tail, data = site.ask(Range="bytes=-100")
    assert (tail.status, data == SEGMENT[-100:]) == (206, True)
    beyond, _ = site.ask(Range="bytes=99999999-")
    assert (beyond.status, beyond.getheader("Content-Range")) == (416, f"bytes */{len(SEGMENT)}")
    several, data = site.ask(Range="bytes=0-1,5-9")
    assert (several.status, len(data)) == (200, len(SEGMENT))
    known, _ = site.ask(If_None_Match=whole.getheader("ETag") or "")
    assert known.status == 304
    changed, data = site.ask(Range="bytes=0-9", If_Range='"older"')
    assert (changed.status, len(data)) == (200, len(SEGMENT))
    playlist, _ = site.ask(site.where.replace("00000.m4s", "growing.m3u8"))
    assert (playlist.status, playlist.getheader("Cache-Control")) == (200, "private, no-cache")

    token = site.where.split("/")[2]
    refused = {
        "another browser": site.ask(cookie="")[0].status,
        "a forged token": site.ask(site.where.replace(token, token[:-2] + "xx"))[0].status,
        "a token of another asset": site.ask(f"/media/{delivery.sign(site.video.id + 1, 1, delivery.EVERYBODY)}/240p/00000.m4s")[0].status,
        "the original": site.ask(site.where.replace("240p/00000.m4s", "../original"))[0].status,
        "no such file": site.ask(site.where.replace("00000", "99999"))[0].status,
        "nginx's own place": site.ask(f"/_media/{site.video.folder}/240p/00000.m4s")[0].status,
    }
    assert set(refused.values()) == {404}, refused
    ended = delivery._signer(app.config["SECRET_KEY"]).dumps([site.video.id, 1, delivery.EVERYBODY, 400_000])
    assert site.ask(f"/media/{ended!s}/240p/00000.m4s")[0].status == 410


@pytest.mark.parametrize("site", ["the product alone"], indirect=True)
def test_slow_browsers_hold_nobody_up_and_one_that_goes_away_is_forgotten(site: Site):
    slow = []
    for _ in range(20):
        one = socket.create_connection(("127.0.0.1", site.port))
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        one.sendall(f"GET {site.where} HTTP/1.1\r\nHost: x\r\nCookie: {site.cookie}\r\n\r\n".encode())
        assert one.recv(100).startswith(b"HTTP/1.1 200 OK")
        slow.append(one)
    answered: list[int] = []
    waits: list[float] = []

    def look() -> None:
        for _ in range(10):
            began = time.perf_counter()
            answered.append(answers(f"http://127.0.0.1:{site.port}/healthz"))
            waits.append(time.perf_counter() - began)

    looking = threading.Thread(target=look)
    looking.start()
    _, data = site.ask()
    looking.join()
    assert data == SEGMENT
    assert answered == [200] * 10
    assert sorted(waits)[len(waits) // 2] < 2, waits  # held up, they would wait until the slow ones give up
    for one in slow:
        one.close()
    again, data = site.ask(Range="bytes=0-99")
    assert (again.status, data) == (206, SEGMENT[:100])
