"""The small layer in front of Flask that sends media files: it opens the address, and the file goes out as it lies on the disk.

It answers GET and HEAD of `/media/<token>/<path>`: one range or the whole file (several ranges at once are answered with the whole file,
as RFC 9110 section 14.2 allows), conditions, and how long a browser may keep what it got. Captions are rows and stay with Flask.
With `MEDIA_ACCEL` set, it only checks the address and leaves the bytes to nginx (deploy/nginx/media.conf). Of what is live nginx asks once a minute
which folder an address opens (`X-Gurindam-Asks`, deploy/nginx/gurindam.conf): then a thousand viewers cost as much here as one.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from stat import S_ISREG
from typing import Any
from uuid import uuid4

import structlog
from flask import Flask
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from werkzeug.datastructures import Headers
from werkzeug.http import http_date, is_resource_modified, parse_range_header

from app.kernel.file_body import FileBody
from app.kernel.outage import tell_outage
from app.media import delivery

ADDRESS = re.compile(r"/media/(\.?[A-Za-z0-9_\-]+\.[A-Za-z0-9_\-.]+)/((?!captions/).+)")
REFUSED = {403: "403 Forbidden", 404: "404 Not Found", 410: "410 Gone", 416: "416 Range Not Satisfiable", 503: "503 Service Unavailable"}
ASKED_AGAIN_SECONDS = 60
SAFE_BESIDE_OUR_PAGES = (
    ("Content-Security-Policy", "default-src 'none'; sandbox"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("X-Content-Type-Options", "nosniff"),
)

log = structlog.get_logger()
Wsgi = Callable[..., Iterable[bytes]]


class _Refused(Exception):
    """Answered with a status and no page: players ask here, people do not."""

    def __init__(self, status: int, **headers: str):
        self.status, self.headers = status, headers


class MediaFiles:
    """Around the application: answers what is a media file, passes on everything else."""

    def __init__(self, app: Flask, inner: Wsgi):
        self.app, self.inner = app, inner
        self.handed_over_to = app.config["GURINDAM"].media_accel

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        asked = ADDRESS.fullmatch(environ.get("PATH_INFO", "")) if environ["REQUEST_METHOD"] in ("GET", "HEAD") else None
        if asked is None:
            return self.inner(environ, start_response)
        started = time.perf_counter()
        headers = Headers(SAFE_BESIDE_OUR_PAGES)
        body: Iterable[bytes] = ()
        try:
            if self.handed_over_to and "HTTP_X_GURINDAM_ASKS" in environ:
                status, body = self._which_stream(environ, asked[1], headers)
            else:
                status, body = self._answer(environ, asked[1], asked[2], headers)
        except _Refused as refused:
            status = REFUSED[refused.status]
            headers.update({"Cache-Control": "no-store", "Content-Length": "0", **refused.headers})
        self._tell(environ, headers, status, started)
        start_response(status, headers.to_wsgi_list())
        return body

    def _opened(self, environ: dict[str, Any], token: str) -> tuple[delivery.Right, delivery.Place | None]:
        try:
            right = delivery.open_address(self.app, token, environ.get("HTTP_COOKIE", ""))
            return right, delivery.place_of(self.app, right)
        except delivery.Expired:
            raise _Refused(410) from None
        except delivery.Forged:
            raise _Refused(404) from None
        except (OperationalError, NoConnectionFree) as error:
            with self.app.app_context():
                tell_outage(error)
            raise _Refused(503, **{"Retry-After": "5"}) from error

    def _which_stream(self, environ: dict[str, Any], token: str, headers: Headers) -> tuple[str, Iterable[bytes]]:
        """For nginx, which knows yes and no (`auth_request`): the folder that an address of a stream opens, and how long that holds."""
        try:
            right, place = self._opened(environ, token)
        except _Refused as refused:  # of an address whose time is over nginx has an answer, which this one takes the place of
            raise _Refused(403, **({"Cache-Control": f"max-age={ASKED_AGAIN_SECONDS}"} if refused.status == 410 else {})) from None
        if place is None or not right.stream:
            raise _Refused(403)
        headers["X-Gurindam-Stream"] = place.folder
        headers["X-Accel-Expires"] = str(min(ASKED_AGAIN_SECONDS, right.seconds_left))
        headers["Content-Length"] = "0"
        return "200 OK", ()

    def _answer(self, environ: dict[str, Any], token: str, path: str, headers: Headers) -> tuple[str, Iterable[bytes]]:
        right, place = self._opened(environ, token)
        content_type = delivery.CONTENT_TYPES.get(path.rpartition(".")[2])
        key = place and (place.original if path == delivery.ORIGINAL else f"{place.folder}/{path}")
        if content_type is None or not key or not right.opens(path):
            raise _Refused(404)
        file = self._open(key)
        found = os.fstat(file.fileno())
        headers["Content-Type"] = content_type
        headers["Cache-Control"] = _how_long(file, found.st_size, path, right)
        if path == delivery.ORIGINAL and place:
            headers.set("Content-Disposition", "attachment", filename=Path(place.name).with_suffix(".pdf").name)
        if self.handed_over_to:
            file.close()
            headers.update({"X-Accel-Redirect": f"{self.handed_over_to}/{key}", "Content-Length": "0"})
            return "200 OK", ()
        return _file_or_part(environ, file, found, headers)

    def _open(self, key: str) -> FileIO:
        """A regular file of the storage, not yet read."""
        try:
            file = FileIO(self.app.extensions["gurindam_storage"].local_path(key))
        except (ValueError, OSError):
            raise _Refused(404) from None
        if not S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise _Refused(404)
        return file

    def _tell(self, environ: dict[str, Any], headers: Headers, status: str, started: float) -> None:
        """The same line in the log as for every other request."""
        headers["X-Request-ID"] = request_id = uuid4().hex
        took = round((time.perf_counter() - started) * 1000, 1)
        log.info("request", request_id=request_id, method=environ["REQUEST_METHOD"], route="/media/<token>/<path>", status=int(status[:3]), ms=took)


def _file_or_part(environ: dict[str, Any], file: FileIO, found: os.stat_result, headers: Headers) -> tuple[str, Iterable[bytes]]:
    """What HTTP's conditions and ranges ask for."""
    changed = datetime.fromtimestamp(int(found.st_mtime), UTC)
    tag = f'"{found.st_mtime_ns:x}-{found.st_size:x}"'
    headers.update({"ETag": tag, "Last-Modified": http_date(changed), "Accept-Ranges": "bytes"})
    if ("HTTP_IF_NONE_MATCH" in environ or "HTTP_IF_MODIFIED_SINCE" in environ) and not is_resource_modified(environ, tag, None, changed):
        file.close()
        del headers["Content-Type"]
        return "304 Not Modified", ()
    begin, end, status = 0, found.st_size, "200 OK"
    if "HTTP_RANGE" in environ and ("HTTP_IF_RANGE" not in environ or not is_resource_modified(environ, tag, None, changed, ignore_if_range=False)):
        wanted = parse_range_header(environ["HTTP_RANGE"])
        if wanted is not None and wanted.units == "bytes" and len(wanted.ranges) == 1:
            part = wanted.range_for_length(found.st_size)
            if part is None:
                file.close()
                raise _Refused(416, **{"Content-Range": f"bytes */{found.st_size}"})
            begin, end = part
            status = "206 Partial Content"
            headers["Content-Range"] = f"bytes {begin}-{end - 1}/{found.st_size}"
    headers["Content-Length"] = str(end - begin)
    if environ["REQUEST_METHOD"] == "HEAD":
        file.close()
        return status, ()
    return status, FileBody(file, begin, end - begin)


def _how_long(file: FileIO, size: int, path: str, right: delivery.Right) -> str:
    """Files never change, so a browser keeps them as long as their address works; only a playlist may still grow while its video is made.
    A stream is the same for all who have its address, and its playlists change every second."""
    if right.stream:
        return "public, max-age=1" if path.endswith(".m3u8") else f"public, max-age={right.seconds_left}, immutable"
    if path.endswith(".m3u8") and b"#EXT-X-ENDLIST" not in os.pread(file.fileno(), 64, max(0, size - 64)):
        return "private, no-cache"
    return f"private, max-age={right.seconds_left}, immutable"
