"""What a bad link does to the sound: two people watch the same stream through the same link, one with the product's page, one with plain tuned hls.js.

The stream is a recording fed to the encoder as a composing browser sends it. The link is `stalling.StallingLink`: the same stalls at the same moments
for both. GAP_SECONDS=180 says how long; SEED, DELAY_MS change the pattern, which is told with the figures.

Heard is what an element that is not mute has played: its position moved on. A jump forward is no silence, but words that nobody heard; it is told apart.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.figures import Figure
from bench.instances import ROOT
from bench.plain_player import PlainViewer, build_player
from bench.stalling import Pattern, StallingLink

GAP_SECONDS = int(os.environ.get("GAP_SECONDS", "180"))
PATTERN = Pattern(delay=int(os.environ.get("DELAY_MS", "200")) / 1000, seed=int(os.environ.get("SEED", "1")))
SETTLING_SECONDS = 10
LISTEN = """() => {
  const ear = (window.ear = { seconds: 0, silent: 0, skipped: 0, gaps: 0, rungs: {} });
  const places = new WeakMap();
  let before = performance.now();
  let owed = 0; // clocks of media are not even: a seventh of a second is no gap
  let quiet = 0;
  setInterval(() => {
    const now = performance.now();
    const passed = (now - before) / 1000;
    before = now;
    let played = 0;
    for (const media of document.querySelectorAll('video, audio')) {
      const moved = media.currentTime - (places.get(media) ?? media.currentTime);
      places.set(media, media.currentTime);
      if (media.muted || !media.volume || media.paused) continue;
      if (moved > passed * 1.5 + 0.3) { ear.skipped += moved - passed; played = passed; }
      else played = Math.max(played, moved / (media.playbackRate || 1));
    }
    const rung = document.querySelector('[data-live]')?.dataset.rung ?? 'plain';
    ear.rungs[rung] = (ear.rungs[rung] ?? 0) + passed;
    ear.seconds += passed;
    owed = Math.max(0, owed + passed - played);
    if (owed > 0.15) { ear.silent += owed - 0.15; owed = 0.15; }
    if (played < passed / 2) { quiet += passed; if (quiet >= 0.25 && quiet - passed < 0.25) ear.gaps += 1; }
    else quiet = 0;
  }, 50);
}"""

SAID_DELAY = "Number(/\\d+/.exec(document.querySelector('[data-delay]').textContent)[0])"


def gaps(folder: Path) -> Iterator[Figure]:
    from playwright.sync_api import sync_playwright

    from tests.stage.broadcast import CHROMIUM, Broadcast
    from tests.stage.feeding import Feeding
    from tests.stage.recordings import H264, recording

    sys.path.insert(0, str(ROOT / "scripts"))
    import browsers

    content = recording(H264, GAP_SECONDS + 120, "1280x720", kbit=900)
    work = Path(tempfile.mkdtemp(dir=folder, prefix="live-"))
    broadcast, link, feeding = Broadcast(work), None, None
    try:
        broadcast.start()
        module = build_player(work)
        feeding = Feeding(broadcast.room, content)
        feeding.start()
        link = StallingLink(broadcast.port, PATTERN)
        link.start()
        with sync_playwright() as playwright:
            chromium = playwright.chromium.launch(executable_path=browsers.find_chromium(), args=CHROMIUM)
            yield from _listen(broadcast, chromium, module, link)
            chromium.close()
    finally:
        if feeding:
            feeding.end()
        if link:
            link.stop()
        broadcast.stop()
        shutil.rmtree(work, ignore_errors=True)


def _listen(broadcast: Any, chromium: Any, module: Path, link: StallingLink) -> Iterator[Figure]:
    from tests.stage.broadcast import Viewer

    mine = Viewer(broadcast, chromium, through=link.url, rung="auto")
    _until_playing(mine)
    plain = PlainViewer(chromium, module, link.url, address_of(mine.page))
    _until_playing(plain)
    time.sleep(SETTLING_SECONDS)
    for viewer in (mine, plain):
        viewer.page.evaluate(LISTEN)
    link.begin(GAP_SECONDS - 2 * PATTERN.stall[1])
    time.sleep(GAP_SECONDS)
    ours, theirs = (viewer.page.evaluate("window.ear") for viewer in (mine, plain))
    still = sum(ended - begun for begun, ended in link.stalls)
    pattern = f"{PATTERN}: {len(link.stalls)} stalls, {still * 60 / GAP_SECONDS:.1f} s/min"
    yield _a_minute("audio gaps", "silent", ours, theirs, pattern)
    yield _a_minute("programme skipped, never heard", "skipped", ours, theirs, f"as seen: {_rungs(ours)}")
    yield Figure("gaps of a quarter of a second or more", ours["gaps"] * 60 / ours["seconds"], "1/min", theirs["gaps"] * 60 / theirs["seconds"])
    behind, beside = mine.page.evaluate(SAID_DELAY), plain.page.evaluate("(Date.now() - window.hls.playingDate) / 1000")
    yield Figure("behind the stage at the end", behind, "s", beside, behind / beside, note="what steadiness costs")


def _until_playing(viewer: Any, seconds: float = 120) -> None:
    give_up = time.monotonic() + seconds
    while viewer.position() <= 0.5:
        if time.monotonic() > give_up:
            raise SystemExit("nothing plays")
        time.sleep(0.1)


def address_of(page: Any) -> str:
    """Where the page of a viewer fetches the list of qualities."""
    return page.evaluate("new URL(performance.getEntriesByType('resource').map((one) => one.name).find((name) => name.includes('master.m3u8'))).pathname")


def _a_minute(name: str, what: str, ours: dict[str, Any], theirs: dict[str, Any], note: str) -> Figure:
    value, reference = ours[what] * 60 / ours["seconds"], theirs[what] * 60 / theirs["seconds"]
    return Figure(name, value, "s/min", reference, value / max(reference, 0.01), 1.0, note=note)


def _rungs(ear: dict[str, Any]) -> str:
    return json.dumps({rung: f"{seconds / ear['seconds']:.0%}" for rung, seconds in ear["rungs"].items()}).replace('"', "")

