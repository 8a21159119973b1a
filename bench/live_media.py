"""The media path of a live room: what a thousand viewers cost through nginx and without it, how far viewers are behind, how soon they see
something, and what a killed process costs them. `python -m bench.live_media [delivery|glass|vp8|gaps|kills]`; `run(folder)` for others
(MEDIA=delivery,kills measures some).

Everything on loopback and in short bounded runs. On a busy machine only CPU figures are worth something; the line on top names the load.
VIEWERS, ALONE and SECONDS change how many and how long.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from bench.cpu import cpu_seconds
from bench.figures import HEADING, Figure, machine
from bench.instances import ROOT, Instance, free_port, stop, wait_for
from bench.live_gaps import LISTEN, address_of, gaps
from bench.plain_player import PlainViewer, build_player
from config import SEATS_ALONE

VIEWERS, ALONE = int(os.environ.get("VIEWERS", "1000")), int(os.environ.get("ALONE", str(SEATS_ALONE)))
SECONDS = int(os.environ.get("SECONDS", "20"))
SEGMENT_BYTES = 125_000  # a second of 1 Mbit/s
WINDOW = 20
JOINS = 11
OF_A_CORE = 0.7
SPIKE_P95, GLASS_BAR = 2.7, 3.0  # seconds: segments of 1 s with tuned hls.js in the first spike, and what is allowed on an idle machine
JOIN_BAR, RETURN_BAR = 1.5, 1.25  # beside plain hls.js, which has no page around it and no room to join
OFFLINE_SECONDS = 10
RETURNS = 5


class NotMeasured(Exception):
    """Something this needs is not on the machine."""


# ---- what viewers cost ----


class FakeEncoder(threading.Thread):
    """Writes what an encoder writes: a segment and a list each second."""

    def __init__(self, hls: Path):
        super().__init__(daemon=True)
        self.hls, self.ended = hls, threading.Event()
        (hls / "1-1/video").mkdir(parents=True)
        self.number = 0
        for _n in range(WINDOW):
            self.add()

    def add(self) -> None:
        (self.hls / f"1-1/video/{self.number:06d}.m4s").write_bytes(os.urandom(SEGMENT_BYTES))
        self.number += 1
        names = [f"1-1/video/{n:06d}.m4s" for n in range(max(0, self.number - WINDOW), self.number)]
        text = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n" + "".join(f"#EXTINF:1.0,\n{name}\n" for name in names)
        (self.hls / ".part").write_text(text)
        (self.hls / ".part").rename(self.hls / "video.m3u8")

    def run(self) -> None:
        while not self.ended.wait(1):
            self.add()


def delivery(folder: Path) -> Iterator[Figure]:
    from tests.deploy.machine import HOST, Nginx
    from tests.media.nginx import find_nginx

    program = find_nginx()
    if program is None:
        raise NotMeasured("there is no nginx on this machine ($NGINX_PATH names one)")
    work = Path(tempfile.mkdtemp(dir=folder, prefix="live-"))
    work.chmod(0o755)
    running: list[Any] = []
    instance = Instance(work / "instance")
    instance.env |= {"SECRET_KEY": "k" * 40, "MEDIA_ACCEL": "/_media"}
    encoder = FakeEncoder(work / "instance/files/live/7/hls")
    nginx = None
    try:
        encoder.start()
        path = f"/media/{_token()}/hls/video.m3u8"
        behind, port = free_port(), 0
        web = instance.launch(sys.executable, "-m", "app.serve", port=behind)
        running.append(web)
        wait_for(f"http://127.0.0.1:{behind}/healthz", web)
        nginx = Nginx(program, work / "nginx", behind, work / "instance/files")
        settings = work / "nginx/nginx.conf"
        settings.write_text(settings.read_text().replace("worker_connections 1024", "worker_connections 8192"))
        nginx.start()
        port = nginx.https_port
        through = _load("through nginx", f"https://127.0.0.1:{port}{path}?host={HOST}", VIEWERS, web.pid, str(work / "nginx/fullchain.pem"))
        yield from through.figures()
        del instance.env["MEDIA_ACCEL"]
        process = instance.web()
        running.append(process)
        alone = _load("the product alone", f"http://127.0.0.1:{instance.port}{path}", ALONE, process.pid, "-")
        yield from alone.figures()
        yield Figure("Python's CPU for a viewer's minute, through nginx", through.ms_a_minute, "ms", alone.ms_a_minute, through.ms_a_minute / alone.ms_a_minute, note="beside the product alone")
        carried = OF_A_CORE / (alone.cpu / (alone.viewers * SECONDS))
        yield Figure("viewers that 0.7 of a core sends to, alone", carried, "", SEATS_ALONE, carried / SEATS_ALONE, 1.0, True, "beside LIVE_SEATS without nginx")
    finally:
        encoder.ended.set()
        if nginx:
            nginx.stop()
        stop(*running)
        shutil.rmtree(work, ignore_errors=True)


def _token() -> str:
    from app.media import delivery

    return str(delivery._signer("k" * 40).dumps(["live", 7, int(time.time()) // 3600 + 2]))


def _load(name: str, address: str, viewers: int, pid: int, ca: str) -> Load:
    before = cpu_seconds(pid)
    done = subprocess.run(
        [_node(), str(ROOT / "bench/live_viewers.mjs"), address, str(viewers), str(SECONDS), ca], capture_output=True, text=True, timeout=SECONDS + 120, check=True
    )
    return Load(name, viewers, cpu_seconds(pid) - before, json.loads(done.stdout))


@dataclass(frozen=True, slots=True)
class Load:
    """So many viewers for `SECONDS`: the CPU of Python, and what their client counted."""

    name: str
    viewers: int
    cpu: float
    told: dict[str, Any]

    @property
    def ms_a_minute(self) -> float:
        return self.cpu * 1000 / (self.viewers * SECONDS / 60)

    def figures(self) -> Iterator[Figure]:
        told = self.told
        requests, kb = (told["lists"] + told["segments"]) / SECONDS, told["bytes"] / self.viewers / SECONDS / 1000
        due = SEGMENT_BYTES / 1000
        yield Figure(f"{self.name}: requests", requests, "1/s", 2 * self.viewers, requests / self.viewers / 2, 0.95, True, f"p50 {told['p50']:.0f} ms, p99 {told['p99']:.0f} ms")
        yield Figure(f"{self.name}: bytes for each viewer", kb, "kB/s", due, kb / due, 1.15, note="a second of 1 Mbit/s, and the list")
        yield Figure(f"{self.name}: failed or over a second late", told["failed"] + told["late"], "", bar=0, note=f"of {self.viewers} viewers in {SECONDS} s; failed: {told['failed']}")


def _node() -> str:
    sys.path.insert(0, str(ROOT / "scripts"))
    import browsers

    return browsers.node()


# ---- with browsers ----


def _with_browsers(folder: Path, measure: Callable[..., Iterator[Figure]]) -> Iterator[Figure]:
    from playwright.sync_api import sync_playwright

    from tests.stage.broadcast import CHROMIUM, Broadcast, build_sender

    sys.path.insert(0, str(ROOT / "scripts"))
    import browsers

    work = Path(tempfile.mkdtemp(dir=folder, prefix="live-"))
    broadcast = Broadcast(work)
    try:
        broadcast.start()
        module = build_sender(work)
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=browsers.find_chromium(), args=CHROMIUM)
            yield from measure(broadcast, chromium, module)
            chromium.close()
    finally:
        broadcast.stop()
        shutil.rmtree(work, ignore_errors=True)


def glass(folder: Path) -> Iterator[Figure]:
    """Glass to glass by the clock in the picture, first frame, return after a lost link; H.264 copied."""
    yield from _with_browsers(folder, _glass)


def vp8(folder: Path) -> Iterator[Figure]:
    """Glass to glass of a browser that gives no H.264: the server makes the picture anew."""
    yield from _with_browsers(folder, _glass_of_vp8)


def _glass(broadcast: Any, chromium: Any, module: Path) -> Iterator[Figure]:
    from tests.stage.broadcast import Viewer

    with _broadcasting(broadcast, chromium, module):
        viewer = Viewer(broadcast, chromium)
        yield from _behind("H.264 copied", viewer)
        address = address_of(viewer.page)
        plain_module = build_player(module.parent)
        plainly = partial(PlainViewer, chromium, plain_module, broadcast.url, address)
        joins = [(_joins(partial(Viewer, broadcast, chromium, 10 + number)), _joins(plainly)) for number in range(JOINS)]
        mine, plain = (median(seconds) for seconds in zip(*joins, strict=True))
        yield Figure("first frame of a joining viewer", mine, "s", plain, mine / plain, JOIN_BAR, note=f"median of {JOINS}, in turn; beside plain hls.js")
        mine = median(_returns(viewer))
        viewer.context.close()
        other = plainly()
        _first_frame(other)
        plain = median(_returns(other))
        said = f"median of {RETURNS}; beside plain hls.js"
        yield Figure(f"plays again after {OFFLINE_SECONDS} s without a link", mine, "s", plain, mine / max(plain, 0.1), RETURN_BAR, note=said)


def _glass_of_vp8(broadcast: Any, chromium: Any, module: Path) -> Iterator[Figure]:
    from tests.stage.broadcast import Viewer

    with _broadcasting(broadcast, chromium, module, only_vp8=True):
        yield from _behind("VP8 made anew", Viewer(broadcast, chromium), barred=False)


@contextmanager
def _broadcasting(broadcast: Any, chromium: Any, module: Path, *, only_vp8: bool = False) -> Iterator[Any]:
    from tests.stage.broadcast import Sender

    sender = Sender(broadcast, chromium, module, only_vp8)
    sender.begin()
    yield sender
    sender.page.evaluate("() => window.take.stop()")
    sender.context.close()


def _behind(name: str, viewer: Any, *, barred: bool = True) -> Iterator[Figure]:
    _first_frame(viewer)
    time.sleep(8)
    seen = sorted(_looks(viewer, SECONDS))
    p95 = seen[int(len(seen) * 0.95)] / 1000
    yield Figure(f"{name}: glass to glass p50", median(seen) / 1000, "s", note=f"{len(seen)} looks")
    yield Figure(f"{name}: glass to glass p95", p95, "s", SPIKE_P95, p95 / SPIKE_P95, round(GLASS_BAR / SPIKE_P95, 2) if barred else None, note="beside the spike's")


def _looks(viewer: Any, seconds: float) -> list[float]:
    """How far behind the picture was, four times a second."""
    return [ms for _n in range(round(seconds * 4)) if (ms := _after(0.25, viewer.behind_ms)) is not None]


def _after(seconds: float, look: Callable[[], Any]) -> Any:
    time.sleep(seconds)
    return look()


def _first_frame(viewer: Any, seconds: float = 120) -> None:
    give_up = time.monotonic() + seconds
    while viewer.behind_ms() is None or viewer.position() <= 0:
        if time.monotonic() > give_up:
            raise SystemExit("nothing plays")
        time.sleep(0.05)


def _joins(come: Callable[[], Any]) -> float:
    """Seconds from opening the page until its picture moves."""
    begun = time.monotonic()
    viewer = come()
    _first_frame(viewer)
    seconds = time.monotonic() - begun
    viewer.context.close()
    return seconds


def _returns(viewer: Any) -> Iterator[float]:
    """Seconds from the link that is there again until something plays again, each time."""
    for _time in range(RETURNS):
        viewer.context.set_offline(True)
        time.sleep(OFFLINE_SECONDS)
        stood, back = viewer.position(), time.monotonic()
        viewer.context.set_offline(False)
        while viewer.position() < stood + 0.1 and time.monotonic() - back < 60:
            time.sleep(0.05)
        yield time.monotonic() - back
        time.sleep(OFFLINE_SECONDS)


def _usual(viewer: Any) -> float:
    """How far behind the picture is as a rule, in seconds."""
    return median(_looks(viewer, 3)) / 1000


def _until_new(viewer: Any, since: float, usual: float, seconds: float = 120) -> float:
    """Seconds until something is on the screen that was painted after that moment, beyond what that takes anyway."""
    while time.time() - since < seconds:
        behind = viewer.behind_ms()
        if behind is not None and time.time() - behind / 1000 > since:
            return max(0.0, time.time() - since - usual)
        time.sleep(0.05)
    return seconds


# ---- what is killed ----


def kills(folder: Path) -> Iterator[Figure]:
    """kill -9 of ffmpeg, of the encoder, of the worker and of the web process, each in a live room in which people talk."""
    yield from _with_browsers(folder, _kills)


def _kills(broadcast: Any, chromium: Any, module: Path) -> Iterator[Figure]:
    from tests.stage.broadcast import Viewer

    broadcast.start_worker()
    with _broadcasting(broadcast, chromium, module) as sender:
        viewer = Viewer(broadcast, chromium)
        _first_frame(viewer)
        talker = Talker(broadcast, chromium, module)
        time.sleep(8)
        viewer.page.evaluate(LISTEN)
        usual = _usual(viewer)

        def kill(name: str, end: Callable[[], None], again: Callable[[], None]) -> Iterator[Figure]:
            silent, since = viewer.page.evaluate("window.ear.silent"), time.time()
            end()
            again()
            seconds = _until_new(viewer, since, usual)
            time.sleep(3)
            yield Figure(f"kill -9 of {name}: picture again", seconds, "s", note="beyond the usual delay")
            yield Figure(f"kill -9 of {name}: silence", viewer.page.evaluate("window.ear.silent") - silent, "s")

        yield from kill("ffmpeg", lambda: os.kill(broadcast.encoder_children()[0], signal.SIGKILL), lambda: None)
        yield from kill("the encoder", lambda: broadcast.kill("encoder"), broadcast.start_encoder)
        yield from kill("the worker", lambda: broadcast.kill("worker"), broadcast.start_worker)
        time.sleep(11)  # presence is known up to the last ten seconds
        killed = datetime.now(UTC)

        def web_again() -> None:
            broadcast.start_web()
            sender.renew()

        yield from kill("the web process", lambda: broadcast.kill("web"), web_again)
        time.sleep(5)
        said = talker.end()
        recorded = sender.page.evaluate("() => performance.now() - window.begun") / 1000
    time.sleep(3)
    yield Figure("recording lost by all four", max(0.0, recorded - _kept_seconds(broadcast.room)), "s", bar=2.0, note=f"of {recorded:.0f} s")
    yield from _talk_lost(broadcast, said)
    yield from _presence_lost(broadcast, talker.key, killed)


class Talker:
    """A viewer who asks, writes and votes all the time, and keeps what was acknowledged."""

    def __init__(self, broadcast: Any, chromium: Any, module: Path):
        from tests.stage.broadcast import Viewer

        self.key = "g7"
        self.viewer = Viewer(broadcast, chromium, 7, rung="text")
        self.viewer.context.route("**/uji/take.js", lambda route: route.fulfill(path=str(module), content_type="text/javascript"))
        self.viewer.page.evaluate(TALK)

    def end(self) -> dict[str, Any]:
        said = self.viewer.page.evaluate("window.talk")
        self.viewer.context.close()
        return said


TALK = """async () => {
  const { openRoom } = await import('/uji/take.js');
  const room = openRoom();
  const talk = (window.talk = { say: [], ask: [], vote: null, refused: 0 });
  const send = async (event, body) => {
    const answer = await room.send(event, body);
    if (answer.error) talk.refused += 1;
    return !answer.error;
  };
  let turn = 0;
  setInterval(async () => {
    const key = `ukur-${Date.now()}`;
    const number = turn++;
    if (number % 6 === 0) { if (await send('ask', { key, text: `Pertanyaan nomor ${number}?` })) talk.ask.push(key); }
    else if (number % 2) { if (await send('say', { key, text: `Baris nomor ${number}` })) talk.say.push(key); }
    else if (await send('vote', { poll: 1, round: 1, choices: [number % 3] })) talk.vote = number % 3;
  }, 1200);
}"""


def _talk_lost(broadcast: Any, said: dict[str, Any]) -> Iterator[Figure]:
    for what, table in (("ask", "room_question"), ("say", "room_message")):
        kept = {key for (key,) in broadcast.rows(f"SELECT key FROM {table}")}
        yield Figure(f"{table.removeprefix('room_')}s lost", len(set(said[what]) - kept), "", bar=0, note=f"of {len(said[what])} acknowledged")
    votes = broadcast.rows("SELECT choices FROM room_poll_vote WHERE poll_id = 1")
    yield Figure("votes lost", int(votes != [(f"[{said['vote']}]",)]), "", bar=0, note=f"{said['refused']} refused or unanswered meanwhile")


def _presence_lost(broadcast: Any, key: str, killed: datetime) -> Iterator[Figure]:
    """People whose stay before the crash is not in the ledger, and seconds before it that do not count."""
    stays = broadcast.rows("SELECT joined_at, coalesce(left_at, seen_at) FROM attendance_stay WHERE participant = ? ORDER BY joined_at", key)
    before = [datetime.fromisoformat(left).replace(tzinfo=UTC) for joined, left in stays if datetime.fromisoformat(joined).replace(tzinfo=UTC) < killed]
    yield Figure("stays lost", int(not before), "", bar=0, note=f"{len(stays)} stays")
    yield Figure("presence before the crash that does not count", max(0.0, (killed - max(before)).total_seconds()) if before else 0.0, "s", bar=10.0)


def _kept_seconds(room: Path) -> float:
    """How much was recorded, in all takes together."""
    return sum(_length_of(next(take.glob("raw.*")).read_bytes()) for take in (room / "takes").iterdir())


def _length_of(content: bytes) -> float:
    from app.stage.matroska import Index
    from tests.stage.recordings import pieces

    index = Index()
    for piece in pieces(content, 65_536):
        index.feed(piece)
    return (index.clusters[-1].ms - index.clusters[0].ms) / 1000 + 1


PARTS = {"delivery": delivery, "glass": glass, "vp8": vp8, "gaps": gaps, "kills": kills}


def run(folder: Path, names: tuple[str, ...] = ()) -> Iterator[Figure]:
    """The figures, one after the other. Raises NotMeasured when a part of the machine is missing."""
    for name in names or tuple(filter(None, os.environ.get("MEDIA", "").split(","))) or tuple(PARTS):
        yield from PARTS[name](folder)


if __name__ == "__main__":
    print(machine())
    print(HEADING)
    with tempfile.TemporaryDirectory(prefix="gurindam-bench-") as place:
        for figure in run(Path(place), tuple(sys.argv[1:])):
            print(figure.line(), flush=True)
