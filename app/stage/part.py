"""The stage as a part of the room: who waits, who is on, how the picture is laid out, who composes it, and what stands when nothing arrives."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import structlog
from sqlalchemy import select

from app.kernel import clock
from app.kernel.db import db, transaction
from app.room.events import ALL, OWN, STAFF, STAGE, told
from app.room.hands import Hands
from app.room.presence import Presence
from app.room.room import Part, Room
from app.room.state import read_state, write_state
from app.stage.lease import Lease
from app.stage.models import StageAppearance, StageTake
from app.stage.seats import GREEN, ON_STAGE, Link, Seat, best_composer, reaches_stage
from app.stage.standing import Standing
from app.stage.takes import Takes
from app.webinars.models import AgendaItem, Webinar, WebinarSpeaker, WebinarState
from app.webinars.participants import Participant, speaker_key

log = structlog.get_logger()

STANDING = "stage"  # the name under which it is kept
STARTING_SECONDS = 3.0  # beyond the silence allowed: a new composer has to start its recorder
WEARY_SECONDS = 4.0  # so much longer a silent composer keeps the lease when the next one has just failed as well
KEPT_SECONDS = 20.0  # a seat waits so long for its browser to come back
ASKED, BEHIND, SILENT = "asked", "behind", "silent"  # why the programme is passed on, as the log says it

STAGE_CHANGED = told(
    "stage_changed",
    ALL,
    "Who is on stage, how they are shown, and what stands instead when nothing arrives.",
    people="list of `key name note role microphone camera screen`",
    layout="`side_by_side`, `slides_and_faces` or `one`",
    loud="key of who speaks, or null",
    still="`name` and `reason` (`waiting`, `lost`), or null while pictures arrive",
    live="whether the webinar is on air",
    live_at="since when, or null",
)
BACKSTAGE = told(
    "backstage",
    STAGE,
    "Everybody with a seat in the green room or on stage, and who composes.",
    seats="list of seats",
    composer="key, or null",
    epoch="number of the lease",
    mesh="whether the browsers on stage reach each other; if not, they speak one at a time",
    called="keys of who belongs on stage; their place is kept while their browser is away",
    reach="as in `audience_reached`, or null",
)
SPEAKER_CHECKED = told("speaker_checked", STAFF, "A speaker checked their devices.", key="who", check="what was found", checked_at="when")
REMOVED_TOLD = told("removed_from_stage", STAFF, "Who may not come back until let in again.", removed="list of keys")
QUALITY_TOLD = told("link_quality", STAGE, "How one person's link does.", key="who", quality="`kbps`, `loss` (per thousand), `rtt` in ms")
AUDIENCE_TOLD = told(
    "audience_reached",
    STAGE,
    "What reaches the audience.",
    listening="how many take in sound alone",
    bytes="size of the recording",
    delay="ms from the stage to the viewer in the middle, as their browsers tell it, or null",
)
UPLINK_TOLD = told("uplink", STAGE, "How the programme reaches the server.", kbps="kbit/s", behind="ms not yet acknowledged", fps="frames a second")
SEATED = told("seated", OWN, "The people of the stage as they stand now, for each browser with a seat.", seats="list of seats", composer="key", epoch="number")
COMPOSE = told("compose", OWN, "This browser composes from now on.", epoch="number that its pieces carry", seat="secret of the seat")
STOP_COMPOSING = told("stop_composing", OWN, "Another browser composes.", epoch="number of the lease it had")
SIGNAL = told("signal", OWN, "What the browser of another person of the stage says to this one.", sender="key", data="description or candidate")
MUTED = told("muted", OWN, "A moderator turned this person's microphone off.")
UNMUTE_ASKED = told("unmute_asked", OWN, "A moderator asks this person to turn the microphone on.")
SEAT_TAKEN = told("seat_taken", OWN, "Another browser of the same person took the seat over.")
SEAT_CLOSED = told("seat_closed", OWN, "A moderator removed this person from the stage.")
SEAT_OPENED = told("seat_opened", OWN, "A moderator lets this person, who was removed, come back.")
INVITED = told("stage_invited", OWN, "This viewer may come on stage by voice, or no longer.", invited="true or false")
WHISPERED = told("whispered", OWN, "A text from one person of the stage to another.", sender="key", name="who wrote it", text="what", at="when")


class StagePart(Part):
    """What is decided here is told by `tell_all`; rows (who was on when) are written by `services`."""

    name = "stage"

    def __init__(self, room: Room):
        super().__init__(room)
        self.lease = Lease()
        self.seats: dict[str, Seat] = {}
        self.called: dict[str, bool] = {}  # who is on stage by the rows, whether or not their browser is there; true: by voice
        self.standing = self.kept = Standing()
        self.turns = threading.RLock()  # two moderators decide one after the other
        self.loud: str | None = None
        self.still: dict[str, str] | None = None
        self.broken: set[Link] = set()
        self.speakers: list[dict[str, Any]] = []
        self.sizes: dict[int, int] = {}  # bytes by take
        self.reach: dict[str, Any] | None = None
        self.live = False
        self.live_at: str | None = None
        self.has_composed = False
        self.last_name = ""

    def load(self) -> None:
        webinar = db.session.get_one(Webinar, self.room.webinar_id)
        self.live = webinar.state == WebinarState.LIVE
        self.live_at = webinar.live_at.isoformat() if webinar.live_at else None
        rows = db.session.scalars(
            select(StageAppearance).where(StageAppearance.webinar_id == webinar.id, StageAppearance.until_at.is_(None))
        )
        self.called = {row.participant: row.by_voice for row in rows}
        self.standing = self.kept = Standing.read(read_state(webinar.id, STANDING, {}))
        for key in (key for key, by_voice in self.called.items() if by_voice):
            self.standing = self.standing.inviting(key)
        self.still = self._still_now(time.monotonic())
        self.speakers = _planned_speakers(webinar.id)
        takes = db.session.execute(select(StageTake.number, StageTake.bytes).where(StageTake.webinar_id == webinar.id))
        self.sizes = {row.number: row.bytes for row in takes}

    # ---- what each sees ----

    def shown(self) -> dict[str, Any]:
        on = [seat.shown() for seat in self.seats.values() if seat.place == ON_STAGE]
        return {"people": on, "layout": self.standing.layout, "loud": self.loud, "still": self.still, "live": self.live, "live_at": self.live_at}

    def shown_to_staff(self) -> dict[str, Any]:
        return {"speakers": self.speakers, "removed": sorted(self.standing.removed)}

    def shown_to_stage(self) -> dict[str, Any]:
        return {
            "seats": [seat.shown_backstage() for seat in self.seats.values()],
            "composer": self.lease.participant,
            "epoch": self.lease.epoch,
            "mesh": self.mesh,
            "called": list(self.called),
            "reach": self.reach,
        }

    def own(self, person: Participant) -> dict[str, Any] | None:
        return {"invited": True} if self.is_invited(person.key) else None

    def tell_all(self) -> None:
        """Tell everybody what they see of the stage, and each browser with a seat at once."""
        self.room.put(STAGE_CHANGED, None, self.shown())
        self.room.put(BACKSTAGE, None, self.shown_to_stage())
        self.tell_seats(SEATED, self.shown_to_stage())

    def tell_shown(self) -> None:
        """Tell the audience what it sees of the stage."""
        self.room.put(STAGE_CHANGED, None, self.shown())

    def tell_removed(self) -> None:
        self.room.put(REMOVED_TOLD, None, {"removed": sorted(self.standing.removed)})

    def tell_seats(self, kind: str, body: Any) -> None:
        self.room.send_own([seat.connection for seat in self.seats.values() if seat.connection], kind, body)

    def tell_seat(self, seat: Seat, kind: str, body: Any) -> None:
        """To the one browser that holds the seat."""
        if seat.connection:
            self.room.send_own([seat.connection], kind, body)

    # ---- what moderators decide ----

    @contextmanager
    def deciding(self, change: Callable[[Standing], Standing]) -> Iterator[None]:
        """It holds once it is written down, in one transaction with what the caller writes."""
        with self.turns:
            with transaction():
                yield
                self.kept = change(self.standing)
                write_state(self.room.webinar_id, STANDING, self.kept.written())
            self.standing = change(self.standing)  # which may have lost an invitation meanwhile

    def decide(self, change: Callable[[Standing], Standing]) -> None:
        with self.deciding(change):
            pass

    def _keep_standing(self) -> None:
        """Write down what changed by itself: an invitation that ended with its hand."""
        if self.standing != self.kept:
            self.decide(lambda standing: standing)

    # ---- seats ----

    def seat_of(self, connection: str) -> Seat | None:
        return next((seat for seat in self.seats.values() if seat.connection == connection), None)

    def sit(self, seat: Seat) -> None:
        seat.place = ON_STAGE if seat.key in self.called else seat.place
        self.seats[seat.key] = seat
        self.look_for_composer()
        self.tell_all()

    def stand_up(self, key: str) -> None:
        """A seat is given up."""
        seat = self.seats.pop(key, None)
        if seat is None:
            return
        if self.loud == key:
            self.loud = None
        self.broken = {link for link in self.broken if key not in link}
        self.release(key)
        self.tell_all()

    def cut(self, connection: str) -> None:
        """The connection of a seat has gone: the seat waits a while, the programme does not."""
        seat = self.seat_of(connection)
        if seat is None:
            return
        seat.connection, seat.lost_at = None, time.monotonic()
        self.release(seat.key)
        self.tell_all()

    # ---- the programme ----

    def look_for_composer(self) -> None:
        """Give the lease to the best browser when the webinar is on air and nobody holds it."""
        now = time.monotonic()
        if self.live and self.lease.connection is None and (seat := best_composer(self.seats, now, broken=self.broken)):
            self.give_to(seat, now)

    def give_to(self, seat: Seat, now: float) -> None:
        if seat.connection is None:
            return
        self._stop_holder()
        epoch = self.lease.give(seat.connection, seat.key, now + STARTING_SECONDS)
        self.has_composed = True
        self.tell_seat(seat, COMPOSE, {"epoch": epoch, "seat": seat.secret})

    def release(self, key: str) -> None:
        """Whoever held the lease is gone or taken off it: the next one composes."""
        if self.lease.participant == key:
            self._stop_holder()
            self.lease.take_back()
            self.look_for_composer()

    def pass_on(self, now: float, why: str) -> bool:
        """From a composer that fails to the next one. False when it keeps the lease and may recover: there is no other, or only one that has
        just failed as well (`BEHIND`: a smaller picture is better; `SILENT`: it gets longer to speak again). Two weak browsers that take turns
        would each be cut off before they have caught up."""
        holder = self.seats.get(self.lease.participant or "")
        other = best_composer(self.seats, now, but_not=self.lease.participant, broken=self.broken)
        if other is None or (why != ASKED and other.failed_lately(now) and not self.lease.is_silent(now - WEARY_SECONDS)):
            return False
        if holder is not None:
            holder.failed_at = now
        log.info("composer_passed_on", webinar_id=self.room.webinar_id, why=why, before=self.lease.participant, after=other.key)
        self.give_to(other, now)
        self.tell_all()
        return True

    @property
    def mesh(self) -> bool:
        """Whether all on stage reach each other."""
        on = [seat for seat in self.seats.values() if seat.place == ON_STAGE]
        return all(reaches_stage(self.seats, seat, self.broken) for seat in on)

    def settle_composer(self, now: float) -> bool:
        """After the stage has changed: whoever composes must reach everybody on it. False when no browser does."""
        holder = self.seats.get(self.lease.participant or "")
        if not self.live or (holder is not None and reaches_stage(self.seats, holder, self.broken)):
            return True
        best = best_composer(self.seats, now, broken=self.broken)
        if best is not None:
            self.give_to(best, now)
        return best is not None

    def _stop_holder(self) -> None:
        holder = self.seats.get(self.lease.participant or "")
        if holder is not None and holder.connection == self.lease.connection:
            self.tell_seat(holder, STOP_COMPOSING, {"epoch": self.lease.epoch})

    # ---- looking after it, twice a second ----

    def look_after(self, now: float) -> None:
        if self.live and self.lease.is_silent(now):
            self.pass_on(now, SILENT)
        for seat in [seat for seat in self.seats.values() if seat.lost_at is not None and now - seat.lost_at > KEPT_SECONDS]:
            self.stand_up(seat.key)
        still = self._still_now(now)
        if still != self.still:
            self.still = still
            self.tell_shown()

    def _still_now(self, now: float) -> dict[str, str] | None:
        if not self.live:
            return None
        arrives = self.lease.connection is not None and not self.lease.is_silent(now)
        names = [seat.name for seat in self.seats.values() if seat.place == ON_STAGE]
        self.last_name = ", ".join(names) or self.last_name
        return None if arrives else {"name": self.last_name, "reason": "lost" if self.has_composed else "waiting"}

    def every_second(self) -> None:
        audience = self._audience()
        if audience != self.reach:
            self.reach = audience
            self.room.put(AUDIENCE_TOLD, None, audience)
        self._keep_standing()

    def _audience(self) -> dict[str, Any]:
        takes = self.room.part(Takes)
        if takes.open is not None:
            self.sizes[takes.open.number] = takes.open.size
        presence = self.room.part(Presence)
        listening = sum(rung == "audio" for rung in presence.watching.values())
        return {"listening": listening, "bytes": sum(self.sizes.values()), "delay": presence.delay_ms}

    # ---- its phases ----

    def went_live(self) -> None:
        self.live, self.live_at = True, self.live_at or clock.now().isoformat()
        self.look_for_composer()
        self.tell_all()

    def ended(self) -> None:
        self._stop_holder()
        self.lease.take_back()
        self.live, self.still, self.loud = False, None, None
        self.called.clear()
        self.standing = replace(self.standing, invited=frozenset())
        for seat in self.seats.values():
            seat.place = GREEN
        self.tell_all()

    # ---- who may come by voice ----

    def is_invited(self, key: str) -> bool:
        """Whether a moderator asked this viewer to speak, by name or by answering their hand."""
        return key in self.standing.invited

    def uninvite(self, key: str) -> None:
        """Their turn is over, and with it their hand goes down."""
        self.standing = self.standing.inviting(key, False)
        self.room.part(Hands).lower(key)

    def invite(self, key: str, invited: bool) -> None:
        """An invitation is written down before it is told; one that ends is a second later."""
        if self.is_invited(key) == invited:
            return
        if invited:
            self.decide(lambda standing: standing.inviting(key))
        else:
            self.standing = self.standing.inviting(key, False)
        self.room.tell_one(key, INVITED, {"invited": invited})


def _planned_speakers(webinar_id: int) -> list[dict[str, Any]]:
    """Who is expected, with their session and what the last check of their devices found."""
    rows = db.session.execute(
        select(WebinarSpeaker, AgendaItem)
        .outerjoin(AgendaItem, AgendaItem.id == WebinarSpeaker.agenda_item_id)
        .where(WebinarSpeaker.webinar_id == webinar_id)
        .order_by(WebinarSpeaker.position, WebinarSpeaker.id)
    )
    return [
        {
            "key": speaker_key(speaker.id),
            "name": speaker.full_name,
            "institution": speaker.institution,
            "session": item.title if item else "",
            "starts_at": item.starts_at.isoformat() if item else None,
            "check": speaker.device_check,
            "checked_at": speaker.checked_at.isoformat() if speaker.checked_at else None,
        }
        for speaker, item in rows
    ]
