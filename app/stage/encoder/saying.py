"""What the encoder tells its operator: one JSON object in a line, as the other processes do."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime


def say(event: str, **facts: object) -> None:
    level = "warning" if event.endswith(("_failed", "_lowered")) else "info"
    line = {"event": event, "level": level, "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds"), **facts}
    print(json.dumps(line, ensure_ascii=False), file=sys.stderr, flush=True)
