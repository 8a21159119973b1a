"""Drawings that are kept: parts of pages that say the same to everybody, drawn once for each content and language."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from flask import current_app
from markupsafe import Markup

from app.kernel.i18n import current_language


def draw(template: str, macro: str, *values: Any) -> Markup:
    """What a macro draws in the language of this request."""
    module: Any = current_app.jinja_env.get_template(template).module
    return Markup(getattr(module, macro)(*values))  # noqa: S704  (a template's own output)


def kept(drawing: Callable[..., Markup], *values: Any) -> Markup:
    """`drawing(*values)`, drawn once for these values and this language.

    Only for what depends on nothing else: no person, no time, no token. The values are small and say all about the content, such as the
    id of a published version, which never changes.
    """
    return _kept(drawing, current_language(), values)


@lru_cache(maxsize=2048)
def _kept(drawing: Callable[..., Markup], _language: str, values: tuple[Any, ...]) -> Markup:
    return drawing(*values)
