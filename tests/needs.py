"""What a test needs of the machine beyond Python: in continuous integration it must be there, elsewhere the test says what it missed."""

from __future__ import annotations

import os
from typing import TypeVar

import pytest

Found = TypeVar("Found")


def must_have(found: Found | None, missing: str) -> Found:
    """`found`, when there is any. Else fails where CI is set (`.ci/run` sets it), and skips with `missing` everywhere else."""
    if found:
        return found
    if os.environ.get("CI", "").lower() in ("1", "true"):
        pytest.fail(f"{missing}; continuous integration must have it")
    pytest.skip(missing)
