"""The doors of the stage in a real browser: device check, green room, one speaker in two browsers. What takes several cameras at once is proven by
`make proof AREA=live` (`stage_with_cameras.py`)."""

from __future__ import annotations

import secrets
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.performing import LONG, check_and_enter
from tests.e2e.product import Product
from tests.e2e.watch import shoot

MODERATOR = "moderator@demo.test"


@pytest.fixture
def webinar(server: Product) -> dict[str, Any]:
    return server.backstage("plan_stage", "Pelayanan Ramah Disabilitas", MODERATOR, ["Raja Fatimah", "Syarifah Aini"])


@pytest.fixture
def live(server: Product, performer: Any) -> tuple[Page, Page]:
    """A webinar on air, with slides: its moderator on the stage's page, and somebody who watches."""
    slug, email = f"suara-{secrets.token_hex(3)}", server.new_learner()
    server.backstage("make_talk", slug, "Pelayanan Ramah Disabilitas", MODERATOR, [email])
    return performer(f"/webinar/{slug}/panggung", MODERATOR), performer(f"/webinar/{slug}", email)


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
