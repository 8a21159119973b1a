"""Uploads under everything that breaks; part of `make proof AREA=video`, or alone: `python -m tests.proofs.video_upload`. About 4 minutes.

1. A real browser sends 300 MB over a link that is cut five times; the server is killed twice, the browser closed once: equal bytes.
2. Four uploads at once while the web process is killed ten times: no acknowledged byte is ever asked for again; equal bytes.
3. 1 GB at full speed: what others wait for an answer meanwhile.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import random
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import expect, sync_playwright

from tests.e2e.conftest import CHROMIUM_ARGUMENTS, browsers
from tests.e2e.product import Product
from tests.e2e.weak_link import WeakLink

ACCOUNT, PAGE = "instruktur@demo.test", "/_ui/unggah"
BROWSER_BYTES, SCRIPT_BYTES, FAST_BYTES = 300_000_000, 200_000_000, 1_000_000_000
KILLS, PIECE = 10, 4 << 20
broken: list[str] = []


def told(what: str, held: bool, detail: str) -> None:
    print(f"{what:<58} {'held' if held else 'BROKEN':<7} {detail}", flush=True)
    if not held:
        broken.append(what)


def make_file(path: Path, size: int, seed: int) -> str:
    """A file that is taken for sound by its first bytes; its digest."""
    source, digest = random.Random(seed), hashlib.sha256()
    with path.open("wb") as file:
        piece = b"fLaC" + source.randbytes((1 << 20) - 4)
        while size:
            piece = piece[:size]
            file.write(piece)
            digest.update(piece)
            size -= len(piece)
            piece = source.randbytes(1 << 20)
    return digest.hexdigest()


def prove_the_browser(product: Product, folder: Path) -> None:
    path, chance = folder / "rekaman panjang.flac", random.Random(5)
    digest = make_file(path, BROWSER_BYTES, 1)
    link = WeakLink(product.url, 12_000_000)
    marks = sorted(chance.uniform(0.03, 0.95) for _ in range(8))
    deeds = ["cut", "cut", "kill", "cut", "close", "cut", "kill", "cut"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browsers.find_chromium(), args=CHROMIUM_ARGUMENTS)

        def visit() -> Any:
            context = browser.new_context(locale="id-ID")
            context.add_cookies([product.backstage("cookie_for", ACCOUNT) | {"url": product.url, "httpOnly": True, "sameSite": "Lax"}])
            page = context.new_page()
            page.goto(link.url + PAGE)
            return page

        page = visit()
        page.locator("input[type=file]").first.set_input_files(path)
        for mark, deed in zip(marks, deeds, strict=True):
            product._wait(lambda at=mark: product.backstage("upload_of", ACCOUNT)["offset"] >= at * BROWSER_BYTES, 120, f"never at {mark:.0%}")
            if deed == "cut":
                link.cut()
            elif deed == "kill":
                product.kill_and_restart("web")
            else:
                page.context.close()
                page = visit()
                page.locator("[data-list] input[type=file]").set_input_files(path)
        expect(page.locator("[data-list] > li")).to_contain_text("Tersimpan, utuh sampai byte terakhir", timeout=120_000)
        browser.close()
    link.close()
    found = product.backstage("upload_of", ACCOUNT)
    told("a browser over five cuts, two kills, one restart of its own", found["sha256"] == digest == found["told_sha256"],
         f"{BROWSER_BYTES:,} bytes equal; {link.passed - BROWSER_BYTES:,} bytes beyond them on the wire")  # fmt: skip


class Sender(threading.Thread):
    """A tus client that is as stubborn as the page's, and remembers what was acknowledged to it."""

    def __init__(self, product: Product, path: Path, cookie: dict[str, str], piece: int = PIECE):
        super().__init__(daemon=True)
        self.path, self.piece, self.place = path, piece, urlsplit(product.url)
        self.cookies = {cookie["name"]: cookie["value"]}
        self.said = {"Tus-Resumable": "1.0.0", "Accept": "application/json"}
        self.acknowledged, self.lost, self.address = 0, 0, ""

    def run(self) -> None:
        size = self.path.stat().st_size
        give_up = time.monotonic() + 300
        with self.path.open("rb") as file:
            while time.monotonic() < give_up:
                try:
                    self._go_on(file, size)
                    return
                except (OSError, http.client.HTTPException, LookupError, ValueError):
                    time.sleep(0.3)

    def _go_on(self, file: Any, size: int) -> None:
        if not self.said.get("X-CSRFToken"):
            self.said["X-CSRFToken"] = json.loads(self._ask("GET", "/unggahan")[1])["csrf_token"]
        if not self.address:
            self.address = self._ask("POST", "/unggahan", {"Upload-Length": str(size), "Upload-Metadata": "filename ZmlsZS5mbGFj"})[0]["Location"]
        at = int(self._ask("HEAD", self.address)[0]["Upload-Offset"])
        self.lost += max(0, self.acknowledged - at)
        while at < size:
            file.seek(at)
            piece = file.read(self.piece)
            headers = {"Upload-Offset": str(at), "Content-Type": "application/offset+octet-stream"}
            at = self.acknowledged = int(self._ask("PATCH", self.address, headers, piece)[0]["Upload-Offset"])

    def _ask(self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes | None = None) -> tuple[Any, bytes]:
        connection = http.client.HTTPConnection(self.place.hostname or "", self.place.port, timeout=30)
        try:
            cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            connection.request(method, path, body, self.said | {"Cookie": cookie} | (headers or {}))
            answer = connection.getresponse()
            content = answer.read()
            for line in answer.headers.get_all("Set-Cookie") or []:
                name, _equals, value = line.split(";")[0].partition("=")
                self.cookies[name] = value
            if answer.status >= 300:
                raise ValueError(f"{method} {path}: {answer.status}")
            return answer.headers, content
        finally:
            connection.close()


def prove_the_server(product: Product, folder: Path) -> None:
    digests = {make_file(folder / f"{number}.flac", SCRIPT_BYTES, 10 + number) for number in range(4)}
    cookie = product.backstage("cookie_for", ACCOUNT)
    senders = [Sender(product, folder / f"{number}.flac", cookie, 1 << 20) for number in range(4)]
    for sender in senders:
        sender.start()
    kills = 0
    while kills < KILLS and any(sender.is_alive() for sender in senders):
        time.sleep(random.Random(kills).uniform(0.2, 0.7))
        product.kill_and_restart("web")
        kills += 1
        product.wait_until_ready()
    for sender in senders:
        sender.join(300)
    product._wait(lambda: all(u["state"] == "DONE" for u in product.backstage("uploads_of", ACCOUNT)), 120, "not all are stored")
    stored = {upload["sha256"] for upload in product.backstage("uploads_of", ACCOUNT)}
    lost = sum(sender.lost for sender in senders)
    told(f"four uploads through {kills} kills of the web process", digests <= stored and not lost and kills == KILLS,
         f"{len(digests & stored)} of 4 equal, {lost} acknowledged bytes lost")  # fmt: skip


def prove_others_are_served(product: Product, folder: Path) -> None:
    path = folder / "besar.flac"
    make_file(path, FAST_BYTES, 99)
    sender = Sender(product, path, product.backstage("cookie_for", ACCOUNT))
    waits: list[float] = []
    began = time.perf_counter()
    sender.start()
    while sender.is_alive():
        before = time.perf_counter()
        product.is_ready()
        waits.append((time.perf_counter() - before) * 1000)
        time.sleep(0.01)
    seconds = time.perf_counter() - began
    waits.sort()
    late = waits[int(len(waits) * 0.99)]
    told("others during 1 GB at full speed", sender.acknowledged == FAST_BYTES and late < 250,
         f"{FAST_BYTES / seconds / 1e6:.0f} MB/s; /readyz median {statistics.median(waits):.0f} ms, p99 {late:.0f} ms of {len(waits)}")  # fmt: skip


def run() -> list[str]:
    """What did not hold."""
    with tempfile.TemporaryDirectory(prefix="gurindam-proof-") as name:
        product = Product(Path(name))
        product.start()
        try:
            for prove in (prove_the_browser, prove_the_server, prove_others_are_served):
                prove(product, Path(name))
        finally:
            product.stop()
    return broken


if __name__ == "__main__":
    sys.exit(1 if run() else 0)
