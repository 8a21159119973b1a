"""How many seats a unit, with everything below it, may take at most. The nearest unit of the tree that has a quota decides."""

from __future__ import annotations

from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import delete, func, select, update

from app.kernel import clock, events
from app.kernel.db import db, insert_into
from app.kernel.errors import Invalid, NotFound
from app.people import audit
from app.people.models import OrgUnit
from app.people.queries import list_units
from app.webinars import rules
from app.webinars.events import WebinarChanged
from app.webinars.models import RegistrationState, Webinar, WebinarQuota, WebinarRegistration, WebinarState
from app.webinars.planning import MOST_SEATS, lock_for_edit


@dataclass(frozen=True, slots=True)
class Quota:
    unit_id: int
    unit: str
    seats: int
    taken: int


def quotas_of(webinar_id: int) -> dict[int, int]:
    rows = select(WebinarQuota.org_unit_id, WebinarQuota.seats).where(WebinarQuota.webinar_id == webinar_id)
    return dict(db.session.execute(rows).all())


def list_quotas(webinar_id: int) -> list[Quota]:
    seated = (WebinarRegistration.webinar_id == webinar_id) & (WebinarRegistration.state == RegistrationState.REGISTERED)
    taken = select(func.count()).where(seated, WebinarRegistration.quota_unit_id == WebinarQuota.org_unit_id).scalar_subquery()
    rows = (
        select(WebinarQuota.org_unit_id, OrgUnit.name, WebinarQuota.seats, taken)
        .join(OrgUnit, OrgUnit.id == WebinarQuota.org_unit_id)
        .where(WebinarQuota.webinar_id == webinar_id)
        .order_by(OrgUnit.name)
    )
    return [Quota(*row) for row in db.session.execute(rows)]


def unit_options() -> list[tuple[int, str]]:
    """Units in the order of the tree, set in by their depth."""
    units = list_units(clock.today())
    least = min((unit.path.count("/") for unit in units), default=0)
    return [(unit.id, "\u2003" * (unit.path.count("/") - least) + unit.name) for unit in units]


def set_quota(actor_id: int | None, webinar_id: int, unit_id: int, seats: str) -> None:
    """Give a unit a quota, or another one. Who has a seat keeps it; who waits moves up where there is room now."""
    seats = seats.strip()
    if not (seats.isascii() and seats.isdigit() and len(seats) < 7 and int(seats) <= MOST_SEATS):
        raise Invalid(fields={"quota": _("Isi dengan angka %(least)d sampai %(most)d.", least=0, most=MOST_SEATS)})
    webinar = lock_for_edit(webinar_id, None)
    if db.session.get(OrgUnit, unit_id) is None:
        raise NotFound
    if webinar.seats is not None and int(seats) > webinar.seats:
        raise Invalid(fields={"quota": _("Kursi webinar ini hanya %(seats)d; kuota satu unit tidak dapat melebihinya.", seats=webinar.seats)})
    row = insert_into(WebinarQuota).values(webinar_id=webinar_id, org_unit_id=unit_id, seats=int(seats))
    db.session.execute(row.on_conflict_do_update(index_elements=["webinar_id", "org_unit_id"], set_={"seats": int(seats)}))
    audit.note(actor_id, "webinars.quota_set", ("webinar", webinar_id), after={"org_unit_id": unit_id, "seats": int(seats)})
    _count_anew(webinar)


def remove_quota(actor_id: int | None, webinar_id: int, unit_id: int) -> None:
    webinar = lock_for_edit(webinar_id, None)
    gone = delete(WebinarQuota).where(WebinarQuota.webinar_id == webinar_id, WebinarQuota.org_unit_id == unit_id)
    seats = db.session.scalar(gone.returning(WebinarQuota.seats).execution_options(synchronize_session=False))
    if seats is None:
        raise NotFound
    audit.note(actor_id, "webinars.quota_removed", ("webinar", webinar_id), before={"org_unit_id": unit_id, "seats": seats})
    _count_anew(webinar)


def _count_anew(webinar: Webinar) -> None:
    """Say for every registration whose quota it is counted against now: one statement for each quota."""
    db.session.flush()
    quotas = quotas_of(webinar.id)
    mine = WebinarRegistration.webinar_id == webinar.id
    rows = select(OrgUnit.id, OrgUnit.path).where(OrgUnit.id.in_(select(WebinarRegistration.org_unit_id).where(mine)))
    by_quota: dict[int | None, list[int]] = {}
    for unit_id, path in db.session.execute(rows):
        by_quota.setdefault(rules.nearest_quota(path, quotas), []).append(unit_id)
    for quota_unit_id, unit_ids in by_quota.items():
        counted = update(WebinarRegistration).where(mine, WebinarRegistration.org_unit_id.in_(unit_ids))
        db.session.execute(counted.values(quota_unit_id=quota_unit_id), execution_options={"synchronize_session": False})
    if webinar.state == WebinarState.PUBLISHED:
        events.record(WebinarChanged(webinar.id, webinar.version, None, True))




