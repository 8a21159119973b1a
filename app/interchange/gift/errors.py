"""What is wrong with a GIFT file, and where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MAX_PROBLEMS = 100


@dataclass(frozen=True)
class GiftProblem:
    """One mistake (or, among a file's warnings, one likely slip). Line and column count from 1; `params` fill the message."""

    code: str
    line: int
    column: int
    params: Mapping[str, Any] = field(default_factory=dict)


class GiftError(ValueError):
    """A GIFT file that cannot be used; `problems` has all that was found, in the order of the file, at most MAX_PROBLEMS."""

    def __init__(self, problems: Sequence[GiftProblem]):
        self.problems = tuple(sorted(problems, key=lambda problem: (problem.line, problem.column)))[:MAX_PROBLEMS]
        super().__init__("; ".join(f"{problem.line}:{problem.column} {problem.code}" for problem in self.problems))
