"""What people and programs may send: how large it may be, into how many fields it may fall, and which signs it may hold.

One loop serves everybody, and reading a form or JSON cannot be interrupted: so a body is weighed before anything of it is read.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import IO, Any, TypeVar
from urllib.parse import parse_qsl

from flask import Request, current_app
from flask.json.provider import DefaultJSONProvider
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

LARGEST_UPLOAD = 25 * 1024 * 1024  # a form with a file in it
LARGEST_TEXT = 256 * 1024  # a form without one, or JSON, unless its view says `takes`
MOST_FIELDS = 2000
LONGEST_NUMBER = 100  # digits
_FORM = "application/x-www-form-urlencoded"

View = TypeVar("View", bound=Callable[..., Any])


def takes(most_bytes: int) -> Callable[[View], View]:
    """Mark a door at which something larger, or only something smaller, than usual is handed in."""

    def mark(view: View) -> View:
        view.most_bytes = most_bytes  # type: ignore[attr-defined]
        return view

    return mark


class BoundedForm(FormDataParser):
    """Forms of a bounded number of fields. NUL stands in no text that a person types, and PostgreSQL cannot keep it."""

    def parse(
        self, stream: IO[bytes], mimetype: str, content_length: int | None, options: dict[str, str] | None = None
    ) -> tuple[IO[bytes], Any, Any]:
        if mimetype == _FORM:
            sent = stream.read()
            if sent.count(b"&") >= (self.max_form_parts or MOST_FIELDS):
                raise RequestEntityTooLarge
            if content_length is None and len(sent) >= (self.max_content_length or LARGEST_TEXT):
                raise RequestEntityTooLarge  # cut off there
            fields = parse_qsl(sent.decode(errors="replace"), keep_blank_values=True, errors="replace")
            form, files = self.cls(fields), self.cls()
        else:
            stream, form, files = super().parse(stream, mimetype, content_length, options)
        if any("\0" in text for name, values in form.lists() for text in (name, *values)):
            raise BadRequest
        return stream, form, files


class BoundedRequest(Request):
    """A request that is refused with 413 before it is read when it says that it is too large, and as soon as it has become so."""

    form_data_parser_class = BoundedForm

    @property
    def max_content_length(self) -> int | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        if (declared := getattr(current_app.view_functions.get(self.endpoint or ""), "most_bytes", None)) is not None:
            return declared
        return LARGEST_TEXT if self.mimetype == _FORM or self.is_json else LARGEST_UPLOAD


_DOUBTFUL = re.compile(r"\\u(?:[dD][89a-fA-F]|0000)")
_UNKEEPABLE = re.compile(
    r"\\(?<!\\\\)((?:\\\\)*+)"  # an odd number of backslashes begins an escape
    r"(?:(u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})|u(?:[dD][89a-fA-F][0-9a-fA-F]{2}|0000))"
)


def _mend(text: str) -> str:
    """JSON in which U+FFFD stands for what can be neither kept nor sent: half a sign (a surrogate without its other half: text that was cut
    within an emoji), and NUL."""
    if not _DOUBTFUL.search(text):
        return text
    return _UNKEEPABLE.sub(lambda found: found[0] if found[2] else found[1] + "\\ufffd", text)


def read_json(sent: str | bytes, **options: Any) -> Any:
    """What JSON says. Raises ValueError for what is none, and for what is nested deeper than Python reads."""
    text = sent if isinstance(sent, str) else sent.decode(json.detect_encoding(sent))
    try:
        return json.loads(_mend(text), **options)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


class BoundedJson(DefaultJSONProvider):
    """JSON nested deeper than Python reads is malformed JSON, not a fault of ours."""

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        return read_json(s, **kwargs)


class PacketJson:
    """The same for Socket.IO. A number is shorter than one that takes long to read."""

    dumps = staticmethod(json.dumps)

    @staticmethod
    def loads(sent: str | bytes, **options: Any) -> Any:
        return read_json(sent, **({"parse_int": _whole_number} | options))


def _whole_number(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise ValueError("a number is too long")
    return int(digits)
