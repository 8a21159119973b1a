"""A viewer whose network is cut returns by itself: picture, sound and talk go on without a press or a reload. What they see comes from a recording
that the live encoder is fed with; nobody's camera is needed, so that it fits on two cores."""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Device
from tests.e2e.performing import LONG
from tests.e2e.product import Product
from tests.e2e.weak_link import WeakLink
from tests.stage.feeding import Feeding
from tests.stage.recordings import H264, recording

MODERATOR, TITLE = "moderator@demo.test", "Pelayanan Ramah Disabilitas"
LOST = r"ERR_|WebSocket|socket\.io|^failed: "
PLAYED = "() => Math.max(...[...document.querySelectorAll('[data-live] video, [data-live] audio')].map((media) => media.currentTime))"


@dataclass
class Broadcast:
    """A webinar on air with a stream, one viewer behind a link of their own, and a neighbor whose link is good."""

    slug: str
    link: WeakLink
    feeding: Feeding
    viewer: Page
    neighbor: Page

    def is_playing(self) -> bool:
        before = self.viewer.evaluate(PLAYED)
        self.viewer.wait_for_timeout(700)
        return self.viewer.evaluate(PLAYED) > before + 0.2

    def until(self, playing: bool, seconds: float = 40) -> None:
        give_up = time.monotonic() + seconds
        while self.is_playing() != playing:
            assert time.monotonic() < give_up, f"{'nothing plays' if playing else 'it still plays'} after {seconds:g} s"

    def say(self, text: str) -> None:
        """A line of the neighbor's, sent while the viewer is away."""
        self.neighbor.locator("#pesan").fill(text)
        self.neighbor.locator("#pesan").press("Enter")
        expect(lines(self.neighbor, text)).to_be_visible()


@pytest.fixture
def broadcast(server: Product, device: Callable[..., Device]) -> Iterator[Broadcast]:
    slug = f"putus-{secrets.token_hex(3)}"
    people = [server.new_learner(), server.new_learner()]
    webinar_id = server.backstage("make_live_webinar", slug, TITLE, MODERATOR, people)
    feeding = Feeding(server.folder / "instance" / "files" / "live" / str(webinar_id), recording(H264, 150))
    link = WeakLink(server.url)
    feeding.start()
    try:
        pages = []
        for email, url in zip(people, (link.url, server.url), strict=True):
            own = device()
            own.enter(email)
            own.watch.expect(LOST)
            pages.append(own.page())
            pages[-1].goto(f"{url}/webinar/{slug}")
            expect(pages[-1].locator("[data-people]")).to_have_text(re.compile(r"\d"), timeout=LONG)
            pages[-1].get_by_role("tab", name="Obrolan").click()
        made = Broadcast(slug, link, feeding, *pages)
        made.until(playing=True, seconds=60)
        yield made
    finally:
        link.close()
        feeding.end()


@pytest.mark.parametrize("how", ["the network is gone", "the browser is offline"])
def test_a_viewer_whose_network_is_cut_returns_by_itself(broadcast: Broadcast, how: str) -> None:
    viewer, text = broadcast.viewer, f"Baris saat putus: {how}"
    viewer.evaluate("window.untouched = true")
    cut(broadcast, how, True)
    broadcast.until(playing=False)
    broadcast.say(text)
    cut(broadcast, how, False)
    broadcast.until(playing=True)
    expect(lines(viewer, text)).to_have_count(1)
    assert viewer.evaluate("window.untouched"), "the page was loaded anew"
    behind: Any = viewer.locator("[data-delay]").text_content()
    assert int(re.sub(r"\D", "", behind)) < 12, f"back, but {behind}"


def test_a_player_that_did_not_arrive_is_fetched_again(broadcast: Broadcast) -> None:
    viewer, failures = broadcast.viewer, iter(range(2))
    viewer.route(re.compile(r"/shared-hls[^/]*\.js$"), lambda route: route.abort() if next(failures, None) is not None else route.fallback())
    viewer.reload()
    broadcast.until(playing=True)
    assert next(failures, None) is None, "it arrived at once"


def test_a_stage_that_is_silent_is_not_asked_all_the_time(broadcast: Broadcast) -> None:
    broadcast.feeding.end()
    broadcast.until(playing=False)
    broadcast.viewer.wait_for_timeout(3000)
    asked = "performance.clearResourceTimings(); window.asked = []; new PerformanceObserver((list) => window.asked.push(...list.getEntries().map((one) => one.name))).observe({ type: 'resource' })"
    broadcast.viewer.evaluate(asked)
    broadcast.viewer.wait_for_timeout(6000)
    lists = [name for name in broadcast.viewer.evaluate("window.asked") if ".m3u8?t=" in name]
    assert 0 < len(lists) < 20, lists


def test_what_was_chosen_is_played_from_the_first_piece_on_and_every_list_is_that_of_its_moment(broadcast: Broadcast) -> None:
    viewer = broadcast.viewer
    for rung in ("video", "low", "audio"):
        viewer.evaluate("rung => { localStorage['gurindam.live'] = JSON.stringify({ rung }); }", rung)
        viewer.reload()
        broadcast.until(playing=True)
        viewer.wait_for_timeout(3000)
        asked = viewer.evaluate("performance.getEntriesByType('resource').map((one) => one.name)")
        assert {name.split("/")[-2] for name in asked if name.endswith(".m4s")} == {rung}
        moments = [re.fullmatch(r"[^?]+/(\w+)\.m3u8\?t=(\d+)", name) for name in asked if ".m3u8" in name]
        assert len({moment[2] for moment in moments if moment and moment[1] == rung}) >= 3, asked
        assert all(moments), asked
        assert viewer.locator("[data-live]").get_attribute("data-rung") == rung


def lines(page: Page, text: str) -> Any:
    return page.locator("[data-lines] > li .said", has_text=text)


def cut(broadcast: Broadcast, how: str, away: bool) -> None:
    if how == "the browser is offline":
        broadcast.viewer.context.set_offline(away)
    elif away:
        broadcast.link.down()
    else:
        broadcast.link.up()
