"""A hand-over as viewers see it: from the moderator's click to the first picture of the next speaker, and whether the sound goes on meanwhile.

The next speaker's camera shows one color, which nothing else on the stage has; each viewer's page looks for it twenty times a second.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from statistics import median
from typing import Any

from playwright.sync_api import Page, expect

from bench.live_gaps import LISTEN, SAID_DELAY
from tests.e2e.performing import LONG
from tests.proofs.live_acts import press, told, within

BEYOND_THE_DELAY, LONGEST_GAP = 3.0, 1.0  # seconds
SETTLING_SECONDS, CALM_SECONDS = 6, 10

# Takes the place of the camera of the page it is given to; the microphone stays.
CAMERA_OF_ONE_COLOR = """(() => {
  if (!navigator.mediaDevices) return;
  const real = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wanted) => {
    const given = await real(wanted);
    if (!given.getVideoTracks().length) return given;
    for (const track of given.getVideoTracks()) { given.removeTrack(track); track.stop(); }
    const canvas = Object.assign(document.createElement('canvas'), { width: 640, height: 360 });
    const pen = canvas.getContext('2d');
    let turn = 0;
    setInterval(() => { pen.fillStyle = turn++ % 2 ? '#ff00ff' : '#f000f0'; pen.fillRect(0, 0, 640, 360); }, 100);
    given.addTrack(canvas.captureStream(10).getVideoTracks()[0]);
    return given;
  };
})();"""

LOOK = """() => {
  const small = Object.assign(document.createElement('canvas'), { width: 32, height: 18 });
  const pen = small.getContext('2d', { willReadFrequently: true });
  const eye = (window.eye = { share: 0, firstAt: null });
  setInterval(() => {
    const video = document.querySelector('[data-live] video');
    if (!video.videoWidth) return;
    pen.drawImage(video, 0, 0, 32, 18);
    const { data } = pen.getImageData(0, 0, 32, 18);
    let seen = 0;
    for (let i = 0; i < data.length; i += 4) if (data[i] > 150 && data[i + 1] < 110 && data[i + 2] > 150) seen += 1;
    eye.share = seen / 576;
    if (eye.share > 0.05) eye.firstAt ??= Date.now();
  }, 50);
}"""


def hand_over(moderator: Page, names: Sequence[str], viewers: Sequence[Page], takes: Callable[[], int], times: int) -> None:
    """The second of the `names` leaves the stage, and takes it from the first, who comes back afterwards: so many times."""
    first, second = names
    for viewer in viewers:
        viewer.evaluate(LOOK)
    for _time in range(times):
        calm = wait_until_calm(viewers, takes)
        take_off(moderator, second)
        if within(60, lambda: all(share < 0.01 for share in _eyes(viewers, "share"))) is None:
            told("viewers see the second speaker leave", False, str(_eyes(viewers, "share")))
            return
        for viewer in viewers:
            viewer.evaluate("() => { window.eye.firstAt = null; }")
            viewer.evaluate(LISTEN)
        before, clicked = takes(), time.time() * 1000
        bring_on(moderator, second)
        take_off(moderator, first)
        seen = within(60, lambda: all(_eyes(viewers, "firstAt")))
        delays = [viewer.evaluate(SAID_DELAY) for viewer in viewers]
        time.sleep(SETTLING_SECONDS)
        took = [(at - clicked) / 1000 for at in _eyes(viewers, "firstAt") if at]
        silent = [viewer.evaluate("window.ear.silent") for viewer in viewers]
        held = seen is not None and median(took) <= median(delays) + BEYOND_THE_DELAY
        how = f"{', '.join(f'{one:.1f}' for one in took)} s, at a delay of {', '.join(map(str, delays))} s (3 s more asked){calm}"
        told("a hand-over: from the click to the next speaker's picture", held, how)
        passed = takes() - before
        of_whom = f"; another browser composes, {passed} times" if passed else ""
        told("a hand-over: the sound goes on", max(silent) <= LONGEST_GAP, f"silent for {', '.join(f'{one:.2f}' for one in silent)} s (1 s asked){of_whom}")
        bring_on(moderator, first)


def wait_until_calm(viewers: Sequence[Page], takes: Callable[[], int], seconds: float = 120) -> str:
    """Until every viewer has seen the second speaker's picture, and nobody else has begun to compose, for some seconds; else a word about it."""
    begun, since, count = time.monotonic(), time.monotonic(), takes()
    while time.monotonic() - begun < seconds:
        if min(_eyes(viewers, "share")) < 0.05 or takes() != count:
            since, count = time.monotonic(), takes()
        elif time.monotonic() - since > CALM_SECONDS:
            return ""
        time.sleep(0.5)
    return "; the machine was not calm before"


def bring_on(moderator: Page, name: str) -> None:
    press(moderator, moderator.locator("[data-green] li", has_text=name).get_by_role("button", name="Naikkan"))
    expect(moderator.locator("[data-tiles] .tile", has_text=name)).to_be_visible(timeout=LONG)


def take_off(moderator: Page, name: str) -> None:
    press(moderator, moderator.locator("[data-tiles] .tile", has_text=name).get_by_role("button", name="Turunkan ke ruang tunggu"))


def _eyes(viewers: Sequence[Page], what: str) -> list[Any]:
    return [viewer.evaluate(f"window.eye.{what}") for viewer in viewers]
