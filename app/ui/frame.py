"""The frame around every page of a signed-in person: bar, account menu, ways in.

It says the same on page after page, so it is drawn once for each content and kept; only the form token and the page to come back to are
put in anew.
"""

from __future__ import annotations

import secrets
from functools import lru_cache
from typing import Any

from flask import current_app
from flask_login import current_user
from markupsafe import Markup, escape

from app.kernel.cookies import form_token
from app.ui import navigation
from app.ui.formats import current_language
from app.ui.navigation import NavLink
from app.ui.preferences import chosen_theme, page_path

# Nobody can write these into a name: they differ in every process.
_TOKEN, _PATH = (f"~{secrets.token_hex(12)}~" for _ in range(2))


class _Reader:
    """What the template needs of the person, and nothing else that could differ."""

    def __init__(self, full_name: str, initials: str):
        self.full_name, self.initials = full_name, initials


class Frames:
    """The frames of one application that were drawn already."""

    def __init__(self) -> None:
        self.bar = lru_cache(maxsize=1024)(_draw_bar)
        self.nav = lru_cache(maxsize=256)(_draw_nav)


def _frames() -> Frames:
    return current_app.extensions["gurindam_frames"]


def page_bar() -> Markup:
    """The bar with search, bell and account menu."""
    bell = navigation.bell_url()
    kept = _frames().bar(
        tuple(navigation.nav_items("main")),
        tuple(navigation.nav_items("account")),
        navigation.search_url(),
        bell,
        navigation.unread_count() if bell else 0,
        current_user.full_name,
        current_user.initials,
        chosen_theme(),
        current_language(),
    )
    return Markup(kept.replace(_TOKEN, form_token()).replace(_PATH, str(escape(page_path()))))  # noqa: S704


def page_nav() -> Markup:
    """Tab bar or rail."""
    return _frames().nav(tuple(navigation.nav_items("main")), current_language())


def _draw_bar(
    ways: tuple[NavLink, ...],
    account: tuple[NavLink, ...],
    search: str | None,
    bell: str | None,
    unread: int,
    full_name: str,
    initials: str,
    theme: str | None,
    language: str,
) -> str:
    return str(_macros("layouts/_bar.html").bar(ways, account, search, bell, unread, _Reader(full_name, initials), _TOKEN, _PATH))


def _draw_nav(ways: tuple[NavLink, ...], language: str) -> Markup:
    return Markup(_macros("components/nav.html").main_nav(ways, ways[0].url if ways else "/"))  # noqa: S704


def _macros(template: str) -> Any:
    return current_app.jinja_env.get_template(template).module
