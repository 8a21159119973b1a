"""Browsers with a camera and a microphone for tests of the stage, and one whose tab can be hidden."""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect
from simple_websocket import Client

from tests.needs import must_have

FAKE_DEVICES = ["--use-fake-device-for-media-stream=fps=5", "--use-fake-ui-for-media-stream", "--allow-loopback-in-peer-connection"]
LONG = 60_000  # several browsers that encode on two busy cores


def check_and_enter(page: Page) -> None:
    """Do the device check, and go into the green room."""
    page.get_by_role("button", name="Uji perangkat").click()
    expect(page.get_by_text("Selesai. Putar rekaman Anda, lalu masuk.")).to_be_visible(timeout=LONG)
    page.get_by_role("button", name="Masuk ruang tunggu").click()
    expect(page.get_by_role("heading", name="Ruang tunggu")).to_be_visible(timeout=LONG)


def wait_until_moving(page: Page, name: str, seconds: float = 60) -> None:
    """Until the picture of this person on stage is there and goes on."""
    tile = page.locator("[data-tiles] .tile", has_text=name).locator("video")
    seen = "video => video.videoWidth && video.getVideoPlaybackQuality().totalVideoFrames"
    first, give_up = 0, time.monotonic() + seconds
    while not first or tile.evaluate(seen) <= first:
        assert time.monotonic() < give_up, f"no moving picture of {name}"
        first = first or tile.evaluate(seen)
        page.wait_for_timeout(300)


class Tab:
    """A tab of a browser with windows, driven without what makes a page believe that it is always seen."""

    def __init__(self, port: int):
        self.port = port
        page = next(one for one in self._list() if one["type"] == "page")
        self.socket = Client(page["webSocketDebuggerUrl"])
        self.number = 0

    def call(self, method: str, **parameters: Any) -> Any:
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": parameters}))
        while True:
            said = json.loads(self.socket.receive(timeout=60) or "{}")
            if said.get("id") == self.number:
                assert "error" not in said, said
                return said["result"]

    def evaluate(self, expression: str) -> Any:
        return self.call("Runtime.evaluate", expression=expression, userGesture=True, awaitPromise=True, returnByValue=True)["result"].get("value")

    def wait_for(self, expression: str, seconds: float = 60) -> None:
        give_up = time.monotonic() + seconds
        while not self.evaluate(expression):
            assert time.monotonic() < give_up, f"never true: {expression}"
            time.sleep(0.3)

    def hide(self) -> None:
        """Open another tab in front of it."""
        self.evaluate("void window.open('about:blank')")
        self.wait_for("document.visibilityState === 'hidden'")

    def _list(self) -> list[dict[str, Any]]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/json") as answer:
            return json.load(answer)


@contextmanager
def windowed_browser(chromium: str, xvfb: str | None, folder: Path) -> Iterator[Tab]:
    """Chromium with windows on a display without a screen."""
    display, read_end = _start_display(must_have(xvfb, "Xvfb is not here (Debian's package xvfb)"))
    arguments = ["--no-sandbox", "--disable-gpu", "--no-first-run", f"--user-data-dir={folder}", "--remote-debugging-port=0", *FAKE_DEVICES, "about:blank"]
    browser = subprocess.Popen([chromium, *arguments], env=os.environ | {"DISPLAY": f":{read_end}"}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield Tab(_port_of(folder))
    finally:
        for process in (browser, display):
            process.terminate()
            process.wait(20)


def _start_display(xvfb: str) -> tuple[subprocess.Popen[bytes], str]:
    read, write = os.pipe()
    display = subprocess.Popen([xvfb, "-displayfd", str(write), "-screen", "0", "1280x800x24", "-nolisten", "tcp"], pass_fds=[write], stderr=subprocess.DEVNULL)
    os.close(write)
    with os.fdopen(read) as said:
        return display, said.readline().strip()


def _port_of(folder: Path) -> int:
    file, give_up = folder / "DevToolsActivePort", time.monotonic() + 60
    while not file.exists() or not file.read_text().strip():
        assert time.monotonic() < give_up, "the browser did not start"
        time.sleep(0.2)
    return int(file.read_text().split()[0])
