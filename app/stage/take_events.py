"""What a composing browser sends of its recording. Only the browser that holds the room's lease is heard."""

from __future__ import annotations

import time
from typing import Any

from flask_babel import lazy_gettext as _l

from app.kernel.errors import DomainError
from app.room import fields
from app.room.events import EventGroup, Here, hears
from app.stage.part import StagePart
from app.stage.takes import LARGEST_PIECE, Takes
from app.webinars.permissions import ATTEND


class NotComposer(DomainError):
    """Another browser composes the programme now, or this one was removed."""

    status, code = 409, "not_composer"
    default_message = _l("Siaran sekarang dikirim dari perangkat lain.")


class TakeEvents(EventGroup):
    """Whoever may be on stage is decided by who gets the lease; so no event here asks for more than being there."""

    @hears(
        ATTEND,
        "A recorder begins, or goes on after a lost connection: the same `key` is the same recorder. `mime_type` is what the recorder says it gives, `running_ms` for how long it has run.",
        answers="`take` (its number) and `offset` (how many bytes of it are here)",
        pace=(30, 60),
        epoch=fields.number(),
        mime_type=fields.text(5, 80),
        key=fields.key(),
        running_ms=fields.number(0, 60_000, needed=False),
    )
    def on_begin_take(self, here: Here, epoch: int, mime_type: str, key: str, running_ms: int | None) -> dict[str, Any]:
        _hold(here, epoch)
        take = here.room.part(Takes).begin(here.person, mime_type, key, running_ms or 0)
        return {"take": take.number, "offset": take.size}

    @hears(
        ATTEND,
        "A piece of the recording, which begins at `offset` bytes. Answered when it is written.",
        answers="`offset`: where the next piece begins. Refused as `offset` with `expected` when bytes are missing before it",
        take=fields.number(1),
        epoch=fields.number(),
        offset=fields.number(0, 2**53),
        piece=fields.binary(LARGEST_PIECE),
    )
    def on_send_piece(self, here: Here, take: int, epoch: int, offset: int, piece: bytes) -> dict[str, Any]:
        _hold(here, epoch)
        reached = here.room.part(Takes).add(take, offset, piece)
        here.room.part(StagePart).lease.heard(time.monotonic())
        return {"offset": reached}

    @hears(ATTEND, "No more pieces of this take will come.", take=fields.number(1), epoch=fields.number())
    def on_end_take(self, here: Here, take: int, epoch: int) -> None:
        _hold(here, epoch)
        here.room.part(Takes).end(take)


def _hold(here: Here, epoch: int) -> None:
    if not here.room.part(StagePart).lease.holds(here.connection, epoch):
        raise NotComposer
