"""What the organizer reads afterwards: who, how long, questions, polls, delay, incidents. From rows only, in a fixed number of statements."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median_low
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app.attendance.models import AttendanceResult, Stay
from app.attendance.queries import live_ms
from app.attendance.report import is_counted
from app.attendance.rules import CRASH, Visit, presence_of
from app.attendance.words import minutes
from app.kernel.db import db
from app.media.models import MediaAsset
from app.recordings import beside, story
from app.recordings.crowd import Step, steps_of
from app.recordings.making import DAMAGED_TAKE
from app.recordings.models import Recording
from app.recordings.parts import gaps_of, length_ms, parts_of
from app.room.delays import Delays
from app.room.models import QuestionState, RoomIncident, RoomMessage
from app.room.presence import DELAYS
from app.room.questions.services import count_by_state
from app.room.state import read_state
from app.ui.formats import angka
from app.webinars.models import Webinar, WebinarRegistration

INCIDENT_WORDS: dict[str, Any] = {
    DAMAGED_TAKE: _l("Satu potongan rekaman rusak dan dilewati"),
    "crowd_refused": _l("Ruang penuh; sebagian orang diminta mencoba lagi"),
    "quality_lowered": _l("Mesin terlalu sibuk: siaran dilanjutkan dengan mutu gambar lebih rendah, suara tetap"),
    "quality_raised": _l("Mutu gambar siaran dinaikkan kembali"),
    "restart": _l("Ruang dibuka kembali setelah server berhenti"),
}
FACT_WORDS: dict[str, Any] = {
    "take": _l("potongan {n}"),
    "seconds": _l("{n} detik"),
    "refused": _l("{n} ditolak"),
    "seats": _l("{n} tempat"),
}
CHART_HEIGHT = 100


@dataclass(frozen=True, slots=True)
class UnitLine:
    """A unit: how many of its people were there, for how long in the middle, and how many fulfilled the conditions."""

    name: str
    people: int
    minutes: int
    fulfilled: int


@dataclass(frozen=True, slots=True)
class IncidentLine:
    at: datetime
    words: Any
    facts: str


def gather(webinar: Webinar) -> dict[str, Any]:
    """Everything on the page."""
    begin, end = webinar.live_at or webinar.starts_at, webinar.ended_at or webinar.ends_at
    on_air_ms = live_ms(webinar, end)
    recording = db.session.get(Recording, webinar.id)
    parts = parts_of(recording.parts) if recording else ()
    people = _people(webinar.id)
    stays = [(row.participant, row.joined_at, row.left_at or row.seen_at) for row in people]
    there = {who: spent for who, spent in _present_ms(people, webinar).items() if spent > 0}
    results = _results(webinar)
    questions = story.list_questions(webinar.id, parts)
    steps = steps_of(stays, begin, end)
    incidents = _incidents(webinar.id)
    return {
        "webinar": webinar,
        "recording": recording,
        "asset": db.session.get(MediaAsset, recording.asset_id) if recording and recording.asset_id else None,
        "recorded": length_ms(parts) / 1000,
        "unrecorded": gaps_of(begin, end, parts),
        "begin": begin,
        "end": end,
        "live_minutes": minutes(on_air_ms),
        "registered": _registered(webinar.id),
        "present": len(there),
        "middle": minutes(median_low(there.values())) if there else 0,
        "fulfilled": sum(results.values()),
        "has_results": bool(results),
        "units": _units({row.participant: row.unit_name for row in people}, there, results),
        "steps": steps,
        "peak": max(steps, key=lambda step: step.people, default=None),
        "curve": curve(steps),
        "questions": questions,
        "undecided": count_by_state(webinar.id).get(QuestionState.NEW, 0),
        "states": Counter(question.state for question in questions),
        "answered": sum(question.is_answered for question in questions),
        "tasks": [question for question in questions if question.state in (QuestionState.APPROVED, QuestionState.DEFERRED)],
        "messages": _count_messages(webinar.id),
        "delays": Delays.from_value(read_state(webinar.id, DELAYS)),
        "polls": beside.list_polls(webinar.id, parts),
        "incidents": incidents,
    }


def _people(webinar_id: int) -> Sequence[Any]:
    return db.session.execute(
        select(Stay.participant, Stay.unit_name, Stay.joined_at, Stay.left_at, Stay.seen_at, Stay.ended_by).where(Stay.webinar_id == webinar_id)
    ).all()


def _present_ms(people: Sequence[Any], webinar: Webinar) -> dict[str, int]:
    """How long each person was there while it was on air, counted as the report of attendance counts it."""
    visits: dict[str, list[Visit]] = {}
    for row in people:
        visits.setdefault(row.participant, []).append(Visit(row.joined_at, row.left_at or row.seen_at, row.ended_by or CRASH))
    return {who: presence_of(own, webinar.live_at, webinar.ended_at).present_ms for who, own in visits.items()}


def _results(webinar: Webinar) -> dict[str, bool]:
    """Who fulfilled the conditions, of those whom they are for."""
    rows = db.session.execute(
        select(AttendanceResult.participant, AttendanceResult.fulfilled).where(
            AttendanceResult.webinar_id == webinar.id, is_counted(AttendanceResult, webinar)
        )
    ).all()
    return dict(rows)  # type: ignore[arg-type]


def _registered(webinar_id: int) -> dict[str, int]:
    rows = db.session.execute(
        select(WebinarRegistration.state, func.count())
        .where(WebinarRegistration.webinar_id == webinar_id)
        .group_by(WebinarRegistration.state)
    ).all()
    return dict(rows)  # type: ignore[arg-type]


def _units(unit_of: dict[str, str], there: dict[str, int], results: dict[str, bool]) -> list[UnitLine]:
    """The units with most people first."""
    people: dict[str, list[str]] = {}
    for who in there:
        people.setdefault(unit_of.get(who, ""), []).append(who)
    lines = [
        UnitLine(unit or _("Tanpa unit"), len(of), minutes(median_low(there[who] for who in of)), sum(results.get(who, False) for who in of))
        for unit, of in people.items()
    ]
    return sorted(lines, key=lambda line: (-line.people, line.name))


def _count_messages(webinar_id: int) -> int:
    return db.session.scalar(select(func.count()).where(RoomMessage.webinar_id == webinar_id, RoomMessage.deleted_at.is_(None))) or 0


def _incidents(webinar_id: int) -> list[IncidentLine]:
    rows = db.session.scalars(
        select(RoomIncident).where(RoomIncident.webinar_id == webinar_id).order_by(RoomIncident.happened_at, RoomIncident.id)
    )
    return [IncidentLine(row.happened_at, INCIDENT_WORDS.get(row.kind, row.kind), _facts(row.facts)) for row in rows]


def _facts(facts: dict[str, Any]) -> str:
    """The numbers of an incident that have a name for people."""
    return ", ".join(
        str(FACT_WORDS[name]).replace("{n}", angka(value)) for name, value in facts.items() if name in FACT_WORDS and isinstance(value, int | float)
    )


def curve(steps: Sequence[Step]) -> str:
    """The crowd as a filled path over as many units as there are steps, a hundred high."""
    most = max((step.people for step in steps), default=0)
    if not most:
        return ""
    corners = "".join(f"V{round(CHART_HEIGHT * (1 - step.people / most), 1)}H{place + 1}" for place, step in enumerate(steps))
    return f"M0 {CHART_HEIGHT}{corners}V{CHART_HEIGHT}Z"
