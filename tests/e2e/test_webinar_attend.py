"""Attendance: two tabs of one person count once, a check-in answered by keyboard, the report and its file, an appeal."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from app.people import spreadsheets
from tests.e2e.conftest import Device
from tests.e2e.product import Product
from tests.e2e.watch import shoot

MODERATOR = "moderator@demo.test"
TITLE = "Pelayanan Ramah Disabilitas"
LOST = r"ERR_INTERNET_DISCONNECTED|WebSocket|socket\.io|ERR_NETWORK"


@pytest.fixture
def slug(server: Product, learner: str, request: pytest.FixtureRequest) -> str:
    """A webinar on air, for which the learner of `page` is registered."""
    name = f"hadir-{request.node.name[5:12].replace('_', '-').strip('-')}"
    server.backstage("make_live_webinar", name, TITLE, MODERATOR, [learner])
    return name


def panel(page: Page) -> Any:
    return page.locator("[data-attendance]")


def question(page: Page) -> Any:
    return page.get_by_role("dialog", name="Masih di sini?")


def come(page: Page, slug: str) -> Page:
    page.goto(f"/webinar/{slug}")
    expect(panel(page).get_by_text("Menit Anda sudah cukup.").or_(panel(page).get_by_text("Perlu"))).to_be_attached()
    return page


def test_two_tabs_count_once_and_a_check_in_is_answered_by_keyboard(server: Product, device: Callable[..., Device], own: Device, slug: str, page: Page, learner: str) -> None:
    come(page, slug)
    other = come(own.page(), slug)
    moderator = device()
    moderator.enter(MODERATOR)
    desk = come(moderator.page(), slug)
    desk.get_by_role("button", name="Minta presensi sekarang").click()
    expect(question(page)).to_be_visible()
    expect(question(other)).to_be_visible()
    expect(page.get_by_role("button", name="Saya di sini")).to_be_focused()
    page.keyboard.press("Enter")
    expect(question(page)).to_be_hidden()
    expect(question(other)).to_be_hidden()
    expect(panel(page).get_by_text(re.compile("Dijawab pukul"))).to_be_attached()
    expect(panel(desk).get_by_text("1 dari 1 orang menjawab")).to_be_attached()
    found = server.backstage("attendance_of", slug, learner)
    assert (found["stays"], found["answers"]) == (1, 1)


def test_the_question_and_the_panel_as_they_look(server: Product, own: Device, slug: str, page: Page) -> None:
    server.backstage("open_long_checkin", slug)
    come(page, slug)
    expect(question(page)).to_be_visible()
    expect(question(page).locator("[data-part=left]")).to_have_text(re.compile(r"^\d+$"))
    shoot(page, "hadir-presensi")
    page.get_by_role("button", name="Nanti").click()
    expect(question(page)).to_be_hidden()
    expect(panel(page).get_by_text("Terbuka sekarang")).to_be_attached()
    shoot(page, "hadir-panel")


def test_a_check_in_reaches_who_has_no_link_to_the_room(server: Product, device: Callable[..., Device], slug: str, page: Page, watch: Any, learner: str) -> None:
    watch.expect(LOST)
    page.route("**/socket.io/**", lambda route: route.abort())
    page.goto(f"/webinar/{slug}")
    moderator = device()
    moderator.enter(MODERATOR)
    come(moderator.page(), slug).get_by_role("button", name="Minta presensi sekarang").click()
    expect(question(page)).to_be_visible(timeout=50_000)
    page.keyboard.press("Enter")
    expect(question(page)).to_be_hidden()
    assert server.backstage("attendance_of", slug, learner)["answers"] == 1


def test_the_report_its_file_and_an_appeal(server: Product, device: Callable[..., Device], slug: str, page: Page, learner: str, tmp_path: Path) -> None:
    come(page, slug)
    server.backstage("wait_for_stay", slug, learner)
    page.goto("/beranda")
    server.backstage("end_webinar_after", slug, learner, 120, 80)
    page.goto(f"/webinar/{slug}/kehadiran")
    server.backstage("wait_for_results", slug)
    page.reload()
    expect(page.locator("h1")).to_have_text("Kehadiran Anda belum memenuhi syarat.")
    expect(page.get_by_text("Hadir 80 dari 120 menit tayang.")).to_be_visible()
    shoot(page, "hadir-sendiri")
    proof = tmp_path / "rapat.png"
    proof.write_bytes(_picture())
    page.get_by_label("Apa yang keliru pada catatan ini?").fill("Listrik padam pukul 10.20, saya ikut dari ruang rapat bersama.")
    page.locator("input[type=file]").set_input_files(proof)
    page.get_by_role("button", name="Ajukan sanggahan").click()
    expect(page.get_by_text("Sedang diperiksa")).to_be_visible()

    moderator = device()
    moderator.enter(MODERATOR)
    desk = moderator.page()
    desk.goto(f"/kelola/webinar/{slug}/kehadiran")
    expect(desk.locator("h1")).to_have_text(re.compile(r"^0 dari \d orang memenuhi syarat kehadiran\.$"))
    shoot(desk, "hadir-laporan")
    with desk.expect_download() as fetched:
        desk.get_by_role("link", name="Ekspor .xlsx").click()
    table = spreadsheets.read_table(Path(fetched.value.path()).read_bytes())
    rows = {cells[0].text: [cell.text for cell in cells] for _number, cells in table.rows}
    mine = next(row for name, row in rows.items() if name.startswith("Siti Zubaidah"))
    assert (mine[5], mine[-2], mine[-1]) == ("80", "belum", "0")
    desk.get_by_role("link", name=re.compile("Siti Zubaidah")).first.click()
    expect(desk.get_by_role("img", name=re.compile("Bukti")).or_(desk.get_by_text("sedang disiapkan"))).to_be_visible()
    shoot(desk, "hadir-sanggahan")
    desk.get_by_label("Menit yang diakui").fill("16")
    desk.get_by_label("Alasan keputusan").fill("Terlihat pada foto ruang rapat.")
    desk.get_by_role("button", name="Simpan keputusan").click()
    expect(desk.get_by_text("Keputusan disimpan.")).to_be_visible()
    expect(desk.locator("h1")).to_have_text(re.compile("^1 dari"))
    desk.get_by_role("link", name=re.compile("Siti Zubaidah")).first.click()
    shoot(desk, "hadir-orang")

    page.reload()
    expect(page.locator("h1")).to_have_text("Kehadiran Anda memenuhi syarat: 2 JP tercatat.")
    page.goto("/rekam-jejak")
    expect(page.get_by_text("Diubah setelah sanggahan kehadiran diputuskan.")).to_be_visible()
    shoot(page, "hadir-rekam-jejak")


def _picture() -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (640, 360), "#dfe7df").save(target, "PNG")
    return target.getvalue()


def test_one_that_ended_early_gives_fewer_jp_and_says_so(server: Product, device: Callable[..., Device], slug: str, page: Page, learner: str) -> None:
    come(page, slug)
    server.backstage("wait_for_stay", slug, learner)
    page.goto("/beranda")
    server.backstage("end_webinar_after", slug, learner, 40, 40)
    page.goto(f"/webinar/{slug}/kehadiran")
    server.backstage("wait_for_results", slug)
    page.reload()
    expect(page.locator("h1")).to_have_text("Kehadiran Anda memenuhi syarat: 1 JP tercatat.")
    expect(page.get_by_text("jadi nilainya paling banyak 1 dari 2 JP")).to_be_visible()
    shoot(page, "hadir-singkat")
    moderator = device()
    moderator.enter(MODERATOR)
    desk = moderator.page()
    desk.goto(f"/kelola/webinar/{slug}/kehadiran")
    expect(desk.get_by_text("jadi nilainya paling banyak 1 dari 2 JP")).to_be_visible()
    shoot(desk, "hadir-laporan-singkat")
