"""Who answers for others: from the team to one person's record, and what can be taken along."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.e2e.watch import shoot


def test_a_supervisor_looks_at_one_person_and_takes_the_team_along(server, own, page):
    own.enter("atasan@demo.test")
    page.goto("/tim")
    with page.expect_download() as fetched:
        page.get_by_role("link", name="Ekspor .csv").click()
    rows = Path(fetched.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert rows[0].startswith("Nama;Nomor orang;Jabatan;Unit")
    assert any(row.startswith("Nurul Hidayah") for row in rows)
    page.get_by_role("link", name="Nurul Hidayah, S.A.P.", exact=True).click()
    expect(page.locator("h1")).to_contain_text("Nurul Hidayah, S.A.P.")
    expect(page.get_by_text("dicatat di catatan audit")).to_be_visible()
    expect(page.get_by_role("link", name="Tim").first).to_be_visible()
    shoot(page, "tim-orang")
    page.goto("/penugasan")
    page.get_by_role("table").get_by_role("link").first.click()
    expect(page).to_have_url(re.compile(r"/penugasan/\d+$"))
    with page.expect_download() as fetched:
        page.get_by_role("link", name="Ekspor .xlsx").click()
    assert Path(fetched.value.path()).read_bytes().startswith(b"PK")
    page.get_by_role("link", name="Nurul Hidayah, S.A.P.", exact=True).click()
    expect(page).to_have_url(re.compile(r"/tim/\d+$"))


def test_the_auditor_reads_who_looked_in_words(server, own, page):
    own.enter("atasan@demo.test")
    page.goto("/tim")
    page.get_by_role("link", name="Nurul Hidayah, S.A.P.", exact=True).click()
    own.enter("auditor@demo.test")
    page.goto("/kelola/audit")
    expect(page.get_by_role("cell", name="Kemajuan seseorang dilihat").first).to_be_visible()
    shoot(page, "audit-kata")


def test_a_learner_has_no_way_to_others(server, learner, page, watch):
    watch.expect(r"status of 403")
    assert page.goto("/tim/1").status == 403
