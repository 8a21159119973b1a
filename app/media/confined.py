"""Starts programs that read hostile files: limited in memory, time and size, without a network where the system allows to take it away,
gently scheduled, and gone when the worker is gone.

Two faces. Imported, it gives `command()` and `run()`. Run as a script, it is the first step of the child: it sets the limits on itself
and then becomes the real program, so that nothing has to happen between fork and exec in a process with threads.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

MIB = 1024 * 1024
LOOK_EVERY_SECONDS = 0.5
_NEW_NETWORK, _NEW_USERS = 0x40000000, 0x10000000  # unshare(2)
_DIE_WITH_PARENT, _NO_NEW_PRIVILEGES = 1, 38  # prctl(2)


@dataclass(frozen=True, slots=True)
class Limits:
    """What a child may use. `seconds` is processor time, `file_bytes` the largest file it may write."""

    memory_bytes: int = 1024 * MIB
    seconds: int = 60
    file_bytes: int = 0
    open_files: int = 64
    niceness: int = 10


class OutOfBounds(Exception):
    """The child used more than its limits allow, or took too long."""


class Ended(OutOfBounds):
    """A signal ended the child: a limit, or somebody who needed the memory. It may go better next time."""


def command(program: Sequence[str], limits: Limits) -> list[str]:
    """The argument list that starts `program` under `limits`."""
    return [sys.executable, "-I", str(Path(__file__).resolve()), json.dumps(asdict(limits) | {"parent": os.getpid()}), *program]


def environment(folder: Path | None = None) -> dict[str, str]:
    """What a child gets to know: nothing of ours."""
    kept = {"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C.UTF-8"}
    if "LD_LIBRARY_PATH" in os.environ:  # where this Python finds its own library, on some machines
        kept["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
    return kept | {"TMPDIR": str(folder), "HOME": str(folder)} if folder else kept


def run_reader(
    script: Path, arguments: Sequence[str], limits: Limits, timeout: float, look: Callable[[], None] | None = None
) -> dict[str, object]:
    """Run one of our reading scripts and return the JSON object it prints. `look` is called about twice a second; what it raises ends the
    script. Raises OutOfBounds when it died or took too long.
    """
    program = [sys.executable, "-I", str(script), *arguments]
    child = subprocess.Popen(
        command(program, limits), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(), stdin=subprocess.DEVNULL
    )
    with child:
        try:
            said, complaints = _outcome(child, timeout, look)
        except BaseException:
            child.kill()
            raise
    try:
        answer = json.loads(said.decode("utf-8", "replace").strip().splitlines()[-1])
    except (ValueError, IndexError) as error:
        kind = Ended if child.returncode < 0 else OutOfBounds
        raise kind(f"ended with {child.returncode}: {complaints.decode('utf-8', 'replace')[-300:]}") from error
    return answer


def _outcome(child: subprocess.Popen[bytes], timeout: float, look: Callable[[], None] | None) -> tuple[bytes, bytes]:
    give_up = time.monotonic() + timeout
    while True:
        try:
            return child.communicate(timeout=LOOK_EVERY_SECONDS)
        except subprocess.TimeoutExpired as error:
            if look:
                look()
            if time.monotonic() > give_up:
                raise OutOfBounds(f"no answer within {timeout:.0f} s") from error


def _become(arguments: list[str]) -> None:
    import ctypes
    import resource
    import signal

    limits = json.loads(arguments[0])
    if sys.platform == "linux":
        library = ctypes.CDLL(None)
        # A network of its own, with nothing in it. Without privileges it needs a user namespace, which some systems forbid: then the list
        # of protocols alone holds.
        if library.unshare(_NEW_NETWORK) != 0:
            library.unshare(_NEW_NETWORK | _NEW_USERS)
        library.prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0)
        library.prctl(_DIE_WITH_PARENT, signal.SIGKILL)
        if os.getppid() != limits["parent"]:
            sys.exit(1)
    os.nice(limits["niceness"])
    for kind, value in (
        (resource.RLIMIT_AS, limits["memory_bytes"]),
        (resource.RLIMIT_CPU, limits["seconds"]),
        (resource.RLIMIT_FSIZE, limits["file_bytes"]),
        (resource.RLIMIT_NOFILE, limits["open_files"]),
        (resource.RLIMIT_CORE, 0),
    ):
        if kind == resource.RLIMIT_AS and sys.platform != "linux":
            continue  # other systems refuse this limit
        hard = resource.getrlimit(kind)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (value, value))
    os.execv(arguments[1], arguments[1:])  # noqa: S606


if __name__ == "__main__":
    _become(sys.argv[1:])
