"""Writes the tables of `docs/live-protocol.md`, between its two markers, from what the code declares."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from app.kernel.access import Permission
from app.room import slots
from app.room.events import CHANGES, Heard
from app.room.namespace import RoomNamespace

PAGE = Path(__file__).resolve().parents[2] / "docs" / "live-protocol.md"
BEGIN, END = "<!-- begin: flask room protocol -->\n", "<!-- end: flask room protocol -->\n"


def on_page() -> str:
    """The tables as the page has them."""
    return PAGE.read_text().split(BEGIN, 1)[1].split(END, 1)[0]


def write_page() -> None:
    before, rest = PAGE.read_text().split(BEGIN, 1)
    PAGE.write_text(before + BEGIN + written() + END + rest.split(END, 1)[1])


def written() -> str:
    """The events of the namespace `/room`, then its changes, as Markdown tables."""
    events = ["### From the browser", "", "| event | needs | parts | answer | pace |", "|---|---|---|---|---|", *_events()]
    changes = ["### From the server", "", "| change | to | parts | says |", "|---|---|---|---|", *_changes()]
    lines = ["", *events, "", *changes, ""]
    return "\n".join(lines) + "\n"


def handlers() -> dict[str, tuple[Permission, Heard]]:
    """Every event of the room with the permission it names."""
    groups = [group.handlers() for group in slots.EVENTS]
    own = {"join": RoomNamespace.on_join}
    return {name: (handler.needed_permission, handler.heard) for group in [own, *groups] for name, handler in sorted(group.items())}


def _events() -> Iterator[str]:
    for name, (needed, heard) in sorted(handlers().items()):
        parts = "; ".join(f"`{part}`: {field.described()}" for part, field in heard.fields.items()) or "none"
        pace = f"{heard.pace[0]} in {heard.pace[1]:g} s" if heard.pace else ""
        yield f"| `{name}`: {heard.says} | `{needed.name}` | {parts} | {heard.answers} | {pace} |"


def _changes() -> Iterator[str]:
    for kind, change in sorted(CHANGES.items()):
        parts = "; ".join(f"`{part}`: {words}" for part, words in change.parts.items()) or "none"
        yield f"| `{kind}` | {change.audience} | {parts} | {change.says} |"


