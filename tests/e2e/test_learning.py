"""An ASN learns: from the first sign-in to the JP on their record."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.e2e.answering import COURSE, answer_all, expect_saved, fill, form_of, start
from tests.e2e.conftest import sign_in
from tests.e2e.watch import shoot

LEARN = f"/kursus/{COURSE}/belajar"


def test_from_the_first_sign_in_to_the_record(server, page, watch):
    watch.expect(r"status of 403")
    email = server.new_learner()
    page.goto("/masuk")
    sign_in(page, email, server.password)
    expect(page).to_have_url(re.compile("/beranda$"))
    shoot(page, "beranda-kosong")

    page.get_by_role("link", name=re.compile("katalog|kursus", re.I)).first.click()
    expect(page).to_have_url(re.compile("/katalog"))
    shoot(page, "katalog")
    page.get_by_role("link", name=re.compile("SPBE dan Keamanan Informasi")).first.click()
    expect(page.locator("h1")).to_have_text("SPBE dan Keamanan Informasi untuk ASN")
    shoot(page, "kursus-belum-ikut")

    page.get_by_role("button", name="Ikuti kursus ini").click()
    expect(page).to_have_url(re.compile(f"{LEARN}/tes-awal$"))
    shoot(page, "materi-kuis")
    start(page)
    shoot(page, "kuis-soal")
    answer_all(page, server, email, "tes-awal")
    expect(page.locator(".score")).to_contain_text("100")
    shoot(page, "kuis-hasil-awal")

    expect(page.get_by_role("link", name=re.compile("^Kembali ke"))).to_be_visible()
    page.get_by_role("link", name="Lanjut: Layanan di balik layar").click()
    expect(page.locator("h1")).to_have_text("Layanan di balik layar")
    finish = page.get_by_role("button", name="Tandai selesai dan lanjut")
    expect(finish).to_be_disabled()
    shoot(page, "materi-artikel")
    page.goto(f"{LEARN}/tiga-janji")
    expect(page.get_by_text("Materi ini belum terbuka untuk Anda.")).to_be_visible()
    shoot(page, "materi-terkunci")
    server.backstage("read_long_enough", email, COURSE, "layanan-di-balik-layar")
    page.goto(f"{LEARN}/layanan-di-balik-layar")
    expect(finish).to_be_enabled()
    finish.click()
    expect(page).to_have_url(re.compile(f"{LEARN}/tiga-janji$"))

    server.backstage("complete_before", email, COURSE, "latihan-dasar")
    page.goto(f"{LEARN}/latihan-dasar")
    start(page)
    first = server.backstage("solutions", email, COURSE, "latihan-dasar")[0]
    fill(form_of(page, 1), first["type"], first["response"])
    expect_saved(page)
    form_of(page, 1).get_by_role("button", name="Periksa jawaban").click()
    expect(form_of(page, 1).locator(".verdict")).to_contain_text(re.compile("Tepat|Benar", re.I))
    shoot(page, "latihan-umpan-balik")
    answer_all(page, server, email, "latihan-dasar")
    page.goto(f"{LEARN}/kuis-dasar")
    start(page)
    answer_all(page, server, email, "kuis-dasar")
    expect(page.get_by_text("Lulus", exact=True)).to_be_visible()
    shoot(page, "kuis-hasil-lulus")

    page.goto(f"{LEARN}/kunci-yang-panjang")
    expect(page.locator("h1")).to_contain_text("Kunci yang panjang")
    page.goto("/rekam-jejak")
    expect(page.get_by_role("main")).to_contain_text("SPBE dan Keamanan Informasi untuk ASN")
    shoot(page, "rekam-jejak-berjalan")

    server.backstage("complete_before", email, COURSE, "tes-akhir", 10)
    page.goto(f"{LEARN}/tes-akhir")
    start(page)
    answer_all(page, server, email, "tes-akhir")
    assert server.backstage("credits", email) == [5]
    page.goto(f"/kursus/{COURSE}")
    expect(page.get_by_text("JP tercatat di rekam jejak")).to_be_visible()
    shoot(page, "kursus-selesai")
    page.goto("/rekam-jejak")
    expect(page.get_by_role("main")).to_contain_text("5 JP")
    shoot(page, "rekam-jejak-selesai")
    page.goto("/beranda")
    shoot(page, "beranda-selesai")
    assert server.backstage("events", email)[-1] == "completed course"


def test_one_goes_on_where_one_stopped_on_another_device(server, own, page, device, learner):
    server.backstage("enrol", learner, COURSE)
    server.backstage("complete_before", learner, COURSE, "menimbang-sebelum-membagi")
    page.goto(f"{LEARN}/menimbang-sebelum-membagi")
    with page.expect_response(lambda response: response.url.endswith("/posisi")) as kept:
        page.mouse.wheel(0, 2500)
    assert kept.value.status == 200
    stopped = server.backstage("progress", learner, COURSE)["menimbang-sebelum-membagi"]["position"]["part"]
    assert stopped > 0.1
    phone = device(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    phone.enter(learner)
    there = phone.page()
    there.goto("/beranda")
    there.get_by_role("link", name=re.compile("^Lanjutkan")).first.click()
    expect(there).to_have_url(re.compile("menimbang-sebelum-membagi$"))
    there.wait_for_function("scrollY > 200")


def test_pressing_twice_enrolls_and_starts_once(server, page, learner):
    page.goto(f"/kursus/{COURSE}")
    page.get_by_role("button", name="Ikuti kursus ini").dblclick()
    expect(page).to_have_url(re.compile("/tes-awal$"))
    assert server.backstage("enrollments", learner) == 1
    page.get_by_role("button", name="Mulai").dblclick()
    expect(page).to_have_url(re.compile(r"/kuis/percobaan/\d+/1$"))
    page.go_back()
    again = page.get_by_role("button", name="Mulai")
    if again.is_visible():
        again.click()
        expect(page).to_have_url(re.compile(r"/kuis/percobaan/\d+/1$"))
    assert server.backstage("attempts", learner, COURSE, "tes-awal") == 1


def test_search_finds_a_lesson(server, own, page):
    own.enter("asn@demo.test")
    page.goto("/cari?q=gratifikasi")
    expect(page.get_by_role("main").get_by_role("link", name=re.compile("[Gg]ratifikasi")).first).to_be_visible()
    shoot(page, "cari-hasil")
    page.goto("/cari?q=kapal selam nuklir")
    shoot(page, "cari-kosong")
