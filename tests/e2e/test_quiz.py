"""A quiz under bad conditions: no network, a session that ended, a clock that ran out."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Error, expect

from tests.e2e.answering import COURSE, expect_saved, fill, form_of, start
from tests.e2e.conftest import sign_in
from tests.e2e.watch import shoot

QUIZ = f"/kursus/{COURSE}/belajar/tes-awal"
GRACE_SECONDS = 5  # an answer may still be on its way when the time is over (assessment.rules)
SECONDS_LEFT = 40  # for opening the page and one answer on two busy cores
LOST = r"ERR_INTERNET_DISCONNECTED|ERR_FAILED|net::ERR"


@pytest.fixture
def attempt(server, page, learner):
    """The first question of a running attempt, and the right responses."""
    server.backstage("enrol", learner, COURSE)
    page.goto(QUIZ)
    start(page)
    return server.backstage("solutions", learner, COURSE, "tes-awal")


def _enter(page, each):
    page.locator(f'[data-go="{each["place"]}"]').click()
    fill(form_of(page, each["place"]), each["type"], each["response"])


def _wait_for_answers(server, email, count, key="tes-awal"):
    server._wait(lambda: len({row["question"] for row in server.backstage("answers", email, COURSE, key)}) >= count, 120, f"{count} answers are not there")
    return server.backstage("answers", email, COURSE, key)


def test_answers_given_without_a_network_are_kept_and_sent_in_order(server, own, page, watch, learner, attempt):
    watch.expect(LOST)
    _enter(page, attempt[0])
    expect_saved(page)
    own.context.set_offline(True)
    _enter(page, attempt[1])
    _enter(page, attempt[2])
    band = page.locator("[data-band]")
    expect(band).to_contain_text("2 jawaban disimpan di perangkat ini")
    shoot(page, "kuis-luring")
    assert {row["question"] for row in server.backstage("answers", learner, COURSE, "tes-awal")} == {attempt[0]["key"]}
    own.context.set_offline(False)
    saved = _wait_for_answers(server, learner, 3)
    expect(band).to_be_hidden()
    expect_saved(page)
    ours = [row["sequence"] for row in saved]
    assert ours == sorted(ours)


def test_loading_the_page_again_loses_nothing(server, own, page, watch, learner, attempt):
    watch.expect(LOST)
    own.context.route("**/jawaban", lambda route: route.abort())
    page.on("dialog", lambda dialog: dialog.accept())
    _enter(page, attempt[0])
    _enter(page, attempt[1])
    expect(page.locator("[data-band]")).to_contain_text("disimpan di perangkat ini")
    page.goto(page.url)
    expect(page.locator("[data-band]")).to_be_visible()
    assert server.backstage("answers", learner, COURSE, "tes-awal") == []
    for each in attempt[:2]:
        expect(page.locator(f'[data-go="{each["place"]}"]')).to_have_class(re.compile(r"\bans\b"))
    own.context.unroute("**/jawaban")
    _wait_for_answers(server, learner, 2)


def test_a_browser_closed_without_a_network_sends_when_it_comes_back(server, own, page, watch, learner, attempt):
    watch.expect(LOST)
    address = page.url
    own.context.set_offline(True)
    _enter(page, attempt[0])
    expect(page.locator("[data-band]")).to_contain_text("1 jawaban disimpan")
    page.close()
    again = own.page()
    with pytest.raises(Error, match="ERR_INTERNET_DISCONNECTED"):
        again.goto(address)
    own.context.set_offline(False)
    again.goto(address)
    _wait_for_answers(server, learner, 1)
    again.reload()
    expect(again.locator('[data-go="1"]')).to_have_class(re.compile(r"\bans\b"))


def test_a_session_that_ended_is_said_and_nothing_is_lost(server, own, page, watch, learner, attempt):
    watch.expect(r"status of 401", r"answer 401")
    _enter(page, attempt[0])
    expect_saved(page)
    server.backstage("revoke_sessions", learner)
    _enter(page, attempt[1])
    _enter(page, attempt[2])
    band = page.locator("[data-band]")
    expect(band).to_contain_text("Sesi Anda sudah berakhir")
    shoot(page, "kuis-sesi-berakhir")
    with own.context.expect_page() as opened:
        page.get_by_role("link", name="Masuk lagi di tab baru").click()
    tab = opened.value
    sign_in(tab, learner, server.password)
    expect(tab).to_have_url(re.compile(r"/kuis/percobaan/"))
    _wait_for_answers(server, learner, 3)
    page.bring_to_front()
    expect(band).to_be_hidden(timeout=90_000)


def test_an_answer_after_the_deadline_is_shown_as_late(server, own, page, watch, learner):
    watch.expect(LOST)
    server.backstage("enrol", learner, COURSE)
    server.backstage("complete_before", learner, COURSE, "kuis-dasar")
    number = server.backstage("start_attempt_ending", learner, COURSE, "kuis-dasar", SECONDS_LEFT)
    right = server.backstage("solutions", learner, COURSE, "kuis-dasar")
    page.goto(f"/kuis/percobaan/{number}")
    _enter(page, right[0])
    expect_saved(page)
    own.context.set_offline(True)
    _enter(page, right[1])
    expect(page.locator("[data-timer]")).to_contain_text(re.compile(r"^0.00$"), timeout=(SECONDS_LEFT + 30) * 1000)
    page.wait_for_timeout(GRACE_SECONDS * 1000 + 3000)
    own.context.set_offline(False)
    saved = _wait_for_answers(server, learner, 2, "kuis-dasar")
    assert {(row["question"], row["late"]) for row in saved} == {(right[0]["key"], False), (right[1]["key"], True)}
    expect(page).to_have_url(re.compile("/hasil$"), timeout=60_000)
    expect(page.get_by_text("Ada jawaban yang terlambat.")).to_be_visible()
    shoot(page, "kuis-hasil-terlambat")
    assert server.backstage("attempt", learner, COURSE, "kuis-dasar")["state"] == "SUBMITTED"


def test_another_device_continues_the_same_attempt(server, own, page, device, learner, attempt):
    _enter(page, attempt[0])
    expect_saved(page)
    other = device()
    other.enter(learner)
    there = other.page()
    there.goto(QUIZ)
    there.get_by_role("link", name=re.compile("Lanjutkan percobaan")).click()
    expect(there).to_have_url(re.compile(r"/kuis/percobaan/\d+/2$"))
    expect(there.locator('[data-go="1"]')).to_have_class(re.compile(r"\bans\b"))
