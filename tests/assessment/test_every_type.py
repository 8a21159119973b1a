"""A type of question is complete: it can be asked on a page, answered without a script, told in words, and written by authors."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from app.assessment import forms, pages, rendering
from app.assessment.question_types import QUESTION_TYPES
from app.interchange.gift import writer
from tests.assessment.factories import EVERY_TYPE


def names_with_a_macro(app: Flask) -> set[str]:
    source, _path, _fresh = app.jinja_env.loader.get_source(app.jinja_env, "assessment/_widgets.html")  # type: ignore[union-attr]
    return set(re.findall(r'"(\w+)": \1\b', source))


@pytest.mark.parametrize(
    "known",
    [forms._READERS, rendering._DESCRIBED, pages.WHAT_TO_DO, writer.WRITERS, {question.type_name for question in EVERY_TYPE}],
    ids=["a plain form", "an answer in words", "what to do", "GIFT", "the tests' factories"],
)
def test_every_type_is_known_to(known):
    assert set(known) == set(QUESTION_TYPES)


def test_every_type_has_its_macro(app: Flask):
    assert names_with_a_macro(app) == set(QUESTION_TYPES)
