"""`make proof AREA=live`: one webinar from its plan to the JP, in real browsers with made-up cameras, against the server that users run.

Planned and announced by the agency; registered for in one click; two speakers come by their links, are checked, wait, speak with each other and
hand over; a moderator works by keyboard alone; viewers at a desk, on a phone with sound only, and one who loses the network; questions, a poll,
slides; whoever composes is killed; the web process is killed while everybody is there; the end, the recording with its chapters, presence and JP.
Beside it: hand-overs in a row, a stage whose links all go over a TURN server, and a speaker in Firefox.

Pictures of each state lie in tests/artifacts/screens. It takes some minutes, and two cores to itself. PARTS=<webinar,handover,relay,
firefox> proves some of it.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from playwright.sync_api import Browser, BrowserContext, Error, Page, expect, sync_playwright

from app.recordings.chapters import SHORTEST_SECONDS
from tests.e2e.conftest import CHROMIUM_ARGUMENTS, browsers
from tests.e2e.performing import FAKE_DEVICES, LONG, check_and_enter, wait_until_moving
from tests.e2e.product import Product
from tests.e2e.watch import TELL_VIOLATIONS, shoot
from tests.proofs.live_acts import broken, press, told, within
from tests.proofs.live_elsewhere import ONLY_RELAYED, FirefoxSpeaker, told_relayed, turn_server
from tests.proofs.live_handover import CAMERA_OF_ONE_COLOR, bring_on, hand_over

TITLE = "Pelayanan Ramah Disabilitas di Loket"
SPEAKERS = ("Raja Fatimah", "Syarifah Aini")
MODERATOR, AGENCY = "moderator@demo.test", "admin-bkpsdm@demo.test"
POLL, OPTIONS = "Apa yang paling kurang di loket Anda?", ("Jalur kursi roda", "Juru bahasa isyarat")
QUESTION = "Apakah formulir boleh dibacakan petugas?"
# A stream that begins anew counts its seconds anew as well: what was really played is what the elements moved on by.
COUNT_PLAYED = """(() => {
  const at = new WeakMap();
  window.played = 0;
  setInterval(() => {
    let most = 0;
    for (const media of document.querySelectorAll('[data-live] video, [data-live] audio')) {
      const on = media.currentTime - (at.get(media) ?? media.currentTime);
      at.set(media, media.currentTime);
      if (on > 0 && on < 2) most = Math.max(most, on);
    }
    window.played += most;
  }, 100);
})();"""
PLAYED = "window.played"
HOW_IT_PLAYS = """() => JSON.stringify([...document.querySelectorAll('[data-live] video, [data-live] audio')].map((media) => ({
  at: media.currentTime, paused: media.paused, state: media.readyState, fault: media.error?.message,
  stored: [...Array(media.buffered.length).keys()].map((i) => [media.buffered.start(i), media.buffered.end(i)]),
}))) + document.querySelector('[data-live]').dataset.rung + document.querySelector('[data-cover]').textContent"""


def plays_on(page: Page, seconds: float, patience: float) -> tuple[bool, str]:
    """Whether so many seconds more are played in time, and when; else how the player stands."""
    before = page.evaluate(PLAYED)
    again = within(patience, lambda: page.evaluate(PLAYED) > before + seconds)
    return again is not None, page.evaluate(HOW_IT_PLAYS) if again is None else f"{seconds:g} s played {again:.1f} s later"


def picture(page: Page, name: str) -> None:
    """Keep pictures and look for faults; a page that composes on a busy machine may give none, which is said."""
    try:
        shoot(page, name)
    except AssertionError as fault:
        told(f"the look of {name}", False, str(fault)[:300])
    except Error as reason:
        print(f"no picture of {name}: {str(reason).splitlines()[0]}", flush=True)


class LiveProduct(Product):
    backstage_module = "tests.proofs.live_backstage"

    def rows(self, slug: str) -> dict[str, Any]:
        return self.backstage("rows_of", slug)


class Cast:
    """Who takes part, each in a browser of their own."""

    def __init__(self, product: LiveProduct, chromium: Browser):
        self.product, self.chromium = product, chromium
        self.violations: list[str] = []

    def enter(self, path: str, email: str | None = None, script: str = "", **options: Any) -> Page:
        page = self.context(email, **options).new_page()
        if script:
            page.add_init_script(script)
        page.set_default_timeout(LONG)
        page.goto(path)
        return page

    def context(self, email: str | None, **options: Any) -> BrowserContext:
        options = {"viewport": {"width": 1280, "height": 800}, "locale": "id-ID", "timezone_id": "Asia/Jakarta", "reduced_motion": "reduce"} | options
        context = self.chromium.new_context(base_url=self.product.url, **options)
        context.add_init_script(TELL_VIOLATIONS)
        context.on("console", lambda message: self.violations.append(message.text) if message.text.startswith("CSP ") else None)
        if email:
            context.add_cookies([self.product.backstage("cookie_for", email) | {"url": self.product.url, "httpOnly": True, "sameSite": "Lax"}])
        return context


def plan(cast: Cast) -> tuple[str, list[str]]:
    """The agency plans and announces; returns the webinar's slug and the speakers' links."""
    page = cast.enter("/kelola/webinar", AGENCY)
    page.get_by_role("link", name="Webinar baru").click()
    begins = datetime.now(ZoneInfo("Asia/Jakarta")) + timedelta(minutes=20)  # the room for everybody opens a quarter of an hour before
    page.get_by_label("Judul", exact=True).fill(TITLE)
    page.get_by_label("Ringkasan").fill("Bertanya dulu, baru membantu.")
    page.get_by_label("Mulai", exact=True).fill(begins.strftime("%Y-%m-%dT%H:%M"))
    page.get_by_label("Berakhir", exact=True).fill((begins + timedelta(minutes=90)).strftime("%Y-%m-%dT%H:%M"))
    page.get_by_label("JP", exact=True).fill("2")
    page.get_by_role("button", name="Simpan rancangan").click()
    expect(page.locator("h1")).to_have_text(TITLE)
    for number, (name, minutes) in enumerate((("Lima pertanyaan sebelum membantu", "45"), ("Loket, tinggi meja, dan antrean", "45")), 1):
        page.get_by_label(f"Judul sesi {number}").fill(name)
        page.get_by_label(f"Lama sesi {number}").fill(minutes)
    page.get_by_role("button", name="Simpan susunan acara").click()
    links = [add_speaker(page, name) for name in SPEAKERS]
    page.get_by_label("Cari menurut nama").fill("Dewi")
    page.get_by_role("button", name="Cari", exact=True).last.click()
    page.get_by_role("button", name="Tambah petugas").click()
    page.get_by_role("button", name="Umumkan dan buka pendaftaran").click()
    share = page.get_by_label("Tautan untuk grup obrolan dan poster").input_value()
    page.goto(re.sub(r"^https?://[^/]+", "", share))
    slug = page.url.rsplit("/", 1)[-1]
    page.context.close()
    return slug, links


def add_speaker(page: Page, name: str) -> str:
    if not page.locator("#nama-baru").is_visible():
        page.locator("summary", has_text="Tambah narasumber").click()
    page.locator("#nama-baru").fill(name)
    page.locator("#instansi-baru").fill("Dinas Sosial")
    page.get_by_role("button", name="Tambah narasumber").click()
    page.get_by_role("button", name="Buat tautan").last.click()
    link = page.get_by_label("Tautan narasumber").input_value()
    page.get_by_role("link", name="Kembali ke webinar").click()
    return re.sub(r"^https?://[^/]+", "", link)


def register(cast: Cast, slug: str) -> list[tuple[str, Page]]:
    """Three learners register in one click: at a desk, on a phone, and one whose network will fail."""
    found = []
    for options in ({}, {"viewport": {"width": 360, "height": 740}, "has_touch": True}, {}):
        email = cast.product.new_learner()
        page = cast.enter(f"/webinar/{slug}", email, COUNT_PLAYED, **options)
        page.get_by_role("button", name="Daftar", exact=True).click()
        expect(page.get_by_text("Anda terdaftar", exact=True)).to_be_visible()
        found.append((email, page))
    picture(found[0][1], "bukti-terdaftar")
    return found


def go_on_air(cast: Cast, slug: str, links: list[str]) -> tuple[Page, list[Page]]:
    speakers = [cast.enter(links[0]), cast.enter(links[1], script=CAMERA_OF_ONE_COLOR)]
    picture(speakers[0], "bukti-uji-perangkat")
    begun = time.monotonic()
    check_and_enter(speakers[0])
    told("device check and green room", True, f"{time.monotonic() - begun:.1f} s with this machine's load (under 20 s asked)")
    check_and_enter(speakers[1])
    moderator = cast.enter(f"/webinar/{slug}/panggung", MODERATOR)
    enter_stage_alone(moderator)
    for name in SPEAKERS:
        bring_on(moderator, name)
    wait_until_moving(speakers[0], SPEAKERS[1])
    wait_until_moving(speakers[1], SPEAKERS[0])
    told("two speakers see each other on stage", True)
    begin(moderator)
    picture(moderator, "bukti-panggung")
    picture(speakers[0], "bukti-narasumber")
    return moderator, speakers


def begin(moderator: Page) -> None:
    press(moderator, moderator.get_by_role("button", name="Mulai siaran"))
    press(moderator, moderator.locator("[data-confirm-dialog]").get_by_role("button", name="Mulai siaran"))
    expect(moderator.get_by_role("button", name="Akhiri")).to_be_visible(timeout=LONG)


def enter_stage_alone(moderator: Page) -> None:
    """The moderator needs no camera."""
    button = moderator.get_by_role("button", name="Masuk tanpa kamera dan mikrofon")
    if button.count() and button.is_visible():
        press(moderator, button)
        expect(moderator.locator("[data-own]")).to_be_visible(timeout=LONG)  # from then on the focus stays where it is put


def watch(viewers: list[tuple[str, Page]], slug: str) -> None:
    """The desk watches the picture, the phone listens."""
    for _email, page in viewers:
        page.goto(f"/webinar/{slug}")
    (_a, desk), (_b, phone), (_c, third) = viewers
    for page in (desk, phone, third):
        start = page.locator("[data-press]")
        if start.is_visible():
            start.click()
    told("the desk sees moving pictures", within(60, lambda: desk.evaluate(PLAYED) > 2) is not None, f"{desk.evaluate(PLAYED):.1f} s played")
    phone.get_by_text("Mutu", exact=True).click()
    phone.get_by_label("Suara saja").check()
    phone.keyboard.press("Escape")
    before = phone.evaluate(PLAYED)
    told("the phone hears, with sound alone", within(60, lambda: phone.evaluate("() => document.querySelector('[data-live] audio').currentTime") > 1) is not None, f"was at {before:.1f} s")
    picture(desk, "bukti-penonton")
    picture(phone, "bukti-penonton-suara")


def talk(product: LiveProduct, slug: str, moderator: Page, viewers: list[tuple[str, Page]]) -> None:
    (_a, desk), (_b, phone), (_c, third) = viewers
    desk.locator("#pertanyaan").fill(QUESTION)
    press(desk, desk.locator("[data-ask]").get_by_role("button", name="Kirim"))
    waiting = moderator.locator("ul[data-waiting] > li")
    expect(waiting).to_have_count(1)
    press(moderator, waiting.get_by_role("button", name="Terima"))
    vote = phone.locator("[data-questions] > li").get_by_role("button", name="Dukung,")
    phone.get_by_role("tab", name="Tanya").click()
    vote.click()
    press(moderator, moderator.locator("[data-next]").get_by_role("button", name="Jawab", exact=True))
    expect(desk.locator("[data-asked-text]")).to_contain_text("formulir")
    picture(phone, "bukti-pertanyaan")
    press(moderator, moderator.locator("[data-next]").get_by_role("button", name="Selesai"))
    within(20, lambda: product.rows(slug)["questions"] == [[QUESTION, "ANSWERED"]])
    rows = product.rows(slug)
    told("a question: asked, approved by keyboard, voted, answered", rows["questions"] == [[QUESTION, "ANSWERED"]] and rows["question_votes"] == 1, str(rows["questions"]))

    press(moderator, moderator.get_by_role("tab", name="Jajak"))
    press(moderator, moderator.get_by_text("Jajak baru"))
    moderator.locator("#jajak-teks").fill(POLL)
    for number, option in enumerate(OPTIONS, 1):
        moderator.get_by_role("textbox", name=f"Pilihan {number}").fill(option)
    press(moderator, moderator.get_by_role("button", name="Simpan jajak"))
    press(moderator, moderator.get_by_role("button", name="Buka jajak"))
    for page, option in ((desk, OPTIONS[0]), (phone, OPTIONS[1]), (third, OPTIONS[1])):
        page.locator("[data-poll-now]").get_by_role("button", name=option).click()
    within(20, lambda: product.rows(slug)["poll_votes"] == 3)
    press(moderator, moderator.get_by_role("button", name="Tutup, tampilkan hasil"))
    expect(desk.locator("[data-poll-now] [data-part=share]").nth(1)).to_contain_text("67")
    told("a poll: three votes, shown when closed", product.rows(slug)["poll_votes"] == 3)
    picture(desk, "bukti-jajak")

    time.sleep(SHORTEST_SECONDS)  # chapters closer to each other than that are one
    press(moderator, moderator.get_by_role("tab", name="Acara"))
    turn = moderator.locator("[data-desk-deck]").get_by_role("button", name="Slide berikutnya")
    press(moderator, turn)
    press(moderator, turn)
    expect(desk.locator("[data-page-no]")).to_contain_text("2 / 3")
    told("slides are followed", True, "page 2 of 3")


def lose_the_network(product: LiveProduct, slug: str, viewer: Page, moderator: Page) -> None:
    viewer.context.set_offline(True)
    expect(viewer.locator("[data-link]")).to_be_visible(timeout=90_000)
    press(moderator, moderator.get_by_role("button", name="Slide berikutnya").last)
    viewer.context.set_offline(False)
    expect(viewer.locator("[data-link]")).to_be_hidden(timeout=90_000)
    expect(viewer.locator("[data-page-no]")).to_contain_text("3 / 3")
    told("who lost the network is back in time, without reloading", *plays_on(viewer, 1, 60))


def composes(page: Page) -> bool:
    return page.locator("html").get_attribute("data-composing") == "true"


def speaker_who_composes(speakers: list[Page], moderator: Page) -> Page:
    """When it is the moderator's browser, another one is asked to."""
    if composes(moderator):
        press(moderator, moderator.get_by_role("button", name="Kirim siaran dari peramban lain"))
    passed = within(60, lambda: any(map(composes, speakers)))
    told("a moderator has another browser send the broadcast", passed is not None)
    return next(page for page in speakers if composes(page))


def lose_the_composer(product: LiveProduct, slug: str, speakers: list[Page], moderator: Page, desk: Page) -> Page:
    """The browser that composes dies, perhaps as it has just begun; another goes on, and nobody reloads."""
    composing = speaker_who_composes(speakers, moderator)
    other = next(page for page in speakers if page is not composing)
    takes = len(product.rows(slug)["takes"])
    composing.context.close()
    taken = within(30, lambda: any(map(composes, (other, moderator))) and len(product.rows(slug)["takes"]) > takes)
    told("another browser composes when the first is lost", taken is not None, "" if taken is None else f"after {taken:.1f} s (5 s asked)")
    told("viewers see on without reloading", *plays_on(desk, 3, 60))
    return other


def kill_the_web(product: LiveProduct, slug: str, desk: Page) -> None:
    """The web process dies with everybody there: votes, questions, stays and the take go on."""
    before = product.rows(slug)
    product.kill_and_restart("web")
    expect(desk.locator("[data-link]")).to_be_hidden(timeout=90_000)
    told("the web process killed: viewers play on", *plays_on(desk, 3, 90))
    after = product.rows(slug)
    kept = all(before[name] == after[name] for name in ("questions", "question_votes", "poll_votes"))
    told("the web process killed: questions and votes are all there", kept)
    grown = within(60, lambda: sum(take[2] for take in product.rows(slug)["takes"]) > sum(take[2] for take in before["takes"]))
    told("the web process killed: the recording goes on", grown is not None, str(len(product.rows(slug)["takes"])) + " takes")


def end(product: LiveProduct, slug: str, moderator: Page, viewers: list[tuple[str, Page]]) -> None:
    press(moderator, moderator.get_by_role("button", name="Akhiri").first)
    press(moderator, moderator.locator("[data-confirm-dialog]").get_by_role("button", name="Akhiri webinar"))
    ended = within(30, lambda: product.rows(slug)["state"] == "ENDED")
    told("the moderator ends it", ended is not None)
    made = within(180, lambda: (product.rows(slug)["recording"] or {}).get("state") == "READY")
    told("the recording is a lesson", made is not None, "" if made is None else f"{made:.0f} s after the end (60 s asked)")
    rows = product.rows(slug)
    if rows["recording"]:
        told("the recording has chapters", len(rows["recording"]["chapters"]) >= 3, str(rows["recording"]["chapters"]))
    email, desk = viewers[0]
    desk.goto(f"/webinar/{slug}")
    expect(desk.locator("[data-player]")).to_be_visible(timeout=LONG)
    picture(desk, "bukti-setelah")
    counted = within(60, lambda: bool(product.rows(slug)["results"]))
    told("presence is worked out", counted is not None, str(product.rows(slug)["results"]))
    earned = within(30, lambda: bool(product.backstage("jp_of", email)))
    told("who was there has the JP in the ledger", earned is not None, str(product.backstage("jp_of", email)))
    desk.goto("/rekam-jejak")
    picture(desk, "bukti-rekam-jejak")
    summary = desk.context.new_page()
    summary.context.clear_cookies()
    summary.context.add_cookies([product.backstage("cookie_for", MODERATOR) | {"url": product.url, "httpOnly": True, "sameSite": "Lax"}])
    summary.goto(f"/kelola/webinar/{slug}/ringkasan")
    picture(summary, "bukti-ringkasan")


def prove(product: LiveProduct, chromium: Browser) -> None:
    cast = Cast(product, chromium)
    slug, links = plan(cast)
    told("planned, with speakers' links, and announced", len(links) == 2, slug)
    product.backstage("ask_no_time_on_air")
    product.backstage("add_slides", slug)
    viewers = register(cast, slug)
    told("three registered in one click", True)
    moderator, speakers = go_on_air(cast, slug, links)
    first = within(60, lambda: sum(take[2] for take in product.rows(slug)["takes"]) > 50_000)
    told("the programme arrives at the server", first is not None, str(product.rows(slug)["takes"]))
    watch(viewers, slug)
    talk(product, slug, moderator, viewers)
    lose_the_network(product, slug, viewers[2][1], moderator)
    lose_the_composer(product, slug, speakers, moderator, viewers[0][1])
    kill_the_web(product, slug, viewers[0][1])
    end(product, slug, moderator, viewers)
    told("no page broke its security policy", not cast.violations, "; ".join(cast.violations[:3]))


def prove_hand_overs(product: LiveProduct, chromium: Browser) -> None:
    """Five hand-overs before one viewer, with no more browsers than they need: each of the others takes from the same two cores."""
    cast = Cast(product, chromium)
    slug, links = plan(cast)
    (_email, viewer), *others = register(cast, slug)
    for _other, page in others:
        page.context.close()
    moderator, _speakers = go_on_air(cast, slug, links)
    viewer.goto(f"/webinar/{slug}")
    if viewer.locator("[data-press]").is_visible():
        viewer.locator("[data-press]").click()
    hand_over(moderator, SPEAKERS, [viewer], lambda: len(product.rows(slug)["takes"]), times=5)
    for line in product.log().splitlines():
        if "composer_passed_on" in line:
            print(line)


def prove_relayed(product: LiveProduct, chromium: Browser) -> None:
    """No browser of the stage reaches another but through the TURN server: they talk, and the programme is made of it."""
    cast = Cast(product, chromium)
    slug, links = plan(cast)
    speakers = [cast.enter(link, script=ONLY_RELAYED) for link in links]
    for speaker in speakers:
        check_and_enter(speaker)
    moderator = cast.enter(f"/webinar/{slug}/panggung", MODERATOR, script=ONLY_RELAYED)
    enter_stage_alone(moderator)
    for name in SPEAKERS:
        bring_on(moderator, name)
    wait_until_moving(speakers[0], SPEAKERS[1])
    wait_until_moving(speakers[1], SPEAKERS[0])
    begin(moderator)
    first = within(60, lambda: sum(take[2] for take in product.rows(slug)["takes"]) > 50_000)
    told("the programme arrives at the server", first is not None, str(product.rows(slug)["takes"]))
    told_relayed([*speakers, moderator])


def prove_firefox(product: LiveProduct, chromium: Browser) -> None:
    """A speaker in Firefox is told what it can do, is seen and heard, sees the other; the other's browser sends the programme."""
    cast = Cast(product, chromium)
    slug, links = plan(cast)
    with FirefoxSpeaker(product.url + links[0], [SPEAKERS[1]]) as raja:
        checked = raja.next_fact()["checked"]
        told("Firefox: the device check tells what it can do", any("siap untuk berbicara" in step for step in checked), "; ".join(checked)[:200])
        raja.next_fact()
        syarifah = cast.enter(links[1])
        check_and_enter(syarifah)
        moderator = cast.enter(f"/webinar/{slug}/panggung", MODERATOR)
        enter_stage_alone(moderator)
        picture(moderator, "bukti-firefox-menunggu")
        for name in SPEAKERS:
            bring_on(moderator, name)
        wait_until_moving(syarifah, SPEAKERS[0])
        seen = raja.next_fact()
        told("Firefox: two speakers see each other on stage", seen["seen"] == [SPEAKERS[1]], seen["where"])
        begin(moderator)
        first = within(60, lambda: sum(take[2] for take in product.rows(slug)["takes"]) > 50_000)
        told("the programme arrives at the server, from a browser that can send it", first is not None, str(product.rows(slug)["takes"]))
        picture(syarifah, "bukti-firefox-panggung")


PARTS = {"webinar": prove, "handover": prove_hand_overs, "relay": prove_relayed, "firefox": prove_firefox}


def main() -> int:
    asked = list(filter(None, os.environ.get("PARTS", "").split(","))) or list(PARTS)
    with tempfile.TemporaryDirectory(prefix="gurindam-proof-") as name, turn_server(Path(name)) as settings:
        product = LiveProduct(Path(name))
        product.env |= settings
        try:
            product.start()
            with sync_playwright() as playwright:
                for part in asked:
                    chromium = playwright.chromium.launch(executable_path=browsers.find_chromium(), args=[*CHROMIUM_ARGUMENTS, *FAKE_DEVICES])
                    try:
                        PARTS[part](product, chromium)
                    except (AssertionError, Error) as reason:
                        told("everything could be done", False, str(reason)[:2000])
                        for number, page in enumerate(page for context in chromium.contexts for page in context.pages):
                            with suppress(Error):
                                page.screenshot(path=f"tests/artifacts/screens/bukti-berhenti-{number}.png")
                    chromium.close()
        finally:
            product.stop()
        told("the server's log tells of no fault", not product.faults(), "\n".join(product.faults()[:3]))
    print(f"{len(broken)} broken" if broken else "everything held")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
