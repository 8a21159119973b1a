"""What a reader chose for reading: theme and language, kept in two cookies so that they hold before signing in."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Blueprint, Response, redirect, request

from app.kernel.access import public
from app.kernel.errors import Invalid
from app.kernel.i18n import LOCALE_COOKIE, LOCALES

THEME_COOKIE, THEMES = "theme", ("light", "dark")
ONE_YEAR = 365 * 24 * 3600  # seconds

bp = Blueprint("ui", __name__, template_folder="templates")


def chosen_theme() -> str | None:
    """`light` or `dark` when the reader chose one; None leaves it to their system."""
    theme = request.cookies.get(THEME_COOKIE)
    return theme if theme in THEMES else None


def page_path() -> str:
    """This page's path with its query, to come back to after changing theme or language."""
    return request.full_path.rstrip("?") if request.method == "GET" else "/"


@bp.post("/tampilan")
@public
def update_preferences() -> Response:
    """Set the theme, the language or both, then go back to the page the reader was on."""
    theme, language = request.form.get("theme"), request.form.get("lang")
    if (theme is None and language is None) or theme not in (None, "auto", *THEMES) or language not in (None, *LOCALES):
        raise Invalid
    response = redirect(_page_to_return_to(), 303)
    if theme == "auto":
        response.delete_cookie(THEME_COOKIE)
    elif theme:
        _keep(response, THEME_COOKIE, theme)
    if language:
        _keep(response, LOCALE_COOKIE, language)
    return response  # type: ignore[return-value]


def _keep(response, name: str, value: str) -> None:
    # Not HttpOnly: the page's own script changes the theme without a round trip. The value is one of a fixed few.
    response.set_cookie(name, value, max_age=ONE_YEAR, samesite="Lax", secure=request.is_secure)


def _page_to_return_to() -> str:
    """The path the form names, never another site."""
    target = request.form.get("next", "/")
    parts = urlsplit(target)
    ours = target.startswith("/") and not target.startswith(("//", "/\\")) and not parts.netloc and not parts.scheme
    return target if ours and target.isprintable() else "/"
