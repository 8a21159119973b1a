"""The doors of the stage in a real browser: device check, green room, one speaker in two browsers. What takes several cameras at once is proven by
`make proof AREA=live` (`stage_with_cameras.py`)."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Device
from tests.e2e.performing import LONG, check_and_enter
from tests.e2e.product import Product
from tests.e2e.watch import shoot

MODERATOR = "moderator@demo.test"
LOST = r"ERR_|WebSocket|socket\.io|^failed: "
KEEP_TRACKS = """() => {
  const take = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  window.taken = [];
  navigator.mediaDevices.getUserMedia = async (what) => { const stream = await take(what); window.taken.push(...stream.getTracks()); return stream; };
}"""


@pytest.fixture
def webinar(server: Product) -> dict[str, Any]:
    return server.backstage("plan_stage", "Pelayanan Ramah Disabilitas", MODERATOR, ["Raja Fatimah", "Syarifah Aini"])


@pytest.fixture
def live(server: Product, performer: Any) -> tuple[Page, Page]:
    """A webinar on air, with slides: its moderator on the stage's page, and somebody who watches."""
    slug, email = f"suara-{secrets.token_hex(3)}", server.new_learner()
    server.backstage("make_talk", slug, "Pelayanan Ramah Disabilitas", MODERATOR, [email])
    return performer(f"/webinar/{slug}/panggung", MODERATOR), performer(f"/webinar/{slug}", email)


def begin(moderator: Page) -> None:
    moderator.get_by_role("button", name="Mulai siaran").click()
    moderator.get_by_role("dialog").get_by_role("button", name="Mulai siaran").click()
    expect(moderator.get_by_role("button", name="Akhiri", exact=True)).to_be_visible(timeout=LONG)


def bring_on(moderator: Page, name: str) -> None:
    moderator.locator("[data-green] li", has_text=name).get_by_role("button", name="Naikkan").click()
    expect(moderator.locator("[data-tiles] .tile", has_text=name)).to_be_visible(timeout=LONG)


def test_a_speaker_is_checked_and_waits_where_moderators_see_it(server: Product, webinar: dict[str, Any], performer: Any) -> None:
    raja = performer(webinar["speakers"][0])
    expect(raja.get_by_role("heading", name="Selamat datang, Raja Fatimah")).to_be_visible()
    shoot(raja, "panggung-uji-awal")
    check_and_enter(raja)
    raja.get_by_role("button", name="Kamera").click()  # nothing moves while pictures are taken
    moderator = performer(f"/webinar/{webinar['slug']}/panggung", MODERATOR)
    waiting = moderator.locator("[data-green] li", has_text="Raja Fatimah")
    expect(waiting).to_contain_text("terdengar", timeout=LONG)
    expect(waiting.get_by_role("button", name="Naikkan")).to_be_visible()
    expect(moderator.locator("[data-expected] li", has_text="Syarifah Aini")).to_contain_text("belum menguji perangkat")
    shoot(moderator, "panggung-ruang-tunggu")


def test_leaving_asks_on_stage_and_gives_the_devices_back(webinar: dict[str, Any], performer: Any) -> None:
    raja = performer(webinar["speakers"][0])
    check_and_enter(raja)
    expect(raja.get_by_text("Anda di ruang tunggu. Penonton belum mendengar Anda.")).to_be_visible()
    raja.get_by_role("button", name="Mikrofon menyala").click()
    moderator = performer(f"/webinar/{webinar['slug']}/panggung", MODERATOR)
    moderator.locator("[data-green] li", has_text="Raja Fatimah").get_by_role("button", name="Naikkan").click()
    expect(raja.get_by_text("Anda di panggung; siaran belum dimulai.")).to_be_visible(timeout=LONG)
    moderator.get_by_role("button", name="Minta menyalakan mikrofon").click()
    asked = raja.get_by_text("Moderator meminta Anda menyalakan mikrofon.")
    expect(asked).to_be_visible()
    raja.get_by_role("button", name="Mikrofon mati").click()
    expect(asked).to_be_hidden()
    raja.get_by_role("button", name="Keluar panggung", exact=True).click()
    raja.get_by_role("dialog").get_by_role("button", name="Batal").click()
    expect(raja.get_by_text("Anda di panggung; siaran belum dimulai.")).to_be_visible()
    raja.get_by_role("button", name="Kamera menyala").click()
    raja.get_by_role("button", name="Keluar panggung", exact=True).click()
    raja.get_by_role("dialog").get_by_role("button", name="Keluar dari panggung").click()
    expect(raja.get_by_text("Gambar Anda tampil di sini saat diuji.")).to_be_visible()
    expect(moderator.locator("[data-tiles] .tile", has_text="Raja Fatimah")).to_have_count(0)
    raja.get_by_role("button", name="Masuk ruang tunggu").click()
    expect(raja.get_by_role("button", name="Mikrofon menyala")).to_be_visible(timeout=LONG)
    expect(raja.get_by_role("button", name="Kamera mati")).to_be_visible()
    shoot(raja, "panggung-masuk-lagi")


def test_a_link_in_two_browsers_is_one_speaker(webinar: dict[str, Any], performer: Any) -> None:
    first, second = performer(webinar["speakers"][0]), performer(webinar["speakers"][0])
    for page in (first, second):
        page.get_by_role("button", name="Masuk tanpa kamera dan mikrofon").click()
    second.get_by_role("button", name="Pindah ke sini").click()
    expect(second.get_by_role("heading", name="Ruang tunggu, 1")).to_be_visible()
    expect(first.get_by_text("Anda pindah ke peramban lain.")).to_be_visible()


def test_who_raised_a_hand_is_asked_and_comes_on_stage_by_voice(live: tuple[Page, Page]) -> None:
    moderator, viewer = live
    viewer.get_by_role("button", name="Angkat tangan").click()
    moderator.get_by_role("tab", name="Tangan").click()
    moderator.get_by_role("button", name="Undang bicara").click()
    expect(viewer.get_by_text("Moderator mempersilakan Anda berbicara.")).to_be_visible()
    viewer.get_by_role("button", name="Naik dengan suara").click()
    expect(viewer.get_by_text("Semua orang mendengar Anda")).to_be_visible(timeout=LONG)
    expect(moderator.locator("[data-tiles] .tile", has_text="Siti Zubaidah")).to_be_visible()
    viewer.get_by_role("button", name="Turun", exact=True).click()
    expect(moderator.locator("[data-tiles] .tile", has_text="Siti Zubaidah")).to_have_count(0)


def test_the_slide_that_is_up_is_seen_on_the_stage(live: tuple[Page, Page]) -> None:
    moderator, _viewer = live
    moderator.locator("[data-main]").get_by_role("button", name="Slide berikutnya").click()
    expect(moderator.locator("[data-slide-tag]")).to_have_text("Slide 1 dari 3")
    picture = moderator.get_by_role("img", name="Slide 1 dari 3")
    expect(picture).to_be_visible()
    assert picture.evaluate("async picture => { await picture.decode(); return picture.naturalWidth }") > 0
    expect(moderator.get_by_text("Belum ada slide atau layar yang dibagikan.")).to_be_hidden()


def test_a_speaker_on_air_comes_back_by_one_press_and_gives_the_devices_back_at_the_end(webinar: dict[str, Any], performer: Any) -> None:
    raja = performer(webinar["speakers"][0])
    raja.get_by_role("button", name="Masuk tanpa kamera dan mikrofon").click()
    moderator = performer(f"/webinar/{webinar['slug']}/panggung", MODERATOR)
    bring_on(moderator, "Raja Fatimah")
    begin(moderator)
    expect(raja.get_by_text("Anda disiarkan.")).to_be_visible(timeout=LONG)

    raja.reload()
    expect(raja.get_by_role("heading", name="Tempat Anda di panggung disimpan")).to_be_visible()
    expect(raja.get_by_text("Selamat datang")).to_be_hidden()
    shoot(raja, "panggung-kembali")
    raja.evaluate(KEEP_TRACKS)
    raja.get_by_role("button", name="Kembali dengan kamera dan mikrofon").click()
    expect(raja.get_by_text("Anda disiarkan.")).to_be_visible(timeout=LONG)
    expect(raja.get_by_role("button", name="Mikrofon menyala")).to_be_visible()

    moderator.get_by_role("tab", name="Acara").click()
    moderator.get_by_role("button", name="Mulai jeda").click()
    for page in (raja, moderator):
        expect(page.get_by_text("Penonton melihat layar jeda")).to_be_visible()
        expect(page.locator("[data-pause-left]")).to_have_text(re.compile(r"^(10|9)\.\d\d$"))
    expect(raja.get_by_text("Anda disiarkan.")).to_be_hidden()
    moderator.get_by_role("button", name="Akhiri jeda").click()
    expect(raja.get_by_text("Anda disiarkan.")).to_be_visible()

    moderator.get_by_role("button", name="Akhiri", exact=True).click()
    moderator.get_by_role("dialog").get_by_role("button", name="Akhiri webinar").click()
    for page in (raja, moderator):
        expect(page.get_by_role("heading", name="Webinar sudah berakhir")).to_be_visible()
        expect(page.get_by_role("button")).to_have_count(0)
    assert raja.evaluate("window.taken.map(track => track.readyState)") == ["ended", "ended"]
    shoot(raja, "panggung-usai")
    raja.get_by_role("link", name="Jawab pertanyaan peserta").click()
    expect(raja.get_by_role("heading", name="Tanya jawab")).to_be_visible()


def test_the_stage_says_only_what_holds_about_being_on_air(webinar: dict[str, Any], device: Callable[..., Device]) -> None:
    speaker, staff = device(), device()
    speaker.watch.expect(LOST)
    staff.enter(MODERATOR)
    raja, moderator = speaker.page(), staff.page()
    moderator.goto(f"/webinar/{webinar['slug']}/panggung")
    begin(moderator)
    expect(moderator.locator("[data-programme]")).to_contain_text("Masuklah dengan tombol di atas")
    raja.goto(webinar["speakers"][0])
    raja.get_by_role("button", name="Masuk tanpa kamera dan mikrofon").click()
    bring_on(moderator, "Raja Fatimah")
    where = raja.locator("[data-where]")
    expect(where).to_have_text("Anda disiarkan.")
    speaker.context.set_offline(True)
    expect(raja.get_by_text("Sambungan terputus.")).to_be_visible()
    expect(where).to_be_empty(timeout=90_000)
    speaker.context.set_offline(False)
    expect(where).to_have_text("Anda disiarkan.", timeout=90_000)
