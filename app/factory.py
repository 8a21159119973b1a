"""The one file that knows every feature."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, Literal

from flask import Flask
from whitenoise import WhiteNoise

from app.kernel import wiring as kernel
from app.kernel.db import engine_options
from app.kernel.http import with_security_headers
from app.media.sending import MediaFiles
from config import ROOT, Settings

# From the ground up; docs/architecture.md draws it, import-linter holds it.
FEATURES = (
    *("ui", "people", "notifications", "media", "assessment", "courses", "learning", "interchange", "library"),
    *("webinars", "room", "stage", "attendance", "recordings", "home", "demo"),
)
DIST = ROOT / "app" / "ui" / "static" / "dist"


class _PlainFlask(Flask):
    """No view or hook of ours is a coroutine; Flask would look at each of some fifteen functions of a request to find that out."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func


def create_app(settings: Settings, async_mode: Literal["threading", "gevent"] = "threading") -> Flask:
    """The whole product for one installation."""
    app = _PlainFlask("app", root_path=str(ROOT / "app"), static_folder="ui/static", instance_path=str(settings.instance_path))
    app.config.update(
        GURINDAM=settings,
        TESTING=settings.environment == "test",
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database_url),
    )
    kernel.init_app(app, async_mode)
    for feature in FEATURES:
        import_module(f"app.{feature}.wiring").init_app(app)
    if DIST.is_dir():
        app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]
            app.wsgi_app,
            root=str(DIST),
            prefix="static/dist/",
            max_age=31536000,
            immutable_file_test=lambda path, url: True,
            allow_all_origins=False,
        )
    app.wsgi_app = MediaFiles(app, app.wsgi_app)  # type: ignore[method-assign]
    app.wsgi_app = with_security_headers(app.wsgi_app, settings.secure_cookies)  # type: ignore[method-assign]
    return app
