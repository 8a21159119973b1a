"""A webinar from its plan to its seats: drafted, announced, registered for by account and by a guest's link, given back, in the calendar."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from playwright.sync_api import Page, expect

from tests.e2e.watch import shoot

TITLE = "Menulis Policy Brief"


def _at(days: int, hour: int) -> str:
    return (datetime.now(ZoneInfo("Asia/Jakarta")) + timedelta(days=days)).strftime(f"%Y-%m-%dT{hour:02}:00")


def _plan(page: Page) -> None:
    page.goto("/kelola/webinar")
    shoot(page, "webinar-kelola")
    page.get_by_role("link", name="Webinar baru").click()
    page.get_by_label("Judul", exact=True).fill(TITLE)
    page.get_by_label("Ringkasan").fill("Dari data ke satu halaman yang dibaca pimpinan.")
    page.get_by_label("Mulai", exact=True).fill(_at(9, 9))
    page.get_by_label("Berakhir", exact=True).fill(_at(9, 11))
    page.get_by_label("JP", exact=True).fill("4")
    page.get_by_role("button", name="Simpan rancangan").click()
    expect(page.get_by_text("Paling banyak 2 JP untuk bentuk dan lama ini.", exact=True)).to_be_visible()
    shoot(page, "webinar-baru-ditolak")
    page.get_by_label("JP", exact=True).fill("2")
    page.get_by_label("Jumlah kursi").fill("1")
    page.get_by_label("Tamu tanpa akun boleh mendaftar lewat surel").check()
    page.get_by_role("button", name="Simpan rancangan").click()
    expect(page.locator("h1")).to_have_text(TITLE)
    expect(page.get_by_role("button", name="Umumkan dan buka pendaftaran")).to_be_disabled()


def _complete(page: Page) -> None:
    """Agenda, speaker, moderator; then announced."""
    for n, (title, minutes) in enumerate((("Pembukaan", "15"), ("Satu halaman, satu keputusan", "90"), ("Tanya jawab", "30")), 1):
        page.get_by_label(f"Judul sesi {n}").fill(title)
        page.get_by_label(f"Lama sesi {n}").fill(minutes)
    page.get_by_role("button", name="Simpan susunan acara").click()
    expect(page.get_by_text("Semua sesi bersama 135 menit")).to_be_in_viewport()
    expect(page.get_by_label("Judul sesi 3")).to_have_value("Tanya jawab")
    page.get_by_label("Lama sesi 2").fill("60")
    page.get_by_role("button", name="Simpan susunan acara").click()
    expect(page.get_by_text("Semua sesi bersama")).to_have_count(0)
    expect(page.get_by_label("Judul sesi 3")).to_have_value("Tanya jawab")
    page.get_by_role("button", name="Naikkan sesi Tanya jawab").click()
    expect(page.get_by_label("Judul sesi 2")).to_have_value("Tanya jawab")
    page.locator("#nama-baru").fill("Raja Fatimah, S.Sos.")
    page.locator("#instansi-baru").fill("Dinas Sosial")
    page.locator("#surel-baru").fill("fatimah@contoh.go.id")
    page.locator("#sesi-baru").select_option(label="Satu halaman, satu keputusan")
    page.get_by_role("button", name="Tambah narasumber").click()
    page.get_by_role("button", name="Buat tautan").click()
    expect(page.get_by_label("Tautan narasumber")).to_have_value(re.compile(r"/narasumber/\S{32}$"))
    shoot(page, "webinar-tautan-narasumber")
    page.get_by_role("button", name="Salin tautan").click()
    expect(page.get_by_text("Tautan disalin.")).to_be_visible()
    page.get_by_role("link", name="Kembali ke webinar").click()
    page.get_by_label("Cari menurut nama").fill("Dewi")
    page.get_by_role("button", name="Cari", exact=True).last.click()
    page.get_by_role("button", name="Tambah petugas").click()
    shoot(page, "webinar-rancangan")
    page.get_by_role("button", name="Umumkan dan buka pendaftaran").click()
    expect(page.get_by_label("Tautan untuk grup obrolan dan poster")).to_be_visible()
    shoot(page, "webinar-diumumkan")


def _guest_link(server, device) -> str:
    """What the guest finds in their mail; here it is kept on the page of outgoing mail."""
    admin = device()
    admin.enter("admin@demo.test")
    page = admin.page()
    page.goto("/kelola/surel")
    mail = page.get_by_role("listitem").filter(has_text=f"Tautan Anda: {TITLE}").first
    mail.get_by_text("Isi surel").click()
    found = re.search(r"https?://\S+(/webinar/tamu/\S+)", mail.inner_text())
    assert found, mail.inner_text()
    return found.group(1)


def test_from_the_plan_to_the_seats(server, device, own, page):
    own.watch.expect(r"status of 422")
    own.enter("admin-bkpsdm@demo.test")
    _plan(page)
    _complete(page)
    share = page.get_by_label("Tautan untuk grup obrolan dan poster").input_value()
    address = re.search(r"/w/\S+$", share).group()

    people = [(server.new_learner(), device()) for _n in range(2)]
    pages = []
    for email, browser in people:
        browser.enter(email)
        pages.append(browser.page())
    first, second = pages
    first.goto(address)
    shoot(first, "webinar-sebelum")
    first.get_by_role("button", name="Daftar", exact=True).click()
    expect(first.get_by_text("Anda terdaftar", exact=True)).to_be_visible()
    shoot(first, "webinar-terdaftar")
    second.goto(address)
    second.get_by_role("button", name="Masuk daftar tunggu").click()
    expect(second.get_by_text("Anda nomor 1 di daftar tunggu")).to_be_visible()
    shoot(second, "webinar-menunggu")
    calendar = first.context.request.get(first.url + "/kalender.ics")
    assert "SUMMARY:Menulis Policy Brief" in calendar.text()

    guest = device(java_script_enabled=False)
    guest.watch.expect(r"failed: GET \S+\.js csp")  # scripts that are switched off are not fetched
    visitor = guest.page()
    guest.watch.expect(r"status of 422")
    visitor.set_viewport_size({"width": 360, "height": 740})
    visitor.goto(address)
    visitor.get_by_role("link", name="Daftar sebagai tamu").click()
    visitor.get_by_label("Nama", exact=True).fill("www.contoh.test")
    visitor.get_by_label("Surel").fill("tamu@contoh.go.id")
    visitor.get_by_role("button", name="Kirim tautan").click()
    expect(visitor.get_by_text("tanpa alamat situs")).to_be_in_viewport()
    expect(visitor.get_by_label("Surel")).to_have_value("tamu@contoh.go.id")
    visitor.get_by_label("Nama", exact=True).fill("Tamu Batam")
    visitor.get_by_label("Surel").fill("tamu@contoh.go.id")
    visitor.get_by_role("button", name="Kirim tautan").click()
    expect(visitor.get_by_text("Tautan dikirim ke alamat surel itu")).to_be_in_viewport()
    visitor.goto(_guest_link(server, device))
    visitor.get_by_role("button", name="Ya, daftarkan saya").click()
    expect(visitor.get_by_text("Anda nomor 2 di daftar tunggu")).to_be_visible()

    first.get_by_role("button", name="Batalkan pendaftaran").click()
    first.get_by_role("dialog").get_by_role("button", name="Batalkan", exact=True).click()
    expect(first.get_by_role("button", name="Masuk daftar tunggu")).to_be_visible()
    second.reload()
    expect(second.get_by_text("Anda terdaftar", exact=True)).to_be_visible()
    second.goto("/pemberitahuan")
    expect(second.get_by_text(f"Ada kursi untuk Anda: {TITLE}")).to_be_visible()
    second.goto("/webinar")
    shoot(second, "webinar-daftar")

    page.get_by_role("link", name="Daftar peserta", exact=True).click()
    expect(page.get_by_role("cell", name="Daftar tunggu")).to_be_visible()
    shoot(page, "webinar-peserta")


def test_the_front_page_leads_a_visitor_to_the_webinar(server, own, page):
    page.goto("/")
    expect(page.locator('a[href^="/webinar/"]').first).to_be_visible()
    page.goto("/webinar")  # the front page shows the next few, and other tests plan some
    page.locator('a[href="/webinar/pelayanan-ramah-disabilitas"]').first.click()
    expect(page.get_by_role("link", name="Masuk untuk mendaftar")).to_be_visible()
    expect(page.get_by_role("heading", name="Susunan acara")).to_be_visible()
    shoot(page, "webinar-tamu")


def test_a_webinar_that_is_off_says_why(server, own, page):
    own.enter("admin-bkpsdm@demo.test")
    page.goto("/kelola/webinar")
    page.get_by_role("link", name=TITLE).click()
    page.get_by_text("Batalkan webinar", exact=True).first.click()
    page.get_by_label("Alasan").fill("Narasumber sakit; dijadwalkan lagi bulan depan.")
    page.get_by_role("button", name="Batalkan webinar").click()
    page.get_by_role("dialog").get_by_role("button", name="Batalkan webinar").click()
    page.get_by_role("link", name="Lihat halamannya").click()
    expect(page.get_by_text("Narasumber sakit")).to_be_visible()
    shoot(page, "webinar-batal")
