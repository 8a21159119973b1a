"""One account for each role, made once, never in production."""

from dataclasses import replace

import pytest
from sqlalchemy import func, select

from app.courses import staff
from app.courses.queries import find_course, get_current_outline
from app.demo import accounts
from app.demo.accounts import ASSIGNED_COURSE, CAST, DemoRefused, demo_password, make_accounts
from app.kernel import clock
from app.kernel.access import Role
from app.kernel.db import db, transaction
from app.learning.models import Assignment, Enrollment, LearningEvent
from app.notifications.models import Notification
from app.people import nip, passwords
from app.people.models import User
from app.people.seeding import seed_units
from tests.learning.factories import publish_course


@pytest.fixture
def settings(app):
    with transaction():
        seed_units()
    kept = app.config["GURINDAM"].instance_path / "keys" / "demo.password"
    kept.unlink(missing_ok=True)
    yield app.config["GURINDAM"]
    kept.unlink(missing_ok=True)


def user_named(account):
    return db.session.scalars(select(User).where(User.email == f"{account}@demo.test")).unique().one()


def test_there_is_one_account_for_each_role(settings):
    made = make_accounts(settings)
    assert sorted(line.role for line in made) == sorted(Role)
    assert all(user_named(person.account).roles == {Role.LEARNER, person.role} for person in CAST)


def test_every_nip_passes_the_rules_of_its_employment_type(settings):
    for person in CAST:
        reading = nip.read(person.nip, clock.today())
        assert not reading.errors
        assert not reading.warnings
        assert not nip.mismatch_warnings(reading, person.employment_type)


def test_everybody_can_sign_in_with_what_is_printed_and_is_not_asked_to_change_it(settings):
    for line in make_accounts(settings):
        user = user_named(line.email.split("@")[0])
        assert passwords.verify_password(user.password_hash, line.password)
        assert user.is_demo
        assert not user.must_change_password


def test_a_second_time_prints_the_same_and_changes_nothing(settings):
    first = make_accounts(settings)
    hashes = db.session.scalars(select(User.password_hash).order_by(User.id)).all()
    assert make_accounts(settings) == first
    assert db.session.scalars(select(User.password_hash).order_by(User.id)).all() == hashes


def test_the_password_is_kept_where_only_the_owner_can_read_it(settings):
    password = demo_password(settings)
    kept = settings.instance_path / "keys" / "demo.password"
    assert kept.read_text() == password
    assert kept.stat().st_mode & 0o777 == 0o600


def test_a_password_of_the_operator_is_taken_and_remembered(settings):
    make_accounts(settings)
    assert {line.password for line in make_accounts(replace(settings, demo_password="Pelantar 88 tiang"))} == {"Pelantar 88 tiang"}
    assert {line.password for line in make_accounts(settings)} == {"Pelantar 88 tiang"}


def test_a_password_its_owner_changed_stays_theirs(settings):
    make_accounts(settings)
    with transaction():
        user_named("asn").password_hash = passwords.hash_password("Milik saya sendiri 1")
    assert [line.email for line in make_accounts(settings) if line.password is None] == ["asn@demo.test"]
    assert passwords.verify_password(user_named("asn").password_hash, "Milik saya sendiri 1")


def test_a_password_too_long_to_sign_in_with_is_refused(settings):
    with pytest.raises(DemoRefused, match="at most 200"):
        make_accounts(replace(settings, demo_password="x" * 201))


def test_production_gets_none(settings):
    with pytest.raises(DemoRefused, match="create-admin"):
        make_accounts(replace(settings, environment="production"))
    assert db.session.scalar(select(func.count(User.id))) == 0


def test_without_the_units_it_says_what_to_run_and_leaves_nothing_half_made(app):
    with pytest.raises(DemoRefused, match="seed-units"):
        make_accounts(app.config["GURINDAM"])
    assert db.session.scalar(select(func.count(User.id))) == 0


def test_the_asn_starts_empty_but_for_one_course_her_lurah_assigned(settings, at):
    at(2026, 11, 23, 9)
    publish_course(ASSIGNED_COURSE)
    make_accounts(settings)
    enrollment = db.session.scalars(select(Enrollment)).one()
    assert (enrollment.user_id, enrollment.assigned_by_id) == (user_named("asn").id, user_named("atasan").id)
    told = db.session.scalars(select(Notification).where(Notification.kind == "assignment")).one()
    assert (told.user_id, told.due_at <= clock.now()) == (enrollment.user_id, True)
    assert db.session.scalars(select(Assignment.assigned_by_id)).one() == user_named("atasan").id
    assert (enrollment.due_on - clock.today()).days == accounts.DAYS_TO_LEARN
    assert [event.verb for event in db.session.scalars(select(LearningEvent))] == ["registered"]


def test_the_date_of_the_assignment_is_set_only_once(settings, at):
    at(2026, 11, 23, 9)
    make_accounts(settings)
    publish_course(ASSIGNED_COURSE)
    make_accounts(settings)
    due_on = db.session.scalars(select(Enrollment.due_on)).one()
    at(2026, 12, 1, 9)
    make_accounts(settings)
    assert get_current_outline(ASSIGNED_COURSE).slug == ASSIGNED_COURSE
    assert db.session.scalars(select(Enrollment.due_on)).one() == due_on


def test_the_instructor_is_in_the_team_of_a_course_until_somebody_decides_otherwise(settings):
    publish_course(ASSIGNED_COURSE)
    make_accounts(settings)
    course_id = get_current_outline(ASSIGNED_COURSE).course_id
    assert [member.user_id for member in staff.list_team(course_id)] == [user_named("instruktur").id]
    with transaction():
        staff.remove_from_team(find_course(ASSIGNED_COURSE), user_named("instruktur").id, user_named("admin-bkpsdm").id)
    make_accounts(settings)
    assert staff.list_team(course_id) == []


def test_the_command_prints_one_aligned_line_for_each_account(settings, app):
    lines = app.test_cli_runner().invoke(args=["demo", "accounts"]).output.splitlines()
    assert len(lines) == len(CAST)
    assert len({line.index("@demo.test") - len(line.split()[1].split("@")[0]) for line in lines}) == 1
    assert lines[0].split()[:2] == ["learner", "asn@demo.test"]
