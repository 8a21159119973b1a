"""Coming in: signing in, the roles' ways, language and theme, errors."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from app.demo.accounts import SHOWN
from tests.e2e.conftest import sign_in
from tests.e2e.watch import shoot

WAYS = "[...document.querySelectorAll('nav a[href^=\"/\"], .menu-panel a[href^=\"/\"]')].map(a => a.getAttribute('href').split('?')[0])"
MANAGERS = {"atasan", "admin-opd", "admin-bkpsdm", "auditor", "admin"}


def test_a_wrong_password_is_said_and_the_name_stays(server, page, watch):
    watch.expect(r"status of 422")
    page.goto("/masuk")
    sign_in(page, "asn@demo.test", "bukan kata sandinya")
    expect(page.get_by_role("alert")).to_contain_text("tidak cocok")
    expect(page.get_by_label("NIP atau surel")).to_have_value("asn@demo.test")
    shoot(page, "masuk-salah")


def test_one_signs_in_by_mail_and_comes_where_one_wanted(server, page):
    page.goto("/rekam-jejak")
    expect(page).to_have_url(re.compile("/masuk"))
    sign_in(page, "asn@demo.test", server.password)
    expect(page).to_have_url(re.compile("/rekam-jejak$"))
    page.locator(".avatar-button").click()
    page.get_by_role("button", name="Keluar").click()
    expect(page.get_by_text("Anda sudah keluar")).to_be_visible()
    page.goto("/beranda")
    expect(page).to_have_url(re.compile("/masuk"))


def test_one_signs_in_by_nip_typed_with_spaces(server, page):
    nip = server.backstage("nip_of", "atasan@demo.test")
    page.goto("/masuk")
    sign_in(page, f"{nip[:8]} {nip[8:14]} {nip[14]} {nip[15:]}", server.password)
    expect(page).to_have_url(re.compile("/beranda$"))
    assert nip not in page.url


@pytest.mark.parametrize("account", SHOWN)
def test_every_role_comes_in_and_each_of_its_ways_opens(server, own, page, account):
    page.goto("/masuk")
    sign_in(page, f"{account}@demo.test", server.password)
    expect(page).to_have_url(re.compile("/beranda$"))
    seen: list[str] = []
    waiting = ["/beranda"]
    while waiting:
        seen.append(waiting.pop())
        response = page.goto(seen[-1])
        assert response is not None
        assert response.status == 200, seen[-1]
        waiting += [way for way in page.evaluate(WAYS) if way not in seen and way not in waiting]
    assert "/rekam-jejak" in seen
    assert ("/kelola/pegawai" in seen) == (account in MANAGERS)
    page.goto("/beranda")
    shoot(page, f"beranda-{account}")


def test_the_language_changes_and_comes_back(server, own, page):
    own.enter("auditor@demo.test")
    page.goto("/beranda")
    page.locator(".avatar-button").click()
    page.get_by_role("button", name="English").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.get_by_role("navigation", name="Main")).to_be_visible()
    for path in ("/beranda", "/rekam-jejak", "/katalog", "/profil", "/pemberitahuan"):
        page.goto(path)
        shoot(page, f"en{path.replace('/', '-')}")
    page.locator(".avatar-button").click()
    page.get_by_role("button", name="Bahasa Indonesia").click()
    expect(page.locator("html")).to_have_attribute("lang", "id")


def test_the_theme_changes_and_stays(server, own, page):
    own.enter("auditor@demo.test")
    page.goto("/beranda")
    page.locator(".avatar-button").click()
    page.get_by_role("button", name="Gelap").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    for path in ("/beranda", "/rekam-jejak", "/katalog", "/kursus/antikorupsi-gratifikasi"):
        page.goto(path)
        expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        shoot(page, f"gelap{path.replace('/', '-')}")


@pytest.mark.parametrize(
    ("account", "path", "status"),
    [("asn", "/tidak-ada", 404), ("asn", "/kursus/tidak-ada", 404), ("asn", "/kelola/pegawai", 403), ("asn", "/kelola/unit", 403)],
)
def test_error_pages_say_what_is_the_matter_and_lead_back(server, own, page, watch, account, path, status):
    watch.expect(rf"status of {status}")
    own.enter(f"{account}@demo.test")
    response = page.goto(path)
    assert response is not None
    assert response.status == status
    shoot(page, f"galat-{status}{path.replace('/', '-')}")
    page.get_by_role("main").get_by_role("link").first.click()
    expect(page.locator("h1")).to_be_visible()


def test_being_offline_is_said_on_any_page(server, own, page, watch):
    watch.expect(r"ERR_INTERNET_DISCONNECTED")
    own.enter("asn@demo.test")
    page.goto("/beranda")
    own.context.set_offline(True)
    expect(page.get_by_text("Sambungan terputus").first).to_be_visible()
    shoot(page, "beranda-luring")
    own.context.set_offline(False)
    expect(page.get_by_text("Sambungan terputus").first).to_be_hidden()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_living_page_of_components(device, theme):
    page = device(color_scheme=theme).page()
    page.goto("/_ui")
    shoot(page, f"komponen-{theme}")
