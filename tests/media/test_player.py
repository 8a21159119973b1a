"""The player in a real browser, on a page of its own, served by the server that users run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from app.ui.assets import MANIFEST, Assets
from tests.e2e.watch import Watch, shoot
from tests.media.clips import clip

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 24
expect.set_options(timeout=20_000)  # two busy cores
LISTEN = """window.told = [];
for (const name of ['played', 'position', 'pause', 'ended'])
  document.addEventListener('gurindam:' + name, event => window.told.push([name, event.detail]));"""
NO_NATIVE_HLS = """const can = HTMLMediaElement.prototype.canPlayType;
HTMLMediaElement.prototype.canPlayType = function (type) { return type.includes('mpegurl') ? '' : can.call(this, type); };"""

IN_VIEW_OF_ITS_LIST = """entry => { const [one, list] = [entry, entry.closest('ol')].map(part => part.getBoundingClientRect());
  return one.top >= list.top - 1 && one.bottom <= list.bottom + 1; }"""

pytestmark = [pytest.mark.e2e, pytest.mark.ffmpeg]


def stamp(seconds: int) -> str:
    return f"00:{seconds:02}.000"


def clock(seconds: float) -> str:
    return f"0.{int(seconds):02}"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the page with a video of 24 seconds, a sentence every four."""
    folder = tmp_path_factory.mktemp("player")
    video = clip(folder / "v.mp4", "640x360", SECONDS, rate=10)
    captions = folder / "v.vtt"
    captions.write_text(
        "WEBVTT\n\n" + "\n".join(f"{stamp(n)} --> {stamp(n + 3)}\nKalimat ke-{n // 4 + 1}.\n" for n in range(0, SECONDS, 4))
    )
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("GURINDAM_", "DATABASE_", "STORAGE_"))}
    env = kept | {"GURINDAM_ENV": "test", "INSTANCE_PATH": str(folder / "instance"), "SECRET_KEY": "s" * 40, "PYTHONUNBUFFERED": "1"}
    prepared = subprocess.run(
        [sys.executable, "-m", "tests.media.prepare_site", str(video), str(captions)],
        env=env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        check=True,
    )
    asset_id = prepared.stdout.strip().splitlines()[-1]
    with (folder / "site.log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.media.player_site"], env=env, cwd=ROOT, stdout=subprocess.PIPE, stderr=log, text=True
        )
    assert server.stdout is not None
    port = server.stdout.readline().split()[1]
    yield f"http://127.0.0.1:{port}/pemutar/{asset_id}"
    server.terminate()
    server.wait(10)
    server.stdout.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    sys.path.insert(0, str(ROOT / "scripts"))
    import browsers

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=browsers.find_chromium(), args=["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"]
        )
        yield browser
        browser.close()


class Watched:
    """A page with the player, and what it told."""

    def __init__(self, context: BrowserContext, address: str, *scripts: str):
        for script in (LISTEN, *scripts):
            context.add_init_script(script)
        self.page: Page = context.new_page()
        self.page.set_default_timeout(100_000)  # longer than `reach` waits
        self.page.goto(address)

    def state(self) -> dict[str, Any]:
        return self.page.evaluate(
            "(({currentTime, paused, videoWidth, playbackRate, currentSrc}) => ({currentTime, paused, videoWidth, playbackRate, currentSrc}))(document.querySelector('video'))"
        )

    def reach(self, seconds: float, patience: float = 90) -> None:
        reached = self.page.locator("video").evaluate(
            """(video, [at, patience]) => new Promise(done => { const end = performance.now() + 1000 * patience;
            const look = () => video.currentTime >= at ? done(true) : performance.now() > end ? done(false) : setTimeout(look, 50); look(); })""",
            [seconds, patience],
        )
        assert reached, f"the video stands at {self.state()}, not at {seconds}"

    def stop_at(self, seconds: float) -> float:
        """Pause as soon as it comes there, without the way through the test's process; where it stands then."""
        stopped = self.page.locator("video").evaluate(
            """(video, at) => new Promise(done => { const end = performance.now() + 60_000;
            video.addEventListener('pause', () => done(video.currentTime), {once: true});
            const look = () => video.currentTime >= at ? video.pause() : performance.now() > end ? done(-1) : setTimeout(look, 20); look(); })""",
            seconds,
        )
        assert stopped >= seconds, f"the video stands at {self.state()}, not at {seconds}"
        return stopped

    def play(self) -> None:
        self.page.locator("[data-play]").click()

    def told(self, name: str) -> list[dict[str, float]]:
        return [detail for what, detail in self.page.evaluate("window.told") if what == name]

    def seconds_played(self) -> float:
        """The union of what was told, in seconds."""
        whole, end = 0.0, -1.0
        for span in sorted(self.told("played"), key=lambda span: span["from"]):
            whole += max(0.0, span["to"] - max(end, span["from"]))
            end = max(end, span["to"])
        return whole


@pytest.fixture
def watch() -> list[Watch]:
    return []


@pytest.fixture
def context(chromium: Browser, watch: list[Watch]) -> Iterator[BrowserContext]:
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, locale="id-ID", reduced_motion="reduce")
    watch.append(Watch(context))
    yield context
    context.close()
    watch[0].check()


def test_it_tells_the_seconds_that_were_played_and_no_other(context: BrowserContext, site: str):
    seen = Watched(context, f"{site}/0")
    seen.play()
    seen.reach(3.2)
    seen.page.locator("#video").dispatch_event("gurindam:seek", {})  # a malformed wish changes nothing
    left = seen.page.evaluate(
        """(() => { const at = document.querySelector('video').currentTime;
        document.querySelector('#video').dispatchEvent(new CustomEvent('gurindam:seek', {detail: {at: 20}})); return at; })()"""
    )
    seen.reach(21.5)
    seen.play()
    expect(seen.page.locator("[data-play]")).to_have_attribute("aria-label", "Putar")
    stopped = seen.state()["currentTime"]
    spans = seen.told("played")
    assert seen.seconds_played() == pytest.approx(left + stopped - 20, abs=0.7)
    assert not [span for span in spans if span["from"] < 19.5 and span["to"] > left + 1], "nothing between the jump's ends counts"
    assert all(0 < span["to"] - span["from"] < 3 for span in spans)  # about one second each; longer when the machine looks late
    assert all(span["rate"] == 1 for span in spans)
    assert seen.told("pause")[-1]["seconds"] == pytest.approx(stopped, abs=0.05)


def test_seconds_at_double_speed_are_media_seconds(context: BrowserContext, site: str):
    seen = Watched(context, f"{site}/0")
    seen.page.locator("[data-rate-label]").click()
    seen.page.get_by_label("2x").check()
    seen.page.keyboard.press("Escape")
    seen.play()
    seen.reach(6)
    seen.play()
    assert {span["rate"] for span in seen.told("played")} == {2}
    assert seen.seconds_played() == pytest.approx(seen.state()["currentTime"], abs=1.5)  # a busy machine reads late; an honest error is at most 2 s


def test_the_end_is_told_once_everything_before_it_was(context: BrowserContext, site: str):
    seen = Watched(context, f"{site}/20")
    seen.play()
    seen.reach(SECONDS - 0.2)
    expect(seen.page.locator("[data-play]")).to_have_attribute("aria-label", "Putar")
    assert len(seen.told("ended")) == 1
    assert seen.seconds_played() == pytest.approx(4, abs=1)


def test_every_control_is_reached_by_the_keyboard(context: BrowserContext, site: str):
    seen = Watched(context, f"{site}/8")
    page = seen.page
    page.locator("[data-play]").focus()
    page.keyboard.press("k")
    seen.reach(8.5)
    page.keyboard.press("k")
    expect(page.locator("[data-play]")).to_have_attribute("aria-label", "Putar")
    stopped = seen.state()["currentTime"]
    page.keyboard.press("ArrowRight")
    expect(page.locator("[data-now]")).to_have_text(clock(stopped + 5))
    page.keyboard.press("j")
    expect(page.locator("[data-now]")).to_have_text(clock(stopped - 5))
    page.keyboard.press("5")
    expect(page.locator("[data-now]")).to_have_text("0.12")
    page.keyboard.press(">")
    expect(page.locator("[data-rate-label]")).to_have_text("1,25x")
    page.keyboard.press("c")
    expect(page.locator("[data-captions]")).to_have_attribute("aria-pressed", "false")
    page.keyboard.press("m")
    expect(page.locator("[data-mute]")).to_have_attribute("aria-pressed", "false")
    stops = []
    page.locator("[data-scrub]").focus()
    expect(page.locator("[data-scrub]")).to_have_attribute("aria-valuetext", "0.12 dari 0.24")
    for _ in range(8):
        page.keyboard.press("Tab")
        stops.append(
            page.evaluate(
                "document.activeElement.closest('[data-player]') ? (document.activeElement.getAttribute('aria-label') || document.activeElement.textContent.trim()) : ''"
            )
        )
    assert stops == ["Putar", "Mundur 10 detik", "Suara", "Kuat suara", "Kecepatan: 1,25x", "Takarir", "Mutu gambar: Otomatis", "Layar penuh"]


def test_captions_and_transcript_follow_and_jump(context: BrowserContext, site: str):
    seen = Watched(context, f"{site}/0")
    page = seen.page
    page.emulate_media(reduced_motion="reduce")
    page.locator(".transcript ol").evaluate("list => { list.style.maxHeight = '4rem'; }")
    seen.play()
    seen.stop_at(0.2)
    expect(page.locator("[data-caption]")).to_have_text("Kalimat ke-1.")
    page.get_by_role("link", name="Kalimat ke-4.").click()
    seen.stop_at(12.2)
    expect(page.locator("[data-caption]")).to_have_text("Kalimat ke-4.")
    expect(page.locator(".transcript [aria-current]")).to_have_text("0.12Kalimat ke-4.")
    assert page.locator(".transcript [aria-current]").evaluate(IN_VIEW_OF_ITS_LIST)
    expect(page.locator(".chapters [aria-current]")).to_contain_text("Tengah")
    page.locator("[data-quality-label]").click()
    page.get_by_label("English").check()
    expect(page.locator("[data-caption]")).to_contain_text("Sentence")


def test_a_chosen_quality_keeps_the_place_and_is_remembered(context: BrowserContext, site: str):
    seen = Watched(context, f"{site}/10")
    seen.play()
    seen.reach(11)
    seen.page.locator("[data-quality-label]").click()
    seen.page.get_by_label("240p").check()
    seen.reach(12)
    state = seen.state()
    assert state["currentSrc"].endswith("240p/index.m3u8")
    assert (state["videoWidth"], state["paused"]) == (426, False)
    assert min(span["from"] for span in seen.told("played")) > 9.5, "it went on, and did not begin anew"
    seen.page.get_by_label("Suara saja").check()
    seen.reach(13.5)
    assert seen.state()["currentSrc"].endswith("audio/index.m3u8")
    again = context.new_page()
    again.goto(f"{site}/0")
    expect(again.locator("[data-quality-label]")).to_have_text("Suara")


def test_where_the_browser_has_no_hls_a_library_is_loaded_at_the_first_play(context: BrowserContext, site: str):
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    seen = Watched(context, f"{site}/5", NO_NATIVE_HLS)
    assert not [url for url in asked if "hls" in url]
    seen.play()
    seen.reach(6.5)
    assert seen.state()["currentSrc"].startswith("blob:")
    assert [url for url in asked if "hls.light" in url]
    assert seen.told("played")[0]["from"] == pytest.approx(5, abs=0.3)


def test_nothing_of_the_video_is_fetched_before_it_is_played(context: BrowserContext, site: str):
    asked: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    seen = Watched(context, f"{site}/0")
    expect(seen.page.locator("[data-play-big]")).to_be_visible()
    assert not [url for url in asked if url.endswith((".m3u8", ".m4s", ".mp4"))]


def test_an_address_that_ended_is_renewed_and_goes_on_at_the_same_second(context: BrowserContext, site: str, watch: list[Watch]):
    watch[0].expect("status of 410")
    seen = Watched(context, f"{site}/0")
    page = seen.page
    fresh = json.loads(page.locator("#video").get_attribute("data-sources") or "{}")
    ended = {"on": True}

    def refuse(route: Any) -> None:
        route.fulfill(status=410, body="") if ended["on"] else route.continue_()

    def renew(route: Any) -> None:
        ended["on"] = False
        route.fulfill(json={"state": "READY", "sources": fresh})

    page.route("**/*.m3u8", refuse)
    page.route("**/media/aset/*", renew)
    page.goto(f"{site}/9")
    seen.play()
    seen.stop_at(9.6)
    assert min(span["from"] for span in seen.told("played")) == pytest.approx(9, abs=0.3)
    expect(page.locator("[data-trouble]")).to_be_hidden()


def test_when_it_cannot_be_renewed_it_says_so_and_offers_to_try_again(context: BrowserContext, site: str, watch: list[Watch]):
    watch[0].expect("status of 410", "status of 404")
    seen = Watched(context, f"{site}/0")
    page = seen.page
    page.route("**/*.m3u8", lambda route: route.fulfill(status=410, body=""))
    page.route("**/media/aset/*", lambda route: route.fulfill(status=404, json={"error": "not_found"}))
    page.goto(f"{site}/9")
    seen.play()
    expect(page.get_by_role("alert")).to_contain_text("Video berhenti")
    page.unroute("**/*.m3u8")
    page.unroute("**/media/aset/*")
    page.route(
        "**/media/aset/*",
        lambda route: route.fulfill(json={"sources": json.loads(page.locator("#video").get_attribute("data-sources") or "{}")}),
    )
    page.get_by_role("button", name="Coba lagi").click()
    seen.stop_at(9.5)
    assert seen.told("played")[0]["from"] == pytest.approx(9, abs=0.3)


def test_the_address_of_the_page_may_name_a_second(context: BrowserContext, site: str):
    seen = Watched(context, f"{site}/0#t=16.5")
    expect(seen.page.locator("[data-now]")).to_have_text("0.16")
    seen.play()
    seen.reach(17)
    seen.play()
    expect(seen.page.locator("[data-play]")).to_have_attribute("aria-label", "Putar")
    assert seen.told("played")[0]["from"] == pytest.approx(16.5, abs=0.3)


def test_without_a_script_the_browsers_own_controls_play(chromium: Browser, site: str):
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{site}/0")
    video = page.locator("video")
    assert video.get_attribute("controls") is not None
    assert [source.get_attribute("type") for source in page.locator("video source").all()] == ["application/vnd.apple.mpegurl", "video/mp4"]
    assert page.locator(".transcript li").count() == 6
    expect(page.locator("[data-controls]")).to_be_hidden()
    context.close()


def test_the_page_is_whole_at_every_width_and_for_screen_readers(context: BrowserContext, site: str):
    seen = Watched(context, f"{site}/5")
    seen.page.locator("[data-quality-label]").click()
    shoot(seen.page, "pemutar")


class GrowingPlaylists:
    """Serves only the first segments of each playlist, as an encoder at work would, and says how far the asset is."""

    def __init__(self, page: Page, segments: int):
        self.segments, self.whole = segments, False
        self.sources: dict[str, Any] = {}
        page.route("**/index.m3u8", self.cut)
        page.route("**/media/aset/*", self.tell)

    def cut(self, route: Any) -> None:
        answer = route.fetch()
        head, *segments = answer.text().replace("#EXT-X-ENDLIST", "").replace("#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-PLAYLIST-TYPE:EVENT").split("#EXTINF")
        kept = segments if self.whole else segments[: self.segments]
        body = "#EXTINF".join([head, *kept]) + ("#EXT-X-ENDLIST\n" if self.whole else "")
        route.fulfill(content_type="application/vnd.apple.mpegurl", headers={"Cache-Control": "no-cache"}, body=body)

    def tell(self, route: Any) -> None:
        route.fulfill(json={"state": "READY" if self.whole else "PROCESSING", "words": "Menyiapkan 40 %", "sources": self.sources | {"growing": not self.whole}})


def test_a_video_that_is_being_made_waits_at_its_end_and_goes_on_by_itself(context: BrowserContext, site: str):
    seen = Watched(context, f"{site}/0")
    page = seen.page
    growing = GrowingPlaylists(page, 2)
    growing.sources = json.loads(page.locator("#video").get_attribute("data-sources") or "{}")
    page.goto(f"{site}/0?tumbuh")
    expect(page.locator("[data-growing]")).to_contain_text("Bagian awal sudah dapat ditonton")
    seen.play()
    seen.reach(1)
    page.keyboard.press("9")
    expect(page.locator("[data-growing]")).to_contain_text("Bagian berikutnya sedang disiapkan")
    stopped = seen.state()["currentTime"]
    assert stopped < 14, "a jump goes no further than what there is"
    expect(page.locator("[data-trouble]")).to_be_hidden()
    assert not seen.told("ended")
    growing.segments = 4
    seen.reach(stopped + 1.5)
    growing.whole = True
    expect(page.locator("[data-growing]")).to_be_hidden()
    seen.reach(SECONDS - 0.4)
    expect(page.locator("[data-play]")).to_have_attribute("aria-label", "Putar")
    assert len(seen.told("ended")) == 1
    expect(page.locator("[data-download]")).to_have_count(1)


def test_a_recording_without_a_picture_has_a_calm_place_and_the_same_controls(context: BrowserContext, site: str):
    seen = Watched(context, f"{site}/4?suara")
    expect(seen.page.locator(".player-title")).to_contain_text("Rekaman suara, 0.24")
    seen.play()
    seen.stop_at(5)
    expect(seen.page.locator("[data-caption]")).to_have_text("Kalimat ke-2.")
    expect(seen.page.locator("[data-chapter-name]")).to_have_text("Tengah")
    shoot(seen.page, "pemutar-suara")


def test_data_saver_and_captions_are_chosen_and_remembered(context: BrowserContext, site: str):
    seen = Watched(context, f"{site}/4")
    page = seen.page
    page.locator("[data-quality-label]").click()
    expect(page.locator(".player-saver")).to_contain_text("sekitar")
    page.get_by_label("Hemat data").check()
    page.get_by_label("Tembus").check()
    page.locator(".player-panel label", has_text="Besar").get_by_text("Besar").click()  # on the word: the menu stays under the press
    expect(page.get_by_label("Besar")).to_be_checked()
    page.keyboard.press("Escape")
    seen.play()
    seen.reach(5)
    assert seen.state()["currentSrc"].endswith("240p/index.m3u8")
    again = context.new_page()
    again.goto(f"{site}/4")
    expect(again.locator("[data-quality-label]")).to_have_text("Hemat")
    expect(again.locator("#video")).to_have_attribute("data-caption-background", "half")
    expect(again.locator("#video")).to_have_attribute("data-caption-size", "large")
    again.locator("[data-quality-label]").click()
    again.get_by_label("360p").check()
    expect(again.locator("[data-saver]")).not_to_be_checked()


def test_the_script_of_a_video_page_is_small_where_the_browser_has_hls():
    """At most 60 kB beyond what every page has; hls.js is loaded only where the browser cannot do it."""
    manifest = Assets()
    base = {manifest.entry("ui/base.ts")["file"], *(address.removeprefix("/static/dist/") for address in manifest.imports("ui/base.ts"))}
    names = ("media/player.ts", "learning/watching.ts", "learning/lesson.ts")
    files = {manifest.entry(name)["file"] for name in names}
    files |= {address.removeprefix("/static/dist/") for name in names for address in manifest.imports(name)}
    assert sum((MANIFEST.parent / file).stat().st_size for file in files - base) <= 60_000
