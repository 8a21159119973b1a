"""What features plug into the stage's page: tools beside microphone and camera (open a poll, a check-in)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Tool:
    """A button in the row of one's own controls, for moderators. `template` is a file with a macro `tool(webinar, person, data)` that draws one
    `<button class="btn">`; what it opens is its own. `order` by tens."""

    name: str
    template: str
    order: int = 50
    context: Callable[..., dict[str, Any]] | None = None
    script: str | None = None  # "feature/file.ts"
    style: str | None = None


TOOLS: list[Tool] = []


def register_tool(tool: Tool) -> None:
    TOOLS[:] = sorted([*(known for known in TOOLS if known.name != tool.name), tool], key=lambda known: known.order)
