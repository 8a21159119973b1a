"""Told of an assignment and reminded of its date: in working hours, once, in the reader's language, never after completion."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import select

from app.courses.outline import CourseOutline
from app.kernel import clock
from app.kernel.access import Role
from app.kernel.db import db, transaction
from app.learning import assignments, reminders, services
from app.learning.choosing import Choice
from app.learning.reminders import remind_of_deadlines, stage_on
from app.notifications.models import MailState, Notification, OutboxMail
from app.people.models import User
from tests.learning.factories import publish_course
from tests.people.factories import make_unit, make_user

At = Callable[..., None]


class Team:
    def __init__(self) -> None:
        unit = make_unit()
        self.head = make_user("Raja Hafizah", role=Role.SUPERVISOR, unit=unit)
        self.siti = make_user("Siti Rahmah", unit=unit, supervisor_id=self.head.id)
        self.course: CourseOutline = publish_course()

    def assign(self, due_on: date | None, reason: str = "") -> int:
        with transaction():
            made = assignments.give(self.head, self.course, Choice(whole_team=True), due_on, reason, f"{'t' * 20}{clock.now():%d%H}")
        assignments.carry(made)
        return made

    def complete(self) -> None:
        for lesson in self.course.lessons:
            with transaction():
                services.complete_lesson(self.siti.id, self.course, lesson)


@pytest.fixture
def team(app: Flask, at: At) -> Team:
    at(2026, 11, 2, 9, 0)  # a Monday
    return Team()


def told(kind: str = "assignment") -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Notification.title).where(Notification.kind == kind).order_by(Notification.id)))


def told_at() -> list[str]:
    return [f"{clock.local(moment):%a %d %H:%M}" for moment in db.session.scalars(select(Notification.due_at).order_by(Notification.id))]


def test_an_assignment_is_told_with_its_date_and_reason(team: Team) -> None:
    team.assign(date(2026, 11, 20), "Wajib bagi petugas loket.")
    assert told() == ["Kursus untuk Anda: Kursus contoh"]
    mail = db.session.scalars(select(OutboxMail)).one()
    assert "Raja Hafizah menugaskan kursus “Kursus contoh” kepada Anda. Tenggat: Jumat, 20 November 2026. Alasan: Wajib bagi petugas loket." in mail.body
    assert mail.body.count("/kursus/contoh") == 1


def test_it_is_said_in_the_readers_language(team: Team) -> None:
    with transaction():
        db.session.get_one(User, team.siti.id).locale = "en"
    team.assign(date(2026, 11, 20))
    row = db.session.scalars(select(Notification)).one()
    assert row.title == "A course for you: Kursus contoh"
    assert "Due: Friday, 20 November 2026." in row.body


@pytest.mark.parametrize(
    ("now", "due_at"),
    [
        ((2026, 11, 2, 10, 0), "Mon 02 10:00"),
        ((2026, 11, 2, 22, 0), "Tue 03 08:00"),
        ((2026, 11, 7, 11, 0), "Mon 09 08:00"),
    ],
)
def test_the_bell_rings_at_once_and_the_mail_waits_for_the_next_working_moment(team: Team, at: At, now: tuple[int, ...], due_at: str) -> None:
    at(*now)
    team.assign(date(2026, 12, 24))
    assert db.session.scalars(select(Notification.due_at)).one() == clock.now()
    assert f"{clock.local(db.session.scalars(select(OutboxMail.send_after)).one()):%a %d %H:%M}" == due_at


def test_own_enrollment_is_not_told(team: Team) -> None:
    with transaction():
        services.enrol(db.session.get_one(User, team.siti.id), team.course)
    assert told() == []


def test_another_date_is_told_once_more_and_the_same_one_is_not(team: Team) -> None:
    number = team.assign(date(2026, 11, 20))
    for due_on in (date(2026, 11, 27), date(2026, 11, 27)):
        with transaction():
            assignments.change_due(team.head.id, number, due_on)
        assignments.carry(number)
    assert len(told()) == 2


def test_what_was_taken_back_before_morning_is_never_told(team: Team, at: At) -> None:
    at(2026, 11, 2, 22, 0)
    number = team.assign(date(2026, 11, 20))
    with transaction():
        assignments.withdraw(team.head.id, number)
    assignments.carry(number)
    assert told() == []
    assert db.session.scalars(select(OutboxMail.state)).all() == [MailState.WITHDRAWN]


def test_each_stage_is_reminded_of_once(team: Team, at: At) -> None:
    team.assign(date(2026, 11, 20))
    for day in range(3, 28):
        for hour in (6, 9, 10, 15, 21):
            at(2026, 11, day, hour, 0)
            remind_of_deadlines()
    assert told()[1:] == [
        "Tenggat 7 hari lagi: Kursus contoh",
        "Tenggat 3 hari lagi: Kursus contoh",
        "Tenggat 1 hari lagi: Kursus contoh",
        "Tenggat terlewat: Kursus contoh",
    ]
    assert told_at()[1:] == ["Fri 13 09:00", "Tue 17 09:00", "Thu 19 09:00", "Mon 23 09:00"]  # the day after is a Saturday


def test_a_stage_of_the_weekend_is_told_on_monday_with_the_days_that_are_left(team: Team, at: At) -> None:
    team.assign(date(2026, 11, 22))  # seven days before is a Sunday
    for day, hour in ((14, 10), (15, 10), (16, 6), (16, 9)):
        at(2026, 11, day, hour, 0)
        remind_of_deadlines()
    assert told()[1:] == ["Tenggat 6 hari lagi: Kursus contoh"]


def test_nobody_is_reminded_in_the_hour_of_the_assignment(team: Team, at: At) -> None:
    team.assign(date(2026, 11, 6))
    at(2026, 11, 2, 11, 0)
    remind_of_deadlines()
    assert len(told()) == 1
    at(2026, 11, 3, 9, 0)
    remind_of_deadlines()
    assert told()[1:] == ["Tenggat 3 hari lagi: Kursus contoh"]


def test_who_completed_hears_no_more_of_dates(team: Team, at: At) -> None:
    team.assign(date(2026, 11, 9))
    at(2026, 11, 3, 9, 0)
    team.complete()
    for day in (6, 9, 10, 11):
        at(2026, 11, day, 9, 0)
        remind_of_deadlines()
    assert told() == ["Kursus untuk Anda: Kursus contoh"]


def test_an_assignment_completed_in_the_night_is_not_told_in_the_morning(team: Team, at: At) -> None:
    at(2026, 11, 2, 21, 0)
    team.assign(date(2026, 11, 9))
    team.complete()
    assert told() == []


def test_the_ledgers_entry_stands_behind_the_bell_without_mail(team: Team) -> None:
    team.assign(None)
    team.complete()
    assert told("jp") == ["1 JP tercatat: Kursus contoh"]
    assert [mail.kind for mail in db.session.scalars(select(OutboxMail))] == ["assignment"]


def test_a_changed_date_starts_its_own_reminders(team: Team, at: At) -> None:
    number = team.assign(date(2026, 11, 9))
    with transaction():
        assignments.change_due(team.head.id, number, date(2026, 11, 30))
    assignments.carry(number)
    for day in (6, 10, 23):
        at(2026, 11, day, 9, 0)
        remind_of_deadlines()
    assert told()[2:] == ["Tenggat 7 hari lagi: Kursus contoh"]


@pytest.mark.parametrize(
    ("today", "stage"),
    [((2026, 11, 12), None), ((2026, 11, 13), 7), ((2026, 11, 16), 7), ((2026, 11, 17), 3), ((2026, 11, 19), 1), ((2026, 11, 20), 1), ((2026, 11, 21), -1)],
)
def test_the_stage_of_a_day(today: tuple[int, int, int], stage: int | None) -> None:
    assert stage_on(date(2026, 11, 20), date(*today)) == stage


def test_a_page_of_due_courses_is_read_to_the_end(team: Team, at: At, monkeypatch: pytest.MonkeyPatch) -> None:
    unit = make_unit("Dinas Lain")
    others = [make_user(f"Pegawai {n}", unit=unit, supervisor_id=team.head.id) for n in range(7)]
    team.assign(date(2026, 11, 20))
    at(2026, 11, 13, 9, 0)
    whole = reminders.list_due
    monkeypatch.setattr(reminders, "list_due", lambda today, after_id=0: whole(today, after_id, 3))
    remind_of_deadlines()
    assert told().count("Tenggat 7 hari lagi: Kursus contoh") == len(others) + 1
