"""After a webinar: the recording is there within a minute, with everything on its clock; what was missed can be watched and counts."""

from __future__ import annotations

import re
import time

from playwright.sync_api import expect

from tests.e2e.watch import shoot

TIME_OF_VIDEO = "document.querySelector('video').currentTime"
MODERATOR = "moderator@demo.test"
TITLE = "Pelayanan Ramah Disabilitas di Kelurahan"


def _wait_until(reached, seconds, complaint):
    until = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < until, complaint
        time.sleep(0.3)


def _is_playing_from(page, second):
    _wait_until(lambda: page.evaluate(TIME_OF_VIDEO) >= second, 60, f"the video did not reach {second} s: {page.evaluate(TIME_OF_VIDEO)}")


def test_the_recording_is_there_within_a_minute_and_the_page_opens_by_itself(server, page, learner):
    server.backstage("hold_webinar", TITLE, "disabilitas-satu", learner, MODERATOR)
    server.backstage("close_webinar", "disabilitas-satu")
    began = time.monotonic()
    page.goto("/webinar/disabilitas-satu")
    expect(page.get_by_role("heading", name=TITLE, level=1)).to_be_visible()
    expect(page.locator("[data-player]")).to_be_visible(timeout=120_000)
    assert time.monotonic() - began < 120
    expect(page.get_by_text("Anda melewatkan")).to_be_visible()
    page.goto(f"/cari?q={'maklumat'}")
    _wait_until(
        lambda: page.reload() and page.get_by_role("link", name=re.compile("Apa beda standar")).count() > 0, 60, "the question is not found"
    )
    page.get_by_role("link", name=re.compile("Apa beda standar")).click()
    expect(page).to_have_url(re.compile(r"/webinar/disabilitas-satu#t=\d+"))


def test_everything_stands_on_the_clock_of_the_recording(server, page, learner):
    server.backstage("hold_webinar_kept_pieced", TITLE, "disabilitas-dua", learner, MODERATOR)
    page.goto("/webinar/disabilitas-dua")
    expect(page.get_by_text("Tontonan Anda belum dicatat.")).to_be_visible()
    shoot(page, "setelah-webinar")
    page.get_by_role("button", name="Catat tontonan saya").click()
    expect(page.locator("[data-watching]")).to_be_visible()

    page.get_by_role("link", name=re.compile("juru bahasa isyarat")).last.click()  # in the second take
    _is_playing_from(page, 22)
    _is_playing_from(page, 24)
    page.get_by_role("link", name=re.compile("Sambutan")).first.click()
    _is_playing_from(page, 2)
    with page.expect_response(lambda response: response.url.endswith("/tontonan/laporan")) as told:
        page.locator("[data-controls] [data-play]").click()
    assert told.value.status == 200
    expect(page.locator("[data-covered]")).to_contain_text(re.compile(r"0\.0[2-9]|0\.1\d"))

    page.get_by_role("tab", name=re.compile("Obrolan")).click()
    expect(page.get_by_text("Selamat pagi dari Bintan")).to_be_visible()
    page.get_by_label("Cari di tanya jawab dan obrolan").fill("maklumat loket")
    expect(page.get_by_text("Selamat pagi dari Bintan")).to_be_hidden()
    expect(page.get_by_text("Maklumat dipasang di loket, ya?")).to_be_visible()
    page.get_by_label("Cari di tanya jawab dan obrolan").fill("xyzzy")
    expect(page.locator("[data-found]")).to_have_text("Tidak ada yang cocok.")
    page.get_by_label("Cari di tanya jawab dan obrolan").fill("")
    page.get_by_role("tab", name=re.compile("Jajak")).click()
    shoot(page, "setelah-webinar-jajak")
    page.reload()
    page.get_by_role("tab", name=re.compile("Yang terlewat")).click()
    shoot(page, "setelah-webinar-dicatat")


def test_without_a_script_everything_is_readable(server, device, learner):
    server.backstage("hold_webinar_kept_pieced", TITLE, "disabilitas-tiga", learner, MODERATOR)
    plain = device(java_script_enabled=False, viewport={"width": 360, "height": 740})
    plain.watch.expect(r"failed: GET \S+\.js csp")  # scripts that are switched off are not fetched
    plain.enter(learner)
    page = plain.page()
    page.goto("/webinar/disabilitas-tiga")
    expect(page.get_by_text("Apa beda standar pelayanan dan maklumat pelayanan?").last).to_be_visible()
    expect(page.get_by_text("Suaranya jelas")).to_be_visible()
    page.get_by_label("Cari di tanya jawab dan obrolan").fill("maklumat loket")
    page.get_by_role("button", name="Cari", exact=True).last.click()
    expect(page.get_by_text("Maklumat dipasang di loket, ya?")).to_be_visible()
    expect(page.get_by_text("Suaranya jelas")).to_be_hidden()


def test_the_organizer_reads_and_prints_the_summary(server, device, learner):
    server.backstage("hold_webinar_kept_pieced", TITLE, "disabilitas-empat", learner, MODERATOR)
    moderator = device()
    moderator.enter(MODERATOR)
    page = moderator.page()
    page.goto("/webinar/disabilitas-empat")
    page.get_by_role("link", name="Ringkasan penyelenggara").click()
    expect(page.get_by_text(re.compile("7 orang hadir"))).to_be_visible()
    expect(page.get_by_text("Kapan peraturan wali kotanya terbit?")).to_be_visible()
    expect(page.get_by_role("button", name="Cetak")).to_be_visible()
    shoot(page, "webinar-ringkasan")


def test_strangers_are_asked_to_sign_in(server, device, learner):
    server.backstage("hold_webinar_kept_pieced", TITLE, "disabilitas-lima", learner, MODERATOR)
    page = device().page()
    page.goto("/webinar/disabilitas-lima")
    expect(page.get_by_text("Webinar ini sudah berakhir.")).to_be_visible()
    expect(page.get_by_text("Suaranya jelas")).to_have_count(0)
    shoot(page, "setelah-webinar-umum")
