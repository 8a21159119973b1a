"""Named reads: who is this, whom may I see, which units."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, Delete, Select, Update, false, func, or_, select
from sqlalchemy.orm import aliased

from app.kernel.access import Permission, Scope
from app.kernel.db import db
from app.kernel.errors import NotFound
from app.people import nip as nip_rules
from app.people.models import Employee, OrgUnit, RoleGrant, User
from app.people.permissions import VIEW_PEOPLE

MOST_FOUND, MOST_WORDS = 20, 6


def normalize_identifier(text: str) -> str:
    """What was typed to say who one is: the NIP's digits, or the e-mail address in lower case."""
    digits = nip_rules.strip(text)
    return digits if digits.isascii() and digits.isdigit() else text.strip().lower()


def find_user_by_identifier(text: str) -> User | None:
    """The account with this NIP or e-mail address, enabled or not."""
    identifier = normalize_identifier(text)
    if not identifier:
        return None
    if "@" in identifier:
        return db.session.scalar(select(User).where(User.email == identifier))
    return db.session.scalar(select(User).join(Employee, Employee.user_id == User.id).where(Employee.nip == identifier))


def visible_user_ids(viewer: User, permission: Permission) -> Select[int]:
    """A SELECT of the ids of everyone for whom this viewer holds the permission, by the reach of each of their roles.

    Use it as a subquery: `User.id.in_(visible_user_ids(current_user, VIEW_PEOPLE))`. It selects nobody when the viewer holds nothing.
    """
    reach = {permission.grants[role] for role in viewer.roles if role in permission.grants}
    if Scope.ALL in reach:
        return select(User.id)
    ways = []
    if Scope.SELF in reach or Scope.TEAM in reach:
        ways.append(User.id == viewer.id)
    if Scope.TEAM in reach:
        ways.append(User.id.in_(select(Employee.user_id).where(Employee.supervisor_id == viewer.id)))
    if Scope.UNIT in reach:
        ways.append(User.id.in_(select(Employee.user_id).where(Employee.org_unit_id.in_(unit_ids_below(viewer.unit_ids_for(permission))))))
    return select(User.id).where(or_(*ways) if ways else false())


def unit_ids_below(top_ids: set[int]) -> Select[int]:
    """A SELECT of the ids of these units and of everything below them."""
    if not top_ids:
        return select(OrgUnit.id).where(false())
    top = aliased(OrgUnit)
    return select(OrgUnit.id).join(top, OrgUnit.path.like(top.path + "%")).where(top.id.in_(top_ids))


def visible_unit_ids(viewer: User, permission: Permission) -> Select[int]:
    """A SELECT of the ids of the units in which this viewer holds the permission."""
    if viewer.scope_for(permission) == Scope.ALL:
        return select(OrgUnit.id)
    return unit_ids_below(viewer.unit_ids_for(permission))


def get_visible_user(viewer: User, permission: Permission, user_id: int) -> User:
    """The person, if this viewer holds the permission for them; otherwise NotFound, as if nobody were there."""
    user = db.session.scalar(select(User).where(User.id == user_id, User.id.in_(visible_user_ids(viewer, permission))))
    if user is None:
        raise NotFound
    return user


def get_visible_unit(viewer: User, permission: Permission, unit_id: int) -> OrgUnit:
    """The unit, if the permission reaches it; otherwise NotFound."""
    unit = db.session.scalar(select(OrgUnit).where(OrgUnit.id == unit_id, OrgUnit.id.in_(visible_unit_ids(viewer, permission))))
    if unit is None:
        raise NotFound
    return unit


def get_user(user_id: int) -> User:
    """Raises NotFound. Whoever asks has checked that the person may be seen."""
    user = db.session.get(User, user_id)
    if user is None:
        raise NotFound
    return user


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who could be put into a team."""

    user_id: int
    full_name: str
    unit: str | None


def holds(permission: Permission) -> ColumnElement[bool]:
    """Whether a person (`User`) has an open account and a role that holds the permission, whatever its reach."""
    held = select(RoleGrant.id).where(RoleGrant.user_id == User.id, RoleGrant.role.in_([str(role) for role in permission.grants])).exists()
    return held & User.disabled_at.is_(None)


def find_holders(viewer: User, permission: Permission, name: str, known: Collection[int] = ()) -> list[Holder]:
    """People by (parts of) their name who hold a permission and are not among `known`, for whoever names the team of a course or a webinar.

    Only those whom the viewer may see: naming a team is no way around `people.view`. Today BKPSDM alone names teams and sees everybody.
    """
    words = name.split()[:MOST_WORDS]
    if not words:
        return []
    query = (
        select(User.id, User.full_name, OrgUnit.name)
        .outerjoin(Employee, Employee.user_id == User.id)
        .outerjoin(OrgUnit, OrgUnit.id == Employee.org_unit_id)
        .where(User.id.in_(visible_user_ids(viewer, VIEW_PEOPLE)), holds(permission), User.id.not_in(list(known)))
        .order_by(User.full_name, User.id)
        .limit(MOST_FOUND)
    )
    for word in words:
        query = query.where(User.full_name.icontains(word, autoescape=True))
    return [Holder(*row) for row in db.session.execute(query)]


def lock_user(user_id: int) -> None:
    """Let one request at a time go on with this account, so that what works once works once. First thing inside `transaction()`."""
    db.session.execute(select(User.id).where(User.id == user_id).with_for_update())


def get_unit(unit_id: int) -> OrgUnit:
    """Raises NotFound. Whoever asks has checked that the unit may be seen."""
    unit = db.session.get(OrgUnit, unit_id)
    if unit is None:
        raise NotFound
    return unit


def list_units(on_day: date, within: Select[int] | None = None) -> list[OrgUnit]:
    """The units valid on a day, in the order of the tree (each parent before its children)."""
    query = select(OrgUnit).where(OrgUnit.valid_from <= on_day, or_(OrgUnit.valid_to.is_(None), OrgUnit.valid_to >= on_day))
    if within is not None:
        query = query.where(OrgUnit.id.in_(within))
    return in_tree_order(list(db.session.scalars(query)))


def in_tree_order(units: list[OrgUnit]) -> list[OrgUnit]:
    """Parents before children, siblings by their place and name. A unit whose parent is not among them starts a tree of its own."""
    known = {unit.id for unit in units}
    children: dict[int | None, list[OrgUnit]] = {}
    for unit in units:
        children.setdefault(unit.parent_id if unit.parent_id in known else None, []).append(unit)
    ordered: list[OrgUnit] = []
    waiting = sorted(children.get(None, []), key=_place, reverse=True)
    while waiting:
        unit = waiting.pop()
        ordered.append(unit)
        waiting += sorted(children.get(unit.id, []), key=_place, reverse=True)
    return ordered


def _place(unit: OrgUnit) -> tuple[int, str]:
    return unit.position, unit.name


def count_people_by_unit() -> dict[int, int]:
    """How many active ASN with an open account work in each unit itself (not below it)."""
    open_accounts = select(Employee.org_unit_id, func.count()).join(User, User.id == Employee.user_id).where(Employee.active, User.disabled_at.is_(None))
    rows = db.session.execute(open_accounts.group_by(Employee.org_unit_id))
    return dict(rows.all())


def changed_rows(statement: Update | Delete) -> int:
    """Run an UPDATE or DELETE and say how many rows it met. Call inside `transaction()`."""
    return cast(CursorResult[Any], db.session.execute(statement, execution_options={"synchronize_session": False})).rowcount
