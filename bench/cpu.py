"""CPU per request of a server process, product and reference interleaved."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.instances import ROOT

TICKS = os.sysconf("SC_CLK_TCK")
Request = dict[str, Any]


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and its ended threads, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def cpu_per_request(pid: int, port: int, requests: list[Request]) -> float:
    """Milliseconds of CPU that a server spends on one of these requests, sent by another process."""
    before = cpu_seconds(pid)
    done = subprocess.run(
        [sys.executable, "-m", "bench.client", "127.0.0.1", str(port)], cwd=ROOT, input=json.dumps(requests), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise SystemExit(f"the server did not answer as expected: {done.stderr.strip()}")
    return (cpu_seconds(pid) - before) * 1000 / len(requests)


def interleaved(reference: Callable[[], float], products: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[tuple[float, float]]]:
    """For each product (value, reference) in each round: A/B/A, the reference being the mean of before and after."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in products}
    for measure in (reference, *products.values()):
        measure()  # warm
    for _ in range(rounds):
        before = reference()
        for name, measure in products.items():
            value = measure()
            after = reference()
            found[name].append((value, (before + after) / 2))
            before = after
    return found


def memory_mb(*pids: int) -> float:
    """Proportional set size of processes with all their children, in MB."""
    return sum(_pss(pid) for root in pids for pid in _family(root)) / 1000


def _family(pid: int) -> list[int]:
    children = [int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()]
    return [pid, *(below for child in children for below in _family(child))]


def _pss(pid: int) -> int:
    return next(int(line.split()[1]) for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines() if line.startswith("Pss:"))
