"""Named reads about attendance: few statements, whatever the number of people."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from app.assessment.models import Quiz, QuizAttempt
from app.attendance import rules
from app.attendance.book import SILENT
from app.attendance.models import Appeal, AppealState, AttendanceResult, CheckIn, CheckInAnswer, Stay
from app.attendance.rules import Condition, Facts, Presence, Visit
from app.kernel.db import db
from app.webinars.models import Webinar, WebinarState
from app.webinars.participants import user_id_of, user_key


@dataclass(frozen=True, slots=True)
class Figures:
    """One person's attendance: what it is made of, and how far it meets the conditions."""

    presence: Presence
    answered: Mapping[int, datetime]  # by number of the check-in
    facts: Facts
    joined_at: datetime | None
    here: bool

    @property
    def conditions(self) -> list[Condition]:
        return rules.conditions(self.facts)

    @property
    def fulfilled(self) -> bool:
        return rules.is_fulfilled(self.facts)


def live_until(webinar: Webinar, now: datetime) -> datetime | None:
    """Up to when the time on air goes: its end, or now."""
    return webinar.ended_at or (now if webinar.state == WebinarState.LIVE else None)


def live_ms(webinar: Webinar, now: datetime) -> int:
    until = live_until(webinar, now)
    return rules.milliseconds(until - webinar.live_at) if webinar.live_at and until else 0


def held_checkins(webinar_id: int) -> dict[int, datetime]:
    """The check-ins that people were asked, by number: when each closed."""
    rows = db.session.execute(
        select(CheckIn.number, CheckIn.closes_at).where(CheckIn.webinar_id == webinar_id, CheckIn.opened_at.is_not(None)).order_by(CheckIn.number)
    )
    return {number: closes_at for number, closes_at in rows if closes_at}


def figures_of(webinar: Webinar, keys: Collection[str], now: datetime) -> dict[str, Figures]:
    """The attendance of these people (keys of participants); five statements."""
    visits, here = _visits(webinar, keys, now)
    held = held_checkins(webinar.id)
    answered = _answers(webinar.id, keys)
    passed = passed_posttest(webinar, keys)
    granted = _granted(webinar.id, keys)
    whole, until = live_ms(webinar, now), live_until(webinar, now)
    found: dict[str, Figures] = {}
    for key in keys:
        presence = rules.presence_of(visits.get(key, ()), webinar.live_at, until)
        minutes, checkins = granted.get(key, (0, 0))
        facts = Facts(
            live_ms=whole,
            present_ms=presence.present_ms,
            presence_percent=webinar.presence_percent,
            checkins=len(answered.get(key, {})),
            checkins_held=len(held),
            checkins_needed=webinar.checkins_needed,
            granted_ms=minutes * 60_000,
            granted_checkins=checkins,
            posttest_asked=bool(webinar.posttest_key),
            posttest_passed=key in passed,
        )
        first = min((visit.since for visit in visits.get(key, ())), default=None)
        found[key] = Figures(presence, answered.get(key, {}), facts, first, key in here)
    return found


def _visits(webinar: Webinar, keys: Collection[str], now: datetime) -> tuple[dict[str, list[Visit]], set[str]]:
    """Visits by person, and who is there now. An open stay that nobody moved on lasted until it was last seen."""
    found: dict[str, list[Visit]] = {}
    here: set[str] = set()
    rows = db.session.execute(
        select(Stay.participant, Stay.joined_at, Stay.seen_at, Stay.left_at, Stay.ended_by).where(
            Stay.webinar_id == webinar.id, Stay.participant.in_(keys)
        )
    )
    for key, joined_at, seen_at, left_at, ended_by in rows:
        alive = left_at is None and webinar.state != WebinarState.ENDED and now - seen_at <= SILENT
        if alive:
            here.add(key)
        until = left_at or (max(now, joined_at) if alive else seen_at)
        found.setdefault(key, []).append(Visit(joined_at, until, ended_by or (None if alive else rules.CRASH)))
    return found, here


def _answers(webinar_id: int, keys: Collection[str]) -> dict[str, dict[int, datetime]]:
    rows = db.session.execute(
        select(CheckInAnswer.participant, CheckIn.number, CheckInAnswer.answered_at)
        .join(CheckIn, CheckIn.id == CheckInAnswer.checkin_id)
        .where(CheckIn.webinar_id == webinar_id, CheckInAnswer.participant.in_(keys))
        .order_by(CheckIn.number)
    )
    found: dict[str, dict[int, datetime]] = {}
    for key, number, at in rows:
        found.setdefault(key, {})[number] = at
    return found


def passed_posttest(webinar: Webinar, keys: Collection[str]) -> set[str]:
    """Who of these people passed the webinar's post-test while it was open."""
    user_ids = [user_id for key in keys if (user_id := user_id_of(key)) is not None]
    if not webinar.posttest_key or not user_ids:
        return set()
    wanted = (
        select(QuizAttempt.user_id)
        .join(Quiz, Quiz.id == QuizAttempt.quiz_id)
        .where(Quiz.key == webinar.posttest_key, QuizAttempt.passed.is_(True), QuizAttempt.user_id.in_(user_ids))
        .distinct()
    )
    if webinar.posttest_closes_at:
        wanted = wanted.where(QuizAttempt.submitted_at <= webinar.posttest_closes_at)
    return {user_key(user_id) for user_id in db.session.scalars(wanted)}


def _granted(webinar_id: int, keys: Collection[str]) -> dict[str, tuple[int, int]]:
    """Minutes and check-ins that decided appeals gave."""
    user_ids = [user_id for key in keys if (user_id := user_id_of(key)) is not None]
    if not user_ids:
        return {}
    rows = db.session.execute(
        select(Appeal.user_id, func.sum(Appeal.granted_minutes), func.sum(Appeal.granted_checkins))
        .where(Appeal.webinar_id == webinar_id, Appeal.state == AppealState.GRANTED, Appeal.user_id.in_(user_ids))
        .group_by(Appeal.user_id)
    )
    return {user_key(user_id): (int(minutes), int(checkins)) for user_id, minutes, checkins in rows}


def find_result(webinar_id: int, key: str) -> AttendanceResult | None:
    return db.session.scalar(select(AttendanceResult).where(AttendanceResult.webinar_id == webinar_id, AttendanceResult.participant == key))


def is_computed(webinar_id: int) -> bool:
    """Whether the results stand (some time after the end)."""
    return db.session.scalar(select(AttendanceResult.id).where(AttendanceResult.webinar_id == webinar_id).limit(1)) is not None


def list_appeals_of(webinar_id: int, user_id: int) -> list[Appeal]:
    """A person's own appeals, the newest first."""
    return list(db.session.scalars(select(Appeal).where(Appeal.webinar_id == webinar_id, Appeal.user_id == user_id).order_by(Appeal.id.desc())))


def describe_missing(missing: list[Condition]) -> dict[str, Any]:
    """What is lacking, as a result keeps it."""
    return {condition.code: {"have": condition.have, "need": condition.need} for condition in missing if not condition.done}
