"""The talk of a live room in three browsers: a moderator at the desk by keyboard, one who attends at a computer and one on a phone."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Device
from tests.e2e.product import Product
from tests.e2e.watch import shoot

SLUG, TITLE = "pelayanan-ramah", "Pelayanan Ramah Disabilitas"
NASTY = "<img src=x onerror=document.title='retas'> apakah ini aman?"
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True}
LOST = r"ERR_INTERNET_DISCONNECTED|WebSocket|socket\.io|ERR_NETWORK"


class Stage:
    """The three of them in one webinar."""

    def __init__(self, server: Product, device: Callable[..., Device], slug: str):
        self.server, self.slug = server, slug
        people = [server.new_learner(), server.new_learner()]
        server.backstage("make_talk", slug, TITLE, "moderator@demo.test", people)
        self.devices = [device(), device(), device(**PHONE)]
        for each, email in zip(self.devices, ["moderator@demo.test", *people], strict=True):
            each.enter(email)
        self.moderator, self.alia, self.phone = (each.page() for each in self.devices)
        self.moderator.goto(f"/webinar/{slug}/moderasi")
        for page in (self.alia, self.phone):
            page.goto(f"/webinar/{slug}")
            expect(page.locator("[data-people]")).to_have_text(re.compile(r"\d"))

    def rows(self) -> dict[str, Any]:
        return self.server.backstage("talk_rows", self.slug)


@pytest.fixture
def stage(server: Product, device: Callable[..., Device]) -> Stage:
    return Stage(server, device, f"{SLUG}-{secrets.token_hex(3)}")


def ask(page: Page, text: str, *, anonymous: bool = False) -> None:
    page.locator("#pertanyaan").fill(text)
    if anonymous:
        page.get_by_label("Tanpa nama bagi peserta").check()
    page.locator("[data-ask]").get_by_role("button", name="Kirim").click()


def questions(page: Page) -> Any:
    return page.locator("[data-questions] > li")


def test_a_question_goes_from_the_asker_to_the_stage_by_keyboard(stage: Stage) -> None:
    moderator, alia, phone = stage.moderator, stage.alia, stage.phone
    ask(alia, "Bila pendamping yang menjawab terus, bagaimana kami berbicara kepada orangnya?", anonymous=True)
    expect(alia.locator("[data-mine-first]")).to_contain_text("Menunggu moderator")
    expect(questions(phone)).to_have_count(0)
    waiting = moderator.locator("ul[data-waiting] > li")
    expect(waiting).to_have_count(1)
    expect(waiting).to_contain_text("Siti Zubaidah")
    moderator.locator("body").press("t")
    expect(waiting).to_have_count(0)
    expect(questions(phone)).to_have_count(1)
    expect(questions(phone)).to_contain_text("Tanpa nama")
    expect(questions(phone)).not_to_contain_text("Siti Zubaidah")

    ask(alia, NASTY)
    expect(waiting).to_have_count(1)
    moderator.locator("body").press("x")
    expect(alia.locator("[data-mine-first]")).to_contain_text("Tidak diterima moderator")

    vote = questions(phone).get_by_role("button", name="Dukung,")
    vote.click()
    expect(vote).to_have_attribute("aria-pressed", "true")
    expect(questions(alia).locator("[data-part=votes]")).to_have_text("1")
    vote.click()
    expect(questions(alia).locator("[data-part=votes]")).to_have_text("0")
    vote.press("Enter")
    expect(questions(alia).locator("[data-part=votes]")).to_have_text("1")

    answer = moderator.locator("[data-next]").get_by_role("button", name="Jawab", exact=True)
    answer.focus()
    answer.press("Enter")
    for page in (alia, phone):
        expect(page.locator("[data-asked]")).to_be_visible()
        expect(page.locator("[data-asked-text]")).to_contain_text("Bila pendamping")
        expect(questions(page)).to_contain_text("Sedang dijawab")
    shoot(phone, "webinar-tanya")
    done = moderator.locator("[data-next]").get_by_role("button", name="Selesai")
    done.focus()
    done.press("Enter")
    expect(alia.locator("[data-asked]")).to_be_hidden()
    expect(questions(alia)).to_contain_text("Sudah dijawab")
    assert alia.title() != "retas"
    assert [row[1] for row in stage.rows()["questions"]] == ["ANSWERED", "REJECTED"]


def test_near_duplicates_are_merged_and_answers_written(stage: Stage) -> None:
    moderator, alia, phone = stage.moderator, stage.alia, stage.phone
    ask(alia, "Apakah formulir boleh diisikan petugas loket?")
    ask(phone, "Bolehkah petugas loket mengisikan formulir?")
    waiting = moderator.locator("ul[data-waiting] > li")
    expect(waiting).to_have_count(2)
    shoot(moderator, "webinar-moderasi")
    waiting.nth(1).get_by_role("button", name="Gabung").click()
    expect(waiting).to_have_count(1)
    expect(phone.locator("[data-mine-first]")).to_contain_text("Digabung")
    waiting.get_by_role("button", name="Terima").click()
    expect(questions(alia).locator("[data-part=votes]")).to_have_text("1")
    moderator.locator("[data-next]").get_by_role("button", name="Jawab tertulis").click()
    moderator.get_by_label("Jawaban").fill("Boleh, dengan persetujuan orangnya.")
    moderator.get_by_role("button", name="Kirim jawaban").click()
    expect(questions(phone)).to_contain_text("Boleh, dengan persetujuan orangnya.")
    alia.get_by_role("link", name="Semua pertanyaan dan jawaban").click()
    expect(alia.get_by_text("Boleh, dengan persetujuan orangnya.")).to_be_visible()
    shoot(alia, "webinar-tanya-jawab")
    moderator.goto(f"/webinar/{stage.slug}/tanya-jawab")
    shoot(moderator, "webinar-tanya-jawab-moderator")


def test_a_poll_is_hidden_until_it_is_closed_and_folds_on_a_phone(stage: Stage) -> None:
    moderator, alia, phone = stage.moderator, stage.alia, stage.phone
    moderator.get_by_role("tab", name="Jajak").click()
    moderator.get_by_text("Jajak baru").click()
    moderator.locator("#jajak-teks").fill("Apa yang paling kurang di loket Anda?")
    for number, option in enumerate(("Jalur kursi roda", "Juru bahasa isyarat", "Huruf besar dan kontras"), start=1):
        moderator.get_by_role("textbox", name=f"Pilihan {number}").fill(option)
    moderator.get_by_role("button", name="Simpan jajak").click()
    moderator.get_by_role("button", name="Buka jajak").click()
    now = "[data-poll-now]"
    expect(alia.locator(now).get_by_role("button", name="Jalur kursi roda")).to_be_visible()
    shoot(alia, "webinar-jajak")
    alia.locator(now).get_by_role("button", name="Jalur kursi roda").click()
    alia.locator(now).get_by_role("button", name="Juru bahasa isyarat").click()
    phone.locator(now).get_by_role("button", name="Juru bahasa isyarat").click()
    expect(phone.locator(f"{now} details")).not_to_have_attribute("open", "")
    expect(phone.locator(now)).to_contain_text("Pilihan Anda: Juru bahasa isyarat")
    expect(alia.locator(now)).to_contain_text("2 pemilih")
    expect(alia.locator(f"{now} progress")).to_have_count(0)
    expect(moderator.locator("[data-desk-polls] [data-part=count]")).to_have_text(["0", "2", "0"])
    shoot(moderator, "webinar-moderasi-jajak")
    phone.screenshot(path="tests/artifacts/screens/webinar-jajak-terlipat-360.png")
    moderator.get_by_role("button", name="Tutup, tampilkan hasil").click()
    for page in (alia, phone):
        expect(page.locator(now).locator("[data-part=share]")).to_have_text(["0\xa0%", "100\xa0%", "0\xa0%"])
    shoot(alia, "webinar-jajak-hasil")
    assert stage.rows()["poll_votes"] == 2


def test_the_chat_is_moderated_and_takes_only_text(stage: Stage) -> None:
    moderator, alia, phone = stage.moderator, stage.alia, stage.phone
    for page in (alia, phone):
        page.get_by_role("tab", name="Obrolan").click()
    alia.locator("#pesan").fill(NASTY)
    alia.locator("#pesan").press("Enter")
    line = phone.locator("[data-lines] > li")
    expect(line.locator(".said")).to_have_text(NASTY)
    expect(line.locator("img")).to_have_count(0)
    line.get_by_role("button", name="Balas").click()
    phone.locator("#pesan").fill("Aman")
    phone.locator("#pesan").press("Enter")
    expect(alia.locator("[data-lines] > li").nth(1).locator(".quote")).to_contain_text("apakah ini aman?")
    alia.locator("[data-lines] > li").first.get_by_role("button", name="Ubah").click()
    alia.locator("#pesan").fill("Apakah ini aman?")
    alia.locator("#pesan").press("Enter")
    expect(line.first.locator(".said")).to_have_text("Apakah ini aman?")
    shoot(alia, "webinar-obrolan")
    moderator.get_by_role("tab", name="Obrolan").click()
    expect(moderator.locator("[data-desk-lines] > li").nth(1).locator(".quote")).to_contain_text("Apakah ini aman?")
    shoot(moderator, "webinar-moderasi-obrolan")
    moderator.locator("[data-desk-lines] > li").first.get_by_role("button", name="Hapus pesan").click()
    moderator.get_by_role("dialog").get_by_role("button", name="Hapus").click()
    expect(line.first).to_contain_text("Pesan dihapus")
    expect(line.nth(1).locator(".quote")).to_be_hidden()
    moderator.get_by_label("Obrolan dibuka").uncheck()
    expect(phone.locator("[data-chat-closed]")).to_be_visible()
    expect(phone.locator("#pesan")).to_be_hidden()
    assert stage.rows()["chat"] == [False, 45]  # as it was planned, although it is none of the usual choices
    assert alia.title() != "retas"


def test_what_was_said_of_a_text_goes_when_it_no_longer_holds(stage: Stage) -> None:
    moderator, alia = stage.moderator, stage.alia
    form = alia.locator("[data-ask]")
    ask(alia, "Siapa yang menyediakan juru bahasa isyarat?")
    sent = form.get_by_text("Terkirim.")
    expect(sent).to_be_visible()
    ask(alia, "Siapa yang bodoh?")
    expect(form.get_by_role("alert")).to_contain_text("bodoh")
    expect(sent).to_be_hidden()
    ask(alia, "")
    expect(form.get_by_role("alert")).to_have_text("Tulis pertanyaan dulu.")

    alia.get_by_role("tab", name="Obrolan").click()
    for text in ("Selamat pagi", "Selamat pagi semua"):
        alia.locator("#pesan").fill(text)
        alia.locator("#pesan").press("Enter")
    wait = alia.locator("[data-wait]")
    expect(wait).to_have_text(re.compile(r"^Mode lambat: tunggu 4\d detik lagi\.$"))
    expect(wait).to_have_text(re.compile(r"tunggu 3\d detik"))
    moderator.get_by_role("tab", name="Obrolan").click()
    moderator.get_by_label("Jeda antarpesan").select_option("0")
    expect(wait).to_be_hidden()
    for text in ("Yang pertama", "Yang kedua"):  # the second is on its way before the first was answered
        alia.locator("#pesan").fill(text)
        alia.locator("#pesan").press("Enter")
    for text in ("Yang pertama", "Yang kedua"):
        expect(alia.locator("[data-lines] > li", has_text=text)).to_be_visible()

    moderator.get_by_role("tab", name="Jajak").click()
    moderator.get_by_text("Jajak baru").click()
    moderator.get_by_role("button", name="Simpan jajak").click()
    expect(moderator.get_by_text("Tulis pertanyaan jajak dulu.")).to_be_visible()


def test_the_menu_of_qualities_lies_within_the_window(stage: Stage) -> None:
    for page, name in ((stage.phone, "360"), (stage.alia, "1280")):
        page.get_by_text("Mutu", exact=True).click()
        page.screenshot(path=f"tests/artifacts/screens/webinar-mutu-{name}.png")
        box, window = page.locator(".live-quality").bounding_box(), page.viewport_size
        assert box
        assert window
        assert box["x"] >= 0
        assert box["y"] >= 0
        assert box["x"] + box["width"] <= window["width"]
        assert box["y"] + box["height"] <= window["height"]


def test_slides_are_followed_and_looked_back_at_and_the_room_pauses(stage: Stage) -> None:
    moderator, alia, phone = stage.moderator, stage.alia, stage.phone
    moderator.get_by_role("tab", name="Acara").click()
    turn = moderator.get_by_role("button", name="Slide berikutnya")
    for page in ("1 / 3", "2 / 3"):
        turn.click()
        expect(moderator.locator("[data-desk-page-no]")).to_have_text(page)
    phone.get_by_role("tab", name="Slide").click()
    for page in (alia, phone):
        expect(page.locator("[data-page-no]")).to_contain_text("2 / 3")
        assert page.locator("[data-page]").evaluate("async picture => { await picture.decode(); return picture.naturalWidth }") > 0
    phone.get_by_role("button", name="Halaman sebelumnya").click()
    expect(phone.locator("[data-page-no]")).to_contain_text("1 / 3")
    expect(alia.locator("[data-page-no]")).to_contain_text("2 / 3")
    turn.click()
    expect(alia.locator("[data-page-no]")).to_contain_text("3 / 3")
    expect(phone.locator("[data-page-no]")).to_contain_text("1 / 3")
    shoot(phone, "webinar-slide")
    phone.set_viewport_size({"width": 360, "height": 740})
    phone.get_by_role("button", name="Kembali ke slide pembicara").click()
    expect(phone.locator("[data-page-no]")).to_contain_text("3 / 3")

    moderator.locator("[data-desk-agenda]").get_by_role("button", name="Lima pertanyaan").click()
    expect(alia.locator("[data-at-hand]")).to_have_text("Lima pertanyaan sebelum membantu")
    phone.get_by_role("button", name="Angkat tangan").click()
    moderator.get_by_role("tab", name="Tangan").click()
    expect(moderator.locator("ul[data-hands]")).to_contain_text("Siti Zubaidah")
    moderator.get_by_role("button", name="Undang bicara").click()
    expect(moderator.locator("ul[data-hands]")).to_contain_text("sudah diundang")
    moderator.get_by_role("tab", name="Acara").click()
    moderator.get_by_label("Menit").fill("5")
    moderator.get_by_role("button", name="Mulai jeda").click()
    expect(alia.locator("[data-break-left]")).to_have_text(re.compile(r"^[45]\.\d\d$"))
    shoot(moderator, "webinar-moderasi-acara")
    shoot(alia, "webinar-jeda")
    moderator.get_by_role("button", name="Akhiri jeda").click()
    expect(alia.locator("[data-curtain=break]")).to_be_hidden()
    moderator.get_by_role("button", name="Minta presensi sekarang").click()
    alia.get_by_role("button", name="Saya di sini").click()
    expect(moderator.locator("[data-desk-attendance]")).to_contain_text(re.compile(r"Presensi \d+: 1 dari"))
    moderator.get_by_role("button", name="Akhiri webinar").click()
    moderator.get_by_role("dialog").get_by_role("button", name="Akhiri").click()
    expect(alia.locator("[data-curtain=ended]")).to_be_visible()
    for taken in ("[data-hand]", "[data-ask]", "[data-say]"):
        expect(alia.locator(taken)).to_be_hidden()
    shoot(alia, "webinar-usai")


def test_what_is_written_without_a_link_is_sent_on_return(stage: Stage) -> None:
    moderator, alia, device = stage.moderator, stage.alia, stage.devices[1]
    device.watch.expect(LOST)
    alia.evaluate("document.body.dataset.same = 'page'")
    device.context.set_offline(True)
    ask(stage.phone, "Apa langkah pertama tanpa anggaran?")
    expect(moderator.locator("ul[data-waiting] > li")).to_have_count(1)
    moderator.locator("body").press("t")
    expect(questions(stage.phone)).to_have_count(1)
    expect(alia.locator("[data-link]")).to_be_visible(timeout=90_000)
    expect(alia.locator("[data-connection]")).to_be_hidden()  # once is enough
    ask(alia, "Pertanyaan ini ditulis tanpa sambungan, apakah sampai?")
    expect(alia.locator("[data-pending=ask]")).to_contain_text("Dikirim saat sambungan kembali")
    shoot(alia, "webinar-terputus")
    device.context.set_offline(False)
    expect(alia.locator("[data-link]")).to_be_hidden(timeout=90_000)
    expect(questions(alia)).to_have_count(1)
    expect(moderator.locator("ul[data-waiting] > li")).to_have_count(1)
    expect(alia.locator("[data-pending=ask] > li")).to_have_count(0)
    assert alia.evaluate("document.body.dataset.same") == "page"
    assert len(stage.rows()["questions"]) == 2


def test_without_a_script_the_last_standing_is_read(server: Product, device: Callable[..., Device], stage: Stage) -> None:
    ask(stage.alia, "Ada contoh maklumat pelayanan yang sederhana?")
    expect(stage.moderator.locator("ul[data-waiting] > li")).to_have_count(1)
    stage.moderator.locator("body").press("t")
    expect(questions(stage.alia)).to_have_count(1)
    plain = device(java_script_enabled=False)
    plain.watch.expect(r"/static/dist/.*\.js csp")
    plain.context.add_cookies(stage.devices[1].context.cookies())
    page = plain.page()
    page.goto(f"/webinar/{stage.slug}")
    expect(page.get_by_text("Ada contoh maklumat pelayanan")).to_be_visible()
    assert "Tanpa JavaScript halaman ini" in page.content()


def test_the_room_in_the_dark_and_its_weight(stage: Stage) -> None:
    ask(stage.alia, "Bila pendamping yang menjawab terus, bagaimana kami tetap berbicara kepada orangnya?")
    ask(stage.phone, "Kapan kami perlu menyediakan juru bahasa isyarat?")
    expect(stage.moderator.locator("ul[data-waiting] > li")).to_have_count(2)
    for left in (1, 0):
        stage.moderator.locator("ul[data-waiting] > li").first.get_by_role("button", name="Terima").click()
        expect(stage.moderator.locator("ul[data-waiting] > li")).to_have_count(left)
    expect(questions(stage.alia)).to_have_count(2)
    stage.alia.emulate_media(color_scheme="dark")
    shoot(stage.alia, "webinar-ruang-gelap")
    stage.moderator.emulate_media(color_scheme="dark")
    shoot(stage.moderator, "webinar-moderasi-gelap")
    cold = stage.devices[1].context.new_cdp_session(page := stage.devices[1].page())
    cold.send("Network.enable")
    cold.send("Network.setCacheDisabled", {"cacheDisabled": True})
    sizes: list[int] = []
    cold.on("Network.loadingFinished", lambda event: sizes.append(int(event["encodedDataLength"])))
    page.goto(f"/webinar/{stage.slug}")
    expect(questions(page)).to_have_count(2)
    print(f"page on the wire: {sum(sizes) / 1000:.1f} kB in {len(sizes)} requests")
