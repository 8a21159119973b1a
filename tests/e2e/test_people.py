"""People come in from a file: refusals row by row, then the good rows, then the new person's first access."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.e2e.watch import shoot

HEAD = "nama;nip;surel;kode_unit;jabatan"
ROWS = (
    "Zulkifli Effendi, S.IP.;199001012015031019;zulkifli@uji.test;TPI-KEL-PENYENGAT;Pengelola Kependudukan",
    "Ani Kurnia;123;;TPI-KEL-PENYENGAT;Analis",
    "Budi Santoso;198702022010011002;;TIDAK-ADA;Analis",
)


def _upload(page, name, text):
    page.goto("/kelola/impor/pegawai")
    page.get_by_label("Berkas .xlsx atau .csv").set_input_files({"name": name, "mimeType": "text/csv", "buffer": text.encode()})
    page.get_by_role("button", name="Unggah dan periksa").click()


def test_a_file_is_checked_refused_in_part_and_applied(server, own, page):
    own.enter("admin-bkpsdm@demo.test")
    _upload(page, "pegawai.csv", "\n".join((HEAD, *ROWS)))
    expect(page).to_have_url(re.compile(r"/kelola/impor/\d+$"))
    findings = page.get_by_role("region", name="Temuan").last
    expect(findings).to_contain_text("18 angka", timeout=180_000)
    expect(findings).to_contain_text("Tidak ada unit dengan kode TIDAK-ADA")
    shoot(page, "impor-temuan")
    page.get_by_role("button", name="Terapkan 1 baris yang benar saja").click()
    page.get_by_role("dialog").get_by_role("button", name="Terapkan").click()
    expect(page.get_by_text("Sudah diterapkan")).to_be_visible(timeout=180_000)
    shoot(page, "impor-diterapkan")

    page.goto("/kelola/pegawai")
    page.get_by_label("Nama, NIP, atau surel").fill("Zulkifli")
    page.get_by_role("button", name="Cari", exact=True).last.click()
    page.get_by_role("link", name="Zulkifli Effendi, S.IP.").click()
    expect(page.locator("h1")).to_have_text("Zulkifli Effendi, S.IP.")
    shoot(page, "pegawai-orang")
    assert "199001012015031019" not in page.url


def test_a_file_that_is_no_table_is_refused_in_words(server, own, page, watch):
    watch.expect(r"status of 4\d\d")
    own.enter("admin-bkpsdm@demo.test")
    _upload(page, "pegawai.csv", "ini bukan daftar pegawai")
    expect(page.get_by_text("Hanya ada judul kolom, tidak ada baris data.")).to_be_visible(timeout=180_000)
    shoot(page, "impor-ditolak")


def test_a_unit_and_its_people(server, own, page):
    own.enter("admin-opd@demo.test")
    page.goto("/kelola/unit")
    page.get_by_role("link", name="Kelurahan Penyengat").click()
    expect(page.locator("h1")).to_have_text("Kelurahan Penyengat")
    shoot(page, "unit")
