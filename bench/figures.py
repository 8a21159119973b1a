"""Figures and the machine they were measured on."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True, slots=True)
class Figure:
    """One line: what was measured, its value, the reference's, and the bar. Without a bar it only tells."""

    name: str
    value: float
    unit: str
    reference: float | None = None
    ratio: float | None = None
    bar: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def is_met(self) -> bool | None:
        if self.bar is None:
            return None
        judged = self.value if self.ratio is None else self.ratio
        return judged >= self.bar if self.at_least else judged <= self.bar

    def line(self) -> str:
        reference = "" if self.reference is None else f"{self.reference:10.2f} {self.unit}"
        ratio = "" if self.ratio is None else f"{self.ratio:6.2f}x"
        bar = "" if self.bar is None else f"{'≥' if self.at_least else '≤'} {self.bar:g}{'x' if self.ratio is not None else ''}"
        verdict = {None: "", True: "met", False: "NOT MET"}[self.is_met]
        return f"{self.name:<46}{self.value:10.2f} {self.unit:<9}{reference:<15}{ratio:<9}{bar:<10}{verdict:<9}{self.note}".rstrip()


HEADING = f"{'figure':<46}{'value':>10} {'':<9}{'reference':<15}{'ratio':<9}{'bar':<10}"


def rounds(values: list[tuple[float, float]]) -> tuple[float, float, float]:
    """The medians of value, reference and ratio over rounds of (value, reference)."""
    return median(v for v, _ in values), median(r for _, r in values), median(v / r for v, r in values)


def machine() -> str:
    """What this runs on, in one line."""
    model = next((line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    memory = next((int(line.split()[1]) / 1e6 for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0.0)
    load = os.getloadavg()[0]
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.release()}, Python {platform.python_version()}, load {load:.1f}"


def _lines(path: str) -> list[str]:
    file = Path(path)
    return file.read_text().splitlines() if file.exists() else []
