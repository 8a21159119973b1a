"""Plug the look into the application: template globals, filters, the two preferences, and the component page in development."""

from __future__ import annotations

from typing import Any

from flask import Flask, get_flashed_messages
from jinja2 import Template

from app.kernel import templates
from app.ui import assets, figures, formats, frame, gallery, navigation, preferences


class _Template(Template):
    """A page imports some twenty components. All templates share the same globals, so an import never needs a module of its own."""

    def _get_default_module(self, ctx: Any = None) -> Any:
        return super()._get_default_module()


def init_app(app: Flask) -> None:
    app.jinja_env.template_class = _Template
    app.extensions["gurindam_assets"] = assets.Assets()
    app.extensions["gurindam_frames"] = frame.Frames()
    templates.fold(
        app,
        asset=assets.asset,
        style=assets.style,
        script=assets.script,
        plain_icon=assets.plain_icon,
        draw_icon=assets.draw_icon,
        font_address=assets.font_address,
    )
    templates.fold_import(app, "components/icon.html", "icon", assets.draw_icon)
    templates.fold_object(app, "site", app.config["GURINDAM"])
    app.jinja_env.globals.update(
        nav_items=navigation.nav_items,
        search_url=navigation.search_url,
        bell_url=navigation.bell_url,
        unread_count=navigation.unread_count,
        chosen_theme=preferences.chosen_theme,
        current_language=formats.current_language,
        figures=figures,
        flashes=_flashes,
        page_bar=frame.page_bar,
        page_nav=frame.page_nav,
        page_path=preferences.page_path,
    )
    app.jinja_env.tests["option_group"] = _is_option_group
    app.jinja_env.filters.update(formats.FILTERS)
    app.register_blueprint(preferences.bp)
    if app.config["GURINDAM"].environment != "production":
        app.register_blueprint(gallery.bp)


def _is_option_group(text: object) -> bool:
    """Whether the second half of a choice is a list of choices, rather than a text (plain or lazy)."""
    return isinstance(text, list | tuple)


def _flashes() -> list[tuple[str, str]]:
    return get_flashed_messages(with_categories=True)  # type: ignore[return-value]
