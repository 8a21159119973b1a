"""`make proof AREA=video`: what people bring in plays in a real browser, whatever happens to the worker.

1. A corpus of every container, codec, shape and damage: what must play is played, what must be refused is refused in words and kept.
2. A video is watched in a browser while it is being made, from the beginning and on the addresses it keeps; its progress is shown live.
3. The worker is killed at ten random moments over ten videos, its ffmpeg at five more: ten play in the end.
4. Uploads under everything that breaks (`video_upload`).

PARTS=<corpus,growing,killed,uploads> proves some of it.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from app.media.refusals import REASONS
from tests.e2e.conftest import CHROMIUM_ARGUMENTS, browsers
from tests.e2e.product import Product
from tests.media import corpus
from tests.media.clips import clip, make

ACCOUNT, LIBRARY = "instruktur@demo.test", "/studio/media"
KILLS, FFMPEG_KILLS, VIDEOS = 10, 5, 10
broken: list[str] = []

# Plays from the beginning until this second has passed, or the end; tells what the browser really showed.
PLAY = """async ([source, seconds, patience]) => {
  const video = document.createElement('video');
  video.muted = true;
  document.body.append(video);
  const began = performance.now();
  let first = null;
  video.addEventListener('loadedmetadata', () => (video.currentTime = 0), {once: true}); // else a growing stream begins near its end
  video.addEventListener('timeupdate', () => (first ??= video.currentTime));
  video.src = source;
  const played = video.play().catch((error) => String(error));
  while (performance.now() - began < patience * 1000 && !video.ended && !video.error && video.currentTime < seconds) {
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const told = {at: video.currentTime, first, width: video.videoWidth, height: video.videoHeight, ended: video.ended,
    error: video.error && video.error.message, sound: video.webkitAudioDecodedByteCount, pictures: video.webkitDecodedFrameCount};
  video.remove();
  return told;
}"""
ASK = "address => fetch(address, {headers: {Accept: 'application/json'}}).then(answer => answer.json())"


def told(what: str, held: bool, detail: str) -> None:
    print(f"{what:<58} {'held' if held else 'BROKEN':<7} {detail}", flush=True)
    if not held:
        broken.append(what)


class Studio(Product):
    backstage_module = "tests.proofs.video_backstage"

    def standings(self) -> dict[int, dict[str, Any]]:
        return {one["id"]: one for one in self.backstage("standings")}

    def bring_in(self, path: Path) -> dict[str, Any]:
        return self.backstage("bring_in", str(path), ACCOUNT)

    def wait_until_settled(self, asset_ids: list[int], seconds: float) -> dict[int, dict[str, Any]]:
        self._wait(lambda: all(self.standings()[one]["state"] in ("READY", "FAILED") for one in asset_ids), seconds, "not all are settled")
        return self.standings()


def describe(page: Page, asset_id: int) -> dict[str, Any]:
    return page.evaluate(ASK, f"/media/aset/{asset_id}")


def play(page: Page, source: str, seconds: float, patience: float = 20) -> dict[str, Any]:
    return page.evaluate(PLAY, [source, seconds, patience])


def prove_the_corpus(product: Studio, page: Page, folder: Path) -> None:
    goods = list(corpus.good(folder))
    bads = list(corpus.bad(folder))
    expected = {}
    wrong: list[str] = []
    for good in goods:
        answer = product.bring_in(good.path)
        if "asset_id" in answer:
            expected[answer["asset_id"]] = good
        else:
            wrong.append(f"{good.path.name}: {answer['refused']}")
    refusals = {}
    for path, code in bads:
        answer = product.bring_in(path)
        if "asset_id" in answer:
            refusals[answer["asset_id"]] = (path.name, code)
        elif answer["refused"] != code and answer["refused"] not in REASONS:
            wrong.append(f"{path.name}: {answer['refused']}")
    found = product.wait_until_settled([*expected, *refusals], 300)
    for asset_id, good in expected.items():
        if found[asset_id]["state"] != "READY":
            wrong.append(f"{good.path.name}: {found[asset_id]['code']} {found[asset_id]['detail']}")
            continue
        sources = describe(page, asset_id)["sources"]
        shown = play(page, sources["master"], good.seconds - 0.3)
        right = shown["at"] >= good.seconds - 0.5 and not shown["error"]
        right = right and (shown["pictures"] > 0) is good.picture and (shown["sound"] > 0) is good.sound
        if good.picture:
            right = right and abs(shown["width"] / shown["height"] - good.width / good.height) < 0.03
        if not right:
            wrong.append(f"{good.path.name}: {shown}")
    told("every kind of file plays in a browser", not wrong, "; ".join(wrong) or f"{len(expected)} files")
    astray = [
        f"{name}: {found[one]['state']} {found[one]['code']}"
        for one, (name, code) in refusals.items()
        if found[one]["code"] != code or found[one]["state"] != "FAILED"
    ]
    told("what must be refused is, with its reason", not astray, "; ".join(astray) or f"{len(bads)} files")
    told("a refused file is kept until it is dismissed", all(found[one]["original"] for one in refusals), f"{len(refusals)} originals")


def watch_progress(page: Page, asset_id: int) -> list[str]:
    """The words a page shows while a file is being prepared, as they change, for some seconds."""
    page.goto(LIBRARY)
    page.evaluate("id => document.body.insertAdjacentHTML('beforeend', `<p data-asset-progress=\"${id}\"></p>`)", asset_id)
    page.evaluate("() => document.dispatchEvent(new Event('gurindam:assets'))")
    seen: list[str] = []
    give_up = time.monotonic() + 15
    while time.monotonic() < give_up and len(seen) < 4:
        words = page.locator(f'[data-asset-progress="{asset_id}"]').inner_text()
        if words and words not in seen:
            seen.append(words)
        page.wait_for_timeout(200)
    return seen


def prove_it_grows(product: Studio, page: Page, folder: Path) -> None:
    source = make(
        folder / "talk.mp4", "-f", "lavfi", "-i", "testsrc2=size=1280x720:rate=25:duration=120", "-f", "lavfi", "-i", "sine=frequency=330:duration=120",
        "-vf", "noise=alls=5:allf=t", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac",
    )  # fmt: skip
    began = time.monotonic()
    asset_id = product.bring_in(source)["asset_id"]
    product._wait(lambda: product.standings()[asset_id]["growing"], 60, "it cannot be watched")
    waited = time.monotonic() - began
    before = describe(page, asset_id)
    shown = play(page, before["sources"]["master"], 5)
    still = product.standings()[asset_id]["growing"]
    first = shown["first"]
    told("a video is watched while it is being made", bool(still and shown["at"] >= 5 and before["sources"]["growing"]),
         f"after {waited:.1f} s, at {before['percent']} %; {shown['at']:.1f} s played")  # fmt: skip
    told("it begins at the beginning", first is not None and first < 2, f"first moment shown: {first}")
    over_websocket = watch_progress(page.context.new_page(), asset_id)
    narrow = page.context.new_page()
    narrow.add_init_script("delete window.WebSocket")
    over_polling = watch_progress(narrow, asset_id)
    told("progress is shown live, without WebSocket too", min(len(over_websocket), len(over_polling)) >= 3,
         f"{over_websocket[-1:]}, {over_polling[-1:]}")  # fmt: skip
    rest = play(page, before["sources"]["master"], 40, patience=75)
    product.wait_until_settled([asset_id], 300)
    whole = time.monotonic() - began
    after = describe(page, asset_id)
    told("it goes on as it grows", rest["at"] >= 40 and not rest["error"], f"{rest['at']:.1f} s played without a new address")
    told("its address stays when it is ready", after["sources"]["master"] == before["sources"]["master"], f"ready after {whole:.0f} s")
    told("nothing but one attempt lies there", product.standings()[asset_id]["folders"] == ["1"], "")


def children_of(pid: int) -> list[int]:
    """ffmpeg processes that a worker runs."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(child) for child in task.read_text().split()]
    return found


def prove_kills_are_survived(product: Studio, page: Page, folder: Path) -> None:
    chance = random.Random(11)
    assets = [product.bring_in(clip(folder / f"short-{n}.mp4", "640x360", seconds=16 + n, rate=25))["asset_id"] for n in range(VIDEOS)]
    done = threading.Event()
    ended = []

    def kill() -> None:
        for number in range(KILLS):
            time.sleep(chance.uniform(0.7, 4.5))
            if number < FFMPEG_KILLS:
                for child in children_of(product.processes["worker"].pid):
                    os.kill(child, signal.SIGKILL)
                    ended.append(child)
                time.sleep(chance.uniform(0.5, 1.5))
            product.kill_and_restart("worker")
        done.set()
        threading.Event().wait()  # the processes of tests die with the thread that started them

    threading.Thread(target=kill, daemon=True).start()
    done.wait()
    found = product.wait_until_settled(assets, 300)
    states = [found[one]["state"] for one in assets]
    attempts = sum(found[one]["attempt"] for one in assets)
    playing = [
        shown["at"] >= 2 and not shown["error"]
        for one in assets
        if found[one]["state"] == "READY"
        for shown in [play(page, describe(page, one)["sources"]["master"], 2)]
    ]
    told("ten videos through ten kills of the worker", states == ["READY"] * VIDEOS and all(playing),
         f"{sum(playing)} of {VIDEOS} play, {sorted(set(states))}; {attempts} attempts, {len(ended)} ffmpeg killed besides")  # fmt: skip
    spare = {one: found[one]["folders"] for one in assets if len(found[one]["folders"]) != 1}
    told("killed attempts leave nothing behind", not spare, str(spare or ""))


def main() -> int:
    parts = set(filter(None, os.environ.get("PARTS", "").split(","))) or {"corpus", "growing", "killed", "uploads"}
    proofs = {"corpus": prove_the_corpus, "growing": prove_it_grows, "killed": prove_kills_are_survived}
    with tempfile.TemporaryDirectory(prefix="gurindam-proof-") as name:
        product = Studio(Path(name))
        product.start()
        try:
            product.wait_for_media()
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=browsers.find_chromium(), args=CHROMIUM_ARGUMENTS)
                context = browser.new_context(locale="id-ID", base_url=product.url)
                context.add_cookies([product.backstage("cookie_for", ACCOUNT) | {"url": product.url, "httpOnly": True, "sameSite": "Lax"}])
                page = context.new_page()
                page.goto("/beranda")
                for part, prove in proofs.items():
                    if part in parts:
                        folder = Path(name) / part
                        folder.mkdir()
                        prove(product, page, folder)
                browser.close()
        finally:
            product.stop()
    if "uploads" in parts:
        from tests.proofs import video_upload

        broken.extend(video_upload.run())
    print(f"{len(broken)} broken" if broken else "all held")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
