"""What the parts of the live room's proof share: saying what held, waiting, pressing."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

broken: list[str] = []


def told(what: str, held: bool, detail: str = "") -> None:
    print(f"{what:<62} {'held' if held else 'BROKEN':<7} {detail}", flush=True)
    if not held:
        broken.append(what)


def within(seconds: float, reached: Callable[[], bool]) -> float | None:
    """How long it took; None when it did not happen in time."""
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        if reached():
            return time.monotonic() - begun
        time.sleep(0.2)
    return None


def press(page: Page, target: Any, key: str = "Enter") -> None:
    """By keyboard alone."""
    target.focus()
    page.keyboard.press(key)
