"""Bytes per second, and CPU per GB, of media as the product sends it: alone, and through nginx with the product's authorization, against
nginx sending the same files to anybody. `python -m bench.video_delivery`; `run()` for others.

Segments of 0.5 to 2 MB, several signed-in browsers at once, each over one kept connection that takes the bytes and throws them away in
the kernel (MSG_TRUNC), so that the client does not become what is measured. ROUNDS and SEGMENTS change how long.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

from bench.cpu import cpu_seconds
from bench.figures import HEADING, Figure, machine
from bench.instances import ROOT, Instance, free_port, stop, wait_for
from tests.media.nginx import find_nginx, start_nginx

ROUNDS = int(os.environ.get("ROUNDS", "5"))
SEGMENTS = int(os.environ.get("SEGMENTS", "300"))  # for each browser, in each round
BROWSERS = 4
SIZES = tuple(n * 256 * 1024 + 17 for n in range(2, 9))
GB = 1e9


class NotMeasured(Exception):
    """Something this needs is not on the machine."""


def run() -> Iterator[Figure]:
    """The figures, one after the other. Raises NotMeasured without an nginx."""
    program = find_nginx()
    if program is None:
        raise NotMeasured("there is no nginx on this machine ($NGINX_PATH names one)")
    work = Path(tempfile.mkdtemp(prefix="gurindam-delivery-"))
    work.chmod(0o755)
    running: list[subprocess.Popen[bytes]] = []
    try:
        instance = Instance(work / "instance")
        instance.flask("db", "upgrade")
        made = instance.python("bench.video_delivery", "prepare")
        alone = instance.web()
        running.append(alone)
        instance.env["MEDIA_ACCEL"] = "/_media"
        behind_port, port = free_port(), free_port()
        behind = instance.launch(sys.executable, "-m", "app.serve", port=behind_port)
        running.append(behind)
        wait_for(f"http://127.0.0.1:{behind_port}/healthz", behind)
        nginx = start_nginx(program, work / "nginx", instance.folder / "files", port, behind_port)
        running.append(nginx)
        yield from _measure(made, instance.port, port, alone.pid, behind.pid, nginx.pid)
    finally:
        stop(*running)
        shutil.rmtree(work, ignore_errors=True)


def _measure(made: dict[str, Any], alone_port: int, nginx_port: int, alone: int, behind: int, nginx: int) -> Iterator[Figure]:
    def worth(port: int, paths: Callable[[dict[str, Any]], list[str]], servers: Callable[[], list[int]]) -> Callable[[], tuple[float, float]]:
        return lambda: _load(port, [(browser["cookie"], paths(browser)) for browser in made["browsers"]], servers)

    def own(browser: dict[str, Any]) -> list[str]:
        return browser["paths"]

    def nginx_alone() -> list[int]:
        return [nginx, *_children(nginx)]

    ways = {
        "the product alone": worth(alone_port, own, lambda: [alone]),
        "nginx, authorized by the product": worth(nginx_port, own, lambda: [*nginx_alone(), behind]),
    }
    reference = worth(nginx_port, lambda _browser: made["plain"], nginx_alone)
    found: dict[str, list[tuple[tuple[float, float], tuple[float, float]]]] = {name: [] for name in ways}
    for way in (reference, *ways.values()):
        way()  # the files into the kernel's cache, every path warm
    for _ in range(ROUNDS):
        for name, way in ways.items():
            before, value, after = reference(), way(), reference()
            found[name].append((value, ((before[0] + after[0]) / 2, (before[1] + after[1]) / 2)))
    note = f"{BROWSERS} browsers, {SIZES[0] / 1e6:.1f} to {SIZES[-1] / 1e6:.1f} MB"
    for name, values in found.items():
        rate, beside = median(v[0] for v, _ in values), median(r[0] for _, r in values)
        yield Figure(f"{name}: rate", rate, "MB/s", beside, median(v[0] / r[0] for v, r in values), at_least=True, note=note)
        cpu, cpu_beside = median(v[1] for v, _ in values), median(r[1] for _, r in values)
        yield Figure(f"{name}: CPU per GB", cpu, "s/GB", cpu_beside, median(v[1] / r[1] for v, r in values), note=note)


def _load(port: int, browsers: list[tuple[str, list[str]]], servers: Callable[[], list[int]]) -> tuple[float, float]:
    """MB per second that all browsers got together, and the servers' seconds of CPU for each GB."""
    before = sum(map(cpu_seconds, servers()))
    clients = [
        subprocess.Popen([sys.executable, "-m", "bench.video_delivery", "fetch"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in browsers
    ]
    for client in clients:
        assert client.stdout is not None
        client.stdout.readline()  # it has started
    began = time.perf_counter()
    for client, (cookie, paths) in zip(clients, browsers, strict=True):
        assert client.stdin is not None
        client.stdin.write(json.dumps({"port": port, "cookie": cookie, "paths": paths, "count": SEGMENTS}))
        client.stdin.close()
    got = []
    for client in clients:
        assert client.stdout is not None
        got.append(int(client.stdout.read() or 0))
        if client.wait() != 0:
            raise SystemExit("a segment was not answered as expected")
    seconds = time.perf_counter() - began
    return sum(got) / seconds / 1e6, (sum(map(cpu_seconds, servers())) - before) / (sum(got) / GB)


def _children(pid: int) -> list[int]:
    return [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()]


def fetch() -> int:
    """One browser: segments in turn over one connection. Prints the bytes it got."""
    print("ready", flush=True)
    wanted = json.load(sys.stdin)
    connection, got = socket.create_connection(("127.0.0.1", wanted["port"])), 0
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for number in range(wanted["count"]):
        path = wanted["paths"][number % len(wanted["paths"])]
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{wanted['port']}\r\nCookie: {wanted['cookie']}\r\n\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head:
            piece = connection.recv(65536)
            if not piece:
                return 1
            head += piece
        head, _, body = head.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        length = next((int(line.split(":")[1]) for line in lines if line.lower().startswith("content-length:")), 0)
        if " 200 " not in lines[0] or length < SIZES[0]:
            print(lines, file=sys.stderr)
            return 1
        left = length - len(body)
        while left > 0:
            thrown_away = len(connection.recv(min(left, 1 << 20), socket.MSG_TRUNC))
            if not thrown_away:
                return 1
            left -= thrown_away
        got += length
    print(got)
    return 0


def prepare() -> None:
    """Inside the instance: a video whose segments are random bytes, and browsers with addresses of it. Prints them as JSON."""
    from flask import session

    from app.factory import create_app
    from app.kernel import clock
    from app.kernel.db import db, transaction
    from app.kernel.storage import storage
    from app.media import delivery
    from app.media.models import AssetKind, AssetState, MediaAsset
    from app.people import services, sessions
    from config import Settings

    app = create_app(Settings.from_environment())
    with app.app_context():
        with transaction():
            asset = MediaAsset(
                kind=AssetKind.VIDEO, sha256="b" * 64, original_name="v.mp4", byte_size=1, content_type="video/mp4", state=AssetState.READY,
                generation=1, created_at=clock.now(),
            )  # fmt: skip
            db.session.add(asset)
            people = [services.create_user(f"Peserta {n}", email=f"peserta{n}@contoh.go.id", must_change_password=False) for n in range(BROWSERS)]
            tokens = [sessions.start_session(person.id, False, "127.0.0.1", "bench") for person in people]
        folder = storage().grow_folder(asset.folder)
        (folder / "720p").mkdir()
        names = [f"720p/{n:05}.m4s" for n in range(len(SIZES))]
        for name, size in zip(names, SIZES, strict=True):
            (folder / name).write_bytes(os.urandom(size))
        browsers = []
        for token, person in zip(tokens, people, strict=True):
            with app.test_request_context():
                session[sessions.TOKEN_KEY] = token
                serializer: Any = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
                cookie = f"{app.config['SESSION_COOKIE_NAME']}={serializer.dumps(dict(session))}"
                browsers.append({"cookie": cookie, "paths": [delivery.address(asset, name, person) for name in names]})
        print(json.dumps({"browsers": browsers, "plain": [f"/plain/{asset.folder}/{name}" for name in names]}))


def main() -> int:
    print(machine(), flush=True)
    print(HEADING, flush=True)
    try:
        for figure in run():
            print(figure.line(), flush=True)
    except NotMeasured as reason:
        print(f"not measured: {reason}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit({"fetch": fetch, "prepare": prepare}[sys.argv[1]]() if len(sys.argv) > 1 else main())
