"""One running product and one browser for all tests; a watched page and a person of their own for each."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.e2e.performing import FAKE_DEVICES
from tests.e2e.product import ROOT, Product
from tests.e2e.watch import Watch

sys.path.insert(0, str(ROOT / "scripts"))
import browsers

CHROMIUM_ARGUMENTS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update", "--no-first-run",
    "--autoplay-policy=no-user-gesture-required",
]  # fmt: skip
expect.set_options(timeout=40_000)  # two busy cores


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/e2e/" in item.nodeid:
            item.add_marker("e2e")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """The product as users run it. Ends the run with an error when its logs tell of a fault."""
    product = Product(tmp_path_factory.mktemp("e2e"))
    try:
        try:
            product.start()
        except AssertionError as reason:
            pytest.exit(f"the product does not start: {reason}", returncode=1)
        yield product
    finally:
        product.stop()
    faults = product.faults()
    assert not faults, "the server's log holds faults:\n" + "\n----\n".join(faults[:5])


@pytest.fixture(scope="session")
def media(server: Product) -> Product:
    """The product when the worker has prepared the courses' videos."""
    server.wait_for_media()
    return server


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browsers.find_chromium(), args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Device:
    """One browser of one person: a context with its own cookies and storage, watched."""

    context: BrowserContext
    watch: Watch
    product: Product

    def page(self) -> Page:
        page = self.context.new_page()
        page.set_default_timeout(60_000)
        return page

    def enter(self, email: str) -> None:
        """Be signed in, without the form."""
        self.context.add_cookies([self.product.backstage("cookie_for", email) | {"url": self.product.url, "httpOnly": True, "sameSite": "Lax"}])


@pytest.fixture
def device(server: Product, chromium: Browser) -> Iterator[Callable[..., Device]]:
    """Makes browsers: `device()`, `device(java_script_enabled=False)`. At the end each must have seen nothing it should not."""
    made: list[Device] = []

    def make(**options: Any) -> Device:
        options = {"viewport": {"width": 1280, "height": 800}, "locale": "id-ID", "timezone_id": "Asia/Jakarta", "reduced_motion": "reduce"} | options
        context = chromium.new_context(base_url=server.url, **options)
        made.append(Device(context, Watch(context), server))
        return made[-1]

    with ExitStack() as stack:
        yield make
        for each in made:
            stack.callback(each.watch.check)
            each.context.close()


@pytest.fixture(scope="session")
def cameras(chromium: Browser) -> Iterator[Browser]:
    """A browser whose camera and microphone are made up; `chromium` brings Playwright, of which there is one."""
    arguments = [*CHROMIUM_ARGUMENTS, *FAKE_DEVICES]
    browser = chromium.browser_type.launch(executable_path=browsers.find_chromium(), args=arguments)
    yield browser
    browser.close()


@pytest.fixture
def performer(server: Product, cameras: Browser) -> Iterator[Any]:
    """Opens a page in a browser of its own; at the end each must have seen nothing it should not."""
    made: list[tuple[Any, Watch]] = []

    def make(path: str, email: str | None = None) -> Page:
        context = cameras.new_context(base_url=server.url, locale="id-ID", timezone_id="Asia/Jakarta", viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
        if email:
            context.add_cookies([server.backstage("cookie_for", email) | {"url": server.url, "httpOnly": True, "sameSite": "Lax"}])
        made.append((context, Watch(context)))
        page = context.new_page()
        page.set_default_timeout(60_000)
        page.goto(path)
        return page

    yield make
    for context, watch in made:
        watch.check()
        context.close()


@pytest.fixture
def own(device: Callable[..., Device]) -> Device:
    return device()


@pytest.fixture
def page(own: Device) -> Page:
    return own.page()


@pytest.fixture
def watch(own: Device) -> Watch:
    return own.watch


@pytest.fixture
def learner(server: Product, own: Device) -> str:
    """The address of a new learner who is signed in on `page`."""
    email = server.new_learner()
    own.enter(email)
    return email


def sign_in(page: Page, identifier: str, password: str) -> None:
    page.get_by_label("NIP atau surel").fill(identifier)
    page.get_by_label("Kata sandi", exact=True).fill(password)
    page.get_by_role("button", name="Masuk", exact=True).click()
