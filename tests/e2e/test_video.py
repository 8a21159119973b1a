"""A video lesson: seconds that were really played count, skipping does not; captions, keyboard, another device."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.e2e.watch import shoot

COURSE, LESSON = "antikorupsi-gratifikasi", "video-pasal-12b"
PAGE = f"/kursus/{COURSE}/belajar/{LESSON}"
TIME_OF_VIDEO = "document.querySelector('video').currentTime"


def _open(media, page, learner):
    media.backstage("enrol", learner, COURSE)
    media.backstage("complete_before", learner, COURSE, LESSON)
    page.goto(PAGE)


def _wait_until_at(media, page, seconds, patience=90):
    media._wait(lambda: page.evaluate(TIME_OF_VIDEO) >= seconds, patience, f"the video did not reach {seconds} s")


def _pause_and_report(page):
    with page.expect_response(lambda response: response.url.endswith("/tontonan/laporan")) as told:
        page.get_by_role("button", name="Jeda").click()
    assert told.value.status == 200
    return told.value.json()


def test_played_seconds_are_counted_and_skipping_counts_nothing(media, page, learner):
    _open(media, page, learner)
    shoot(page, "materi-video")
    page.get_by_role("button", name="Putar").first.click()
    _wait_until_at(media, page, 4)
    first = _pause_and_report(page)
    counted = media.backstage("watched_seconds", learner, COURSE, LESSON)
    assert 3 <= counted <= 30
    expect(page.locator("[data-covered]")).to_contain_text(re.compile(r"0\.0[3-9]|0\.[1-3]\d"))

    page.get_by_role("button", name="Putar").first.click()
    page.get_by_label("Posisi").press("9")
    _wait_until_at(media, page, 60)
    page.wait_for_timeout(1500)
    second = _pause_and_report(page)
    assert second["covered"] < first["covered"] + 25
    assert not second["complete"]
    expect(page.locator("[data-finished]")).to_be_hidden()
    assert media.backstage("progress", learner, COURSE)[LESSON]["state"] == "STARTED"
    shoot(page, "materi-video-dilompati")


def test_the_video_goes_on_at_the_same_second_on_another_device(media, page, device, learner):
    _open(media, page, learner)
    page.get_by_role("button", name="Putar").first.click()
    page.get_by_label("Posisi").press("5")
    media._wait(lambda: page.evaluate(TIME_OF_VIDEO) > 20, 90, "no jump")
    page.wait_for_timeout(1500)
    _pause_and_report(page)
    stopped = page.evaluate(TIME_OF_VIDEO)
    other = device(viewport={"width": 360, "height": 740}, is_mobile=True, has_touch=True)
    other.enter(learner)
    there = other.page()
    there.goto(PAGE)
    assert abs(float(there.locator("[data-player]").get_attribute("data-start") or 0) - stopped) < 2.5
    shoot(there, "materi-video-lanjut")


def test_the_player_by_keyboard_with_captions(media, page, learner):
    _open(media, page, learner)
    play = page.locator("[data-controls] [data-play]")
    play.focus()
    page.keyboard.press("Enter")
    _wait_until_at(media, page, 1)
    expect(page.locator("[data-caption]")).not_to_be_empty()
    for pressed in ("false", "true"):
        page.keyboard.press("c")
        expect(page.locator("[data-captions]")).to_have_attribute("aria-pressed", pressed)
    page.keyboard.press("k")
    expect(play).to_have_attribute("aria-label", "Putar")
    assert page.evaluate("document.querySelector('video').paused")
    before = page.evaluate(TIME_OF_VIDEO)
    page.keyboard.press("ArrowRight")
    media._wait(lambda: page.evaluate(TIME_OF_VIDEO) > before + 3, 60, "the arrow did not move on")


def test_what_was_watched_without_a_connection_counts_once_when_it_is_back(media, own, page, learner, watch):
    watch.expect("ERR_FAILED")
    _open(media, page, learner)
    page.get_by_role("button", name="Putar").first.click()
    _wait_until_at(media, page, 2)
    reports = re.compile(r"/tontonan(/laporan)?$")
    own.context.route(reports, lambda route: route.abort())
    _wait_until_at(media, page, 8)
    page.get_by_role("button", name="Jeda").click()
    played = page.evaluate(TIME_OF_VIDEO)
    expect(page.locator("[data-watching-note]")).to_contain_text("Sambungan terputus")
    page.close()
    own.context.unroute(reports)
    for _visit in range(2):
        again = own.page()
        with again.expect_response(lambda response: "/belajar/" in response.url):
            again.goto(PAGE)
        media._wait(lambda: abs(media.backstage("watched_seconds", learner, COURSE, LESSON) - played) <= 2, 90, "the seconds were not counted")
        again.close()


def test_notes_at_a_moment_are_saved_survive_a_lost_connection_and_jump(media, own, page, learner, watch):
    watch.expect("INTERNET_DISCONNECTED")
    _open(media, page, learner)
    page.get_by_role("button", name="Putar").first.click()
    _wait_until_at(media, page, 3)
    page.get_by_role("button", name="Jeda").click()
    page.get_by_role("tab", name="Catatan").click()
    page.get_by_label(re.compile(r"Catatan pada 0\.0\d")).fill("Ambang <b>Rp10 juta</b> menentukan siapa yang membuktikan.")
    page.get_by_role("button", name="Simpan catatan").click()
    notes = page.locator("[data-note]")
    expect(notes.first.locator("[data-part=state]")).to_have_text("Tersimpan.")
    own.context.set_offline(True)
    page.get_by_label("Posisi").press("l")
    page.get_by_role("button", name="Tandai saat ini").click()
    expect(notes.nth(1).locator("[data-part=state]")).to_contain_text("Tersimpan di perangkat ini")
    own.context.set_offline(False)
    expect(notes.nth(1).locator("[data-part=state]")).to_have_text("Tersimpan.")
    page.reload()
    page.get_by_role("tab", name="Catatan").click()
    expect(notes).to_have_count(2)
    expect(notes.first).to_contain_text("<b>Rp10 juta</b>")
    shoot(page, "materi-video-catatan")
    notes.nth(1).get_by_role("link").click()
    media._wait(lambda: page.evaluate(TIME_OF_VIDEO) > 12, 90, "the note did not jump")
    notes.first.get_by_role("button", name="Hapus catatan").click()
    expect(notes).to_have_count(1)
    page.reload()
    expect(notes).to_have_count(1)


def test_addresses_that_end_in_the_middle_of_playing_are_renewed(media, page, learner, watch):
    watch.expect(r"status of 410")
    _open(media, page, learner)
    page.get_by_role("button", name="Putar").first.click()
    _wait_until_at(media, page, 2)
    ended = {"refused": 0, "renewed": False}

    def refuse(route):
        ended["refused"] += 1
        route.continue_() if ended["renewed"] else route.fulfill(status=410, body="")

    def renew(route):
        ended["renewed"] = True
        route.continue_()

    page.route(re.compile(r"/media/[^/]+\.[^/]+/.+\.(m4s|mp4|m3u8)$"), refuse)
    page.route("**/media/aset/*", renew)
    page.get_by_label("Posisi").press("9")
    at = page.evaluate("document.querySelector('[data-scrub]').value")
    _wait_until_at(media, page, float(at) + 1)
    assert ended["refused"] >= 1
    assert ended["renewed"]


def test_a_page_says_one_thing_when_its_video_is_complete(media, page, learner):
    media.backstage("enrol", learner, COURSE)
    media.backstage("complete_before", learner, COURSE, LESSON)
    media.backstage("watch_nearly_enough", learner, COURSE, LESSON)
    page.goto(PAGE)
    following = page.locator(".next-step")
    outline = page.locator("[data-standing=outline]")
    expect(following).to_contain_text("Terbuka setelah materi ini selesai.")
    percent = outline.locator("h2 .num").inner_text()
    page.get_by_role("button", name="Putar").first.click()
    _wait_until_at(media, page, 4)
    assert _pause_and_report(page)["complete"]
    expect(page.locator("[data-finished]")).to_be_visible()
    expect(following).not_to_contain_text("Terbuka setelah")
    expect(following.get_by_role("link", name="Lanjut")).to_have_class(re.compile("btn-primary"))
    title = following.locator("h2").inner_text()
    expect(outline.get_by_role("link", name=title)).to_be_visible()
    expect(outline.locator("h2 .num")).not_to_have_text(percent)
    conditions = page.locator("[data-conditions]")
    expect(conditions).to_contain_text("Syarat terpenuhi")
    expect(conditions.get_by_role("img", name="Sudah")).to_have_count(1)
    expect(page.locator("[data-standing=head]")).to_contain_text("Selesai")
    expect(page.locator("video")).to_be_visible()
    shoot(page, "materi-video-selesai")
