"""The layers of proof, fastest first. `fast` is `make check`, `all` is `make test`.

A developer is told of the first layer that fails; continuous integration (CI=true) runs them all, so that one run says everything.
The tests drive real servers and browsers on machines that others use at the same time. So what failed is run once more, alone: a test
that fails twice fails the layer; one that passes then is listed at the end as unsteady, to be mended, and never passed over in silence.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BIN = ROOT / ".venv" / "bin"
CACHES = ROOT / "build" / "pytest"
MOST_RUN_AGAIN = 12  # more than that is no unsteadiness

FAST: list[tuple[str, list[str], dict[str, str]]] = [
    ("lint", [f"{BIN}/ruff", "check", "--quiet", "."], {}),
    ("layers", [f"{BIN}/lint-imports", "--no-cache"], {}),
    ("types", [f"{BIN}/pyright", "--warnings"], {}),
    ("types of the front end", ["npx", "--no-install", "tsc", "--noEmit"], {}),
    ("unit tests", [f"{BIN}/pytest", "-q", "-m", "unit", "-n", "2"], {}),
]
ALL = [
    *FAST,
    ("integration on SQLite, real ffmpeg", [f"{BIN}/pytest", "-q", "-m", "not unit and not e2e", "-n", "3"], {"GURINDAM_TEST_DATABASE": "sqlite"}),
    (
        "integration on PostgreSQL",
        [f"{BIN}/pytest", "-q", "-m", "not unit and not e2e and not ffmpeg and not sqlite_only", "-n", "3"],
        {"GURINDAM_TEST_DATABASE": "postgresql"},
    ),
    ("end to end in real browsers", [f"{BIN}/pytest", "-q", "-m", "e2e", "tests/e2e"], {}),
    ("the look in a real browser", [f"{BIN}/pytest", "-q", "-m", "e2e", "tests/ui"], {}),  # a process each: Playwright starts once in one
    ("the player in a real browser", [f"{BIN}/pytest", "-q", "-m", "e2e", "tests/media"], {}),
]


def main() -> int:
    sys.path.insert(0, str(ROOT / "scripts"))
    import provision

    everything = sys.argv[1:] == ["all"]
    failed: list[str] = []
    unsteady: list[str] = []
    for number, (name, command, extra) in enumerate(ALL if everything else FAST):
        print(f"== {name}", flush=True)
        started = time.monotonic()
        env = provision.environment() | extra
        if command[0].endswith("/pytest"):
            code = run_tests(command, env, CACHES / str(number), unsteady)
        else:
            code = subprocess.run(command, cwd=ROOT, env=env, check=False).returncode
        print(f"== {name}: {'passed' if code == 0 else f'FAILED ({code})'} in {time.monotonic() - started:.0f} s", flush=True)
        if code != 0:
            failed.append(name)
            if not (everything and os.environ.get("CI")):
                break
    for test in unsteady:
        print(f"== unsteady, passed only when run again alone: {test}", flush=True)
    for name in failed:
        print(f"== FAILED: {name}", flush=True)
    return 1 if failed else 0


def run_tests(command: list[str], env: dict[str, str], cache: Path, unsteady: list[str]) -> int:
    """pytest's exit code, after the second chance of the few that failed; those that took it are added to `unsteady`."""
    shutil.rmtree(cache, ignore_errors=True)
    command = [*command, "-o", f"cache_dir={cache}"]
    code = subprocess.run(command, cwd=ROOT, env=env, check=False).returncode
    again = failed_tests(cache)
    if code != 1 or not 0 < len(again) <= MOST_RUN_AGAIN:
        return code
    print(f"== once more, alone: {', '.join(again)}", flush=True)
    code = subprocess.run([*command, "--last-failed", "--last-failed-no-failures", "none", "-n", "0"], cwd=ROOT, env=env, check=False).returncode
    if code == 0:
        unsteady.extend(again)
    return code


def failed_tests(cache: Path) -> list[str]:
    try:
        return sorted(json.loads((cache / "v" / "cache" / "lastfailed").read_text()))
    except OSError:
        return []


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
