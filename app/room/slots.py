"""What features above plug into a room: parts, events, panels of its page and of the moderator's desk, and what stands in the place of the
picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.room.events import EventGroup
from app.room.room import Part, Room


@dataclass(frozen=True, slots=True)
class Panel:
    """A panel of the room's page: a tab beside the picture. `template` is a file whose macro `panel(here)` draws it; `context(webinar, person)`
    gives it what it needs. `order` by tens."""

    name: str
    label: Any
    template: str
    order: int = 50
    context: Callable[..., dict[str, Any]] | None = None
    script: str | None = None  # "feature/file.ts"
    style: str | None = None  # "feature/file.css"


PARTS: list[Callable[[Room], Part]] = []
EVENTS: list[EventGroup] = []
HANDLERS: dict[str, Any] = {}  # by event, of all groups
PANELS: list[Panel] = []
DESK_PANELS: list[Panel] = []
STAGE_VIEW: list[Panel] = []  # at most one: the player
INVITATION: list[Callable[[Room, str, bool], None]] = []  # at most one: what lets a person speak, or no longer


def register_part(make: Callable[[Room], Part]) -> None:
    if make not in PARTS:
        PARTS.append(make)


def register_events(group: EventGroup) -> None:
    """Events of the namespace `/room`; two groups cannot hear the same one."""
    heard = {name for known in EVENTS for name in known.handlers()}
    if type(group) in {type(known) for known in EVENTS}:
        return
    if twice := heard & set(group.handlers()):
        raise ValueError(f"two groups hear {', '.join(sorted(twice))}")
    EVENTS.append(group)
    HANDLERS.update(group.handlers())


def register_panel(panel: Panel) -> None:
    PANELS[:] = sorted([*(p for p in PANELS if p.name != panel.name), panel], key=lambda p: p.order)


def register_desk_panel(panel: Panel) -> None:
    """A part of the desk's last panel, for moderators alone: beside the stage and at the desk that stands alone."""
    DESK_PANELS[:] = sorted([*(p for p in DESK_PANELS if p.name != panel.name), panel], key=lambda p: p.order)


def register_stage_view(panel: Panel) -> None:
    """What draws the picture on the room's page."""
    STAGE_VIEW[:] = [panel]


def register_invitation(invite: Callable[[Room, str, bool], None]) -> None:
    """What "Undang bicara" does beyond marking the hand: `invite(room, key, invited)`. It raises a DomainError when this person cannot speak."""
    INVITATION[:] = [invite]
