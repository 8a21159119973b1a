"""What the benchmarks of an area that has parts share: pick them, run them, print each figure as it comes."""

from __future__ import annotations

import importlib.util
import inspect
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.figures import HEADING, Figure, machine


def _figures_of(area: str, part: str, work: Path) -> Iterator[Figure]:
    module = importlib.import_module(f"bench.{area}_{part}")
    folder = work / part
    folder.mkdir()
    yield from module.run(folder) if inspect.signature(module.run).parameters else module.run()


def run_parts(area: str, parts: tuple[str, ...]) -> int:
    """Measure the parts of an area, each the `run` of `bench/<area>_<part>.py`; 1 when a bar was missed or a part could not be measured."""
    only = set(filter(None, os.environ.get("ONLY", "").split(","))) or set(parts)
    figures: list[Figure] = []
    unmeasured: list[str] = []
    print(f"{machine()}\n{HEADING}", flush=True)
    with tempfile.TemporaryDirectory(prefix="gurindam-bench-") as name:
        for part in parts:
            if part not in only or importlib.util.find_spec(f"bench.{area}_{part}") is None:
                continue
            try:
                for figure in _figures_of(area, part, Path(name)):
                    figures.append(figure)
                    print(figure.line(), flush=True)
            except Exception as reason:
                if type(reason).__name__ != "NotMeasured":
                    raise
                unmeasured.append(part)
                print(f"not measured: {part}: {reason}", flush=True)
    missed = [figure.name for figure in figures if figure.is_met is False]
    print(f"{machine()}\n{len(figures)} figures, {len(missed)} bars not met" + "".join(f"\n  {name}" for name in missed))
    return 1 if missed or unmeasured else 0
