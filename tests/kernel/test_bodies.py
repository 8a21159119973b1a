"""What is sent to us is weighed before it is read: size, number of fields, depth, and signs that can be neither kept nor sent."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from itertools import product
from time import perf_counter
from typing import Any

import pytest
from flask import Flask, request
from flask.testing import FlaskClient

from app.kernel import bodies
from app.kernel.access import public
from app.kernel.bodies import LARGEST_TEXT, MOST_FIELDS, PacketJson, read_json, takes
from app.kernel.http import LAST_PAGE, page_asked
from app.kernel.sockets import socketio
from tests.people.factories import make_user, sign_in

FORM = "application/x-www-form-urlencoded"
AS_JSON = {"Accept": "application/json"}


@pytest.fixture
def door(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`door(view)` puts another view behind `POST /masuk` for the time of the test."""
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", False)
    return lambda view: monkeypatch.setitem(app.view_functions, "people.sign_in", public(view))


class Unread(io.BytesIO):
    """A body that nobody may look at."""

    def read(self, *_size: Any) -> bytes:
        raise AssertionError("the body was read")

    readline = readinto = readinto1 = read1 = readlines = read  # type: ignore[assignment]


def unread(length: int, content_type: str) -> dict[str, Any]:
    return {"input_stream": Unread(b"a" * length), "content_type": content_type, "headers": AS_JSON}


# ---- forms ----


def test_a_form_of_countless_fields_is_refused_before_it_is_taken_apart(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_arguments: Any, **_options: Any) -> Any:
        raise AssertionError("the form was taken apart")

    monkeypatch.setattr("app.kernel.bodies.parse_qsl", never)
    assert client.post("/masuk", data=b"a&" * MOST_FIELDS, content_type=FORM).status_code == 413
    assert client.post("/tidak-ada", data=b"a&" * MOST_FIELDS, content_type=FORM).status_code == 404


def test_a_form_of_as_many_fields_as_may_be_is_read(client: FlaskClient, door: Any) -> None:
    door(lambda: str(len(request.form)))
    body = "&".join(f"f{n}=1" for n in range(MOST_FIELDS))
    assert client.post("/masuk", data=body, content_type=FORM).text == str(MOST_FIELDS)


@pytest.mark.parametrize("content_type", [FORM, "application/json", "application/ld+json"])
def test_what_says_that_it_is_too_large_is_refused_unread(client: FlaskClient, door: Any, content_type: str) -> None:
    door(lambda: str(len(request.form) or len(request.get_json())))
    assert client.post("/masuk", **unread(LARGEST_TEXT + 1, content_type)).status_code == 413


@pytest.mark.parametrize(("content_type", "status"), [(FORM, 413), ("application/json", 400)])
def test_what_does_not_say_how_large_it_is_is_read_no_further_than_the_limit(
    client: FlaskClient, door: Any, content_type: str, status: int
) -> None:
    door(lambda: str(len(request.form) or len(request.get_json())))
    body = io.BytesIO(b'"' + b"a" * 10 * LARGEST_TEXT + b'"')
    sent = {"input_stream": body, "content_type": content_type, "environ_overrides": {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}, "headers": AS_JSON}
    assert client.post("/masuk", **sent).status_code == status  # type: ignore[arg-type]
    assert body.tell() < 2 * LARGEST_TEXT


def test_a_door_may_take_more_or_less(client: FlaskClient, door: Any) -> None:
    door(takes(10)(lambda: str(len(request.form))))
    assert client.post("/masuk", **unread(11, FORM)).status_code == 413
    assert client.post("/masuk", data="a=1", content_type=FORM).text == "1"
    door(takes(2 * LARGEST_TEXT)(lambda: str(len(request.get_json()))))
    assert client.post("/masuk", json="a" * LARGEST_TEXT).text == str(LARGEST_TEXT)


def test_the_fields_of_a_form_with_a_file_are_bounded_too(client: FlaskClient, door: Any) -> None:
    door(lambda: str(len(request.form)))
    assert client.post("/masuk", data={"a": "b" * (LARGEST_TEXT + 1), "file": (io.BytesIO(b"x"), "x.txt")}).status_code == 413


# ---- NUL ----


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/webinar/a%00b", 404),
        ("/kursus/%00", 404),
        ("/narasumber/a%00", 404),
        ("/tidak-ada/%00", 404),
        ("/webinar?x=%00", 400),
        ("/katalog?kompetensi=a%00b", 400),
        ("/katalog?%00=1", 400),
        ("/katalog?kompetensi=%2500", 200),
    ],
)
def test_nul_stands_in_no_address(client: FlaskClient, address: str, status: int) -> None:
    assert client.get(address).status_code == status


@pytest.mark.parametrize("data", [{"identifier": "a\0b", "password": "x"}, {"identifier\0": "a"}])
@pytest.mark.parametrize("content_type", [FORM, "multipart/form-data"])
def test_nul_stands_in_no_form(client: FlaskClient, data: dict[str, str], content_type: str) -> None:
    assert client.post("/masuk", data=data, content_type=content_type).status_code == 400


def test_nul_in_the_name_of_a_browser_does_not_keep_anybody_out(client: FlaskClient, app: Flask) -> None:
    user = make_user()
    client.environ_base["HTTP_USER_AGENT"] = "Peramban\0 1.0"
    assert sign_in(client, user).get("/profil").status_code == 200


# ---- pages of lists ----


@pytest.mark.parametrize("asked", ["99999999999999999999", "9" * 5000, "-1", "0", "x", ""])
def test_a_page_that_no_list_has_is_no_fault(app: Flask, asked: str) -> None:

    with app.test_request_context(f"/?page={asked}&halaman=7"):
        assert 1 <= page_asked() <= LAST_PAGE
        assert page_asked("halaman") == 7


# ---- JSON ----


@pytest.mark.parametrize(
    ("sent", "found"),
    [
        (r'"\ud83d\ude00"', "😀"),
        (r'"a\ud83d"', "a\ufffd"),
        (r'"\ude00b"', "\ufffdb"),
        (r'"\ud83d\ud83d\ude00"', "\ufffd😀"),
        (r'"\\ud83d"', r"\ud83d"),
        (r'"\\\ud83d"', "\\\ufffd"),
        (r'"\\ud83d\ude00"', "\\ud83d\ufffd"),
        (r'"\u0000"', "\ufffd"),
        (r'"\\u0000"', r"\u0000"),
        (r'{"\uD83D": ["\uDE00"]}', {"\ufffd": ["\ufffd"]}),
        ('"\u00e9"'.encode(), "é"),
        ('"\u00e9"'.encode("utf-16"), "é"),
    ],
)
def test_half_a_sign_and_nul_become_the_sign_for_what_cannot_be_shown(sent: str | bytes, found: Any) -> None:
    assert read_json(sent) == found


def test_whatever_is_said_can_be_kept() -> None:
    for parts in product(["\\", "\ud83d", "\ude00", "\0", "u", "d83d", "0000", '"', "😀"], repeat=4):
        text = "".join(parts)
        whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\0", "\ufffd")
        assert read_json(json.dumps([text])) == [whole]


@pytest.mark.parametrize("sent", ["[" * 400_000, '{"a":' * 400_000, b'"\xed\xa0\xbd"', b'"\xff"', "", '"\0"'])
def test_what_is_no_json_is_a_value_error(sent: str | bytes) -> None:
    for loads in (read_json, PacketJson.loads):
        with pytest.raises(ValueError):  # noqa: PT011
            loads(sent)


def test_a_packets_numbers_are_bounded() -> None:
    assert PacketJson.loads("[1, 2.5]") == [1, 2.5]
    with pytest.raises(ValueError, match="too long"):
        PacketJson.loads("1" * (bodies.LONGEST_NUMBER + 1))


@pytest.mark.parametrize("unit", ["\\\\", "\\u0000", "\\ud83d", "\\ud83d\\ude00", "\\\\u0000"])
def test_mending_a_long_text_does_not_go_back_and_forth(unit: str) -> None:
    """Looked through once: a hundred times the text costs about a hundred times as much, not ten thousand times."""

    def seconds(size: int) -> float:
        text = '"' + unit * (size // len(unit)) + '\\u0000"'
        begun = perf_counter()
        bodies._mend(text)
        return perf_counter() - begun

    small, large = (min(seconds(size) for _ in range(3)) for size in (5_000, 500_000))
    assert large < 1000 * max(small, 1e-3)


# ---- Socket.IO ----


@pytest.fixture
def told(app: Flask) -> Iterator[list[logging.LogRecord]]:
    """What the library logs."""
    records: list[logging.LogRecord] = []
    handler = logging.Handler()
    handler.emit = records.append  # type: ignore[method-assign]
    logging.getLogger("engineio.server").addHandler(handler)
    yield records
    logging.getLogger("engineio.server").removeHandler(handler)


@pytest.mark.parametrize("message", ["2/room," + "[" * 400_000, "0/room," + '{"a":' * 300_000, "2/room,[1" + "1" * 500 + "]", "2/room,[x"])
def test_a_message_that_cannot_be_read_costs_one_line_in_the_log(told: list[logging.LogRecord], message: str) -> None:
    socketio.server.eio._trigger_event("message", "somebody", message)  # type: ignore[union-attr]
    assert len(told) == 1
    line = logging.Formatter().format(told[0])
    assert "\n" not in line
    assert len(line) < 200

