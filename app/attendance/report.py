"""The report of a webinar's attendance, live and afterwards: its sentence, totals by unit, and a page of people; constant statements.

While it is on air the people are those who have been there; once results are worked out, everybody who was registered, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Integer, Select, case, cast, func, literal, null, select

from app.attendance import queries
from app.attendance.models import AttendanceResult, CheckIn, CheckInAnswer, Stay
from app.attendance.queries import Figures
from app.kernel.access import Scope
from app.kernel.db import db
from app.kernel.errors import NotFound
from app.people import nip
from app.people.models import Employee, User
from app.people.queries import visible_user_ids
from app.webinars.models import RegistrationState, Webinar, WebinarRegistration, WebinarStaff, WebinarState
from app.webinars.permissions import SEE_REPORT
from app.webinars.queries import find_webinar, is_staff_of

PAGE = 50
FULFILLED, MISSING = "terpenuhi", "belum"


@dataclass(frozen=True, slots=True)
class Reach:
    """Whose attendance a viewer may see: everybody's, or only that of their own unit's people."""

    viewer: User
    whole: bool


def get_report_webinar(viewer: User, slug: str) -> tuple[Webinar, Reach]:
    """The webinar, and how far this person sees in its report. Raises NotFound for outsiders."""
    webinar = find_webinar(slug)
    scope = viewer.scope_for(SEE_REPORT)
    if webinar is None or scope is None:
        raise NotFound
    if scope == Scope.ALL or is_staff_of(viewer.id, webinar.id):
        return webinar, Reach(viewer, True)
    if scope == Scope.UNIT:
        return webinar, Reach(viewer, False)
    raise NotFound


def list_report_webinars(viewer: User, page: int) -> tuple[Sequence[Webinar], int, int]:
    """A page of the webinars on air or over whose report is open to this person, the newest first; which page it is, and of how many."""
    chosen = select(Webinar).where(Webinar.state.in_((WebinarState.LIVE, WebinarState.ENDED)))
    if viewer.scope_for(SEE_REPORT) not in (Scope.ALL, Scope.UNIT):
        chosen = chosen.where(Webinar.id.in_(select(WebinarStaff.webinar_id).where(WebinarStaff.user_id == viewer.id)))
    total = db.session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
    pages = max(1, -(-total // PAGE))
    page = min(max(1, page), pages)
    ordered = chosen.order_by(Webinar.starts_at.desc(), Webinar.id.desc()).limit(PAGE).offset((page - 1) * PAGE)
    return db.session.scalars(ordered).all(), page, pages


@dataclass(frozen=True, slots=True)
class Filters:
    name: str = ""
    unit: str = ""
    state: str = ""  # FULFILLED, MISSING or all


@dataclass(frozen=True, slots=True)
class Line:
    """One person as the report shows them. `nip` is masked outside of the viewer's own unit. `counts`: whether the conditions are for them; they
    are not for speakers and staff, who earn nothing by being there."""

    key: str
    user_id: int | None
    full_name: str
    unit_name: str
    nip: str
    figures: Figures
    fulfilled: bool | None  # None while it is on air, and for whom the conditions are not
    counts: bool
    registered: bool
    jp: int


@dataclass(frozen=True, slots=True)
class UnitTotal:
    unit_name: str
    people: int
    fulfilled: int
    jp: int


@dataclass(frozen=True, slots=True)
class Kinds:
    """Who the people of a report are, as its export names each of them; together all of them."""

    participants: int = 0
    guests: int = 0
    speakers: int = 0
    staff: int = 0


@dataclass(frozen=True, slots=True)
class Report:
    webinar: Webinar
    computed: bool
    people: int
    kinds: Kinds
    counted: int  # those for whom the conditions are, `fulfilled` of them
    registered: int
    here: int
    fulfilled: int
    jp: int
    checkins: list[tuple[int, datetime, int]]  # number, when it opened, answers
    lines: list[Line]
    units: list[UnitTotal]
    page: int
    pages: int
    found: int
    unit_names: list[str] = field(default_factory=list)


def _people(webinar: Webinar, reach: Reach, computed: bool) -> Any:
    """Everybody of the report as a subquery: participant, user_id, full_name, unit_name, fulfilled, registered, jp. Whom the conditions are not
    for has fulfilled nothing (null)."""
    if computed:
        row: Any = AttendanceResult
        fulfilled = case((is_counted(row, webinar), row.fulfilled), else_=null()).label("fulfilled")
        columns = (row.participant, row.user_id, row.full_name, row.unit_name, fulfilled, row.registered, row.jp)
        chosen = select(*columns).where(row.webinar_id == webinar.id)
    else:
        row = Stay
        columns = (
            row.participant,
            func.max(row.user_id).label("user_id"),
            func.max(row.full_name).label("full_name"),
            func.max(row.unit_name).label("unit_name"),
            cast(null(), Boolean).label("fulfilled"),
            literal(True).label("registered"),
            literal(0).label("jp"),
        )
        chosen = select(*columns).where(row.webinar_id == webinar.id).group_by(row.participant)
    if not reach.whole:
        chosen = chosen.where(row.user_id.in_(visible_user_ids(reach.viewer, SEE_REPORT)))
    return chosen.subquery("people")


def _not_counted(webinar: Webinar) -> str:
    """The beginnings of keys for whom the conditions are not, registered or not: speakers; guests too when a post-test is asked, because that
    needs an account."""
    return "sg" if webinar.posttest_key else "s"


def is_counted(row: Any, webinar: Webinar) -> Any:
    """Whether the conditions are for somebody, as an expression: for who registered, not for speakers and staff, who earn nothing by being there."""
    return row.registered.is_(True) & func.substr(row.participant, 1, 1).not_in(list(_not_counted(webinar)))


def _filtered(people: Any, filters: Filters) -> Select[Any]:
    chosen = select(people)
    for word in filters.name.split():
        chosen = chosen.where(people.c.full_name.icontains(word, autoescape=True))
    if filters.unit:
        chosen = chosen.where(people.c.unit_name == filters.unit)
    if filters.state in (FULFILLED, MISSING):
        chosen = chosen.where(people.c.fulfilled.is_(filters.state == FULFILLED))
    return chosen


def read(webinar: Webinar, reach: Reach, filters: Filters, page: int, now: datetime) -> Report:
    computed = queries.is_computed(webinar.id)
    people = _people(webinar, reach, computed)
    units, kinds = _units(people), _kinds(people)
    chosen = _filtered(people, filters)
    found = db.session.scalar(select(func.count()).select_from(chosen.subquery())) or 0
    pages = max(1, -(-found // PAGE))
    page = min(max(1, page), pages)
    rows = db.session.execute(chosen.order_by(people.c.unit_name, people.c.full_name, people.c.participant).limit(PAGE).offset((page - 1) * PAGE)).all()
    return Report(
        webinar=webinar,
        computed=computed,
        people=sum(unit.people for unit in units),
        kinds=kinds,
        counted=kinds.participants + (0 if webinar.posttest_key else kinds.guests),
        registered=_registered(webinar, reach),
        here=_here(webinar, reach),
        fulfilled=sum(unit.fulfilled for unit in units),
        jp=sum(unit.jp for unit in units),
        checkins=_checkins(webinar.id, people),
        lines=_lines(webinar, reach, rows, now),
        units=units,
        page=page,
        pages=pages,
        found=found,
        unit_names=[unit.unit_name for unit in units if unit.unit_name],
    )


def lines_of(webinar: Webinar, reach: Reach, filters: Filters, now: datetime, at_once: int = 200) -> Any:
    """All lines for a file, some hundred at a time."""
    people = _people(webinar, reach, queries.is_computed(webinar.id))
    chosen = _filtered(people, filters).order_by(people.c.unit_name, people.c.full_name, people.c.participant)
    first = 0
    while rows := db.session.execute(chosen.limit(at_once).offset(first)).all():
        yield _lines(webinar, reach, rows, now)
        first += at_once


def _lines(webinar: Webinar, reach: Reach, rows: Sequence[Any], now: datetime) -> list[Line]:
    figures = queries.figures_of(webinar, [row.participant for row in rows], now)
    numbers = _nips(reach, [row.user_id for row in rows if row.user_id is not None])
    return [
        Line(
            row.participant, row.user_id, row.full_name, row.unit_name, numbers.get(row.user_id, ""), figures[row.participant],
            None if row.fulfilled is None else bool(row.fulfilled), bool(row.registered) and row.participant[:1] not in _not_counted(webinar), bool(row.registered), row.jp,
        )
        for row in rows
    ]  # fmt: skip


def _nips(reach: Reach, user_ids: Sequence[int]) -> dict[int, str]:
    """Numbers of the people shown: in full for the viewer's own unit, masked for everybody else."""
    if not user_ids:
        return {}
    own: Any = literal(False)
    if reach.viewer.scope_for(SEE_REPORT) == Scope.UNIT:
        own = Employee.user_id.in_(visible_user_ids(reach.viewer, SEE_REPORT))
    rows = db.session.execute(select(Employee.user_id, Employee.nip, own).where(Employee.user_id.in_(user_ids)))
    return {user_id: nip.grouped(number) if is_own else nip.masked(number) for user_id, number, is_own in rows if number and user_id}


def _units(people: Any) -> list[UnitTotal]:
    met = func.coalesce(func.sum(case((people.c.fulfilled.is_(True), 1), else_=0)), 0)
    rows = db.session.execute(
        select(people.c.unit_name, func.count(), met, func.coalesce(func.sum(people.c.jp), 0).cast(Integer))
        .group_by(people.c.unit_name)
        .order_by(func.count().desc(), people.c.unit_name)
    )
    return [UnitTotal(*row) for row in rows]


def _kinds(people: Any) -> Kinds:
    key = func.substr(people.c.participant, 1, 1)
    kind = case((key == "s", "speakers"), (key == "g", "guests"), (people.c.registered.is_(True), "participants"), else_="staff")
    return Kinds(**dict(db.session.execute(select(kind, func.count()).group_by(kind)).all()))


def _registered(webinar: Webinar, reach: Reach) -> int:
    wanted = select(func.count(WebinarRegistration.id)).where(
        WebinarRegistration.webinar_id == webinar.id, WebinarRegistration.state == RegistrationState.REGISTERED
    )
    if not reach.whole:
        wanted = wanted.where(WebinarRegistration.user_id.in_(visible_user_ids(reach.viewer, SEE_REPORT)))
    return db.session.scalar(wanted) or 0


def _here(webinar: Webinar, reach: Reach) -> int:
    wanted = select(func.count(func.distinct(Stay.participant))).where(Stay.webinar_id == webinar.id, Stay.left_at.is_(None))
    if not reach.whole:
        wanted = wanted.where(Stay.user_id.in_(visible_user_ids(reach.viewer, SEE_REPORT)))
    return db.session.scalar(wanted) or 0


def _checkins(webinar_id: int, people: Any) -> list[tuple[int, datetime, int]]:
    rows = db.session.execute(
        select(CheckIn.number, CheckIn.opened_at, func.count(CheckInAnswer.participant))
        .outerjoin(CheckInAnswer, (CheckInAnswer.checkin_id == CheckIn.id) & CheckInAnswer.participant.in_(select(people.c.participant)))
        .where(CheckIn.webinar_id == webinar_id, CheckIn.opened_at.is_not(None))
        .group_by(CheckIn.number, CheckIn.opened_at)
        .order_by(CheckIn.number)
    )
    return [(number, opened_at, answers) for number, opened_at, answers in rows if opened_at]


def get_line(webinar: Webinar, reach: Reach, key: str, now: datetime) -> Line:
    """One person of the report. Raises NotFound for somebody who is not in it, or out of reach."""
    people = _people(webinar, reach, queries.is_computed(webinar.id))
    rows = db.session.execute(select(people).where(people.c.participant == key)).all()
    if not rows:
        raise NotFound
    return _lines(webinar, reach, rows, now)[0]
