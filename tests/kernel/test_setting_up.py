"""When setting up cannot go on, the person reads one line that says why and what to do."""

from __future__ import annotations

import ast
import os
import shutil
import socket
import sys
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.kernel.errors import DiskFull
from app.kernel.storage import LEAST_FREE_BYTES
from config import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
import provision
import start

OLD = namedtuple("OLD", "major minor micro")(3, 9, 2)
FULL = "python3 -c 'print(1)' > /dev/full"


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a tool said is kept beside the test, not in the clone."""
    for module in (provision, start):
        monkeypatch.setattr(module, "ROOT", str(tmp_path))


@pytest.fixture
def nowhere() -> Iterator[str]:
    """The address of a package registry that nobody answers at."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # not listening: whoever connects is refused
        yield f"http://127.0.0.1:{closed.getsockname()[1]}/simple"


def told(act: object, *arguments: object) -> str:
    with pytest.raises(provision.Stop) as stop:
        act(*arguments)  # type: ignore[operator]
    assert "\n" not in str(stop.value)
    return str(stop.value)


def test_a_port_that_is_taken_names_the_next_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert told(start.require_port, "127.0.0.1", port) == f"Port {port} is in use. Choose another one: PORT={port + 1} make start"


@pytest.mark.parametrize("port", ["0", "65536", "-1", "delapan", "8000x"])
def test_a_port_that_is_none_is_told(monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    monkeypatch.setenv("PORT", port)
    assert told(start.address) == f"PORT must be a whole number from 1 to 65535, not {port!r}"


def test_an_old_python_is_told_which_one_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", OLD)
    assert told(provision.require_python).startswith("Gurindam needs Python 3.11 or newer; this is 3.9.")


@pytest.mark.parametrize("name", ["start", "provision", "prepared"])
def test_an_old_python_can_read_so_far_as_to_say_it(name: str) -> None:
    ast.parse((ROOT / "scripts" / f"{name}.py").read_text(encoding="utf-8"), feature_version=(3, 6))


def test_too_little_room_is_told_before_anything_is_fetched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(provision, "VENV", str(tmp_path / ".venv"))
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: namedtuple("Usage", "free")(1_200_000_000))
    assert told(provision.require_space) == f"Set-up needs 2.5 GB of free disk space; there is 1.2 GB in {tmp_path}"


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no /dev/full")
def test_a_disk_that_fills_on_the_way_is_told() -> None:
    assert told(provision.run, ["sh", "-c", FULL], "Installing Python packages") == "Installing Python packages failed: the disk is full."


@pytest.mark.parametrize(
    ("complaint", "begins", "ends"),
    [
        ("sqlite3.OperationalError: database or disk is full", "The disk with the data is too full (", "Make room and start again; what is there is kept."),
        (f"app.kernel.errors.DiskFull: {DiskFull.code}", "The disk with the data is too full (", "Make room and start again; what is there is kept."),
        ("alembic.util.exc.CommandError: Can't locate revision identified by '0099_future'", "This database belongs to a newer version", "(docs/operator.md)."),
        ("sqlalchemy.exc.DatabaseError: (sqlite3.DatabaseError) file is not a database", "The database file is damaged.", "until that is done."),
    ],
)
def test_what_is_wrong_with_the_data_is_told_in_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, complaint: str, begins: str, ends: str) -> None:
    flask = tmp_path / "flask"
    flask.write_text(f"#!/bin/sh\necho 'Traceback (most recent call last):' >&2\ncat >&2 <<'END'\n{complaint}\nEND\nexit 1\n")
    flask.chmod(0o755)
    monkeypatch.setattr(start, "BIN", str(tmp_path))
    said = told(start.flask, "db", "upgrade")
    assert (said.startswith(begins), said.endswith(ends)) == (True, True), said


def test_the_floor_of_free_space_that_is_told_is_the_one_that_holds() -> None:
    assert start.LEAST_FREE_MIB << 20 == LEAST_FREE_BYTES


@pytest.mark.slow
@pytest.mark.parametrize("tool", ["pip", "uv", "npm"])
def test_without_a_network_the_first_start_says_so(nowhere: str, tmp_path: Path, tool: str) -> None:
    """The tools themselves are asked, because it is their words that have to be understood."""
    asked = {
        "pip": [sys.executable, "-m", "pip", "download", "--retries", "0", "--disable-pip-version-check", "--index-url", nowhere, "flask==3.1.0"],
        "uv": [os.path.join(os.path.dirname(sys.executable), "uv"), "pip", "install", "--no-cache", "--target", str(tmp_path / "x"), "--index-url", nowhere, "flask==3.1.0"],
        "npm": [*provision.npm(), "view", "vite", "--registry", nowhere, "--fetch-retries", "0", "--cache", str(tmp_path / "cache")],
    }[tool]
    said = told(provision.run, asked, "Installing packages", provision.environment() | {"UV_HTTP_RETRIES": "0"})
    assert said == "Installing packages failed: no connection to the package registry. The first start needs the network once. (Details: build/setup.log)"
