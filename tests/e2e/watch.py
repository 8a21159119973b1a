"""What must never happen while a page is looked at, and how a page is looked at."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Page

from tests.e2e.product import ROOT

WIDTHS = (360, 768, 1280)
AXE_WIDTHS = (360, 1280)
PATIENCE_MS = 150_000  # a page that plays and composes pictures in software takes its time
TALLEST = 6000  # pixels of a picture; what is below is text of the same kind
SCREENS = ROOT / "tests" / "artifacts" / "screens"
AXE = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text()
RUN_AXE = AXE + """;axe.run(document, {resultTypes: ['violations']}).then(found => found.violations
  .filter(v => v.impact === 'serious' || v.impact === 'critical')
  .map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.target + ' ' + n.html.slice(0, 160)).join(' | ')))"""
TELL_VIOLATIONS = "addEventListener('securitypolicyviolation', e => console.error('CSP ' + e.violatedDirective + ' ' + e.blockedURI))"


class Watch:
    """Notes every console error, uncaught exception, policy violation, failed request and answer of 500 in a browser context.

    `expect(pattern)` says beforehand which of them belong to the test; `check()` fails on any other.
    """

    def __init__(self, context: BrowserContext):
        self.noted: list[str] = []
        self.expected: list[re.Pattern[str]] = []
        context.add_init_script(TELL_VIOLATIONS)
        context.on("console", lambda message: self._note(f"console {message.type}: {message.text} {message.location.get('url', '')}", message.type == "error"))
        context.on("weberror", lambda error: self._note(f"exception: {error.error}"))
        context.on("requestfailed", lambda request: self._note(f"failed: {request.method} {request.url} {request.failure}", "ERR_ABORTED" not in (request.failure or "")))
        context.on("response", lambda response: self._note(f"answer {response.status}: {response.url}", response.status >= 500))

    def _note(self, text: str, bad: bool = True) -> None:
        if bad:
            self.noted.append(text)

    def expect(self, *patterns: str) -> None:
        self.expected += [re.compile(pattern) for pattern in patterns]

    def check(self) -> None:
        unforeseen = [text for text in self.noted if not any(pattern.search(text) for pattern in self.expected)]
        assert not unforeseen, "\n".join(unforeseen)


def name_of(path: str) -> str:
    parts = urlsplit(path)
    return re.sub(r"[^a-z0-9]+", "-", (parts.path + parts.query).lower()).strip("-") or "depan"


def shoot(page: Page, name: str, axe: bool = True) -> None:
    """Keep pictures at three widths; fail when something sticks out sideways or axe finds a serious or critical fault."""
    SCREENS.mkdir(parents=True, exist_ok=True)
    before, faults = page.viewport_size, []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        page.evaluate("document.fonts.ready.then(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))))")
        wide, tall = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
        if wide > width:
            faults.append(f"{name} at {width} px is {wide} px wide: {page.evaluate(STICKS_OUT)}")
        if axe and width in AXE_WIDTHS:
            faults += [f"{name} at {width} px: {violation}" for violation in page.evaluate(RUN_AXE)]
        page.screenshot(
            path=SCREENS / f"{name}-{width}.png", full_page=True, animations="disabled", timeout=PATIENCE_MS,
            clip={"x": 0, "y": 0, "width": width, "height": min(max(tall, 800), TALLEST)},
        )  # fmt: skip
    if before:
        page.set_viewport_size(before)
    assert not faults, "\n".join(faults)


STICKS_OUT = """[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1)
  .slice(0, 4).map(e => e.tagName + '.' + e.className).join(', ')"""


def keep(folder: Path, name: str, data: object) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(data, indent=1))
