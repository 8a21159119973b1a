"""The layers of proof, fastest first; stops at the first that fails. `fast` is `make check`, `all` is `make test`."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = ROOT / ".venv" / "bin"

FAST: list[tuple[str, list[str], dict[str, str]]] = [
    ("lint", [f"{BIN}/ruff", "check", "--quiet", "."], {}),
    ("layers", [f"{BIN}/lint-imports", "--no-cache"], {}),
    ("types", [f"{BIN}/pyright", "--warnings"], {}),
    ("types of the front end", ["npx", "--no-install", "tsc", "--noEmit"], {}),
    ("unit tests", [f"{BIN}/pytest", "-q", "-m", "unit", "-n", "2"], {}),
]
ALL = [
    *FAST,
    ("integration on SQLite, real ffmpeg", [f"{BIN}/pytest", "-q", "-m", "not unit and not e2e", "-n", "2"], {"GURINDAM_TEST_DATABASE": "sqlite"}),
    (
        "integration on PostgreSQL",
        [f"{BIN}/pytest", "-q", "-m", "not unit and not e2e and not ffmpeg and not sqlite_only", "-n", "2"],
        {"GURINDAM_TEST_DATABASE": "postgresql"},
    ),
    ("end to end in real browsers", [f"{BIN}/pytest", "-q", "-m", "e2e", "tests/e2e"], {}),
    ("the look in a real browser", [f"{BIN}/pytest", "-q", "-m", "e2e", "tests/ui"], {}),  # a process each: Playwright starts once in one
    ("the player in a real browser", [f"{BIN}/pytest", "-q", "-m", "e2e", "tests/media"], {}),
]


def main() -> int:
    sys.path.insert(0, str(ROOT / "scripts"))
    import provision

    for name, command, extra in ALL if sys.argv[1:] == ["all"] else FAST:
        print(f"== {name}", flush=True)
        started = time.monotonic()
        code = subprocess.run(command, cwd=ROOT, env=provision.environment() | extra, check=False).returncode
        print(f"== {name}: {'passed' if code == 0 else f'FAILED ({code})'} in {time.monotonic() - started:.0f} s", flush=True)
        if code != 0:
            return code
    return 0


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
