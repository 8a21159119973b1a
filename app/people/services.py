"""What is done with accounts: making them, passwords, roles, switching them off."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select

from app.kernel import clock, events
from app.kernel.access import Role
from app.kernel.db import db
from app.kernel.errors import Conflict, Invalid, NotAllowed
from app.people import audit, sessions
from app.people import nip as nip_rules
from app.people.events import PasswordChanged
from app.people.models import (
    AccessCode,
    Employee,
    EmployeeIdentifier,
    EmploymentType,
    ImportState,
    OrgUnit,
    PeopleImport,
    PositionType,
    RoleGrant,
    UnitMembership,
    User,
)
from app.people.permissions import GRANTABLE, RESCUABLE
from app.people.queries import get_unit, get_user
from app.ui.formats import tanggal

EMAIL = re.compile(r"[^@\s,;<>\"']+@[^@\s,;<>\"']+\.[^@\s,;<>\"'.]{2,}")
_carrying_out: ContextVar[bool] = ContextVar("carrying_out_import", default=False)
UNIT_ROLES = frozenset({Role.UNIT_ADMIN})  # roles that mean nothing without a unit


def create_user(
    full_name: str,
    *,
    email: str | None = None,
    password_hash: str | None = None,
    must_change_password: bool = True,
    is_demo: bool = False,
    nip: str | None = None,
    org_unit_id: int | None = None,
    employment_type: str = EmploymentType.PNS,
    grade_code: str | None = None,
    position: str = "",
    position_type: str = PositionType.PELAKSANA,
    position_tier: str | None = None,
    supervisor_id: int | None = None,
    since: date | None = None,
    roles: Iterable[Role] = (Role.LEARNER,),
    actor_id: int | None = None,
) -> User:
    """Make an account; with a unit the person is an ASN of that unit since the given day (default: today).

    Hash the password before the transaction (`passwords.hash_password`) and pass the hash. Raises `Conflict` when the NIP or the e-mail
    address belongs to somebody, `Invalid` when they cannot be right.
    """
    refuse_while_importing()
    refuse_future(since or clock.today())
    email = clean_email(email)
    refuse_taken_email(email, None)
    user = User(
        full_name=full_name.strip(),
        email=email,
        password_hash=password_hash,
        must_change_password=must_change_password,
        is_demo=is_demo,
        created_at=clock.now(),
        password_changed_at=clock.now() if password_hash else None,
        employee=None,
        grants=[],
    )
    db.session.add(user)
    db.session.flush()
    if org_unit_id is not None:
        _employ(
            user,
            Employee(
                nip=clean_nip(nip),
                employment_type=employment_type,
                grade_code=grade_code,
                position=position.strip(),
                position_type=position_type,
                position_tier=position_tier,
                org_unit=get_unit(org_unit_id),
                supervisor_id=supervisor_id,
                active=True,
            ),
            since or clock.today(),
        )
    for role in roles:
        grant_role(user, role, org_unit_id if role in UNIT_ROLES else None, granted_by_id=actor_id, quietly=True)
    audit.note(actor_id, "people.account_created", ("user", user.id), after={"roles": sorted(str(r) for r in roles), "org_unit_id": org_unit_id})
    return user


def _employ(user: User, employee: Employee, since: date) -> None:
    if employee.nip is not None:
        refuse_taken_nip(employee.nip, None)
    user.employee = employee
    db.session.flush()
    if employee.nip is not None:
        db.session.add(EmployeeIdentifier(employee_id=employee.id, nip=employee.nip, valid_from=since))
    db.session.add(UnitMembership(employee_id=employee.id, org_unit_id=employee.org_unit.id, position=employee.position, valid_from=since))
    db.session.flush()


def clean_email(text: str | None) -> str | None:
    """Lower case, or None when empty. Raises `Invalid`."""
    email = (text or "").strip().lower()
    if not email:
        return None
    if len(email) > 254 or not EMAIL.fullmatch(email):
        raise Invalid(fields={"email": _l("Alamat surel ini tidak lengkap atau mengandung tanda yang tidak lazim.")})
    return email


def clean_nip(text: str | None) -> str | None:
    """The digits, or None when empty. Raises `Invalid` when a rule is broken; an unknown layout passes."""
    if not (text or "").strip():
        return None
    reading = nip_rules.read(text or "", clock.today())
    if reading.errors:
        raise Invalid(fields={"nip": reading.errors[0]})
    return reading.digits


def refuse_taken_email(email: str | None, user_id: int | None) -> None:
    """Raises Conflict when another account has this address."""
    if email and db.session.scalar(select(User.id).where(User.email == email, User.id != (user_id or 0))):
        raise Conflict(_l("Alamat surel ini sudah dipakai akun lain."), code="email_taken", fields={"email": _l("Sudah dipakai akun lain.")})


def refuse_taken_nip(nip: str, employee_id: int | None) -> None:
    """A NIP is never used twice, not even one that somebody had in the past."""
    mine = employee_id or 0
    taken = select(Employee.id).where(Employee.nip == nip, Employee.id != mine)
    was_taken = select(EmployeeIdentifier.id).where(EmployeeIdentifier.nip == nip, EmployeeIdentifier.employee_id != mine)
    if db.session.scalar(taken) or db.session.scalar(was_taken):
        raise Conflict(_l("NIP ini sudah tercatat untuk orang lain."), code="nip_taken", fields={"nip": _l("Sudah tercatat untuk orang lain.")})


@contextmanager
def carrying_out_import() -> Iterator[None]:
    """The import itself may write while everybody else waits for it."""
    token = _carrying_out.set(True)
    try:
        yield
    finally:
        _carrying_out.reset(token)


def refuse_while_importing() -> None:
    """While an import is being carried through, nobody else changes people or units, so that what was checked stays true."""
    if _carrying_out.get():
        return
    if db.session.scalar(select(PeopleImport.id).where(PeopleImport.state == ImportState.APPLYING).limit(1)):
        raise Conflict(_l("Impor data sedang diterapkan. Tunggu beberapa saat sampai selesai, lalu simpan lagi."), code="import_running")


def grant_role(user: User, role: Role, org_unit_id: int | None = None, *, granted_by_id: int | None = None, quietly: bool = False) -> RoleGrant:
    """Give a person a role; with a unit it reaches that unit and everything below. Giving it again changes nothing."""
    if role in UNIT_ROLES and org_unit_id is None:
        raise Invalid(fields={"org_unit_id": _l("Peran ini memerlukan unit.")})
    for grant in user.grants:
        if grant.role == role and grant.org_unit_id == org_unit_id:
            return grant
    grant = RoleGrant(role=role, org_unit_id=org_unit_id, granted_by_id=granted_by_id, granted_at=clock.now())
    user.grants.append(grant)
    db.session.flush()
    if not quietly:
        audit.note(granted_by_id, "people.role_granted", ("user", user.id), after={"role": str(role), "org_unit_id": org_unit_id})
    return grant


def hand_out_role(actor: User, user_id: int, role: Role, org_unit_id: int | None) -> None:
    """An admin gives a role within what their own roles may hand out. Raises `NotAllowed`."""
    _refuse_ungrantable(actor, role)
    if org_unit_id is not None:
        get_unit(org_unit_id)
    grant_role(get_user(user_id), role, org_unit_id if role in UNIT_ROLES else None, granted_by_id=actor.id)


def take_back_role(actor: User, user_id: int, grant_id: int) -> None:
    """An admin takes a role back. The last system admin keeps theirs: otherwise nobody could give it again."""
    grant = db.session.get(RoleGrant, grant_id)
    if grant is None or grant.user_id != user_id:
        return
    role = Role(grant.role)
    _refuse_ungrantable(actor, role)
    if role is Role.SYSTEM_ADMIN:
        others = select(RoleGrant.user_id).join(User, User.id == RoleGrant.user_id)
        if not db.session.scalar(others.where(RoleGrant.role == role, RoleGrant.user_id != user_id, User.disabled_at.is_(None))):
            raise Conflict(_l("Ini admin sistem yang terakhir. Beri peran itu kepada orang lain lebih dulu."), code="last_admin")
    db.session.execute(delete(RoleGrant).where(RoleGrant.id == grant_id))
    audit.note(actor.id, "people.role_taken_back", ("user", user_id), before={"role": str(role), "org_unit_id": grant.org_unit_id})


def _refuse_ungrantable(actor: User, role: Role) -> None:
    if not any(role in GRANTABLE.get(held, ()) for held in actor.roles):
        raise NotAllowed(_l("Peran ini hanya dapat diatur oleh admin sistem."))


def may_rescue(actor: User, user: User) -> bool:
    """Whether the actor may touch this account's access (codes, e-mail address, name, NIP, being active): never a stronger account than their own."""
    allowed: set[Role] = set()
    for held in actor.roles:
        allowed |= RESCUABLE.get(held, frozenset())
    return user.roles <= allowed


def refuse_rescue(actor: User, user: User) -> None:
    """Raises NotAllowed unless `may_rescue`."""
    if not may_rescue(actor, user):
        raise NotAllowed(_l("Akun ini memegang peran yang lebih tinggi. Mintalah admin sistem mengatur aksesnya."))


def set_password(
    user: User, password_hash: str, *, must_change: bool = False, by_code: bool = False, keep_session_id: int | None = None
) -> None:
    """Set a hash made by `passwords.hash_password`. Everything else that opened the account ends: sessions, locks, unused codes."""
    now = clock.now()
    user.password_hash, user.must_change_password, user.password_changed_at, user.locked_until = password_hash, must_change, now, None
    db.session.execute(delete(AccessCode).where(AccessCode.user_id == user.id, AccessCode.used_at.is_(None)))
    sessions.end_sessions(user.id, except_id=keep_session_id)
    audit.note(user.id, "people.password_changed", ("user", user.id), after={"by_code": by_code})
    events.record(PasswordChanged(user_id=user.id, by_code=by_code))


def disable_user(actor: User, user: User) -> None:
    """Switch an account off: its sessions end, its history stays."""
    refuse_rescue(actor, user)
    if user.id == actor.id:
        raise Conflict(_l("Akun sendiri tidak dapat dinonaktifkan."), code="own_account")
    user.disabled_at = user.disabled_at or clock.now()
    sessions.end_sessions(user.id)
    audit.note(actor.id, "people.account_disabled", ("user", user.id))


def enable_user(actor: User, user: User) -> None:
    """Switch an account on again, unlocked, with the password and roles it had."""
    refuse_rescue(actor, user)
    user.disabled_at = None
    user.locked_until = None
    audit.note(actor.id, "people.account_enabled", ("user", user.id))


NOT_YET = _l("Perubahan dicatat paling cepat pada harinya: pilih hari ini atau sebelumnya.")


def refuse_future(since: date, field: str = "since") -> None:
    """A change holds as soon as it is saved, so it cannot begin later than today. Raises `Invalid`."""
    if since > clock.today():
        raise Invalid(fields={field: NOT_YET})


def change_unit(employee: Employee, unit: OrgUnit, position: str, since: date) -> None:
    """Note that a person works in another unit or position since a day; what was before is kept with its end, and what began on that same
    day is corrected. Raises `Invalid` for a day before the present placement began: its place in the history is taken."""
    if employee.org_unit_id == unit.id and employee.position == position:
        return
    refuse_future(since)
    current = db.session.scalars(
        select(UnitMembership).where(UnitMembership.employee_id == employee.id, UnitMembership.valid_to.is_(None))
    ).all()
    for membership in current:
        if membership.valid_from > since:
            raise Invalid(fields={"since": _l("Tanggalnya sebelum penempatan yang sekarang (sejak %(day)s).", day=tanggal(membership.valid_from))})
        if membership.valid_from == since:
            db.session.delete(membership)
        else:
            membership.valid_to = date.fromordinal(since.toordinal() - 1)
    employee.org_unit = unit
    employee.position = position
    db.session.add(UnitMembership(employee_id=employee.id, org_unit_id=unit.id, position=position, valid_from=since))
    db.session.flush()


def change_nip(employee: Employee, nip: str | None, since: date) -> None:
    """A new number (a PPPK became CPNS, a correction); the old one stays reserved for this person."""
    if employee.nip == nip:
        return
    if nip is not None:
        refuse_taken_nip(nip, employee.id)
    for identifier in db.session.scalars(
        select(EmployeeIdentifier).where(EmployeeIdentifier.employee_id == employee.id, EmployeeIdentifier.valid_to.is_(None))
    ):
        identifier.valid_to = max(identifier.valid_from, date.fromordinal(since.toordinal() - 1))
    employee.nip = nip
    if nip is not None:
        known = db.session.scalar(select(EmployeeIdentifier).where(EmployeeIdentifier.nip == nip))
        if known is not None:
            known.valid_to = None
        else:
            db.session.add(EmployeeIdentifier(employee_id=employee.id, nip=nip, valid_from=since))
    db.session.flush()


def refuse_supervisor_loop(user_id: int, supervisor_id: int | None) -> None:
    """Nobody is above themselves, not over any number of steps. Raises `Invalid`."""
    seen, step = {user_id}, supervisor_id
    while step is not None:
        if step in seen:
            raise Invalid(fields={"supervisor_id": _l("Atasan ini berada di bawah orang yang sama; garis atasan tidak boleh berputar.")})
        seen.add(step)
        step = db.session.scalar(select(Employee.supervisor_id).where(Employee.user_id == step))


DATED = frozenset({"org_unit_id", "position", "nip"})  # what a person's history keeps with its days


def edit_person(actor: User, user_id: int, facts: dict[str, Any], since: date) -> bool:
    """Change what the personnel data say; False when they say so already. `facts` holds the fields that are to change; refusals name the field.

    Who somebody is (name, NIP, e-mail address) and whether they are active is nobody's to change who may not rescue the account.
    """
    refuse_while_importing()
    refuse_future(since)
    user = get_user(user_id)
    before: dict[str, Any] = {}
    if "email" in facts:
        email = clean_email(facts["email"])
        if email != user.email:
            refuse_rescue(actor, user)
            refuse_taken_email(email, user.id)
            before["email"] = "…"
            user.email = email
    if "full_name" in facts and facts["full_name"] != user.full_name:
        refuse_rescue(actor, user)
        before["full_name"], user.full_name = user.full_name, facts["full_name"]
    employee = user.employee
    if employee is not None:
        if "nip" in facts:
            nip = clean_nip(facts["nip"])
            if nip != employee.nip:
                refuse_rescue(actor, user)
                before["nip"] = "…"
                change_nip(employee, nip, since)
        for name in ("employment_type", "grade_code", "position_type", "position_tier", "supervisor_id", "active"):
            if name in facts and facts[name] != getattr(employee, name):
                if name == "active":
                    refuse_rescue(actor, user)
                if name == "supervisor_id":
                    refuse_supervisor_loop(user.id, facts[name])
                before[name] = getattr(employee, name)
                setattr(employee, name, facts[name])
        unit = get_unit(facts["org_unit_id"]) if "org_unit_id" in facts else employee.org_unit
        position = facts.get("position", employee.position)
        if unit.id != employee.org_unit_id or position != employee.position:
            before |= {"org_unit_id": employee.org_unit_id, "position": employee.position}
            change_unit(employee, unit, position, since)
    if before:
        db.session.flush()
        after = {name: "…" if old == "…" else facts.get(name) for name, old in before.items()}
        if DATED & before.keys():
            after["since"] = since.isoformat()
        audit.note(actor.id, "people.person_edited", ("user", user.id), before=before, after=after)
    return bool(before)
