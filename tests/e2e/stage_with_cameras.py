"""The stage with cameras in several real browsers, run by `make proof AREA=live`: on two cores they need the machine to themselves, so `make test`
leaves them out. By hand: `.venv/bin/pytest -q tests/e2e/stage_with_cameras.py`."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e import conftest
from tests.e2e.performing import LONG, check_and_enter, wait_until_moving, windowed_browser
from tests.e2e.product import Product
from tests.e2e.watch import shoot

MODERATOR = "moderator@demo.test"


@pytest.fixture
def webinar(server: Product) -> dict[str, Any]:
    return server.backstage("plan_stage", "Pelayanan Ramah Disabilitas", MODERATOR, ["Raja Fatimah", "Syarifah Aini"])


def bring_on(moderator: Page, name: str) -> None:
    moderator.locator("[data-green] li", has_text=name).get_by_role("button", name="Naikkan").click()
    expect(moderator.locator("[data-tiles] .tile", has_text=name)).to_be_visible(timeout=LONG)


def begin(moderator: Page) -> None:
    moderator.get_by_role("button", name="Mulai siaran").click()
    moderator.locator("[data-confirm-dialog]").get_by_role("button", name="Mulai siaran").click()
    expect(moderator.get_by_role("button", name="Akhiri")).to_be_visible(timeout=LONG)


def wait_for_bytes(server: Product, webinar: dict[str, Any], take: int, more_than: int = 0, seconds: float = 60) -> dict[str, Any]:
    give_up = time.monotonic() + seconds
    while True:
        takes = server.backstage("takes_of", webinar["id"])
        if len(takes) > take and takes[take]["bytes"] > more_than:
            return takes[take]
        assert time.monotonic() < give_up, f"take {take} never got more than {more_than} bytes: {takes}"
        time.sleep(0.25)


def test_from_the_device_check_to_two_speakers_and_on_when_the_composer_is_lost(server: Product, webinar: dict[str, Any], performer: Any) -> None:
    raja = performer(webinar["speakers"][0])
    expect(raja.get_by_role("heading", name="Selamat datang, Raja Fatimah")).to_be_visible()
    shoot(raja, "panggung-uji-awal")
    begun = time.monotonic()
    check_and_enter(raja)
    print(f"device check and entering: {time.monotonic() - begun:.1f} s")
    moderator = performer(f"/webinar/{webinar['slug']}/panggung", MODERATOR)
    expect(moderator.locator("[data-green] li", has_text="Raja Fatimah")).to_contain_text("terdengar")
    expect(moderator.locator("[data-expected] li", has_text="Syarifah Aini")).to_contain_text("belum menguji perangkat")
    syarifah = performer(webinar["speakers"][1])
    check_and_enter(syarifah)
    shoot(moderator, "panggung-ruang-tunggu")

    bring_on(moderator, "Raja Fatimah")
    bring_on(moderator, "Syarifah Aini")
    expect(raja.get_by_text("Anda di panggung; siaran belum dimulai.")).to_be_visible(timeout=LONG)
    wait_until_moving(raja, "Syarifah Aini")
    wait_until_moving(syarifah, "Raja Fatimah")

    begin(moderator)
    first = wait_for_bytes(server, webinar, 0, 50_000)
    assert first["mime_type"].startswith(("video/x-matroska", "video/webm"))
    composing, other = (raja, syarifah) if raja.locator("html").get_attribute("data-composing") == "true" else (syarifah, raja)
    shoot(composing, "panggung-narasumber")
    shoot(moderator, "panggung-siaran")

    lost = time.monotonic()
    composing.context.close()
    wait_for_bytes(server, webinar, 1, 20_000)
    print(f"pieces of the next composer {time.monotonic() - lost:.1f} s after the loss")
    expect(other.locator("html")).to_have_attribute("data-composing", "true")
    shoot(moderator, "panggung-satu-hilang")


def test_a_moderator_mutes_takes_off_and_removes(server: Product, webinar: dict[str, Any], performer: Any) -> None:
    raja = performer(webinar["speakers"][0])
    check_and_enter(raja)
    moderator = performer(f"/webinar/{webinar['slug']}/panggung", MODERATOR)
    bring_on(moderator, "Raja Fatimah")
    tile = moderator.locator("[data-tiles] .tile", has_text="Raja Fatimah")
    microphone = raja.get_by_role("button", name="Mikrofon")
    expect(microphone).to_have_attribute("aria-pressed", "true")
    tile.get_by_role("button", name="Matikan mikrofon").click()
    expect(microphone).to_have_attribute("aria-pressed", "false")
    expect(raja.get_by_text("Moderator mematikan mikrofon Anda.")).to_be_visible()
    tile.get_by_role("button", name="Minta menyalakan mikrofon").click()
    expect(raja.get_by_text("Moderator meminta Anda menyalakan mikrofon.")).to_be_visible()
    expect(microphone).to_have_attribute("aria-pressed", "false")
    raja.keyboard.press("Tab")
    microphone.focus()
    raja.keyboard.press("Enter")
    expect(microphone).to_have_attribute("aria-pressed", "true")
    tile.get_by_role("button", name="Turunkan ke ruang tunggu").click()
    expect(raja.get_by_text("Anda kembali ke ruang tunggu.")).to_be_visible()
    row = moderator.locator("[data-green] li", has_text="Raja Fatimah")
    row.get_by_role("button", name="Keluarkan").click()
    moderator.locator("[data-confirm-dialog]").get_by_role("button", name="Keluarkan").click()
    expect(raja.get_by_text("Moderator mengeluarkan Anda dari panggung.")).to_be_visible()
    raja.get_by_role("button", name="Masuk ruang tunggu").click()
    expect(raja.get_by_text("Hubungi panitia bila ini keliru.")).to_be_visible()
    moderator.get_by_role("button", name="Izinkan kembali").click()
    raja.get_by_role("button", name="Masuk ruang tunggu").click()
    expect(raja.get_by_role("heading", name="Ruang tunggu")).to_be_visible()


def test_a_hidden_tab_composes_on(server: Product, webinar: dict[str, Any], performer: Any, tmp_path: Any) -> None:
    moderator = performer(f"/webinar/{webinar['slug']}/panggung", MODERATOR)
    with windowed_browser(conftest.browsers.find_chromium(), conftest.browsers.find_xvfb(), tmp_path / "profile") as tab:
        tab.call("Page.navigate", url=server.url + webinar["speakers"][0])
        tab.wait_for("document.querySelector('[data-run]') && document.readyState === 'complete'")
        tab.evaluate("document.querySelector('[data-run]').click()")
        tab.wait_for("document.querySelector('[data-said]').textContent.startsWith('Selesai')")
        tab.evaluate("document.querySelector('[data-enter]').click()")
        bring_on(moderator, "Raja Fatimah")
        begin(moderator)
        wait_for_bytes(server, webinar, 0, 20_000)
        tab.hide()
        before = wait_for_bytes(server, webinar, 0)["bytes"]
        time.sleep(3)
        seen = moderator.locator("[data-programme]")
        rates = []
        for _ in range(3):
            time.sleep(2.2)
            said = re.search(r"(\d+) gambar per detik", seen.text_content() or "")
            assert said, seen.text_content()
            rates.append(int(said[1]))
        print(f"frames a second while hidden: {rates}")
        assert tab.evaluate("document.visibilityState") == "hidden"
        assert max(rates) >= 10, rates
        assert wait_for_bytes(server, webinar, 0, before)
