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


def _number_question(attempt):
    return next(each for each in attempt if each["type"] == "numerical")


@pytest.mark.parametrize("connected", [True, False], ids=["online", "offline"])
def test_a_number_in_words_is_refused_at_once(server, own, page, watch, learner, attempt, connected):
    watch.expect(LOST)
    asked = _number_question(attempt)
    _enter(page, attempt[0] if attempt[0] is not asked else attempt[1])
    expect_saved(page)
    sent = []
    page.on("request", lambda request: sent.append(request.post_data) if request.url.endswith("/jawaban") else None)
    own.context.set_offline(not connected)
    page.locator(f'[data-go="{asked["place"]}"]').click()
    field = form_of(page, asked["place"]).locator("[name=jawaban]")
    field.fill("lima belas")
    refused = page.locator("[data-refused]")
    expect(refused).to_have_text(f"Soal {asked['place']}: jawaban tidak diterima")
    expect(page.locator("[data-saved]")).to_be_hidden()
    expect(form_of(page, asked["place"]).locator("[data-part=error]")).to_contain_text("Tulis angkanya saja")
    expect(page.locator(f'[data-go="{asked["place"]}"]')).not_to_have_class(re.compile(r"\bans\b"))
    shoot(page, f"kuis-bukan-angka-{'tersambung' if connected else 'luring'}")
    page.locator(f'[data-go="{attempt[-1]["place"]}"]').click()
    expect(refused).to_be_visible()
    own.context.set_offline(False)
    assert sent == []
    page.locator(f'[data-go="{asked["place"]}"]').click()
    field.fill(str(asked["response"]))
    expect(refused).to_be_hidden()
    _wait_for_answers(server, learner, 2)
    expect_saved(page)


def test_an_answer_that_is_refused_later_is_named_with_its_question(server, own, page, watch, learner, attempt):
    watch.expect(LOST)
    asked = _number_question(attempt)
    own.context.route("**/jawaban", lambda route: route.fulfill(json={"results": [{"error": "not_a_number", "message": "Tulis angkanya saja."}]}))
    elsewhere = next(each for each in attempt if each is not asked)
    own.context.set_offline(True)
    _enter(page, asked)
    page.locator(f'[data-go="{elsewhere["place"]}"]').click()
    expect(page.locator("[data-band]")).to_contain_text("1 jawaban disimpan")
    own.context.set_offline(False)
    expect(page.locator("[data-refused]")).to_have_text(f"Soal {asked['place']}: jawaban tidak diterima")
    expect(page.locator("[data-saved]")).to_be_hidden()


def test_the_review_that_was_asked_for_without_a_network_opens_with_it(server, own, page, watch, learner, attempt):
    watch.expect(LOST)
    own.context.set_offline(True)
    band = page.locator("[data-band]")
    expect(band).to_contain_text("Teruskan saja")
    _enter(page, attempt[0])
    page.locator("[data-overview-link]").click()
    expect(band).to_contain_text("Tinjauan terbuka sendiri begitu tersambung")
    expect(band).not_to_contain_text("Teruskan saja")
    shoot(page, "kuis-luring-tinjau")
    _enter(page, attempt[1])
    expect(band).not_to_contain_text("Tinjauan")
    page.locator("[data-overview-link]").click()
    expect(band).to_contain_text("Tinjauan terbuka sendiri begitu tersambung")
    own.context.set_offline(False)
    expect(page).to_have_url(re.compile("/kumpulkan$"))
    assert {row["question"] for row in server.backstage("answers", learner, COURSE, "tes-awal")} == {each["key"] for each in attempt[:2]}


def test_an_answer_is_checked_once_there_is_a_network_again(server, own, page, watch, learner):
    watch.expect(LOST)
    server.backstage("enrol", learner, COURSE)
    server.backstage("complete_before", learner, COURSE, "latihan-dasar")
    page.goto(f"/kursus/{COURSE}/belajar/latihan-dasar")
    start(page)
    first = server.backstage("solutions", learner, COURSE, "latihan-dasar")[0]
    own.context.set_offline(True)
    _enter(page, first)
    form_of(page, 1).get_by_role("button", name="Periksa jawaban").click()
    expect(page.locator("[data-band]")).to_contain_text("Jawaban diperiksa begitu tersambung")
    own.context.set_offline(False)
    expect(form_of(page, 1).locator("[data-part=verdict]")).to_contain_text("Tepat")
