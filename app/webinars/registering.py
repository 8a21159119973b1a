"""Seats: taken by one click, in order of arrival; the waiting list behind them; given back until it begins.

Whoever takes or gives back a seat holds the webinar's row, so that two people cannot have the last one. Functions flush and never commit.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, select

from app.kernel import clock, jobs
from app.kernel.db import db
from app.kernel.errors import Conflict, NotFound
from app.people.models import Employee, OrgUnit
from app.webinars import rules, telling
from app.webinars.models import RegistrationState, Webinar, WebinarGuest, WebinarRegistration, WebinarState
from app.webinars.queries import registration_of
from app.webinars.quotas import quotas_of

DOORS_OPEN = timedelta(minutes=15)  # so long before it begins the page of who is registered is the room
AT_ONCE = 10  # people moved up in one transaction
ACTIVE = (RegistrationState.REGISTERED, RegistrationState.WAITLISTED)


def is_open(webinar: Webinar, now: datetime) -> bool:
    """Whether people can register now: announced or on air, and not closed."""
    closes_at = webinar.registration_closes_at or webinar.ends_at
    return webinar.state in (WebinarState.PUBLISHED, WebinarState.LIVE) and now < closes_at


def may_cancel(webinar: Webinar, now: datetime) -> bool:
    return webinar.state == WebinarState.PUBLISHED and now < webinar.starts_at


def offers_to_cancel(webinar: Webinar, now: datetime) -> bool:
    """Whether who registers now finds on the page how to give the seat back: not any more once that page is the room."""
    return may_cancel(webinar, now) and now < webinar.starts_at - DOORS_OPEN


def register_user(webinar_id: int, user_id: int) -> WebinarRegistration:
    """Give an ASN a seat, or a place on the waiting list; whoever has one keeps it. Raises Conflict when registration is closed."""
    webinar = _locked(webinar_id)
    row = registration_of(webinar_id, user_id=user_id)
    if row is not None and row.state in ACTIVE:
        return row
    unit = db.session.execute(
        select(OrgUnit.id, OrgUnit.name, OrgUnit.path).join(Employee, Employee.org_unit_id == OrgUnit.id).where(Employee.user_id == user_id)
    ).first()
    row = row or WebinarRegistration(webinar_id=webinar_id, user_id=user_id)
    return _take(webinar, row, (unit.id, unit.name, unit.path) if unit else None)


def register_guest(webinar_id: int, guest: WebinarGuest) -> WebinarRegistration:
    """The same for a guest who has confirmed their address."""
    webinar = _locked(webinar_id)
    row = registration_of(webinar_id, guest_id=guest.id)
    if row is not None and row.state in ACTIVE:
        return row
    return _take(webinar, row or WebinarRegistration(webinar_id=webinar_id, guest_id=guest.id, org_unit_name=guest.institution), None)


def _take(webinar: Webinar, row: WebinarRegistration, unit: tuple[int, str, str] | None) -> WebinarRegistration:
    now = clock.now()
    if not is_open(webinar, now):
        raise Conflict(_("Pendaftaran webinar ini sudah ditutup."), code="closed")
    quotas = quotas_of(webinar.id)
    if unit:
        row.org_unit_id, row.org_unit_name = unit[0], unit[1]
        row.quota_unit_id = rules.nearest_quota(unit[2], quotas)
    seats = _Seats.count(webinar, quotas)
    seated = seats.has_room_for(row.quota_unit_id)
    if seated and _somebody_waits(webinar.id, seats):
        seated = False
        jobs.enqueue("webinars.fill_seats", webinar_id=webinar.id)
    row.state = RegistrationState.REGISTERED if seated else RegistrationState.WAITLISTED
    row.registered_at, row.seated_at, row.canceled_at = now, now if seated else None, None
    db.session.add(row)
    db.session.flush()
    telling.tell_registered(webinar, row) if seated else telling.tell_waitlisted(webinar, row)
    return row


def _somebody_waits(webinar_id: int, seats: _Seats) -> bool:
    """Whether somebody waits for whom there is room: the worker is about to move them up, and nobody overtakes them."""
    waiting = select(WebinarRegistration.quota_unit_id).where(
        WebinarRegistration.webinar_id == webinar_id, WebinarRegistration.state == RegistrationState.WAITLISTED
    )
    return any(seats.has_room_for(quota_unit_id) for quota_unit_id in db.session.scalars(waiting.distinct()))


def _taken_by_quota(webinar_id: int) -> dict[int | None, int]:
    seated = (WebinarRegistration.webinar_id == webinar_id) & (WebinarRegistration.state == RegistrationState.REGISTERED)
    rows = select(WebinarRegistration.quota_unit_id, func.count()).where(seated).group_by(WebinarRegistration.quota_unit_id)
    return dict(db.session.execute(rows).all())  # type: ignore[arg-type]


@dataclass(slots=True)
class _Seats:
    """How many seats are taken, in all and by quota; one statement, then counted along."""

    seats: int | None
    quotas: dict[int, int]
    taken: dict[int | None, int] = field(default_factory=dict)

    @classmethod
    def count(cls, webinar: Webinar, quotas: dict[int, int]) -> _Seats:
        return cls(webinar.seats, quotas, _taken_by_quota(webinar.id))

    def has_room_for(self, quota_unit_id: int | None) -> bool:
        quota = self.quotas.get(quota_unit_id) if quota_unit_id is not None else None
        return rules.has_room(sum(self.taken.values()), self.seats, self.taken.get(quota_unit_id, 0), quota)

    def take(self, quota_unit_id: int | None) -> None:
        self.taken[quota_unit_id] = self.taken.get(quota_unit_id, 0) + 1


def cancel_registration(webinar_id: int, *, user_id: int | None = None, guest_id: int | None = None) -> bool:
    """Give a seat back until it begins; whoever waits longest moves up. False when there was none. Raises Conflict once it has begun."""
    webinar = _locked(webinar_id)
    row = registration_of(webinar_id, user_id=user_id, guest_id=guest_id)
    if row is None or row.state not in ACTIVE:
        return False
    if not may_cancel(webinar, clock.now()):
        raise Conflict(_("Webinar ini sudah dimulai; pendaftaran tidak dapat dibatalkan lagi."), code="begun")
    telling.withdraw_reminders(webinar, [row])
    row.state, row.canceled_at = RegistrationState.CANCELED, clock.now()
    db.session.flush()
    fill_seats(webinar_id)
    return True


def fill_seats(webinar_id: int) -> int:
    """Move those up who wait longest and for whom there is room; a few now, the rest by the worker. Returns how many."""
    webinar = _locked(webinar_id)
    if webinar.state not in (WebinarState.PUBLISHED, WebinarState.LIVE) or clock.now() >= webinar.ends_at:
        return 0
    seats = _Seats.count(webinar, quotas_of(webinar_id))
    waiting = (
        select(WebinarRegistration.id, WebinarRegistration.quota_unit_id)
        .where(WebinarRegistration.webinar_id == webinar_id, WebinarRegistration.state == RegistrationState.WAITLISTED)
        .order_by(WebinarRegistration.registered_at, WebinarRegistration.id)
    )
    moved: list[int] = []
    for row_id, quota_unit_id in db.session.execute(waiting):
        if not seats.has_room_for(quota_unit_id):
            continue
        if len(moved) == AT_ONCE:
            jobs.enqueue("webinars.fill_seats", webinar_id=webinar_id)
            break
        seats.take(quota_unit_id)
        moved.append(row_id)
    for row in db.session.scalars(select(WebinarRegistration).where(WebinarRegistration.id.in_(moved)).order_by(WebinarRegistration.id)).all():
        row.state, row.seated_at = RegistrationState.REGISTERED, clock.now()
        telling.tell_moved_up(webinar, row)
    db.session.flush()
    return len(moved)


def _locked(webinar_id: int) -> Webinar:
    webinar = db.session.scalar(select(Webinar).where(Webinar.id == webinar_id).with_for_update())
    if webinar is None or webinar.state == WebinarState.DRAFT:
        raise NotFound
    return webinar


# ---- reads ----


@dataclass(frozen=True, slots=True)
class Counts:
    registered: int
    waiting: int


def count_registrations(webinar_id: int) -> Counts:
    rows = select(WebinarRegistration.state, func.count()).where(WebinarRegistration.webinar_id == webinar_id).group_by(WebinarRegistration.state)
    found: dict[Any, int] = dict(db.session.execute(rows).all())  # type: ignore[arg-type]
    return Counts(found.get(RegistrationState.REGISTERED, 0), found.get(RegistrationState.WAITLISTED, 0))


def place_in_line(row: WebinarRegistration) -> int:
    """Which place on the waiting list this is; 1 is the next."""
    before = (WebinarRegistration.registered_at < row.registered_at) | (
        (WebinarRegistration.registered_at == row.registered_at) & (WebinarRegistration.id < row.id)
    )
    ahead = select(func.count()).where(
        WebinarRegistration.webinar_id == row.webinar_id, WebinarRegistration.state == RegistrationState.WAITLISTED, before
    )
    return (db.session.scalar(ahead) or 0) + 1


def find_overlap(user_id: int, webinar: Webinar) -> Webinar | None:
    """Another webinar at the same time for which this person is registered."""
    query = (
        select(Webinar)
        .join(WebinarRegistration, WebinarRegistration.webinar_id == Webinar.id)
        .where(
            WebinarRegistration.user_id == user_id,
            WebinarRegistration.state == RegistrationState.REGISTERED,
            Webinar.id != webinar.id,
            Webinar.state.in_((WebinarState.PUBLISHED, WebinarState.LIVE)),
            Webinar.starts_at < webinar.ends_at,
            Webinar.ends_at > webinar.starts_at,
        )
        .order_by(Webinar.starts_at)
        .limit(1)
    )
    return db.session.scalar(query)
