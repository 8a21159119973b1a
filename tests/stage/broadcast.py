"""A live room with everything that is real about it: the web process, the encoder, Chromium that sends a canvas with a clock and Chromium
that watches. For tests and for measuring."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page

ROOT = Path(__file__).resolve().parents[2]
FLASK = [str(Path(sys.executable).parent / "flask"), "--app", "wsgi"]
CHROMIUM = [
    "--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required", "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream", "--disable-background-timer-throttling", "--disable-renderer-backgrounding",
    "--disable-backgrounding-occluded-windows",
]  # fmt: skip

# The composer's picture: 32 black and white blocks that say the time in tenths of a second of today, and a tone.
SEND = """async ([epoch, onlyVp8]) => {
  const { startTake, openRoom } = await import('/uji/take.js');
  if (onlyVp8) MediaRecorder.isTypeSupported = (type) => type.includes('vp8');
  const canvas = Object.assign(document.createElement('canvas'), { width: 1280, height: 720 });
  const pen = canvas.getContext('2d', { alpha: false });
  const paint = () => {
    const now = Date.now() % 4294967296;
    pen.fillStyle = `hsl(${(now / 40) % 360} 60% 40%)`;
    pen.fillRect(0, 0, 1280, 720);
    for (let i = 0; i < 200; i += 1) { pen.fillStyle = `hsl(${(i * 37 + now / 10) % 360} 50% 50%)`; pen.fillRect((i * 97) % 1280, 200 + (i * 53) % 520, 60, 40); }
    for (let bit = 0; bit < 32; bit += 1) { pen.fillStyle = (now >>> bit) & 1 ? '#fff' : '#000'; pen.fillRect(bit * 40, 0, 40, 120); }
  };
  const ticker = new Worker(URL.createObjectURL(new Blob(['setInterval(() => postMessage(0), 50)'], { type: 'text/javascript' })));
  ticker.onmessage = paint;
  paint();
  const stream = canvas.captureStream(20);
  const sound = new AudioContext();
  const out = sound.createMediaStreamDestination();
  const tone = new OscillatorNode(sound, { frequency: 440 });
  tone.connect(out);
  tone.start();
  stream.addTrack(out.stream.getAudioTracks()[0]);
  window.trouble = 0; window.stats = null; window.begun = performance.now();
  window.take = await startTake(openRoom(), stream, epoch, { onTrouble: (ms) => (window.trouble = ms), onStats: (stats) => (window.stats = stats) });
}"""

READ_CLOCK = """() => {
  const video = document.querySelector('video[data-picture]');
  if (!video || video.readyState < 2 || !video.videoWidth) return null;
  const canvas = window.eye ??= Object.assign(document.createElement('canvas'), { width: 320, height: 30 });
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  pen.drawImage(video, 0, 0, video.videoWidth, video.videoHeight / 6, 0, 0, 320, 30);
  let shown = 0;
  for (let bit = 0; bit < 32; bit += 1) if (pen.getImageData(bit * 10 + 5, 12, 1, 1).data[0] > 127) shown += 2 ** bit;
  const behind = (Date.now() % 4294967296) - shown;
  return behind > -1000 && behind < 120000 ? behind : null;
}"""


def build_sender(folder: Path) -> Path:
    """The recorder of the product, as a module that a test's page can load."""
    entry = folder / "entry.ts"
    client = ROOT / "app"
    entry.write_text(
        f"export {{ startTake }} from '{client}/stage/client/take/take';\nexport {{ openRoom }} from '{client}/room/client/parts/room';\n"
    )
    build = (
        "import('vite').then(({ build }) => build({ configFile: false, logLevel: 'error', root: process.cwd(), build: { outDir: process.argv[1],"
        " emptyOutDir: false, lib: { entry: process.argv[2], formats: ['es'], fileName: 'take' } } }))"
    )
    subprocess.run(["node", "-e", build, str(folder), str(entry)], cwd=ROOT, check=True, timeout=120)
    return next(folder.glob("take.*js"))


class Broadcast:
    """The processes of one live room."""

    def __init__(self, folder: Path):
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("GURINDAM_", "DATABASE_", "STORAGE_"))}
        self.env = kept | {"GURINDAM_ENV": "test", "INSTANCE_PATH": str(folder / "instance"), "SECRET_KEY": "s" * 40, "PYTHONUNBUFFERED": "1"}
        self.env |= {"LOG_LEVEL": "warning"}
        self.storage = folder / "instance" / "files"
        self.processes: dict[str, subprocess.Popen[str]] = {}
        self.port = 0
        self.webinar_id = 0

    def start(self) -> None:
        subprocess.run([*FLASK, "db", "upgrade"], env=self.env, cwd=ROOT, check=True, capture_output=True, timeout=240)
        self.webinar_id = int(self._python("tests.stage.live_site", "prepare"))
        self.start_web()
        self.start_encoder()

    def _python(self, *arguments: str) -> str:
        done = subprocess.run([sys.executable, "-m", *arguments], env=self.env, cwd=ROOT, check=True, capture_output=True, text=True, timeout=240)
        return done.stdout.strip().splitlines()[-1]

    def _launch(self, name: str, *arguments: str) -> subprocess.Popen[str]:
        with (self.folder / f"{name}.log").open("a") as log:
            process = subprocess.Popen([sys.executable, "-m", *arguments], env=self.env, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True)
        self.processes[name] = process
        return process

    def start_web(self) -> None:
        web = self._launch("web", "tests.stage.live_site", str(self.port))
        assert web.stdout is not None
        self.port = int(web.stdout.readline().split()[1])

    def start_encoder(self) -> None:
        self._launch("encoder", "app.stage.encoder")

    def start_worker(self) -> None:
        self._launch("worker", "flask", "--app", "wsgi", "worker")

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """What the database says."""
        with closing(sqlite3.connect(f"file:{self.folder}/instance/gurindam.sqlite3?mode=ro", uri=True, timeout=15)) as connection:
            return connection.execute(sql, values).fetchall()

    def kill(self, name: str) -> None:
        self.processes[name].kill()
        self.processes[name].wait()
        out = self.processes[name].stdout
        if out:
            out.close()

    def stop(self) -> None:
        for process in self.processes.values():
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout:
                process.stdout.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def room(self) -> Path:
        return self.storage / "live" / str(self.webinar_id)

    def call(self, what: str) -> Any:
        import json

        with urllib.request.urlopen(f"{self.url}/{what}/{self.webinar_id}") as answer:
            return json.load(answer)

    def encoder_children(self) -> list[int]:
        listed = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.processes["encoder"].pid)], capture_output=True, text=True, check=False)
        return [int(pid) for pid in listed.stdout.split()]


class Sender:
    """The speaker's browser."""

    def __init__(self, broadcast: Broadcast, browser: Browser, module: Path, only_vp8: bool = False):
        self.broadcast, self.only_vp8 = broadcast, only_vp8
        self.context: BrowserContext = browser.new_context()
        self.context.route(re.compile("/uji/take.js"), lambda route: route.fulfill(path=str(module), content_type="text/javascript"))
        self.page: Page = self.context.new_page()
        self.page.goto(f"{broadcast.url}/siar/{broadcast.webinar_id}")

    def begin(self) -> None:
        self.page.evaluate("async () => { const { openRoom } = await import('/uji/take.js'); const room = openRoom(); await new Promise((done) => room.onLink((link) => link === 'live' && done())); }")
        epoch = self.broadcast.call("beri")["epoch"]
        self.page.evaluate(SEND, [epoch, self.only_vp8])

    def renew(self) -> None:
        """The stage gives the lease to the same browser again, after the web process died."""
        give_up = time.monotonic() + 60
        while time.monotonic() < give_up:
            try:
                epoch = self.broadcast.call("beri")["epoch"]
            except OSError:
                time.sleep(0.2)
                continue
            self.page.evaluate("(epoch) => window.take.renew(epoch)", epoch)
            return
        raise AssertionError("the speaker never came back")


class Viewer:
    """Somebody who watches."""

    def __init__(self, broadcast: Broadcast, browser: Browser, number: int = 1, through: str | None = None, rung: str = "video", **options: Any):
        self.context = browser.new_context(**options)
        self.context.add_init_script(f"localStorage['gurindam.live'] ??= JSON.stringify({{ rung: '{rung}' }})")
        self.page = self.context.new_page()
        self.page.goto(f"{through or broadcast.url}/tonton/{broadcast.webinar_id}/{number}")

    def behind_ms(self) -> float | None:
        return self.page.evaluate(READ_CLOCK)

    def until_playing(self, seconds: float = 60) -> float:
        begun = time.monotonic()
        while time.monotonic() - begun < seconds:
            if self.behind_ms() is not None and self.position() > 0:
                return time.monotonic() - begun
            time.sleep(0.1)
        raise AssertionError(f"nothing plays: {self.page.locator('[data-live]').evaluate('e => e.outerHTML')[:1500]}")

    def position(self) -> float:
        return self.page.evaluate("document.querySelector('video[data-picture]').currentTime")
