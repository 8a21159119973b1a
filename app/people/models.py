"""Accounts, ASN, units, roles, sessions."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from itertools import dropwhile

from flask_login import UserMixin
from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.kernel.access import SIGNED_IN, Permission, Role, Scope
from app.kernel.db import Base, day, intpk, json_list, json_object, line, moment, short


class EmploymentType(StrEnum):
    PNS = "PNS"
    CPNS = "CPNS"
    PPPK = "PPPK"
    PPPK_PW = "PPPK_PW"  # PPPK Paruh Waktu; its number's layout is not settled


class PositionType(StrEnum):
    JPT = "JPT"
    ADMINISTRATOR = "ADMINISTRATOR"
    PENGAWAS = "PENGAWAS"
    FUNGSIONAL = "FUNGSIONAL"
    PELAKSANA = "PELAKSANA"


class OrgUnit(Base):
    """A unit of the government, valid from one day to another. `path` holds the ids from the root down, `/1/12/40/`, so that a
    subtree is one indexed comparison; whoever moves a unit rewrites the paths below it."""

    __tablename__ = "org_unit"

    id: Mapped[intpk]
    code: Mapped[str] = mapped_column(String(40), unique=True)
    name: Mapped[line]
    kind: Mapped[short]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("org_unit.id"), index=True)
    path: Mapped[str] = mapped_column(String(255), index=True)
    position: Mapped[int] = mapped_column(default=0)
    valid_from: Mapped[day]
    valid_to: Mapped[date | None]
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("org_unit.id"))


class OrgUnitName(Base):
    """What a unit was called from when to when; the name on `OrgUnit` is today's."""

    __tablename__ = "org_unit_name"

    id: Mapped[intpk]
    org_unit_id: Mapped[int] = mapped_column(ForeignKey("org_unit.id"), index=True)
    name: Mapped[line]
    valid_from: Mapped[day]
    valid_to: Mapped[date | None]


class User(UserMixin, Base):
    """An account. ASN have an `employee`; a partner's lecturer has none."""

    __tablename__ = "user_account"

    id: Mapped[intpk]
    email: Mapped[str | None] = mapped_column(String(254), unique=True)  # lower case
    full_name: Mapped[line]
    password_hash: Mapped[str | None] = mapped_column(String(200))
    must_change_password: Mapped[bool] = mapped_column(default=True)
    is_demo: Mapped[bool] = mapped_column(default=False)
    locale: Mapped[str | None] = mapped_column(String(5))
    totp_secret: Mapped[str | None] = mapped_column(String(200))  # encrypted
    totp_enabled_at: Mapped[moment | None]
    totp_last_step: Mapped[int | None]
    password_changed_at: Mapped[moment | None]
    locked_until: Mapped[moment | None]
    disabled_at: Mapped[moment | None]
    created_at: Mapped[moment]
    last_sign_in_at: Mapped[moment | None]

    employee: Mapped[Employee | None] = relationship(back_populates="user", foreign_keys="Employee.user_id", uselist=False, lazy="joined")
    grants: Mapped[list[RoleGrant]] = relationship(foreign_keys="RoleGrant.user_id", lazy="selectin", cascade="all, delete-orphan")

    @property
    def initials(self) -> str:
        """Of the name alone: "Dr. Siti Rahma, M.Si." is SR."""
        every = [word for word in self.full_name.partition(",")[0].split() if word[:1].isalpha()]
        words = list(dropwhile(lambda word: word.endswith("."), every)) or every
        return "".join(w[0] for w in (words[:1] + words[1:][-1:])).upper() or "?"

    @property
    def roles(self) -> set[Role]:
        return {Role(g.role) for g in self.grants}

    def scope_for(self, permission: Permission) -> Scope | None:
        """How far a permission reaches for this person; None when they do not hold it."""
        if permission is SIGNED_IN:
            return Scope.SELF
        return max((permission.grants[role] for role in self.roles if role in permission.grants), default=None)

    def unit_ids_for(self, permission: Permission) -> set[int]:
        """The units at the top of the subtrees in which a permission of scope UNIT holds."""
        return {
            g.org_unit_id for g in self.grants if g.org_unit_id is not None and permission.grants.get(Role(g.role)) == Scope.UNIT
        }


class Employee(Base):
    """The civil servant behind an account, as the personnel data says today. History lies in its own tables."""

    __tablename__ = "employee"

    id: Mapped[intpk]
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), unique=True)
    nip: Mapped[str | None] = mapped_column(String(18), unique=True)
    employment_type: Mapped[short]
    grade_code: Mapped[str | None] = mapped_column(String(8))
    position: Mapped[line]
    position_type: Mapped[short]
    position_tier: Mapped[str | None] = mapped_column(String(40))
    org_unit_id: Mapped[int] = mapped_column(ForeignKey("org_unit.id"), index=True)
    supervisor_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), index=True)
    active: Mapped[bool] = mapped_column(default=True)

    user: Mapped[User] = relationship(back_populates="employee", foreign_keys=[user_id])
    org_unit: Mapped[OrgUnit] = relationship(lazy="joined")


class EmployeeIdentifier(Base):
    """Which NIP a person had when: a PPPK who becomes CPNS gets a new one."""

    __tablename__ = "employee_identifier"

    id: Mapped[intpk]
    employee_id: Mapped[int] = mapped_column(ForeignKey("employee.id"), index=True)
    nip: Mapped[str] = mapped_column(String(18), unique=True)
    valid_from: Mapped[day]
    valid_to: Mapped[date | None]


class UnitMembership(Base):
    """In which unit and position a person worked from when to when."""

    __tablename__ = "unit_membership"
    __table_args__ = (Index("ix_unit_membership_unit", "org_unit_id", "valid_from"),)

    id: Mapped[intpk]
    employee_id: Mapped[int] = mapped_column(ForeignKey("employee.id"), index=True)
    org_unit_id: Mapped[int] = mapped_column(ForeignKey("org_unit.id"))
    position: Mapped[line]
    valid_from: Mapped[day]
    valid_to: Mapped[date | None]


class RoleGrant(Base):
    """A role a person holds; with a unit it reaches that unit and everything below."""

    __tablename__ = "role_grant"
    __table_args__ = (UniqueConstraint("user_id", "role", "org_unit_id"),)

    id: Mapped[intpk]
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    role: Mapped[short]
    org_unit_id: Mapped[int | None] = mapped_column(ForeignKey("org_unit.id"))
    granted_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    granted_at: Mapped[moment]


class UserSession(Base):
    """One browser in which a person is signed in. Only a digest of its token is kept; revoking ends it at the next request."""

    __tablename__ = "user_session"

    id: Mapped[intpk]
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    token_digest: Mapped[str] = mapped_column(String(64), unique=True)
    user_agent: Mapped[line]
    address: Mapped[str] = mapped_column(String(45))
    remembered: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[moment]
    seen_at: Mapped[moment]
    expires_at: Mapped[moment]
    revoked_at: Mapped[moment | None]

    user: Mapped[User] = relationship(lazy="joined")


class SignInThrottle(Base):
    """How often signing in failed for one account or from one address. `key` is a keyed digest: neither NIP nor address is kept."""

    __tablename__ = "sign_in_throttle"

    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    window_started_at: Mapped[moment]
    blocked_until: Mapped[moment | None]


class CodePurpose(StrEnum):
    ACTIVATION = "activation"
    RESET = "reset"


class AccessCode(Base):
    """A one-time code with which a person sets a password. Only its keyed digest is kept."""

    __tablename__ = "access_code"

    id: Mapped[intpk]
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    purpose: Mapped[short]
    code_digest: Mapped[str] = mapped_column(String(64), unique=True)
    issued_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    issued_at: Mapped[moment]
    expires_at: Mapped[moment]
    used_at: Mapped[moment | None]


class RecoveryCode(Base):
    """A spare key for a person whose phone with the TOTP secret is gone; works once."""

    __tablename__ = "recovery_code"

    id: Mapped[intpk]
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    code_digest: Mapped[str] = mapped_column(String(64), unique=True)
    used_at: Mapped[moment | None]


class SlipBatch(Base):
    """Activation slips of one unit, printed once by one person; the file is gone after `expires_at`."""

    __tablename__ = "slip_batch"

    id: Mapped[intpk]
    org_unit_id: Mapped[int] = mapped_column(ForeignKey("org_unit.id"), index=True)
    issued_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    job_id: Mapped[int | None]
    state: Mapped[short]  # waiting, ready, failed, expired
    people: Mapped[int] = mapped_column(default=0)
    storage_key: Mapped[str | None] = mapped_column(String(200))
    created_at: Mapped[moment]
    expires_at: Mapped[moment]


class ImportState(StrEnum):
    WAITING = "waiting"  # uploaded, the worker has not read it yet
    CHECKED = "checked"  # every row is staged with what is wrong with it
    APPLYING = "applying"  # decided: from here on it is carried through to the end
    APPLIED = "applied"
    STOPPED = "stopped"  # a fault stopped applying; it can be taken up again
    REFUSED = "refused"  # the file cannot be used at all
    DISCARDED = "discarded"


class PeopleImport(Base):
    """One uploaded file of people or units, on its way from upload over dry run to being applied."""

    __tablename__ = "people_import"

    id: Mapped[intpk]
    subject: Mapped[short]  # people, units
    file_name: Mapped[line]
    storage_key: Mapped[str] = mapped_column(String(200))
    uploaded_by_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    state: Mapped[short]
    only_good_rows: Mapped[bool] = mapped_column(default=False)
    under_way: Mapped[bool] = mapped_column(default=False)  # the last check has passed; rows are being written
    locale: Mapped[str] = mapped_column(String(5), default="id")  # the reader's language for the reasons
    job_id: Mapped[int | None]
    notes: Mapped[json_list] = mapped_column(default=list)  # how the file was read: encoding, separator
    counts: Mapped[json_object] = mapped_column(default=dict)
    refusal: Mapped[json_object] = mapped_column(default=dict)
    created_at: Mapped[moment]
    decided_at: Mapped[moment | None]
    finished_at: Mapped[moment | None]


class PeopleImportRow(Base):
    """One staged row: what the file says, what is wrong with it, what applying it will do."""

    __tablename__ = "people_import_row"
    __table_args__ = (Index("ix_people_import_row_todo", "import_id", "applied_at", "phase"),)

    import_id: Mapped[int] = mapped_column(ForeignKey("people_import.id"), primary_key=True)
    row_number: Mapped[int] = mapped_column(primary_key=True)  # as the spreadsheet counts, the heading is row 1
    values: Mapped[json_object]
    findings: Mapped[json_list]
    severity: Mapped[short]  # ok, warning, error
    action: Mapped[short]  # create, update, same, none
    phase: Mapped[int] = mapped_column(default=0)  # parents before children
    target_id: Mapped[int | None]
    applied_at: Mapped[moment | None]


class AuditEntry(Base):
    """Who saw or changed what, and when. Rows are only ever added."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_object", "object_type", "object_id"),)

    id: Mapped[intpk]
    at: Mapped[moment] = mapped_column(index=True)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"), index=True)
    action: Mapped[short]
    object_type: Mapped[short]
    object_id: Mapped[int | None]
    before: Mapped[json_object] = mapped_column(default=dict)
    after: Mapped[json_object] = mapped_column(default=dict)
    request_id: Mapped[str | None] = mapped_column(String(64))
