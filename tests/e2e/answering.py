"""Answering a quiz in the browser, question by question, with or without our scripts."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.e2e.product import Product

COURSE = "keamanan-informasi"


def form_of(page: Page, place: int) -> Locator:
    return page.locator(f'form[data-question="{place}"]')


def fill(form: Locator, kind: str, response: Any) -> None:
    """Enter a response the way a person would with this kind of question."""
    if kind in ("single_choice", "true_false"):
        form.locator(f'input[name="jawaban"][value="{response}"]').check()
    elif kind == "multiple_choice":
        for box in form.locator('input[name="jawaban"]').all():
            box.set_checked(box.get_attribute("value") in response)
    elif kind in ("short_answer", "numerical"):
        form.locator('input[name="jawaban"]').fill(str(response))
    elif kind == "matching":
        for left, right in response.items():
            form.locator(f'select[name="pasangan-{left}"]').select_option(right)
    else:
        for place, item in enumerate(response, 1):
            form.locator(f'select[name="urutan-{item}"]').select_option(str(place))


def start(page: Page) -> None:
    """Timed quizzes ask first, because their clock does not stop."""
    button = page.get_by_role("button", name=re.compile("^(Mulai|Coba lagi)$"))
    is_timed = button.get_attribute("data-confirm") is not None
    button.click()
    if is_timed:
        question = page.get_by_role("dialog", name="Mulai sekarang?")
        expect(question).to_contain_text("berjalan terus, juga bila Anda menutup halaman.")
        question.get_by_role("button", name="Mulai").click()
    expect(page).to_have_url(re.compile(r"/kuis/percobaan/\d+/\d+$"))


def answer_all(page: Page, product: Product, email: str, key: str, course: str = COURSE) -> None:
    """From the first question to the result, every answer right."""
    for each in product.backstage("solutions", email, course, key):
        form = form_of(page, each["place"])
        expect(form).to_be_visible()
        fill(form, each["type"], each["response"])
        form.locator(".exam-foot button[name=ke]").last.click()
    expect(page).to_have_url(re.compile("/kumpulkan$"))
    page.get_by_role("button", name="Kumpulkan jawaban").click()
    expect(page).to_have_url(re.compile("/hasil$"))


def expect_saved(page: Page) -> None:
    expect(page.locator("[data-saved]")).to_contain_text(re.compile(r"Tersimpan \d"))
