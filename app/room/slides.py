"""Slides: pages of a document as pictures, turned by speakers and moderators; viewers follow, or look back for themselves.

The addresses of the pictures are the same for everybody in the room and are renewed every hour, so that one cache serves all. They open the
pages and not the document itself, which is handed out from when its plan says.
"""

from __future__ import annotations

import threading
import time
from typing import Any

from flask import current_app, request
from flask_babel import gettext as _
from sqlalchemy import select

from app.kernel import clock
from app.kernel.db import db, transaction
from app.kernel.errors import Invalid, NotAllowed, NotFound
from app.media import delivery
from app.media.models import AssetState, MediaAsset
from app.room.events import ALL, EventGroup, Here, hears, told
from app.room.fields import number
from app.room.models import RoomSlideTurn
from app.room.room import Part, Room
from app.room.standing import hold_still, said
from app.webinars.models import WebinarMaterial
from app.webinars.permissions import ATTEND, MODERATE, SPEAK

LOOK_EVERY_SECONDS = 30.0
MOST_PAGES = 2000

TURNED = told("slide_turned", ALL, "The speaker shows this page; `material` null: no slides.", material="or null", page="from 1", since="moment")
DECKS = told("decks_shown", ALL, "The slides there are, with fresh addresses of their pages.", decks="see the state `slides`")


class Slides(Part):
    name = "slides"

    def __init__(self, room: Room):
        super().__init__(room)
        self.decks: list[dict[str, Any]] = []
        self.current: dict[str, Any] = {"material": None, "page": 0, "since": None}
        self._address = ""
        self._look_at = 0.0
        self.turning = threading.RLock()

    def load(self) -> None:
        path = current_app.url_map.bind("").build("media.send", {"token": delivery.ANY_TOKEN, "path": "~"})
        self._address = f"{request.script_root if request else ''}{path}".removesuffix("~")
        self.look()
        turn = db.session.scalar(
            select(RoomSlideTurn).where(RoomSlideTurn.webinar_id == self.room.webinar_id).order_by(RoomSlideTurn.id.desc()).limit(1)
        )
        if turn is not None:
            self.current = _turn(turn)

    def look(self) -> None:
        """Read which slides there are, and sign the addresses of their pages."""
        self._look_at = time.monotonic() + LOOK_EVERY_SECONDS
        rows = db.session.execute(
            select(WebinarMaterial, MediaAsset)
            .join(MediaAsset, MediaAsset.id == WebinarMaterial.asset_id)
            .where(WebinarMaterial.webinar_id == self.room.webinar_id, WebinarMaterial.is_slides, MediaAsset.state == AssetState.READY)
            .order_by(WebinarMaterial.position, WebinarMaterial.id)
        )
        self.decks = [self._deck(material, asset) for material, asset in rows]

    def _deck(self, material: WebinarMaterial, asset: MediaAsset) -> dict[str, Any]:
        """`at` is what stands before a picture's name; each page is the names of its small and its large picture, and the shape of the large one."""
        token = delivery.sign(asset.id, asset.generation, delivery.EVERYBODY)
        made = asset.renditions.get("pages") or []
        pages = [[one[0]["path"], one[-1]["path"], one[-1]["width"], one[-1]["height"]] for one in made]
        return {"id": material.id, "title": material.title, "at": self._address.replace(delivery.ANY_TOKEN, token), "pages": pages}

    def shown(self) -> Any:
        return {"decks": self.decks, "current": self.current}

    def pages_of(self, material_id: int) -> int:
        return next((len(deck["pages"]) for deck in self.decks if deck["id"] == material_id), 0)

    def turned(self, turn: RoomSlideTurn) -> None:
        self.current = _turn(turn)
        self.room.put(TURNED, None, self.current)

    def every_second(self) -> None:
        """Now and then: were slides added, is it time for fresh addresses?"""
        if time.monotonic() < self._look_at:
            return
        before = self.decks
        self.look()
        if self.decks != before:
            self.room.put(DECKS, None, {"decks": self.decks})


def _turn(turn: RoomSlideTurn) -> dict[str, Any]:
    return {"material": turn.material_id, "page": turn.page, "since": said(turn.turned_at)}


class SlideEvents(EventGroup):
    @hears(
        ATTEND,
        "Show a page of the slides to everybody, or none (`material` left out); for speakers and moderators.",
        pace=(40, 20.0),
        material=number(1, needed=False),
        page=number(1, MOST_PAGES, needed=False),
    )
    def on_turn_slide(self, here: Here, material: int | None, page: int | None) -> None:
        if not (here.person.may(MODERATE) or here.person.may(SPEAK)):
            raise NotAllowed
        part, shown = here.room.part(Slides), page or 1
        with part.turning:
            if material is not None and not part.pages_of(material):
                part.look()
            if material is not None and not (pages := part.pages_of(material)):
                raise NotFound
            if material is not None and shown > pages:
                raise Invalid(fields={"page": _("Slide ini mempunyai %(pages)s halaman.", pages=pages)})
            if (part.current["material"], part.current["page"]) == (material, shown if material else 0):
                return
            with transaction() as session:
                hold_still(here.room.webinar_id)
                turn = RoomSlideTurn(
                    webinar_id=here.room.webinar_id, material_id=material, page=shown if material else 0, turned_by=here.person.key, turned_at=clock.now()
                )
                session.add(turn)
            part.turned(turn)
