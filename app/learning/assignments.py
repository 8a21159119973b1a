"""Assigning a course: giving it to chosen people, carrying it to each in short transactions, changing the date, taking it back.

An assignment is written down whole in one transaction, with its people; then it is carried to them a few at a time, by the request itself
when they are few and by the worker in any case, so that neither a thousand people nor a crash stops it half-way.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import func, insert, literal, null, select, true, update

from app.courses.models import Course
from app.courses.outline import CourseOutline, get_outline
from app.kernel import clock, jobs
from app.kernel.db import db, insert_into, transaction
from app.kernel.errors import Conflict, Invalid, NotFound
from app.learning import choosing, services
from app.learning.models import Assignment, AssignmentOutcome, AssignmentPerson, Enrollment, EnrollmentSource
from app.notifications.services import withdraw as withdraw_notifications
from app.people import audit
from app.people.models import User

CARRY = "learning.carry_assignment"
AT_ONCE = 3  # people in one transaction: about 15 ms
MOST_IN_REQUEST = 20  # more people than this are left to the worker
LONGEST_REASON = 500


def assigned_key(enrollment_id: int, due_on: date | None) -> str:
    """The key under which a person is told of an assignment: once for each date."""
    return f"assigned:{enrollment_id}:{due_on or '-'}"


def check_due(due_on: date | None) -> None:
    """Raises Invalid for a day that is over, or so far away that it is a slip of the pen."""
    if due_on is None:
        return
    if due_on < clock.today():
        raise Invalid(fields={"due_on": _("Tenggat harus hari ini atau sesudahnya.")})
    if due_on.year > clock.today().year + 5:
        raise Invalid(fields={"due_on": _("Tenggat ini terlalu jauh. Periksa tahunnya.")})


def give(assigner: User, course: CourseOutline, choice: choosing.Choice, due_on: date | None, reason: str, token: str) -> int:
    """Write an assignment down with its people and ask the worker to carry it. The same token again answers with the first one.

    Raises Invalid (nobody chosen, a date in the past, a long reason) and NotFound (somebody out of reach).
    """
    known = _find_by_token(assigner, token)
    if known is not None:
        return known
    reason = " ".join(reason.split())
    check_due(due_on)
    if len(reason) > LONGEST_REASON:
        raise Invalid(fields={"reason": _("Alasan paling banyak %(n)d karakter.", n=LONGEST_REASON)})
    if choice.is_empty:
        raise Invalid(fields={"people": _("Pilih unit atau paling sedikit satu orang.")})
    chosen = choosing.chosen_ids(assigner, choice)
    made = db.session.scalar(
        insert_into(Assignment)
        .values(token=token, course_id=course.course_id, assigned_by_id=assigner.id, due_on=due_on, reason=reason, created_at=clock.now())
        .on_conflict_do_nothing(index_elements=["token"])
        .returning(Assignment.id)
    )
    if made is None:
        known = _find_by_token(assigner, token)
        assert known is not None
        return known
    rows = chosen.with_only_columns(literal(made), User.id, true(), null())
    db.session.execute(insert(AssignmentPerson).from_select(["assignment_id", "user_id", "pending", "outcome"], rows))
    people = db.session.scalar(select(func.count()).where(AssignmentPerson.assignment_id == made)) or 0
    if not people:
        raise Invalid(fields={"people": _("Tidak ada pegawai aktif dalam pilihan ini.")})
    after: dict[str, Any] = {"people": people, "due_on": _iso(due_on)}
    if choice.unit_id is not None:
        after["unit_id"] = choice.unit_id
    elif people == 1 and not choice.whole_team:
        after["user_id"] = min(choice.person_ids)
    audit.note(assigner.id, "learning.course_assigned", ("assignment", made), after=after)
    jobs.enqueue(CARRY, assignment_id=made)
    return made


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _find_by_token(assigner: User, token: str) -> int | None:
    """The assignment that was made with this form. Raises Invalid when the token is none of ours, or another person's."""
    if not 16 <= len(token) <= 64:
        raise Invalid(code="bad_token")
    found = db.session.execute(select(Assignment.id, Assignment.assigned_by_id).where(Assignment.token == token)).first()
    if found is not None and found.assigned_by_id != assigner.id:
        raise Invalid(code="bad_token")
    return found.id if found else None


def get_assignment_of(assigner_id: int, assignment_id: int) -> Assignment:
    """An assignment of this person's own; NotFound for everybody else's."""
    found = db.session.scalar(select(Assignment).where(Assignment.id == assignment_id, Assignment.assigned_by_id == assigner_id))
    if found is None:
        raise NotFound
    return found


def change_due(assigner_id: int, assignment_id: int, due_on: date) -> None:
    """Another date for everyone of an assignment who has not completed the course; each is told once."""
    check_due(due_on)
    assignment = get_assignment_of(assigner_id, assignment_id)
    if assignment.withdrawn_at is not None:
        raise Conflict(_("Penugasan ini sudah ditarik."), code="withdrawn")
    if assignment.due_on == due_on:
        return
    before, assignment.due_on = assignment.due_on, due_on
    people = _carry_again(assignment_id)
    audit.note(
        assigner_id,
        "learning.due_date_changed",
        ("assignment", assignment_id),
        before={"due_on": _iso(before)},
        after={"due_on": _iso(due_on), "people": people},
    )


def withdraw(assigner_id: int, assignment_id: int) -> None:
    """Take an assignment back: the course stays with people who have it, without a date, and nobody is reminded any more."""
    assignment = get_assignment_of(assigner_id, assignment_id)
    if assignment.withdrawn_at is None:
        assignment.withdrawn_at = clock.now()
        people = _carry_again(assignment_id)
        audit.note(assigner_id, "learning.assignment_withdrawn", ("assignment", assignment_id), after={"people": people})


def _carry_again(assignment_id: int) -> int:
    """Let an assignment go to all its people once more; answers how many they are."""
    chosen = update(AssignmentPerson).where(AssignmentPerson.assignment_id == assignment_id)
    people: int = db.session.execute(chosen.values(pending=True)).rowcount  # type: ignore[attr-defined]
    jobs.enqueue(CARRY, assignment_id=assignment_id)
    return people


@jobs.job(CARRY)
def carry(assignment_id: int) -> None:
    """Bring an assignment to all people to whom it has not come yet, a few in each transaction. May be run twice at once."""
    found = db.session.execute(
        select(Assignment.assigned_by_id, Course.current_version_id).join(Course, Course.id == Assignment.course_id).where(Assignment.id == assignment_id)
    ).first()
    if found is None or found.current_version_id is None:
        return
    course = get_outline(found.current_version_id)
    while True:
        with transaction() as session:
            people = session.scalars(
                select(AssignmentPerson)
                .where(AssignmentPerson.assignment_id == assignment_id, AssignmentPerson.pending)
                .order_by(AssignmentPerson.user_id)
                .limit(AT_ONCE)
                .with_for_update(skip_locked=True)
            ).all()
            if people:
                assignment = session.get_one(Assignment, assignment_id)
                assigner = session.get_one(User, assignment.assigned_by_id)
                for person in people:
                    _carry_to(person, assignment, assigner, course)
        if not people:
            return


def _carry_to(person: AssignmentPerson, assignment: Assignment, assigner: User, course: CourseOutline) -> None:
    person.pending = False
    enrollment = db.session.scalar(select(Enrollment).where(Enrollment.user_id == person.user_id, Enrollment.course_id == course.course_id))
    if person.outcome is not None and (enrollment is None or enrollment.assigned_by_id != assignment.assigned_by_id):
        return  # somebody else has assigned it since; theirs holds
    if assignment.withdrawn_at is not None:
        if enrollment is not None and enrollment.completed_at is None and person.outcome is not None and not _given_later(person, assignment):
            withdraw_notifications([assigned_key(enrollment.id, enrollment.due_on)])
            enrollment.source, enrollment.assigned_by_id, enrollment.due_on = EnrollmentSource.SELF, None, None
        return
    user = db.session.get_one(User, person.user_id)
    if enrollment is not None and enrollment.completed_at is not None:
        person.outcome = person.outcome or AssignmentOutcome.COMPLETED
    elif user.disabled_at is not None:
        person.outcome = person.outcome or AssignmentOutcome.UNREACHABLE
    else:
        before = enrollment.due_on if enrollment else None
        made, is_new = services.enrol(user, course, assigned_by=assigner, due_on=assignment.due_on)
        if before and made.due_on != before:
            withdraw_notifications([assigned_key(made.id, before)])
        person.outcome = person.outcome or (AssignmentOutcome.NEW if is_new else AssignmentOutcome.ENROLLED)


def _given_later(person: AssignmentPerson, assignment: Assignment) -> bool:
    """Whether the same person gave the same course to the same person again, after this assignment."""
    later = (
        select(Assignment.id)
        .join(AssignmentPerson, AssignmentPerson.assignment_id == Assignment.id)
        .where(
            AssignmentPerson.user_id == person.user_id,
            Assignment.course_id == assignment.course_id,
            Assignment.assigned_by_id == assignment.assigned_by_id,
            Assignment.id > assignment.id,
            Assignment.withdrawn_at.is_(None),
        )
    )
    return db.session.scalar(later.limit(1)) is not None
