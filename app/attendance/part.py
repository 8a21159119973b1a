"""Who is in the room, for how long: kept in memory, written once a second for everybody together, never on somebody's way in.

What is not written yet when the machine loses power is at most the last second of coming and going; how long somebody stayed is known up to
the last ten seconds (`SEEN_EVERY_SECONDS`).
"""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from flask import Flask, current_app
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app.attendance import book, checkins, rules
from app.attendance.book import Staying
from app.attendance.checkins import Held
from app.attendance.models import Stay, StayEnd
from app.attendance.rules import Visit
from app.kernel import clock
from app.kernel.db import db
from app.kernel.durable import write_durably
from app.kernel.errors import Busy
from app.kernel.sockets import socketio
from app.room.agenda import Agenda
from app.room.events import ALL, OWN, STAFF, told
from app.room.room import Part, Room
from app.webinars.models import Webinar, WebinarState
from app.webinars.participants import Participant, user_id_of, user_key
from app.webinars.permissions import MODERATE, SPEAK
from app.webinars.queries import moderating_among

SEEN_EVERY_SECONDS = 10.0
TIRELESS = 60  # seconds that are waited for a database that does not take what was gathered

CLOCK_SET = told("attendance_clock", ALL, "From when to when presence counts.", live_at="when it began, or null", ended_at="when it ended, or null")
CHECKIN_OPENED = told("checkin_opened", ALL, "Everybody is asked whether they are still there.", number="which", closes_at="until when")
CHECKIN_CLOSED = told("checkin_closed", ALL, "The time to answer is over.", number="which")
CHECKIN_COUNTED = told(
    "checkin_counted", STAFF, "How many have answered.", number="which", answers="how many", people="of how many who were asked while it was open"
)
CHECKIN_ANSWERED = told("checkin_answered", OWN, "This person has answered, on whatever device.", number="which", at="when")

HOW = {"left": StayEnd.LEFT, "lost": StayEnd.LOST, "removed": StayEnd.REMOVED}

log = structlog.get_logger()


class AttendancePart(Part):
    name = "attendance"

    def __init__(self, room: Room):
        super().__init__(room)
        self.live_at: datetime | None = None
        self.ended_at: datetime | None = None
        self.ended = False
        self.past: dict[str, list[Visit]] = {}
        self.staying: dict[str, Staying] = {}
        self.begun: list[Staying] = []
        self.left: list[Staying] = []
        self.checkins: dict[int, Held] = {}
        self.told_open: set[int] = set()
        self.asked: dict[int, int] = {}
        self.newest = datetime.min.replace(tzinfo=UTC)
        self.seen_at = time.monotonic()
        self.working = threading.Lock()

    def load(self) -> None:
        """Read the rows; what a server that stopped left open is closed first."""
        webinar_id, now = self.room.webinar_id, clock.now()
        still_open = db.session.scalar(select(Stay.id).where(Stay.webinar_id == webinar_id, Stay.left_at.is_(None)).limit(1))
        if still_open is not None:
            write_durably(lambda connection: book.close_abandoned(connection, now + timedelta(days=1), webinar_id))
        self.refresh()
        checkins.read_answers(self.checkins)
        rows = db.session.execute(
            select(Stay.participant, Stay.joined_at, Stay.left_at, Stay.ended_by).where(Stay.webinar_id == webinar_id, Stay.left_at.is_not(None))
        )
        for key, joined_at, left_at, ended_by in rows:
            self.past.setdefault(key, []).append(Visit(joined_at, left_at or joined_at, ended_by))
        self.told_open = {held.number for held in self.checkins.values() if held.is_open(now)}
        self.asked = self._asked_before()

    def _asked_before(self) -> dict[int, int]:
        """How many were asked by each check-in that was opened, from the visits as they are kept."""
        user_ids = [user_id for key in self.past if (user_id := user_id_of(key)) is not None]
        running = {user_key(user_id) for user_id in moderating_among(user_ids, self.room.webinar_id)}
        audience = [visits for key, visits in self.past.items() if key[:1] != "s" and key not in running]
        return {
            held.number: sum(any(visit.since <= held.closes_at and visit.until >= held.opened_at for visit in visits) for visits in audience)
            for held in self.checkins.values()
            if held.opened_at and held.closes_at
        }

    def refresh(self) -> None:
        """How the webinar stands, and its check-ins: they may have been changed by another process."""
        webinar = db.session.execute(
            select(Webinar.state, Webinar.live_at, Webinar.ended_at).where(Webinar.id == self.room.webinar_id)
        ).one()
        self.ended = webinar.state == WebinarState.ENDED
        changed = (self.live_at, self.ended_at) != (webinar.live_at, webinar.ended_at)
        self.live_at, self.ended_at = webinar.live_at, webinar.ended_at
        for number, held in checkins.read(self.room.webinar_id).items():
            known = self.checkins.get(number)
            self.checkins[number] = replace(held, answers=known.answers) if known and known.id == held.id else held
        if changed:
            self.room.put(CLOCK_SET, None, self._clock())

    # ---- what each sees ----

    def shown(self) -> dict[str, Any]:
        held = [one.shown() for one in self.checkins.values() if one.opened_at]
        return {**self._clock(), "checkins": held}

    def shown_to_staff(self) -> dict[str, Any]:
        return {"counts": [self._counted(held) for held in self.checkins.values() if held.opened_at]}

    def own(self, person: Participant) -> dict[str, Any]:
        """Milliseconds present up to `at`; the browser counts on from there while it is connected."""
        now = clock.now()
        answered = {str(held.number): held.answers[person.key].isoformat() for held in self.checkins.values() if person.key in held.answers}
        return {"present_ms": self.presence(person.key, now).present_ms, "at": now.isoformat(), "answered": answered}

    def _clock(self) -> dict[str, Any]:
        return {"live_at": _iso(self.live_at), "ended_at": _iso(self.ended_at)}

    def presence(self, key: str, now: datetime) -> rules.Presence:
        staying = self.staying.get(key)
        visits = [*self.past.get(key, ()), *([Visit(staying.since, max(now, staying.since))] if staying else [])]
        return rules.presence_of(visits, self.live_at, self.ended_at or now)

    # ---- coming and going ----

    def entered(self, person: Participant) -> None:
        if self.ended or person.key in self.staying:
            return
        self._begin(person, self._moment())
        for number in self.told_open:
            self._count(self.checkins[number])

    def gone(self, person: Participant, reason: str) -> None:
        staying = self.staying.pop(person.key, None)
        if staying is not None:
            self._end(staying, max(clock.now(), staying.since), HOW.get(reason, StayEnd.CLOSED))

    def _moment(self) -> datetime:
        """Now, and after every moment given before: a stay is known by when it began."""
        self.newest = max(clock.now(), self.newest + timedelta(microseconds=1))
        return self.newest

    def _begin(self, person: Participant, since: datetime) -> None:
        staying = Staying(person, since)
        self.staying[person.key] = staying
        self.begun.append(staying)

    def _end(self, staying: Staying, left_at: datetime, how: StayEnd) -> None:
        staying.left_at, staying.ended_by = left_at, how
        self.past.setdefault(staying.person.key, []).append(Visit(staying.since, left_at, how))
        if staying.written:
            self.left.append(staying)

    # ---- the webinar's phases ----

    def went_live(self) -> None:
        self.refresh()

    def closed(self) -> None:
        """The webinar has ended: nobody's presence goes on."""
        self.refresh()
        for key in list(self.staying):
            staying = self.staying.pop(key)
            self._end(staying, max(self.ended_at or clock.now(), staying.since), StayEnd.CLOSED)

    # ---- answers ----

    def note_answer(self, key: str, number: int, at: datetime) -> None:
        """An answer is in its row: show it to the person's other devices and count it for the staff."""
        held = self.checkins.get(number)
        if held is None:
            return
        held.answers.setdefault(key, at)
        self.room.tell_one(key, CHECKIN_ANSWERED, {"number": number, "at": held.answers[key].isoformat()})
        self._count(held)

    def note_opened(self, held: Held) -> None:
        self.checkins[held.number] = held
        self.told_open.add(held.number)
        self.room.tell(CHECKIN_OPENED, held.shown())
        self._count(held)

    def _count(self, held: Held) -> None:
        """Tell the staff how many have answered. Asked is who attends: not those on stage, nor those who run it, who get no JP for it."""
        if held.is_open(clock.now()):
            here = sum(not (one.person.may(SPEAK) or one.person.may(MODERATE)) for one in list(self.staying.values()))
            self.asked[held.number] = max(here, self.asked.get(held.number, 0))
        self.room.put(CHECKIN_COUNTED, held.number, self._counted(held))

    def _counted(self, held: Held) -> dict[str, int]:
        answers = len(held.answers)
        return {"number": held.number, "answers": answers, "people": max(answers, self.asked.get(held.number, 0))}

    # ---- once a second, beside the room's beat ----

    def every_second(self) -> None:
        if self.begun or self.left or self._is_due() or self._must_show():
            app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
            socketio.start_background_task(self.work, app)

    def _must_show(self) -> bool:
        return time.monotonic() - self.seen_at >= SEEN_EVERY_SECONDS

    def _is_due(self) -> bool:
        now = clock.now()
        return bool(self.told_open - {held.number for held in self.checkins.values() if held.is_open(now)}) or self._due(now) is not None

    def work(self, app: Flask) -> None:
        """Write what was gathered, ask who has to be asked. One at a time; waits for a database that is busy, because the room may be gone."""
        if not self.working.acquire(blocking=False):
            return
        try:
            for _second in range(TIRELESS):
                try:
                    with app.app_context():
                        self.settle()
                    return
                except (Busy, SQLAlchemyError) as error:
                    log.warning("attendance_waits", webinar_id=self.room.webinar_id, reason=str(error))
                    socketio.sleep(1)
        finally:
            self.working.release()

    def settle(self) -> None:
        """Bring rows and check-ins up to now, in short transactions."""
        while self.begun or self.left:
            self._write_some()
        if self._must_show():
            self.seen_at = time.monotonic()
            self._move_on()
            self.refresh()
        self._look_at_checkins()

    def _write_some(self) -> None:
        begun, self.begun = self.begun[: book.MOST_AT_ONCE], self.begun[book.MOST_AT_ONCE :]
        left: list[Staying] = []
        if not self.begun:  # what has just ended may have begun in this very batch
            left, self.left = self.left[: book.MOST_AT_ONCE], self.left[book.MOST_AT_ONCE :]
        for staying in begun:
            staying.written = True
        try:
            write_durably(lambda connection: book.write(connection, begun, left))
        except (Busy, SQLAlchemyError):
            self.begun, self.left = [*begun, *self.begun], [*left, *self.left]
            raise

    def _move_on(self) -> None:
        """Everybody here was here until now. Whose row was closed by mistake (the database did not answer for a minute) has it opened again."""
        now, webinar_id = clock.now(), self.room.webinar_id
        here = {key for key, staying in self.staying.items() if staying.written}
        if not here:
            return
        if write_durably(lambda connection: book.move_on(connection, webinar_id, now)) < len(here):
            with db.engine.connect() as connection:
                kept = book.open_stays(connection, webinar_id)
            closed = [self.staying[key] for key in here - kept if key in self.staying]
            if closed:
                write_durably(lambda connection: book.reopen(connection, closed, now))

    # ---- check-ins ----

    def _due(self, now: datetime) -> Held | None:
        return None if self.live_at is None or self.ended else checkins.due(self.checkins.values(), now, self._in_break())

    def _in_break(self) -> bool:
        """Nobody is asked while the room has a break, planned or not."""
        agenda = self.room.parts.get(Agenda.name)
        return isinstance(agenda, Agenda) and agenda.break_until is not None

    def _look_at_checkins(self) -> None:
        now = clock.now()
        for number in sorted(self.told_open):
            held = self.checkins.get(number)
            if held is None or not held.is_open(now):
                self.told_open.discard(number)
                self.room.tell(CHECKIN_CLOSED, {"number": number})
        held = self._due(now)
        if held is not None and (opened := checkins.open_now(held, now)):
            self.note_opened(opened)


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
