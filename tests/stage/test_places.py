"""Scripts find their places on a page by name: no two elements of the live pages may answer to one name, or a script writes into the wrong one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.kernel.access import Role
from app.ui.assets import BASE, MANIFEST
from app.webinars.models import WebinarState
from tests.people.factories import make_user, sign_in
from tests.stage.test_link import speaker_with_link
from tests.webinars.factories import make_webinar, register

ROOT = Path(__file__).parents[2]
SCRIPT = re.compile(rf'<script type="module" src="{BASE}([^"]+)"')
IMPORT = re.compile(r"(?:from|import) '(\.[^']+)'")
# Looked for in the whole page, or in the whole desk: `find('[data-slide]')`, `find<HTMLElement>('[data-count="stage"]')`, `find('[data-end]', desk)`.
ONE_PLACE = re.compile(r"""(?:\bfind|document\.querySelector)(?:<\w+>)?\('\[(data-[\w-]+)(?:="?([\w-]+)"?)?\]'(?:, (?:this\.)?desk)?\)""")


class Elements(HTMLParser):
    """The attributes of every element that a script can find; what lies in a template cannot be found."""

    def __init__(self, page: str):
        super().__init__()
        self.found: list[dict[str, str | None]] = []
        self.depth = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.depth += tag == "template"
        if not self.depth:
            self.found.append(dict(attrs))

    def handle_endtag(self, tag: str) -> None:
        self.depth -= tag == "template"

    def called(self, name: str, value: str) -> int:
        return sum(name in one and value in ("", one[name]) for one in self.found)


def sources_of(page: str) -> Iterator[Path]:
    """The scripts of a page as they are written, with all that they import."""
    written = {chunk["file"]: ROOT / key for key, chunk in json.loads(MANIFEST.read_text()).items()}
    waiting, seen = [written[file] for file in SCRIPT.findall(page)], set[Path]()
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            yield path
            waiting += [(path.parent / f"{name}.ts").resolve() for name in IMPORT.findall(path.read_text())]


@pytest.fixture
def pages(app: Flask) -> dict[str, str]:
    """What the server sends for a live webinar: to who attends, to a speaker, and to a moderator on the stage and at the desk."""
    dewi, alia = make_user("Dewi", role=Role.MODERATOR), make_user("Alia")
    webinar = make_webinar(dewi, state=WebinarState.LIVE)
    register(webinar, alia)
    _speaker, link = speaker_with_link(webinar)
    address = f"/webinar/{webinar.slug}"

    def read(path: str, client: FlaskClient) -> str:
        return client.get(path).get_data(as_text=True)

    moderator, viewer = app.test_client(), app.test_client()
    sign_in(moderator, dewi)
    sign_in(viewer, alia)
    return {
        "room": read(address, viewer),
        "stage of a speaker": read(link, app.test_client()),
        "stage of a moderator": read(f"{address}/panggung", moderator),
        "desk": read(f"{address}/moderasi", moderator),
    }


def test_what_a_script_looks_for_is_one_element(pages: dict[str, str]) -> None:
    looked_for = 0
    for name, page in pages.items():
        elements = Elements(page)
        for path in sources_of(page):
            for attribute, value in ONE_PLACE.findall(path.read_text()):
                looked_for += 1
                there = elements.called(attribute, value)
                assert there <= 1, f"{path.name} looks for [{attribute}] and finds {there} elements on the page: {name}"
    assert looked_for > 150
