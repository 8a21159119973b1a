"""What every part of the talk needs: is the room open for it, moments as browsers read them, and turns taken one after another."""

from __future__ import annotations

import threading
from datetime import datetime
from typing import NamedTuple

from flask_babel import gettext as _
from sqlalchemy import Connection, bindparam, select

from app.kernel.db import db, json_of
from app.kernel.direct import Direct
from app.kernel.errors import Conflict, NotFound
from app.webinars.models import Webinar, WebinarState

TALKING = (WebinarState.PUBLISHED, WebinarState.LIVE)


class Customs(NamedTuple):
    """How this webinar wants to be talked in."""

    state: str
    question_moderation: str
    anonymous_questions: bool
    chat_open: bool
    slow_mode_seconds: int
    refused_words: list[str]


_CUSTOMS = Direct(select(*(getattr(Webinar, name) for name in Customs._fields)).where(Webinar.id == bindparam("id")))


def customs_of(connection: Connection, webinar_id: int) -> Customs:
    """As they are at this moment. Raises NotFound, or Conflict when nobody talks here (any more)."""
    rows = _CUSTOMS.rows(connection, {"id": webinar_id})
    if not rows:
        raise NotFound
    state, moderation, anonymous, is_open, slow, words = rows[0]
    refuse_the_ended(state)
    return Customs(state, moderation, bool(anonymous), bool(is_open), slow, json_of(words))


def hold_still(webinar_id: int) -> Webinar:
    """The webinar, held until the end of the transaction so that two moderators decide one after the other. Raises like `customs_of`."""
    webinar = db.session.scalar(select(Webinar).where(Webinar.id == webinar_id).with_for_update())
    if webinar is None:
        raise NotFound
    refuse_the_ended(webinar.state)
    return webinar


def refuse_the_ended(state: str) -> None:
    """Raise Conflict when nobody talks in a webinar (any more)."""
    if state not in TALKING:
        raise Conflict(_("Webinar ini sudah berakhir."), code="over")


def said(moment: datetime | None) -> str | None:
    """A moment as a browser reads it."""
    return None if moment is None else moment.isoformat(timespec="milliseconds")


class Turns:
    """Two things of one person happen one after the other, in memory as on the disk, whichever device they come from."""

    def __init__(self) -> None:
        self._locks = [threading.Lock() for _ in range(64)]

    def of(self, key: str) -> threading.Lock:
        return self._locks[hash(key) % len(self._locks)]
