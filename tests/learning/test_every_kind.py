"""A kind of lesson is complete: what authors can write, learners can learn, and the format's documentation has its row."""

from __future__ import annotations

import re
from importlib import resources

import pytest
from flask import Flask

from app.courses import lesson_kinds
from app.courses.kinds import KINDS, get_kind
from app.learning.kinds import behavior_of
from config import ROOT

lesson_kinds.register_all()
EVERY_KIND = sorted(KINDS)


def test_the_kinds_are_those_of_their_folder() -> None:
    files = {entry.name.removesuffix(".py") for entry in resources.files(lesson_kinds).iterdir() if re.fullmatch(r"[a-z]\w*\.py", entry.name)}
    assert files == set(EVERY_KIND)


@pytest.mark.parametrize("name", EVERY_KIND)
def test_every_kind_can_be_shown_and_completed(app: Flask, name: str) -> None:
    behavior = behavior_of(name)
    assert behavior.name == name
    app.jinja_env.get_template(behavior.template)


@pytest.mark.parametrize("name", EVERY_KIND)
def test_the_format_says_how_every_kind_is_written(name: str) -> None:
    rows = re.findall(rf"^\| `{name}` \| (.*)$", (ROOT / "docs/content-format.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) == 1
    assert [field for field in get_kind(name).fields if f"`{field}" not in rows[0]] == []
