"""The demo accounts: one person for each role, in a corner of the city that hangs together.

An ASN of a kelurahan on an island, her lurah, the admin of their kecamatan, and the people of the agencies they meet. They know each
other, so assigning, supervising and helping can be tried at once. Nothing is learned yet: what the learner shows, the visitor did.
"""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select

from app.courses import staff
from app.courses.queries import find_course, find_current_outline
from app.demo.webinars import make_webinars
from app.kernel import clock
from app.kernel.access import Role
from app.kernel.db import db, transaction
from app.learning import assignments
from app.learning.choosing import Choice
from app.learning.models import Enrollment
from app.people import passwords, services
from app.people.models import AuditEntry, EmploymentType, OrgUnit, PositionType, User
from config import Settings

DOMAIN = "demo.test"
ASSIGNED_COURSE = "antikorupsi-gratifikasi"
TAUGHT_COURSES = ("antikorupsi-gratifikasi", "pelayanan-publik-prima")
DAYS_TO_LEARN = 14
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look alike in print


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """One account to be made. `unit` is a code of the seeded structure, `supervisor` another account's name."""

    account: str
    role: Role
    full_name: str
    nip: str
    unit: str
    position: str
    position_type: PositionType
    grade_code: str
    since: date
    position_tier: str | None = None
    employment_type: EmploymentType = EmploymentType.PNS
    supervisor: str | None = None

    @property
    def email(self) -> str:
        return f"{self.account}@{DOMAIN}"


# Supervisors stand before the people they supervise.
CAST = (
    DemoPerson(
        "pimpinan", Role.EXECUTIVE, "Drs. H. Raja Zulkarnain, M.Si.", "196911081994031004", "TPI-SETDA", "Asisten Administrasi Umum",
        PositionType.JPT, "IV/c", date(2021, 3, 1),
    ),
    DemoPerson(
        "admin-bkpsdm", Role.TRAINING_ADMIN, "Yulia Fransiska, S.STP., M.A.P.", "198507142004122002", "TPI-BKPSDM-BANGKOM",
        "Kepala Bidang Pengembangan Kompetensi Aparatur", PositionType.ADMINISTRATOR, "IV/a", date(2022, 1, 10), supervisor="pimpinan",
    ),
    DemoPerson(
        "instruktur", Role.INSTRUCTOR, "Dr. Bambang Setiawan, M.Pd.", "197802232005011006", "TPI-BKPSDM-BANGKOM", "Widyaiswara",
        PositionType.FUNGSIONAL, "IV/b", date(2019, 8, 1), position_tier="Ahli Madya", supervisor="admin-bkpsdm",
    ),
    DemoPerson(
        "moderator", Role.MODERATOR, "Dewi Lestari Sinaga, S.Kom.", "199309052019032010", "TPI-BKPSDM-BANGKOM",
        "Analis Pengembangan Kompetensi ASN", PositionType.FUNGSIONAL, "III/b", date(2019, 3, 1), position_tier="Ahli Pertama",
        supervisor="admin-bkpsdm",
    ),
    DemoPerson(
        "admin-opd", Role.UNIT_ADMIN, "Muhammad Ridwan, S.E.", "198804272011011005", "TPI-KEC-TPK",
        "Kepala Subbagian Umum dan Kepegawaian", PositionType.PENGAWAS, "III/d", date(2020, 2, 3),
    ),
    DemoPerson(
        "atasan", Role.SUPERVISOR, "Raja Hafizah, S.Sos., M.Si.", "198207192006042011", "TPI-KEL-PENYENGAT", "Lurah Penyengat",
        PositionType.PENGAWAS, "III/d", date(2023, 5, 2),
    ),
    DemoPerson(
        "asn", Role.LEARNER, "Nurul Hidayah, S.A.P.", "199604122022212003", "TPI-KEL-PENYENGAT", "Penata Layanan Operasional",
        PositionType.PELAKSANA, "IX", date(2022, 6, 1), employment_type=EmploymentType.PPPK, supervisor="atasan",
    ),
    DemoPerson(
        "auditor", Role.AUDITOR, "Andri Kurniawan, S.E., Ak.", "198110302008011009", "TPI-INSPEKTORAT", "Auditor", PositionType.FUNGSIONAL,
        "IV/a", date(2018, 4, 2), position_tier="Ahli Madya",
    ),
    DemoPerson(
        "admin", Role.SYSTEM_ADMIN, "Hendra Wijaya, S.T.", "199002162015031003", "TPI-KOMINFO", "Pranata Komputer", PositionType.FUNGSIONAL,
        "III/c", date(2015, 3, 1), position_tier="Ahli Muda",
    ),
)
SHOWN = ("asn", "instruktur", "moderator", "atasan", "admin-opd", "admin-bkpsdm", "pimpinan", "auditor", "admin")


class DemoRefused(Exception):
    """Nothing was made; the text says why, in one line."""


def refuse_in_production(settings: Settings) -> None:
    if settings.is_production:
        raise DemoRefused("demo data are never made when GURINDAM_ENV=production; the first admin comes from: flask people create-admin")


def demo_password(settings: Settings) -> str:
    """`GURINDAM_DEMO_PASSWORD`, or one made at the first start. Kept in a file that only the owner can read, so that every start shows it."""
    path = settings.instance_path / "keys" / "demo.password"
    wanted = settings.demo_password
    if wanted and len(wanted) > passwords.MOST_LENGTH:
        raise DemoRefused(f"GURINDAM_DEMO_PASSWORD may have at most {passwords.MOST_LENGTH} characters")
    kept = path.read_text().strip() if path.exists() else ""
    password = wanted or kept or "-".join(["Gurindam", *("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(3))])
    if password != kept:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write(password)
    return password


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """One line for the visitor. `password` is None when its owner changed it."""

    role: str
    email: str
    password: str | None


def make_accounts(settings: Settings) -> list[DemoAccount]:
    """Make the accounts that are not there yet and say how to sign in. A second time nothing changes.

    A password that somebody changed stays, unless `GURINDAM_DEMO_PASSWORD` asks for another one. Raises `DemoRefused`.
    """
    refuse_in_production(settings)
    password = demo_password(settings)
    known = _accounts_there()
    valid = {name: passwords.verify_password(user.password_hash, password) for name, user in known.items()}
    stale = {name for name in known if not valid[name] and settings.demo_password}
    absent = {person.account for person in CAST} - set(known)
    if absent or stale:
        new_hash = passwords.hash_password(password)
        for person in CAST:
            if person.account in absent:
                with transaction():
                    _make(person, new_hash)
        with transaction():
            for user in db.session.scalars(select(User).where(User.id.in_([known[name].id for name in stale]))):
                services.set_password(user, new_hash)
    _assign_course()
    _name_instructor()
    make_webinars(_accounts_there())
    return [
        DemoAccount(str(_person(name).role), _person(name).email, password if name in absent | stale or valid.get(name) else None) for name in SHOWN
    ]


def _person(account: str) -> DemoPerson:
    return next(person for person in CAST if person.account == account)


def _accounts_there() -> dict[str, User]:
    found = db.session.scalars(select(User).where(User.email.in_([person.email for person in CAST]))).unique()
    return {str(user.email).split("@")[0]: user for user in found}


def _make(person: DemoPerson, password_hash: str) -> None:
    unit_id = db.session.scalar(select(OrgUnit.id).where(OrgUnit.code == person.unit))
    if unit_id is None:
        raise DemoRefused(f"the unit {person.unit} is not there; run this first: flask people seed-units")
    supervisor_id = person.supervisor and db.session.scalar(select(User.id).where(User.email == f"{person.supervisor}@{DOMAIN}"))
    services.create_user(
        person.full_name,
        email=person.email,
        password_hash=password_hash,
        must_change_password=False,
        is_demo=True,
        nip=person.nip,
        org_unit_id=unit_id,
        employment_type=person.employment_type,
        grade_code=person.grade_code,
        position=person.position,
        position_type=person.position_type,
        position_tier=person.position_tier,
        supervisor_id=supervisor_id or None,
        since=person.since,
        roles=dict.fromkeys((Role.LEARNER, person.role)),
    )


def _assign_course() -> None:
    """The lurah gives her ASN one course, once it is published; a date that was set stays."""
    course = find_current_outline(ASSIGNED_COURSE)
    people = _accounts_there()
    learner, supervisor = people.get("asn"), people.get("atasan")
    if course is None or learner is None or supervisor is None:
        return
    if db.session.scalar(select(Enrollment.id).where(Enrollment.user_id == learner.id, Enrollment.course_id == course.course_id)) is not None:
        return
    due_on = clock.today() + timedelta(days=DAYS_TO_LEARN)
    with transaction():
        choice = Choice(person_ids=frozenset([learner.id]))
        assignment_id = assignments.give(db.session.get_one(User, supervisor.id), course, choice, due_on, "", f"demo-{secrets.token_urlsafe(24)}")
    assignments.carry(assignment_id)


def _name_instructor() -> None:
    """BKPSDM puts the instructor into the team of two courses; a team that somebody has decided on since stays as it is."""
    people = _accounts_there()
    instructor, admin = people.get("instruktur"), people.get("admin-bkpsdm")
    if instructor is None or admin is None:
        return
    instructor_id, admin_id = instructor.id, admin.id
    for slug in TAUGHT_COURSES:
        course = find_course(slug)
        decided = select(AuditEntry.id).where(AuditEntry.object_type == "course", AuditEntry.object_id == (course.id if course else None))
        if course is None or db.session.scalar(decided.where(AuditEntry.action.like("courses.staff_%"))) is not None:
            continue
        with transaction():
            staff.add_to_team(course, instructor_id, staff.INSTRUCTOR, admin_id)
