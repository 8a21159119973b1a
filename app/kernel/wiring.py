"""Puts the ground under an application, in the order it needs."""

from __future__ import annotations

from typing import Literal

from flask import Flask
from flask_compress import Compress

from app.kernel import access, cli, db, health, http, i18n, logs, regulation, sockets, storage  # noqa: F401  regulation: for its table


def init_app(app: Flask, async_mode: Literal["threading", "gevent"]) -> None:
    settings = app.config["GURINDAM"]
    logs.configure(settings.log_format, settings.log_level)
    db.init_app(app)
    storage.init_app(app)
    i18n.init_app(app)
    app.config.update(COMPRESS_ALGORITHM=["zstd", "br", "gzip"], COMPRESS_BR_LEVEL=4, COMPRESS_ZSTD_LEVEL=1, COMPRESS_MIN_SIZE=800)
    Compress(app)
    logs.init_app(app)
    http.init_app(app)
    access.init_app(app)
    health.init_app(app)
    cli.init_app(app)
    sockets.init_app(app, async_mode)
    http.trust_proxies(app)
