"""`make start` keeps its processes alive, and says so; what dies again and again ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from config import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
import start
from provision import Stop

pytestmark = pytest.mark.slow
SLEEPS, DIES = ("-c", "import time; time.sleep(600)"), ("-c", "import sys; sys.exit(7)")


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """One process that lives on and one that may be killed."""
    monkeypatch.setattr(start, "BIN", os.path.dirname(sys.executable))
    monkeypatch.setattr(start, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(start, "COMMANDS", {"web": SLEEPS, "encoder": SLEEPS})
    processes = {name: start.launch(*arguments) for name, arguments in start.COMMANDS.items()}
    yield processes
    start.stop(processes)


def test_what_is_killed_is_started_again_and_the_others_stay(kept: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    web, encoder, deaths = kept["web"], kept["encoder"], {}
    start.keep_alive(kept, deaths)
    assert (kept["web"], kept["encoder"], deaths) == (web, encoder, {})
    os.kill(encoder.pid, signal.SIGKILL)
    encoder.wait()
    start.keep_alive(kept, deaths)
    assert kept["web"] is web
    assert kept["encoder"] is not encoder
    assert kept["encoder"].poll() is None
    assert "The encoder process ended with code -9; starting it again." in capsys.readouterr().out


def test_what_dies_again_and_again_ends_it(kept: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    start.stop({"encoder": kept["encoder"]})
    monkeypatch.setattr(start, "COMMANDS", {"web": SLEEPS, "encoder": DIES})
    deaths: dict[str, list[float]] = {}
    for _death in range(start.MOST_DEATHS):
        start.keep_alive(kept, deaths)
        kept["encoder"].wait(20)
    with pytest.raises(Stop, match="The encoder process died 6 times within a minute, at last with code 7"):
        start.keep_alive(kept, deaths)


def test_deaths_of_long_ago_are_forgiven(kept: dict[str, Any]) -> None:
    kept["encoder"].kill()
    kept["encoder"].wait()
    deaths = {"encoder": [time.monotonic() - 61] * 20}
    start.keep_alive(kept, deaths)
    assert len(deaths["encoder"]) == 1


def test_the_commands_are_those_of_the_product() -> None:
    assert list(start.COMMANDS) == ["web", "worker", "encoder"]
