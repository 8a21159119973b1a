"""What moderators do with the people of the stage: bring them on, take them off, mute, remove, choose the layout, begin and end the broadcast."""

from __future__ import annotations

import time
from typing import Any

from flask_babel import gettext as _

from app.kernel.db import transaction
from app.kernel.errors import Conflict, NotFound
from app.people import audit
from app.room import fields
from app.room.events import EventGroup, Here, hears
from app.room.room import Room
from app.stage import seats, services
from app.stage.part import ASKED, MUTED, SEAT_CLOSED, SEAT_OPENED, UNMUTE_ASKED, StagePart
from app.stage.seats import GREEN, ON_STAGE, Seat
from app.stage.standing import LAYOUTS
from app.webinars.permissions import MODERATE
from app.webinars.services import end_webinar, go_live


class Directing(EventGroup):
    """Events of moderators."""

    @hears(MODERATE, "Begin the broadcast: from now on presence counts and the programme is recorded.", pace=(6, 60))
    def on_go_on_air(self, here: Here) -> None:
        with transaction():
            go_live(here.room.webinar_id, here.person.user_id)

    @hears(MODERATE, "End the webinar for everybody, for good.", pace=(6, 60))
    def on_end_webinar(self, here: Here) -> None:
        with transaction():
            services.end_appearance(here.room.webinar_id)
            end_webinar(here.room.webinar_id, here.person.user_id)

    @hears(
        MODERATE,
        "Bring somebody who waits onto the stage.",
        answers="`alone`: true when the browsers do not reach each other, and the others had to go off",
        pace=(30, 30),
        key=fields.text(1, 24),
    )
    def on_bring_on(self, here: Here, key: str) -> dict[str, Any]:
        part, seat = _of(here, key)
        if seat.connection is None:
            raise Conflict(_("Sambungan %(name)s sedang putus. Tunggu sampai kembali.", name=seat.name), code="not_there")
        if seat.place != ON_STAGE and not seats.has_room(part.seats, seat.role):
            raise Conflict(_("Panggung penuh: paling banyak tiga narasumber, dua moderator, dan satu suara penonton."), code="full")
        return {"alone": _bring_on(here, part, seat)}

    @hears(MODERATE, "Take somebody off the stage, back to the green room.", pace=(30, 30), key=fields.text(1, 24))
    def on_take_off(self, here: Here, key: str) -> None:
        part, seat = _of(here, key)
        _take_off(here, part, seat)
        if seat.role == seats.VOICE:
            part.uninvite(key)
            part.tell_seat(seat, SEAT_CLOSED, {})
            part.stand_up(key)
        part.settle_composer(time.monotonic())
        part.tell_all()

    @hears(MODERATE, "Turn somebody's microphone off. Only they can turn it on again.", pace=(60, 30), key=fields.text(1, 24))
    def on_mute_person(self, here: Here, key: str) -> None:
        part, seat = _of(here, key)
        seat.microphone = False
        part.tell_seat(seat, MUTED, {})
        part.tell_all()

    @hears(MODERATE, "Ask somebody to turn the microphone on.", pace=(20, 60), key=fields.text(1, 24))
    def on_ask_unmute(self, here: Here, key: str) -> None:
        part, seat = _of(here, key)
        part.tell_seat(seat, UNMUTE_ASKED, {})

    @hears(MODERATE, "Remove somebody from the green room or the stage; they cannot come back until let in again.", pace=(20, 60), key=fields.text(1, 24))
    def on_remove_person_from_stage(self, here: Here, key: str) -> None:
        part, seat = _of(here, key)
        if key == here.person.key:
            raise Conflict(_("Anda tidak dapat mengeluarkan diri sendiri."), code="oneself")
        with part.deciding(lambda standing: standing.removing(key)):
            services.end_appearance(here.room.webinar_id, key)
            audit.note(here.person.user_id, "stage.removed", ("webinar", here.room.webinar_id), after={"participant": key})
        _step_down(part, seat)
        if seat.role == seats.VOICE:
            part.uninvite(key)
        part.tell_seat(seat, SEAT_CLOSED, {})
        part.stand_up(key)
        part.tell_removed()

    @hears(MODERATE, "Let somebody who was removed come back.", pace=(20, 60), key=fields.text(1, 24))
    def on_let_back_on_stage(self, here: Here, key: str) -> None:
        part = here.room.part(StagePart)
        if key not in part.standing.removed:
            return
        part.decide(lambda standing: standing.readmitting(key))
        here.room.tell_one(key, SEAT_OPENED, {})
        part.tell_removed()

    @hears(MODERATE, "Let a viewer come on stage by voice, or no longer.", pace=(30, 60), key=fields.text(1, 24), invited=fields.flag())
    def on_invite_voice(self, here: Here, key: str, invited: bool) -> None:
        invite(here.room, key, invited)

    @hears(MODERATE, "Choose how the people on stage are shown.", pace=(20, 10), layout=fields.one_of(*LAYOUTS))
    def on_set_layout(self, here: Here, layout: str) -> None:
        part = here.room.part(StagePart)
        part.decide(lambda standing: standing.laid_out(layout))
        part.tell_all()

    @hears(MODERATE, "Let another browser compose.", answers="`passed`: whether there was one", pace=(6, 30))
    def on_change_composer(self, here: Here) -> dict[str, Any]:
        return {"passed": here.room.part(StagePart).pass_on(time.monotonic(), ASKED)}


def invite(room: Room, key: str, invited: bool) -> None:
    """Let a viewer come on stage by voice, or no longer; who is there already stays until taken off."""
    part = room.part(StagePart)
    if not invited and key in part.seats:
        return
    if invited and room.person(key) is None:
        raise NotFound(_("Orang ini sudah keluar dari ruang."), code="not_there")
    if invited and key in part.standing.removed:
        raise Conflict(_("Orang ini dikeluarkan dari panggung. Izinkan kembali dulu."), code="removed")
    part.invite(key, invited)


def _of(here: Here, key: str) -> tuple[StagePart, Seat]:
    part = here.room.part(StagePart)
    seat = part.seats.get(key)
    if seat is None:
        raise NotFound(_("Orang ini sudah keluar dari ruang tunggu."), code="not_there")
    return part, seat


def _bring_on(here: Here, part: StagePart, seat: Seat) -> bool:
    """True when the others had to go off, because no browser reaches all of them."""
    with transaction():
        services.begin_appearance(here.room.webinar_id, seat.key, seat.name, by_voice=seat.role == seats.VOICE)
    part.called.pop(seat.key, None)
    part.called[seat.key] = seat.role == seats.VOICE
    seat.place = ON_STAGE
    alone = not part.settle_composer(time.monotonic())
    if alone:
        leave_alone(here, part)
    part.look_for_composer()
    part.tell_all()
    return alone


def leave_alone(here: Here, part: StagePart) -> None:
    """No browser reaches everybody on stage: whoever came on last stays and composes, the others wait."""
    on = [part.seats[key] for key in part.called if key in part.seats and part.seats[key].place == ON_STAGE]
    for seat in on[:-1]:
        _take_off(here, part, seat)
    part.settle_composer(time.monotonic())


def _take_off(here: Here, part: StagePart, seat: Seat) -> None:
    with transaction():
        services.end_appearance(here.room.webinar_id, seat.key)
    _step_down(part, seat)


def _step_down(part: StagePart, seat: Seat) -> None:
    part.called.pop(seat.key, None)
    seat.place = GREEN
    if part.loud == seat.key:
        part.loud = None
