"""Structured logs: one line an event, with the request's id, and never a NIP."""

from __future__ import annotations

import logging
import re
import sys
import time
from collections.abc import MutableMapping
from typing import Any
from uuid import uuid4

import structlog
from flask import Flask, Response, g, request

_NIP = re.compile(r"(?<!\d)\d{8}[ .]?\d{6}[ .]?\d[ .]?\d{3}(?!\d)")  # also as people write it: 19900517 201503 1 001
_ID = re.compile(r"[A-Za-z0-9_\-]{8,64}")
_quiet_endpoints = {"kernel.healthz", "kernel.readyz", "kernel.metrics", "static"}


def hide_nip(value: Any) -> Any:
    """The value without any NIP in it, however deep."""
    if isinstance(value, str):
        return _NIP.sub("[nip]", value)
    if isinstance(value, int) and not isinstance(value, bool):
        return "[nip]" if _NIP.fullmatch(str(value)) else value
    if isinstance(value, dict):
        return {hide_nip(key): hide_nip(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [hide_nip(inner) for inner in value]
    return value if value is None or isinstance(value, bool | float) else _NIP.sub("[nip]", str(value))


def _hide_nip(logger: Any, name: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {key: hide_nip(value) for key, value in entry.items()}


class _NoNip(logging.Formatter):
    """For what libraries log by themselves."""

    def format(self, record: logging.LogRecord) -> str:
        return hide_nip(super().format(record))


def configure(log_format: str, log_level: str) -> None:
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _hide_nip,
    ]
    renderer = structlog.processors.JSONRenderer() if log_format == "json" else structlog.dev.ConsoleRenderer(colors=False)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[log_level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_NoNip("%(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)


def init_app(app: Flask) -> None:
    log = structlog.get_logger()

    @app.before_request
    def _name_the_request() -> None:
        given = request.headers.get("X-Request-ID", "")
        g.request_id = given if _ID.fullmatch(given) else uuid4().hex
        g.started = time.perf_counter()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=g.request_id, route=request.url_rule.rule if request.url_rule else "")

    @app.after_request
    def _tell(response: Response) -> Response:
        if "request_id" in g:
            response.headers["X-Request-ID"] = g.request_id
            if request.endpoint not in _quiet_endpoints:
                log.info(
                    "request",
                    method=request.method,
                    route=request.url_rule.rule if request.url_rule else "",
                    status=response.status_code,
                    ms=round((time.perf_counter() - g.started) * 1000, 1),
                )
        return response
