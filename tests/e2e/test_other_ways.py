"""The same things without a mouse, and without our scripts."""

from __future__ import annotations

import re

from playwright.sync_api import Page, expect

from tests.e2e.answering import COURSE, expect_saved, fill, form_of
from tests.e2e.conftest import sign_in

LEARN = f"/kursus/{COURSE}/belajar"
FOCUSED = "(selector) => document.activeElement.matches(selector)"


def tab_to(page: Page, selector: str, most: int = 80) -> None:
    """Press Tab until the focus is there, and see that it shows. The page that a key press led to has to stand first."""
    page.wait_for_load_state()
    for _ in range(most):
        page.keyboard.press("Tab")
        if page.evaluate(FOCUSED, selector):
            outline = page.evaluate("(() => { const s = getComputedStyle(document.activeElement); return s.outlineStyle + s.boxShadow })()")
            assert outline != "nonenone", f"the focus on {selector} does not show"
            return
    raise AssertionError(f"Tab never came to {selector}")


def test_learning_by_keyboard_alone(server, page):
    email = server.new_learner()
    page.goto("/masuk")
    tab_to(page, "#identifier, [name=identifier]")
    page.keyboard.type(email)
    tab_to(page, "[name=password]")
    page.keyboard.type(server.password)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/beranda$"))
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.goto(f"/kursus/{COURSE}")
    tab_to(page, "form[action$='/pendaftaran'] button")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/tes-awal$"))
    tab_to(page, "form[action*='/kuis/'] button")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/percobaan/\d+/1$"))
    choice = next(each for each in server.backstage("solutions", email, COURSE, "tes-awal") if each["type"] in ("single_choice", "true_false"))
    tab_to(page, f'[data-go="{choice["place"]}"]')
    page.keyboard.press("Enter")
    tab_to(page, f'form[data-question="{choice["place"]}"] input[type=radio]')
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    expect_saved(page)
    assert len({row["question"] for row in server.backstage("answers", email, COURSE, "tes-awal")}) == 1


def test_learning_without_scripts(server, device):
    email = server.new_learner()
    plain = device(java_script_enabled=False)
    plain.watch.expect(r"failed: GET \S+\.js csp")  # scripts that are switched off are not fetched
    page = plain.page()
    page.goto("/masuk")
    sign_in(page, email, server.password)
    expect(page).to_have_url(re.compile("/beranda$"))
    page.goto("/katalog")
    page.get_by_role("link", name=re.compile("SPBE dan Keamanan Informasi")).first.click()
    page.get_by_role("button", name="Ikuti kursus ini").click()
    expect(page).to_have_url(re.compile("/tes-awal$"))
    page.get_by_role("button", name="Mulai").click()
    for each in server.backstage("solutions", email, COURSE, "tes-awal"):
        form = form_of(page, each["place"])
        expect(form).to_be_visible()
        fill(form, each["type"], each["response"])
        form.locator(".exam-foot button[name=ke]").last.click()
    expect(page.get_by_text("Semua soal sudah dijawab.")).to_be_visible()
    page.get_by_role("button", name="Kumpulkan jawaban").click()
    expect(page.locator(".score")).to_contain_text("100")
    assert server.backstage("attempt", email, COURSE, "tes-awal")["percent"] == 100

    page.goto(f"{LEARN}/layanan-di-balik-layar")
    expect(page.locator(".prose p").first).to_be_visible()
    page.get_by_role("button", name="Tandai selesai dan lanjut").click()
    expect(page.get_by_text("Terlalu cepat untuk dihitung")).to_be_visible()
    server.backstage("read_long_enough", email, COURSE, "layanan-di-balik-layar")
    page.get_by_role("button", name="Tandai selesai dan lanjut").click()
    expect(page.locator("h1")).to_have_text("Tiga janji pada setiap data")
    page.goto("/rekam-jejak")
    expect(page.get_by_role("main")).to_contain_text("2 dari 29 materi")
