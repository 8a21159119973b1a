"""The look in a real browser: every width and theme, under the strict policy, with nothing for axe to find, and what the scripts do."""

from __future__ import annotations

import re
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask, redirect, request
from playwright.sync_api import Browser, Page, expect, sync_playwright
from werkzeug.serving import make_server

from app.kernel.access import public
from app.kernel.http import CONTENT_SECURITY_POLICY
from app.ui.navigation import NavItem, register_bell, register_nav_item, register_search
from config import ROOT
from tests.ui.conftest import make_look

sys.path.insert(0, str(ROOT / "scripts"))
import browsers

pytestmark = pytest.mark.e2e

AXE = Path("node_modules/axe-core/axe.min.js")
WIDTHS = (320, 768, 1280)
expect.set_options(timeout=20_000)  # two busy cores

HOME = """
{% extends "layouts/app.html" %}
{% from "components/button.html" import button, post_button %}
{% from "components/section.html" import section %}
{% from "components/tabs.html" import tab_list %}
{% from "components/file_input.html" import file_input, upload_form %}
{% block title %}Beranda{% endblock %}
{% block scripts %}{{ super() }}{{ script("ui/upload.ts") }}{% endblock %}
{% block content %}<h1>Selamat pagi, Nurhayati.</h1>
{% call section("kirim", "Kirim", ink=True) %}
{{ post_button("/lambat", "Simpan") }}
{{ post_button("/lambat", "Hapus", kind="danger", confirm="Kemajuan tetap tersimpan.", confirm_title="Hapus kursus?", confirm_label="Ya, hapus") }}
<form method="post" action="/lambat" data-unsaved="Bagian lain belum disimpan."><input type="hidden" name="csrf_token" value="{{ csrf_token() }}"><label for="judul">Judul</label> <input class="input" id="judul" name="judul"> <button class="btn">Kirim judul</button></form>
{% call upload_form("/berkas", class="form unggah") %}{{ file_input("berkas", "Berkas") }}{{ button("Unggah") }}{% endcall %}
{% endcall %}
{% call section("isi-panel", "Panel") %}
{{ tab_list([{"label": "Transkrip", "id": "satu"}, {"label": "Bab", "id": "dua"}], "Bagian") }}
<section id="satu"><p>Isi transkrip</p></section><section id="dua"><p>Isi bab</p></section>
{% endcall %}
<details id="lipatan"><summary>Lipatan</summary><p id="dalam">Di dalam</p></details>
{% endblock %}
"""


def _application(received: list[str]) -> Flask:
    app = make_look("development")
    app.config["PAGE"] = HOME
    for n, label in enumerate(("Beranda", "Kursus", "Webinar", "Rekam jejak", "Tim", "Studio", "Kelola")):
        register_nav_item(app, NavItem("page", label, "home", order=n, within=() if n else ("/",)))
        register_nav_item(app, NavItem("people", label, "users", order=n, where="manage"))
    register_nav_item(app, NavItem("leave", "Keluar", "out", where="account", post=True))
    register_search(app, "page")
    register_bell(app, "page", lambda: 3)

    @app.post("/lambat")
    @public
    def slow():
        received.append("lambat")
        time.sleep(0.4)
        return redirect("/?as=learner")

    @app.post("/berkas")
    @public
    def upload():
        content = request.files["berkas"].read()
        if content == b"rusak":
            return {"error": "invalid", "message": "Baris 14: NIP 17 digit."}, 422
        received.append(f"berkas {len(content)}")
        return {"location": "/?as=learner&selesai=1"}

    @app.after_request
    def protect(response):
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        return response

    return app


@pytest.fixture(scope="module")
def received() -> list[str]:
    return []


@pytest.fixture(scope="module")
def address(received) -> Iterator[str]:
    server = make_server("127.0.0.1", 0, _application(received), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browsers.find_chromium(), args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser, address, received) -> Iterator[Page]:
    received.clear()
    context = browser.new_context(base_url=address, viewport={"width": 1280, "height": 800})
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    yield page
    context.close()
    assert [f for f in faults if "Failed to load resource" not in f] == []


def _check(page: Page, path: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(path, wait_until="networkidle")
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    violations = page.evaluate(f"{AXE.read_text()};axe.run(document).then(r => r.violations.map(v => v.id + ' ' + v.nodes[0].html))")
    assert violations == []


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("path", ["/?as=learner", "/kelola/pegawai?as=unit_admin", "/_ui/latihan", "/_ui/galat/404"])
def test_pages_fit_and_axe_finds_nothing(page, path, width):
    _check(page, path, width)


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("path", ["/?as=learner", "/_ui/latihan", "/_ui/cetak"])
def test_pages_in_the_dark(page, path, width):
    page.emulate_media(color_scheme="dark")
    _check(page, path, width)


@pytest.mark.parametrize("width", WIDTHS)
def test_every_component_fits_and_axe_finds_nothing(page, width):
    _check(page, "/_ui", width)


def test_a_form_is_sent_once_however_often_it_is_pressed(page, received):
    page.goto("/?as=learner")
    with page.expect_navigation():
        page.evaluate("const b = [...document.querySelectorAll('button')].find(b => b.textContent === 'Simpan'); b.click(); b.click(); b.click()")
    page.wait_for_timeout(600)  # for a second one to come
    assert received == ["lambat"]


def test_a_marked_form_asks_first_and_no_means_no(page, received):
    page.goto("/?as=learner")
    page.get_by_role("button", name="Hapus").click()
    dialog = page.get_by_role("dialog", name="Hapus kursus?")
    expect(dialog).to_contain_text("Kemajuan tetap tersimpan.")
    dialog.get_by_role("button", name="Batal").click()
    expect(dialog).to_be_hidden()
    assert received == []
    page.get_by_role("button", name="Hapus").press("Enter")
    page.keyboard.press("Escape")
    assert received == []


def test_yes_sends_it(page, received):
    page.goto("/?as=learner")
    page.get_by_role("button", name="Hapus").click()
    with page.expect_navigation():
        page.get_by_role("button", name="Ya, hapus").click()
    assert received == ["lambat"]


def test_the_theme_changes_at_once_and_stays(page):
    page.goto("/?as=learner")
    page.locator(".avatar-button").click()
    page.get_by_role("button", name="Gelap").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate("getComputedStyle(document.body.parentElement).backgroundColor") == "rgb(13, 20, 17)"
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.locator(".avatar-button").click()
    page.get_by_role("button", name="Ikuti perangkat").click()
    page.reload()
    assert page.locator("html").get_attribute("data-theme") is None


def test_the_language_switch_comes_back_to_the_same_page(page):
    page.goto("/?as=learner")
    page.locator(".avatar-button").click()
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert page.url.endswith("/?as=learner")


def test_menus_close_by_escape_and_give_the_focus_back(page):
    page.goto("/?as=learner")
    opener = page.locator(".avatar-button")
    opener.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()
    expect(page.get_by_role("button", name="Keluar")).to_be_hidden()
    opener.click()
    page.locator("h1").click()
    expect(page.get_by_role("button", name="Keluar")).to_be_hidden()


def test_the_phone_shows_five_ways_and_the_rest_behind_the_fifth(page):
    page.set_viewport_size({"width": 360, "height": 740})
    page.goto("/?as=learner")
    bar = page.get_by_role("navigation", name="Utama")
    assert [box for box in bar.locator(".nav-tab > li").all() if not box.is_visible()] == []
    assert bar.locator(".nav-tab > li").count() == 5
    expect(bar.get_by_role("link", name="Studio")).to_be_hidden()
    bar.get_by_text("Lainnya").click()
    expect(bar.get_by_role("link", name="Studio")).to_be_visible()
    box = bar.locator(".menu-panel").bounding_box()
    assert box
    assert box["x"] >= 0
    assert box["y"] >= 0
    assert box["x"] + box["width"] <= 360


@pytest.mark.parametrize("width", [720, 768, 959])
def test_tablets_have_the_rail_and_the_search_field(page, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto("/?as=learner")
    rail = page.get_by_role("navigation", name="Utama").bounding_box()
    assert rail
    assert rail["x"] == 0
    assert rail["width"] < 90
    assert rail["height"] == 800
    expect(page.get_by_role("searchbox")).to_be_visible()
    expect(page.get_by_role("link", name="Kelola")).to_be_visible()


def test_panels_by_keyboard(page):
    page.goto("/?as=learner")
    first = page.get_by_role("tab", name="Transkrip")
    first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Bab")).to_be_focused()
    expect(page.get_by_role("tabpanel", name="Bab")).to_be_visible()
    expect(page.locator("#satu")).to_be_hidden()


def test_without_scripts_panels_show_and_forms_work(browser, address, received):
    received.clear()
    context = browser.new_context(base_url=address, java_script_enabled=False)
    page = context.new_page()
    page.goto("/?as=learner")
    expect(page.locator("#satu")).to_be_visible()
    expect(page.locator("#dua")).to_be_visible()
    page.locator(".avatar-button").click()
    page.get_by_role("button", name="Gelap").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    with page.expect_navigation():
        page.get_by_role("button", name="Simpan").click()
    assert received == ["lambat"]
    context.close()


def test_being_offline_is_said_and_taken_back(page):
    page.goto("/?as=learner")
    page.context.set_offline(True)
    expect(page.get_by_text("Sambungan terputus.")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_text("Sambungan terputus.")).to_be_hidden()


def test_the_notice_of_being_offline_stays_in_sight(page):
    page.set_viewport_size({"width": 360, "height": 400})
    page.goto("/?as=learner")
    page.context.set_offline(True)
    page.locator("#lipatan").scroll_into_view_if_needed()
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    page.wait_for_function("scrollY > 100")
    expect(page.get_by_text("Sambungan terputus.")).to_be_in_viewport(ratio=1)


def test_a_form_pressed_without_a_network_waits_and_is_sent_once(page, received):
    page.goto("/?as=learner")
    page.context.set_offline(True)
    for _twice in range(2):
        page.get_by_role("button", name="Simpan").click()
    expect(page.get_by_text("Menunggu sambungan, lalu dikirim.")).to_have_count(1)
    assert received == []
    with page.expect_navigation():
        page.context.set_offline(False)
    page.wait_for_timeout(600)  # for a second one to come
    assert received == ["lambat"]


def test_leaving_while_a_form_waits_for_the_network_is_asked_about(page, received):
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.goto("/?as=learner")
    page.context.set_offline(True)
    page.get_by_role("button", name="Simpan").click()
    expect(page.get_by_text("Menunggu sambungan, lalu dikirim.")).to_be_visible()
    with page.expect_event("dialog"):
        page.evaluate("void setTimeout(() => location.reload())")  # not at once: the question holds up the page, which has to answer
    assert asked == ["beforeunload"]
    with page.expect_navigation():
        page.context.set_offline(False)
    assert received == ["lambat"]


def test_what_was_confirmed_without_a_network_is_not_asked_again(page, received):
    page.goto("/?as=learner")
    page.context.set_offline(True)
    page.get_by_role("button", name="Hapus").click()
    page.get_by_role("button", name="Ya, hapus").click()
    expect(page.get_by_text("Menunggu sambungan, lalu dikirim.")).to_be_visible()
    with page.expect_navigation():
        page.context.set_offline(False)
    assert received == ["lambat"]


def test_sending_one_form_asks_when_another_is_not_saved(page, received):
    page.goto("/?as=learner")
    page.get_by_label("Judul", exact=True).fill("Baru")
    page.get_by_role("button", name="Simpan").click()
    dialog = page.get_by_role("dialog", name="Bagian lain belum disimpan.")
    dialog.get_by_role("button", name="Batal").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_label("Judul", exact=True)).to_have_value("Baru")
    assert received == []
    page.get_by_role("button", name="Simpan").click()
    with page.expect_navigation():
        dialog.get_by_role("button", name="Ya, lanjutkan").click()
    assert received == ["lambat"]


def test_a_changed_form_is_sent_without_a_question(page, received):
    page.goto("/?as=learner")
    page.get_by_label("Judul", exact=True).fill("Baru")
    with page.expect_navigation():
        page.get_by_role("button", name="Kirim judul").click()
    assert received == ["lambat"]


def test_messages_of_success_become_toasts_and_others_stay(page):
    page.goto("/_ui")
    page.get_by_role("button", name="Kirim tiga pesan").first.click()
    with page.expect_navigation():
        page.get_by_role("button", name="Kirim", exact=True).click()
    expect(page.locator("[data-toasts] .toast")).to_contain_text("Tersimpan.")
    expect(page.locator(".flashes .alert-bad")).to_contain_text("Baris 14")
    page.locator("[data-toasts] [data-dismiss]").click()
    expect(page.locator("[data-toasts] .toast")).to_have_count(0)


def test_an_upload_is_sent_and_leads_on(page, received):
    page.goto("/?as=learner")
    page.get_by_label("Berkas", exact=True).set_input_files({"name": "pegawai.csv", "mimeType": "text/csv", "buffer": b"x" * 200_000})
    page.get_by_role("button", name="Unggah").click()
    page.wait_for_url(re.compile("selesai=1"))
    assert received == ["berkas 200000"]


def test_a_refused_upload_says_why_and_can_be_sent_again(page, received):
    page.goto("/?as=learner")
    page.get_by_label("Berkas", exact=True).set_input_files({"name": "pegawai.csv", "mimeType": "text/csv", "buffer": b"rusak"})
    page.get_by_role("button", name="Unggah").click()
    expect(page.get_by_role("alert")).to_contain_text("Baris 14: NIP 17 digit.")
    page.get_by_label("Berkas", exact=True).set_input_files({"name": "pegawai.csv", "mimeType": "text/csv", "buffer": b"baik"})
    page.get_by_role("button", name="Unggah").click()
    page.wait_for_url(re.compile("selesai=1"))
    assert received == ["berkas 4"]


def test_a_link_into_a_closed_fold_opens_it(page):
    page.goto("/?as=learner#dalam")
    expect(page.locator("#dalam")).to_be_visible()


def test_the_first_visit_stays_light(page):
    sizes: list[int] = []
    page.on("response", lambda response: sizes.append(len(response.body())))
    page.goto("/?as=learner", wait_until="networkidle")
    assert len(sizes) <= 9
    assert sum(sizes) < 150_000  # bytes, uncompressed
