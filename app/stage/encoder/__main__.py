"""`python -m app.stage.encoder`: the live encoder as `make start` and systemd run it."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

from app.stage.encoder.saying import say
from app.stage.encoder.watching import TICK_SECONDS, AnotherEncoder, Encoder
from config import BadSettings, Settings

WAIT_FOR_OTHER_SECONDS = 0.5


def main() -> int:
    try:
        settings = Settings.from_environment()
    except BadSettings as bad:
        for fault in bad.faults:
            print(f"gurindam: {fault}", file=sys.stderr)
        return 2
    stopping: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _frame: stopping.append(number))
    encoder = _begin(settings.storage_root, stopping)
    if encoder is None:
        return 0
    while not stopping:
        encoder.tick()
        time.sleep(TICK_SECONDS)
    encoder.stop()
    return 0


def _begin(root: Path, stopping: list[int]) -> Encoder | None:
    """As soon as no other one is at work."""
    waits = False
    while not stopping:
        try:
            return Encoder(root)
        except AnotherEncoder:
            if not waits:
                say("live_encoder_waits", reason="another one is at work")
            waits = True
            time.sleep(WAIT_FOR_OTHER_SECONDS)
    return None


if __name__ == "__main__":
    sys.exit(main())
