"""Plugs the feature into the application."""

from __future__ import annotations

import secrets

from flask import Flask

from app.assessment import jobs  # noqa: F401  imported for what it registers
from app.assessment.rendering import block_html, inline_html
from app.assessment.routes import bp


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)
    app.jinja_env.globals["new_start_key"] = lambda: secrets.token_urlsafe(12)
    app.jinja_env.filters["question_html"] = block_html
    app.jinja_env.filters["option_html"] = inline_html
