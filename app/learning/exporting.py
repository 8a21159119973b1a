"""What supervisors and unit admins take along: their people, an assignment's people, their assignments, as tables."""

from __future__ import annotations

import time
from datetime import date, datetime

from flask_babel import gettext as _
from sqlalchemy import select

from app.kernel import clock
from app.kernel.db import db
from app.learning import given, team
from app.learning.given import Given
from app.learning.models import AssignmentOutcome
from app.people import nip
from app.people.models import Employee, User
from app.people.permissions import EXPORT_PEOPLE
from app.people.queries import visible_user_ids

Table = tuple[list[str], list[list[str]]]
AT_ONCE = 100


def team_table(viewer: User, *, unit_id: int | None = None, name: str = "", only_overdue: bool = False) -> Table:
    """One row for each person and course, and one for who takes none; what the team page shows with the same filters.

    A person's JP and target stand in the first of their rows alone, so that the columns can be added up. The NIP is there for whoever may
    export people, and for those people only; the person's number tells namesakes apart for everybody.
    """
    today = clock.today()
    shows_nip = viewer.scope_for(EXPORT_PEOPLE) is not None
    heading = [_("Nama"), *([_("NIP")] if shows_nip else []), _("Nomor orang"), _("Jabatan"), _("Unit")]
    heading += [_("JP %(year)s", year=today.year), _("Target JP"), _("Kursus"), _("Kemajuan (%)"), _("Tenggat"), _("Keadaan")]
    rows: list[list[str]] = []
    for members in team.list_members(viewer, unit_id=unit_id, name=name, only_overdue=only_overdue, at_once=AT_ONCE):
        nips = _nips_of(viewer, [member.user_id for member in members]) if shows_nip else {}
        for member in members:
            numbers = [*([nips.get(member.user_id, "")] if shows_nip else []), str(member.user_id)]
            about = [member.full_name, *numbers, member.position, member.unit]
            courses = [_course(line, today) for line in member.courses] or [["", "", "", _("Belum mengikuti kursus")]]
            for place, course in enumerate(courses):
                rows.append([*about, *(["", ""] if place else [str(member.jp), str(member.target)]), *course])
        time.sleep(0)  # let the event loop answer others
    return heading, rows


def _nips_of(viewer: User, user_ids: list[int]) -> dict[int, str]:
    """In groups, as the export of people writes them; of those people only whom this person may export."""
    chosen = select(Employee.user_id, Employee.nip).where(Employee.user_id.in_(user_ids), Employee.user_id.in_(visible_user_ids(viewer, EXPORT_PEOPLE)))
    return {user_id: nip.grouped(number) for user_id, number in db.session.execute(chosen) if number}


def _course(line: team.CourseLine, today: date) -> list[str]:
    state = _("Selesai") if line.is_complete else _("Lewat tenggat") if line.is_overdue(today) else _("Berjalan")
    return [line.title, str(round(line.share * 100)), _day(line.due_on), state]


def given_table(assigner_id: int) -> Table:
    """A person's own assignments, the newest first."""
    heading = [_("Kursus"), _("Diberikan"), _("Tenggat"), _("Alasan"), _("Orang"), _("Selesai"), _("Ditarik")]
    rows = [
        [g.title, _day(g.created_at), _day(g.due_on), g.reason, str(g.people), str(g.completed), _day(g.withdrawn_at)]
        for g in given.list_given(assigner_id, most=10_000)
    ]
    return heading, rows


def assignment_table(shown: Given, lessons: int) -> Table:
    """The people of one assignment with how far they are."""
    outcomes = {
        AssignmentOutcome.NEW: _("terdaftar baru"),
        AssignmentOutcome.ENROLLED: _("sudah mengikuti, kini ditugaskan"),
        AssignmentOutcome.COMPLETED: _("sudah selesai sebelumnya"),
        AssignmentOutcome.UNREACHABLE: _("akun ditutup"),
    }
    heading = [_("Nama"), _("Unit"), _("Penugasan"), _("Tenggat"), _("Materi selesai"), _("Semua materi"), _("Selesai pada")]
    rows: list[list[str]] = []
    for page in range(1, -(-shown.people // AT_ONCE) + 1):
        for p in given.list_assigned_people(shown.id, page, AT_ONCE):
            outcome = outcomes[AssignmentOutcome(p.outcome)] if p.outcome else _("menunggu giliran")
            rows.append([p.full_name, p.unit, outcome, _day(p.due_on), str(p.lessons_done), str(lessons), _day(p.completed_at)])
        time.sleep(0)
    return heading, rows


def _day(moment: date | datetime | None) -> str:
    if moment is None:
        return ""
    return (clock.local_day(moment) if isinstance(moment, datetime) else moment).isoformat()
