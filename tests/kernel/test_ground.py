"""Storage, logs, clock, dated rules."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from app.kernel import clock
from app.kernel.db import UtcDateTime, transaction
from app.kernel.logs import _NoNip, hide_nip
from app.kernel.regulation import RegulatedValue, find_rule, get_rule
from app.kernel.storage import LocalStorage
from config import ROOT

# ---- storage ----

STRANGE_KEYS = ["", "/", "/etc/passwd", "..", "../x", "a/../b", "a//b", "a/", "./a", ".hidden", "a/.hidden", "a\\b", "a\x00b", "a b", "a\n", "a/b\n", "~/x", "C:/x", "é"]


@pytest.mark.parametrize("key", STRANGE_KEYS)
def test_a_key_that_is_none_is_refused_everywhere(tmp_path: Path, key: str) -> None:
    store = LocalStorage(tmp_path / "files")
    for act in (store.open, store.exists, store.size, store.delete, store.local_path, lambda k: store.put(k, io.BytesIO(b"x"))):
        with pytest.raises(ValueError, match="not a storage key"):
            act(key)


@given(st.text(max_size=40))
def test_no_key_leaves_the_folder(key: str) -> None:
    store = LocalStorage(Path("/nonexistent-root").with_name("tmp"))
    try:
        path = store.local_path(key)
    except ValueError:
        return
    assert path.resolve().is_relative_to(store.root)


def test_a_file_is_there_whole_or_not_at_all(tmp_path: Path) -> None:
    class Breaks(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 0:
                raise OSError("the line went dead")
            return super().read(1)

    store = LocalStorage(tmp_path)
    assert store.put("media/a.mp4", io.BytesIO(b"first")) == 5
    with pytest.raises(OSError, match="dead"):
        store.put("media/a.mp4", Breaks(b"second"))
    with store.open("media/a.mp4") as kept:
        assert kept.read() == b"first"
    assert [p.name for p in (tmp_path / "media").iterdir()] == ["a.mp4"]


def test_deleting_takes_a_file_or_a_folder_and_absence_is_fine(tmp_path: Path) -> None:
    store = LocalStorage(tmp_path)
    for key in ("media/a/1.m4s", "media/a/2.m4s", "media/b"):
        store.put(key, io.BytesIO(b"x"))
    store.delete("media/a")
    store.delete("media/a")
    assert not store.exists("media/a/1.m4s")
    assert store.exists("media/b")
    assert not store.exists("media")


# ---- logs ----

NIP = "199005172015031001"


@pytest.mark.parametrize("written", [NIP, f"NIP {NIP}.", "19900517 201503 1 001", "19900517.201503.1.001", f"/orang/{NIP}/x", int(NIP)])
def test_a_nip_is_hidden_however_it_is_written(written: object) -> None:
    hidden = str(hide_nip(written))
    assert "1990" not in hidden
    assert "[nip]" in hidden


@pytest.mark.parametrize("written", [True, None, 1.5, 42, "2026-11-23T19:20:54.000Z", "1234567890123456789", "abc"])
def test_other_values_stay(written: object) -> None:
    assert hide_nip(written) == written


def test_a_nip_is_hidden_however_deep() -> None:
    assert NIP not in str(hide_nip({"a": [{"b": (NIP,)}], NIP: ValueError(NIP)}))


def test_what_libraries_log_is_hidden_too() -> None:
    record = logging.LogRecord("lib", logging.WARNING, "x", 1, "row %s", (NIP,), None)
    assert _NoNip("%(message)s").format(record) == "row [nip]"


def test_a_whole_process_prints_no_nip(tmp_path: Path) -> None:
    """Traceback, bound value, library log: all through the real configuration."""
    program = f"""
import logging, structlog
from app.kernel.logs import configure
configure("json", "info")
log = structlog.get_logger()
structlog.contextvars.bind_contextvars(request_id="r-1")
try:
    raise ValueError("nip {NIP} is taken")
except ValueError:
    log.exception("fault", person="{NIP}")
logging.getLogger("lib").error("bad row: %s", "{NIP}")
try:
    int("{NIP} ")/0
except ZeroDivisionError:
    logging.getLogger("lib").exception("boom {NIP}")
"""
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert NIP not in done.stdout + done.stderr
    first = json.loads(done.stderr.splitlines()[0])
    assert (first["event"], first["request_id"], first["person"]) == ("fault", "r-1", "[nip]")
    assert "ValueError: nip [nip] is taken" in first["exception"]


# ---- clock ----


def test_half_past_six_in_the_evening_utc_is_tomorrow_in_tanjungpinang(app: Flask) -> None:
    assert clock.local_day(datetime(2026, 11, 23, 18, 30, tzinfo=UTC)) == date(2026, 11, 24)
    assert clock.local_day(datetime(2026, 11, 23, 16, 59, tzinfo=UTC)) == date(2026, 11, 23)


def test_a_moment_without_a_zone_is_refused(app: Flask) -> None:
    with pytest.raises(ValueError, match="time zone"):
        UtcDateTime().process_bind_param(datetime(2026, 11, 23), None)  # noqa: DTZ001


# ---- dated rules ----


@pytest.fixture
def daily_cap(app: Flask) -> None:
    with transaction() as session:
        for value, first, last in ((6, date(2018, 1, 1), date(2025, 12, 31)), (8, date(2026, 1, 1), None)):
            session.add(RegulatedValue(key="proof.cap", value=value, legal_basis="-", certainty="VERIFIED", valid_from=first, valid_to=last))


@pytest.mark.usefixtures("daily_cap")
@pytest.mark.parametrize(
    ("on", "value"),
    [(date(2018, 1, 1), 6), (date(2025, 12, 31), 6), (date(2026, 1, 1), 8), (date(2040, 6, 1), 8), (date(2017, 12, 31), None)],
)
def test_a_rule_holds_from_its_first_to_its_last_day(on: date, value: int | None) -> None:
    rule = find_rule("proof.cap", on)
    assert (rule.value if rule else None) == value


@pytest.mark.usefixtures("daily_cap")
def test_a_missing_rule_is_a_fault_of_the_installation() -> None:
    with pytest.raises(LookupError, match=r"proof\.cap"):
        get_rule("proof.cap", date(2010, 1, 1))
    with pytest.raises(LookupError):
        get_rule("proof.other", date(2026, 1, 1))


def test_a_newer_rule_wins_over_one_that_was_never_closed(app: Flask, daily_cap: None, at: Callable[..., None]) -> None:
    with transaction() as session:
        session.add(RegulatedValue(key="proof.cap", value=10, legal_basis="-", certainty="UNVERIFIED", valid_from=date(2027, 1, 1), valid_to=None))
    assert get_rule("proof.cap", date(2026, 12, 31)).value == 8
    assert get_rule("proof.cap", date(2027, 1, 1)).value == 10
