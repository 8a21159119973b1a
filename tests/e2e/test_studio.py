"""From a file on the instructor's disk to the learner's lesson: the team is named, a video is brought in, made a lesson, and watched."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.watch import shoot
from tests.media.clips import clip

COURSE, TITLE = "keamanan-informasi", "Simulasi menerima pesan mencurigakan"
NOTES = "Petugas membaca pesan, berhenti, lalu menelepon nomor resmi.\n\n- Berhenti\n- Periksa\n- Tanyakan\n"


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    return clip(tmp_path_factory.mktemp("rekaman") / "simulasi_pesan.mp4", size="320x180", seconds=3)


def test_an_upload_becomes_a_lesson_that_a_learner_sees(media, device, recording):
    _name_in_team(device())
    own = device()
    own.enter("instruktur@demo.test")
    page = own.page()
    page.goto("/studio")
    page.get_by_role("link", name="Buka pustaka media").click()
    page.locator("[data-uploader] input[type=file]").first.set_input_files(recording)
    item = page.locator("[data-shelf]").get_by_role("link", name="simulasi pesan")
    expect(item).to_be_visible(timeout=180_000)
    row = page.locator("[data-shelf] li").filter(has=page.get_by_role("link", name="simulasi pesan"))
    expect(row.get_by_text("Siap", exact=True)).to_be_visible(timeout=300_000)
    expect(row.locator("img")).to_be_visible()
    shoot(page, "studio-pustaka")

    item.click()
    shoot(page, "studio-berkas")
    page.get_by_role("link", name="Jadikan materi di modul").click()
    page.get_by_label("Kursus", exact=True).select_option(COURSE)
    page.get_by_role("button", name=re.compile("Lanjut|Ganti kursus")).click()
    page.get_by_label("Modul dan tempatnya").select_option(index=1)
    page.get_by_label("Judul materi").fill(TITLE)
    page.get_by_label("Catatan belajar").fill("# Judul yang terlalu besar")
    own.watch.expect(r"status of 422")
    page.get_by_role("button", name="Terbitkan materi").click()
    expect(page.get_by_text("Judul di dalam teks dimulai dari ##")).to_be_visible()
    expect(page.get_by_label("Judul materi")).to_have_value(TITLE)
    shoot(page, "studio-jadikan-materi")
    page.get_by_label("Catatan belajar").fill(NOTES)
    page.get_by_role("button", name="Terbitkan materi").click()
    expect(page.get_by_role("heading", name="Materinya sudah terbit.")).to_be_visible(timeout=180_000)
    shoot(page, "studio-terbit")
    page.get_by_role("link", name="Lihat materi").click()
    expect(page.locator("h1")).to_have_text(TITLE)
    shoot(page, "studio-pratinjau")
    page.go_back()

    reader = device()
    email = media.new_learner()
    media.backstage("enrol", email, COURSE)
    reader.enter(email)
    lesson = reader.page()
    lesson.goto(f"/kursus/{COURSE}")
    lesson.get_by_role("link", name="Mulai belajar").click()
    expect(lesson.locator("h1")).to_have_text(TITLE)
    expect(lesson.get_by_role("tab", name="Bacaan")).to_have_attribute("aria-selected", "true")  # there are no captions: it comes first
    expect(lesson.get_by_text("menelepon nomor resmi")).to_be_visible()
    lesson.get_by_role("button", name="Putar").first.click()
    media._wait(lambda: lesson.evaluate("document.querySelector('video').currentTime") > 0.5, 90, "the video does not play")

    page.get_by_role("link", name="Kembali ke berkas").click()
    expect(page.get_by_role("heading", name="Dipakai di")).to_be_visible()
    expect(page.get_by_text("masih dipakai, jadi tidak dapat dihapus")).to_be_visible()
    page.get_by_role("link", name="Ganti berkas").click()
    expect(page.get_by_text("Materi yang sudah selesai tetap selesai", exact=False)).to_be_visible()
    shoot(page, "studio-ganti-berkas")


def test_a_broken_file_that_fails_again_says_so_without_being_asked(media, device, recording, tmp_path):
    cut = tmp_path / "rekaman_terpotong.mp4"
    whole = recording.read_bytes()
    cut.write_bytes(whole[: len(whole) // 2])
    own = device()
    own.enter("instruktur@demo.test")
    page = own.page()
    page.goto("/studio/media")
    page.locator("[data-uploader] input[type=file]").first.set_input_files(cut)
    page.locator("[data-shelf]").get_by_role("link", name="rekaman terpotong").click(timeout=180_000)
    retry = page.get_by_role("button", name="Coba siapkan lagi")
    expect(retry).to_be_visible(timeout=90_000)
    retry.click()
    expect(page.get_by_text("Video ini sedang disiapkan")).to_be_visible()
    expect(retry).to_be_visible(timeout=90_000)
    expect(page.get_by_text("Video ini sedang disiapkan")).to_have_count(0)


def test_the_file_that_was_just_brought_in_is_the_one_that_replaces(media, device, recording, tmp_path):
    other = clip(tmp_path / "ganti_pesan.mp4", size="320x180", seconds=2)
    own = device()
    own.enter("instruktur@demo.test")
    page = own.page()
    page.goto("/studio/media")
    page.locator("[data-shelf]").get_by_role("link", name="simulasi pesan").click()
    page.get_by_role("link", name="Ganti berkas").click()
    page.locator("[data-uploader] input[type=file]").first.set_input_files(other)
    expect(page.get_by_role("radio", name="ganti pesan")).to_be_checked(timeout=180_000)
    again = tmp_path / "nama_lain.mp4"
    again.write_bytes(other.read_bytes())
    page.locator("[data-uploader] input[type=file]").first.set_input_files(again)
    row = page.locator("[data-list] li").filter(has_text="nama_lain.mp4")
    expect(row).to_contain_text("sudah ada sebagai ganti pesan", timeout=180_000)
    expect(row.get_by_role("link", name="ganti pesan")).to_have_attribute("href", re.compile(r"^/studio/media/\d+$"))
    shoot(page, "studio-sudah-ada")


def _name_in_team(own):
    """BKPSDM puts the instructor into the team."""
    own.enter("admin-bkpsdm@demo.test")
    page = own.page()
    page.goto("/kelola/kursus")
    page.get_by_role("link", name="Atur tim SPBE").click()
    page.get_by_label("Nama", exact=True).fill("bambang")
    page.get_by_role("button", name="Cari", exact=True).last.click()
    page.get_by_label("Dr. Bambang Setiawan").check()
    shoot(page, "kelola-kursus-tim")
    page.get_by_role("button", name="Tambahkan ke tim").click()
    expect(page.get_by_role("region", name="Anggota tim")).to_contain_text("Dr. Bambang Setiawan")
