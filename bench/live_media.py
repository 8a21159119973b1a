"""The media path of a live room: what a thousand viewers cost through nginx and without it, how far viewers are behind, how soon they see
something, and what a killed process costs them. `python -m bench.live_media [delivery|glass|kills]`; `run(folder)` for others (MEDIA=delivery,kills
measures some).

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
from pathlib import Path
from statistics import median
from typing import Any

from bench.cpu import cpu_seconds
from bench.figures import HEADING, Figure, machine
from bench.instances import ROOT, Instance, free_port, stop, wait_for

VIEWERS, ALONE = int(os.environ.get("VIEWERS", "1000")), int(os.environ.get("ALONE", "150"))
SECONDS = int(os.environ.get("SECONDS", "20"))
SEGMENT_BYTES = 125_000  # a second of 1 Mbit/s
WINDOW = 20
JOINS = 5


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
        nginx = Nginx(program, work / "nginx", behind)
        settings = work / "nginx/nginx.conf"
        settings.write_text(settings.read_text().replace("worker_connections 1024", "worker_connections 8192"))
        nginx.start()
        port = nginx.https_port
        yield from _load("through nginx", f"https://127.0.0.1:{port}{path}?host={HOST}", VIEWERS, web.pid, str(work / "nginx/fullchain.pem"))
        del instance.env["MEDIA_ACCEL"]
        alone = instance.web()
        running.append(alone)
        yield from _load("the product alone", f"http://127.0.0.1:{instance.port}{path}", ALONE, alone.pid, "-")
    finally:
        encoder.ended.set()
        if nginx:
            nginx.stop()
        stop(*running)
        shutil.rmtree(work, ignore_errors=True)


def _token() -> str:
    from app.media import delivery

    return str(delivery._signer("k" * 40).dumps(["live", 7, int(time.time()) // 3600 + 2]))


def _load(name: str, address: str, viewers: int, pid: int, ca: str) -> Iterator[Figure]:
    before = cpu_seconds(pid)
    done = subprocess.run(
        ["node", str(ROOT / "bench/live_viewers.mjs"), address, str(viewers), str(SECONDS), ca], capture_output=True, text=True, timeout=SECONDS + 120, check=True
    )
    used, told = cpu_seconds(pid) - before, json.loads(done.stdout)
    requests = told["lists"] + told["segments"]
    per_minute = used * 1000 / (viewers * SECONDS / 60)
    note = f"{viewers} viewers, {told['failed']} failed, {told['late']} late"
    yield Figure(f"{name}: Python CPU", per_minute, "ms/v-min", note=note)
    yield Figure(f"{name}: requests", requests / SECONDS, "1/s", note=f"p50 {told['p50']:.0f} ms, p99 {told['p99']:.0f} ms")
    yield Figure(f"{name}: bytes for each viewer", told["bytes"] / viewers / SECONDS / 1000, "kB/s")
    if name == "the product alone":
        yield Figure("the product alone: viewers of 0.7 core", 0.7 / (used / (viewers * SECONDS)), "viewers")


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
    """Glass to glass by the clock in the picture, first frame, return after a lost link; H.264 copied, then VP8."""
    yield from _with_browsers(folder, _glass)


def _glass(broadcast: Any, chromium: Any, module: Path) -> Iterator[Figure]:
    from tests.stage.broadcast import Sender, Viewer

    for name, only_vp8 in (("H.264 copied", False), ("VP8", True)):
        sender = Sender(broadcast, chromium, module, only_vp8)
        sender.begin()
        viewer = Viewer(broadcast, chromium)
        viewer.until_playing(180)
        time.sleep(8)
        seen = sorted(ms for _n in range(SECONDS * 4) if (ms := _after(0.25, viewer.behind_ms)) is not None)
        yield Figure(f"{name}: glass to glass p50", median(seen) / 1000, "s", note=f"{len(seen)} looks")
        yield Figure(f"{name}: glass to glass p95", seen[int(len(seen) * 0.95)] / 1000, "s")
        if not only_vp8:
            yield Figure("first frame of a joining viewer", median(_joins(broadcast, chromium)), "s", note=f"median of {JOINS}")
            yield Figure("picture again after 10 s without a link", _returns(viewer), "s")
        sender.page.evaluate("() => window.take.stop()")
        sender.context.close()
        viewer.context.close()


def _after(seconds: float, look: Callable[[], Any]) -> Any:
    time.sleep(seconds)
    return look()


def _joins(broadcast: Any, chromium: Any) -> Iterator[float]:
    from tests.stage.broadcast import Viewer

    for number in range(JOINS):
        begun = time.monotonic()
        viewer = Viewer(broadcast, chromium, 10 + number)
        viewer.until_playing(120)
        yield time.monotonic() - begun
        viewer.context.close()


def _returns(viewer: Any) -> float:
    viewer.context.set_offline(True)
    time.sleep(10)
    viewer.context.set_offline(False)
    return _until_new(viewer)


def _until_new(viewer: Any, seconds: float = 180) -> float:
    """Seconds until something is on the screen that was painted after now, less the delay that it has then anyway."""
    asked = time.time()
    while time.time() - asked < seconds:
        behind = viewer.behind_ms()
        if behind is not None and time.time() - behind / 1000 > asked:
            return max(0.0, time.time() - asked - behind / 1000)
        time.sleep(0.1)
    return seconds


def kills(folder: Path) -> Iterator[Figure]:
    """kill -9 of ffmpeg, of the encoder and of the web process, each in a live room."""
    yield from _with_browsers(folder, _kills)


def _kills(broadcast: Any, chromium: Any, module: Path) -> Iterator[Figure]:
    from tests.stage.broadcast import Sender, Viewer

    sender, viewer = Sender(broadcast, chromium, module), Viewer(broadcast, chromium)
    sender.begin()
    viewer.until_playing(180)
    time.sleep(5)
    os.kill(broadcast.encoder_children()[0], signal.SIGKILL)
    yield Figure("kill -9 of ffmpeg: picture again", _until_new(viewer), "s", note="beyond the usual delay")
    broadcast.kill("encoder")
    broadcast.start_encoder()
    yield Figure("kill -9 of the encoder: picture again", _until_new(viewer), "s", note="beyond the usual delay")
    broadcast.kill("web")
    broadcast.start_web()
    sender.renew()
    yield Figure("kill -9 of the web process: picture again", _until_new(viewer), "s", note="with its start")
    recorded_ms = sender.page.evaluate("() => performance.now() - window.begun")
    sender.page.evaluate("() => window.take.stop()")
    yield Figure("recording lost by all three", _lost_seconds(broadcast.room, recorded_ms / 1000), "s", bar=2.0)


def _lost_seconds(room: Path, recorded: float) -> float:
    """What was recorded, less what lies in the file that was never replaced."""
    from app.stage.matroska import Index

    index = Index()
    takes = sorted((room / "takes").iterdir())
    index.feed(next(takes[0].glob("raw.*")).read_bytes())
    here = index.clusters[-1].ms / 1000 + 1
    return max(0.0, recorded - here) if len(takes) == 1 else recorded


PARTS = {"delivery": delivery, "glass": glass, "kills": kills}


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
