"""What people of the stage do for themselves: take a seat, say what of theirs is on, speak with each other's browsers, report their links.

Whoever is on the stage or waits for it has one seat in one browser. Events of somebody without a seat are refused, so that a viewer, a
removed speaker or a second tab signals nobody.
"""

from __future__ import annotations

import time
from typing import Any

from flask import current_app
from flask_babel import gettext as _

from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.errors import Conflict, NotAllowed, NotFound
from app.room import fields
from app.room.events import EventGroup, Here, hears
from app.stage import seats, services
from app.stage.directing import leave_alone
from app.stage.ice import ice_servers
from app.stage.part import (
    BEHIND,
    QUALITY_TOLD,
    SEAT_TAKEN,
    SIGNAL,
    SPEAKER_CHECKED,
    UPLINK_TOLD,
    WHISPERED,
    StagePart,
)
from app.stage.seats import GREEN, MODERATOR, SPEAKER, VOICE, Seat
from app.stage.watch import keep_watch
from app.webinars.participants import Participant
from app.webinars.permissions import ATTEND, MODERATE, SPEAK

MOST_SIGNAL = 60_000  # characters of a description with several tracks
PIECE_BYTES = 65_536


class NoSeat(NotAllowed):
    code = "no_seat"


class Seating(EventGroup):
    """Events of whoever sits in the green room or on the stage."""

    def left(self, here: Here) -> None:
        here.room.part(StagePart).cut(here.connection)

    @hears(
        ATTEND,
        "Take one's seat in this browser. Needs the right to speak or to moderate, or an invitation.",
        answers="`secret` of the seat, `ice` servers, the `seats`, `composer`, `epoch`; or `asks` when another browser holds the seat",
        pace=(12, 30),
        microphone=fields.flag(),
        camera=fields.flag(),
        composes=fields.flag(),
        kbps=fields.number(0, 10_000_000, needed=False),
        secret=fields.text(1, 40, needed=False),
        take_over=fields.flag(needed=False),
    )
    def on_take_seat(
        self, here: Here, microphone: bool, camera: bool, composes: bool, kbps: int | None, secret: str | None, take_over: bool | None
    ) -> dict[str, Any]:
        part = here.room.part(StagePart)
        role = role_of(part, here.person)
        known = part.seats.get(here.person.key)
        if known is None and len(part.seats) >= seats.MOST_SEATS:
            raise Conflict(_("Ruang tunggu sudah penuh. Minta moderator menurunkan seseorang dulu."), code="full")
        if known is not None and known.connection not in (None, here.connection):
            if known.secret != secret and not take_over:
                return {"asks": True}
            if known.secret != secret:
                part.tell_seat(known, SEAT_TAKEN, {})
        seat = _seat(here, role, known, same=known is not None and known.secret == secret)
        seat.microphone, seat.camera, seat.composes, seat.kbps = microphone, camera and role != VOICE, composes, kbps or seat.kbps
        if role == VOICE and seat.key not in part.called:
            _come_by_voice(here, part, seat)
        part.sit(seat)
        keep_watch(current_app)
        return {"secret": seat.secret, "place": seat.place, "ice": ice_servers(current_app.config["GURINDAM"], here.person.key)} | part.shown_to_stage()

    @hears(ATTEND, "Give one's seat up.")
    def on_leave_seat(self, here: Here) -> None:
        part, seat = part_and_seat(here)
        if seat.key in part.called:
            _take_off_rows(here, part, seat.key)
        if seat.role == VOICE:
            part.uninvite(seat.key)
        part.stand_up(seat.key)

    @hears(
        ATTEND,
        "Say what of one's own is on.",
        pace=(20, 10),
        microphone=fields.flag(),
        camera=fields.flag(),
        screen=fields.flag(),
    )
    def on_set_mine(self, here: Here, microphone: bool, camera: bool, screen: bool) -> None:
        part, seat = part_and_seat(here)
        seat.microphone, seat.camera, seat.screen = microphone, camera and seat.role != VOICE, screen and seat.role != VOICE
        part.tell_all()

    @hears(
        ATTEND,
        "What one browser of the stage says to another so that they find each other: passed on as it is, to people with a seat only.",
        pace=(250, 10),
        to=fields.text(1, 24),
        data=fields.obj(MOST_SIGNAL),
    )
    def on_signal(self, here: Here, to: str, data: dict[str, Any]) -> dict[str, Any]:
        part, seat = part_and_seat(here)
        other = part.seats.get(to)
        if other is None or other.connection is None or other is seat:
            raise NotFound(code="not_there")
        part.tell_seat(other, SIGNAL, {"sender": seat.key, "data": data})
        return {}

    @hears(ATTEND, "A browser of the stage cannot be reached directly, or is reached (again).", pace=(20, 10), peer=fields.text(1, 24), works=fields.flag())
    def on_link_stands(self, here: Here, peer: str, works: bool) -> None:
        part, seat = part_and_seat(here)
        if peer not in part.seats or peer == seat.key:
            raise NotFound(code="not_there")
        before = part.mesh
        link = frozenset((seat.key, peer))
        part.broken = part.broken - {link} if works else part.broken | {link}
        if not part.settle_composer(time.monotonic()):
            leave_alone(here, part)
        if part.mesh != before or not works:
            part.tell_all()

    @hears(
        ATTEND,
        "How one's own link does.",
        pace=(20, 10),
        kbps=fields.number(0, 10_000_000),
        loss=fields.number(0, 1000),
        rtt=fields.number(0, 60_000),
    )
    def on_report_link(self, here: Here, kbps: int, loss: int, rtt: int) -> None:
        _part, seat = part_and_seat(here)
        seat.quality = {"kbps": kbps, "loss": loss, "rtt": rtt}
        here.room.put(QUALITY_TOLD, seat.key, {"key": seat.key, "quality": seat.quality})

    @hears(
        ATTEND,
        "How the programme reaches the server; from whoever composes.",
        pace=(20, 10),
        epoch=fields.number(),
        kbps=fields.number(0, 1_000_000),
        behind=fields.number(0, 600_000),
        fps=fields.number(0, 120),
    )
    def on_report_uplink(self, here: Here, epoch: int, kbps: int, behind: int, fps: int) -> None:
        _composing(here, epoch)
        here.room.put(UPLINK_TOLD, None, {"kbps": kbps, "behind": behind, "fps": fps})

    @hears(ATTEND, "Who speaks, as the composer hears it.", pace=(30, 10), epoch=fields.number(), key=fields.text(1, 24, needed=False))
    def on_say_loud(self, here: Here, epoch: int, key: str | None) -> None:
        part = _composing(here, epoch)
        part.loud = key if key in part.seats else None
        part.tell_shown()

    @hears(ATTEND, "The composing browser is too slow: another one is to compose.", answers="`passed`: whether another one does; not when the others have just failed as well", pace=(6, 60), epoch=fields.number())
    def on_hand_over(self, here: Here, epoch: int) -> dict[str, Any]:
        return {"passed": _composing(here, epoch).pass_on(time.monotonic(), BEHIND)}

    @hears(
        ATTEND,
        "A text to one person of the stage, or to all who wait.",
        pace=(20, 30),
        text=fields.text(1, 500),
        to=fields.text(1, 24, needed=False),
    )
    def on_whisper(self, here: Here, text: str, to: str | None) -> None:
        part, seat = part_and_seat(here)
        if to is not None and to not in part.seats:
            raise NotFound(_("Orang ini sudah keluar dari ruang tunggu."), code="not_there")
        body = {"sender": seat.key, "name": seat.name, "text": text, "to": to, "at": clock.now().isoformat()}
        for other in part.seats.values():
            if other is seat or to in (None, other.key):
                part.tell_seat(other, WHISPERED, body)

    # ---- the device check ----

    @hears(ATTEND, "A measured piece of the bandwidth check; dropped.", answers="`bytes`", pace=(64, 20), piece=fields.binary(PIECE_BYTES))
    def on_measure_uplink(self, here: Here, piece: bytes) -> dict[str, Any]:
        return {"bytes": len(piece)}

    @hears(
        SPEAK,
        "What the device check found.",
        pace=(6, 60),
        browser=fields.one_of("good", "no_composer", "unusable"),
        camera=fields.one_of("good", "refused", "missing", "busy"),
        microphone=fields.one_of("good", "silent", "unmeasured", "refused", "missing", "busy"),
        kbps=fields.number(0, 10_000_000),
        echo=fields.flag(),
    )
    def on_device_checked(self, here: Here, **found: Any) -> None:
        with transaction():
            services.keep_device_check(here.person.webinar_id, here.person.key, found)
        part = here.room.part(StagePart)
        checked_at = clock.now().isoformat()
        for speaker in part.speakers:
            if speaker["key"] == here.person.key:
                speaker |= {"check": found, "checked_at": checked_at}
        here.room.put(SPEAKER_CHECKED, here.person.key, {"key": here.person.key, "check": found, "checked_at": checked_at})


def role_of(part: StagePart, person: Participant) -> str:
    """As what somebody may sit here. Raises NotAllowed for whoever was removed, and for viewers who are not invited."""
    if person.key in part.standing.removed:
        raise NotAllowed(_("Moderator mengeluarkan Anda dari panggung. Hubungi panitia bila ini keliru."), code="removed")
    if person.may(MODERATE):
        return MODERATOR
    if person.may(SPEAK):
        return SPEAKER
    if part.is_invited(person.key):
        return VOICE
    raise NotAllowed(_("Panggung hanya untuk narasumber, moderator, dan peserta yang diundang berbicara."))


def part_and_seat(here: Here) -> tuple[StagePart, Seat]:
    """The stage, and the seat that this connection holds. Raises NoSeat."""
    part = here.room.part(StagePart)
    seat = part.seat_of(here.connection)
    if seat is None:
        raise NoSeat(_("Peramban ini tidak duduk di ruang tunggu atau panggung."))
    return part, seat


def _seat(here: Here, role: str, known: Seat | None, *, same: bool) -> Seat:
    """The seat as this browser holds it: the one it had, or a new one in the same place."""
    person = here.person
    if known is not None and same:
        known.connection, known.lost_at = here.connection, None
        return known
    place = known.place if known is not None else GREEN
    return Seat(person.key, person.full_name, person.unit_name, role, here.connection, place=place, since=clock.now().isoformat())


def _come_by_voice(here: Here, part: StagePart, seat: Seat) -> None:
    """An invited viewer is on stage at once: the invitation was the moderator's word."""
    if not seats.has_room(part.seats, VOICE):
        raise Conflict(_("Satu suara penonton setiap kali. Tunggu sampai yang lain selesai."), code="full")
    with transaction():
        services.begin_appearance(here.room.webinar_id, seat.key, seat.name, by_voice=True)
    part.called[seat.key] = True


def _composing(here: Here, epoch: int) -> StagePart:
    part = here.room.part(StagePart)
    if not part.lease.holds(here.connection, epoch):
        raise NotAllowed(code="not_composing")
    return part


def _take_off_rows(here: Here, part: StagePart, key: str) -> None:
    with transaction():
        services.end_appearance(here.room.webinar_id, key)
    part.called.pop(key, None)

