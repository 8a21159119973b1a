"""Who runs a webinar: moderators in the room, organizers beside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import delete, select

from app.kernel.db import db, insert_into
from app.kernel.errors import Invalid, NotFound
from app.notifications.services import notify
from app.people import audit
from app.people.models import Employee, OrgUnit, User
from app.people.permissions import VIEW_PEOPLE
from app.people.queries import holds, visible_user_ids
from app.ui.formats import waktu
from app.webinars.labels import STAFF_ROLES
from app.webinars.models import WebinarStaff, WebinarState
from app.webinars.permissions import MODERATE
from app.webinars.planning import lock_for_edit

LONGEST_SEARCH = 80
WHILE_IT_MATTERS = (WebinarState.DRAFT, WebinarState.PUBLISHED, WebinarState.LIVE)


@dataclass(frozen=True, slots=True)
class Person:
    user_id: int
    full_name: str
    unit: str | None
    role: str


def list_staff(webinar_id: int) -> list[Person]:
    rows = (
        select(User.id, User.full_name, OrgUnit.name, WebinarStaff.role)
        .join(WebinarStaff, WebinarStaff.user_id == User.id)
        .outerjoin(Employee, Employee.user_id == User.id)
        .outerjoin(OrgUnit, OrgUnit.id == Employee.org_unit_id)
        .where(WebinarStaff.webinar_id == webinar_id)
        .order_by(WebinarStaff.role, User.full_name)
    )
    return [Person(*row) for row in db.session.execute(rows)]


def add_staff(viewer: User, webinar_id: int, user_id: int, role: str) -> None:
    """Put somebody into the staff, or change what they are there; they are told. Raises Invalid for who could not run it anyway."""
    if role not in STAFF_ROLES:
        raise Invalid(fields={"role": _("Pilih peran di dalam webinar.")})
    webinar = lock_for_edit(webinar_id, None, WHILE_IT_MATTERS)
    visible = select(User.id).where(User.id == user_id, User.id.in_(visible_user_ids(viewer, VIEW_PEOPLE)))
    if db.session.scalar(visible) is None:
        raise NotFound
    if db.session.scalar(visible.where(holds(MODERATE))) is None:
        raise Invalid(_("Orang ini belum dapat memandu webinar. Beri dulu peran moderator di halaman pegawainya."), code="no_moderating_role")
    row = insert_into(WebinarStaff).values(webinar_id=webinar_id, user_id=user_id, role=role)
    db.session.execute(row.on_conflict_do_update(index_elements=["webinar_id", "user_id"], set_={"role": role}))
    audit.note(viewer.id, "webinars.staff_named", ("webinar", webinar_id), after={"user_id": user_id, "role": role})
    if user_id != viewer.id:
        _tell(user_id, webinar, role)


def _tell(user_id: int, webinar: Any, role: str) -> None:
    notify(
        user_id,
        "webinar",
        lambda: _("Anda %(role)s webinar %(title)s", role=str(STAFF_ROLES[role]).lower(), title=webinar.title),
        lambda: _("Webinarnya %(when)s. Susunan acara dan narasumbernya dapat Anda siapkan.", when=waktu(webinar.starts_at)),
        f"/kelola/webinar/{webinar.id}",
        key=f"webinar-staff:{webinar.id}:{user_id}:{role}",
    )


def remove_staff(viewer: User, webinar_id: int, user_id: int) -> None:
    lock_for_edit(webinar_id, None, WHILE_IT_MATTERS)
    gone = delete(WebinarStaff).where(WebinarStaff.webinar_id == webinar_id, WebinarStaff.user_id == user_id)
    role = db.session.scalar(gone.returning(WebinarStaff.role).execution_options(synchronize_session=False))
    if role is None:
        raise NotFound
    audit.note(viewer.id, "webinars.staff_removed", ("webinar", webinar_id), before={"user_id": user_id, "role": role})
