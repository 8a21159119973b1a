"""A small city: as true to the product's rules as real life, and nobody in it can sign in."""

import json
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text

from app.assessment.models import QuizAnswer, QuizAttempt
from app.assessment.services import publish_quiz, score_of
from app.courses.queries import get_current_outline
from app.demo import city
from app.demo.accounts import DemoRefused, make_accounts
from app.demo.sessions import mint_sessions
from app.kernel import clock
from app.kernel.access import Role
from app.kernel.db import db, transaction
from app.learning import evidence, rebuild, services
from app.learning.models import Enrollment, JpAccrual, JpCredit, LearningEvent, LessonProgress, Viewing, WatchedSpan
from app.notifications.models import Notification, OutboxMail
from app.people import nip
from app.people.models import Employee, OrgUnit, RoleGrant, UnitMembership, User
from app.people.seeding import seed_units
from tests.assessment.factories import EVERY_TYPE
from tests.learning.factories import lesson, publish_course

PEOPLE = 60


def publish_small_course(slug="contoh", **kwargs):
    """One lesson of each kind that people meet, long enough that a day's cap can be passed."""
    with transaction():
        quiz = publish_quiz(
            f"{slug}/kuis",
            "Kuis",
            EVERY_TYPE,
            {"purpose": "MODULE_QUIZ", "passing_score": 60, "attempts": 3, "cooldown_minutes": 60, "time_limit_minutes": 30},
        )
        content = {"quiz_id": quiz.quiz_id, "quiz_version_id": quiz.id}
    return publish_course(
        slug,
        lesson("baca", minutes=20),
        lesson("tonton", "video", minutes=2, asset_id=1, duration_seconds=100.0, coverage=0.9),
        lesson("kuis", "quiz", minutes=12, **content),
        lesson("simak", minutes=90),
        lesson("tutup", minutes=40),
        jp=3,
        **kwargs,
    )


@pytest.fixture
def built(app):
    publish_small_course()
    publish_small_course("lanjut", prerequisites=("contoh",))
    return city.build_city(app.config["GURINDAM"], PEOPLE, 7, lambda line: None)


def test_every_chain_verifies(built):
    people = evidence.people_with_chains()
    assert len(people) >= 0.6 * PEOPLE
    assert [fault for person in people for fault in evidence.verify(person)] == []


def test_progress_and_jp_are_what_the_evidence_says(built):
    assert {person: rebuild.differences(person) for person in evidence.people_with_chains() if rebuild.differences(person)} == {}
    assert db.session.scalar(select(func.count(JpCredit.id))) > 5
    assert db.session.scalar(select(func.count(JpAccrual.id)).where(JpAccrual.counted_minutes < JpAccrual.minutes)) > 0


def test_at_least_sixty_percent_are_enrolled(built):
    assert db.session.scalar(select(func.count(Enrollment.user_id.distinct()))) >= 0.6 * PEOPLE


def test_scores_are_what_grading_makes_of_the_answers(built):
    attempts = db.session.scalars(select(QuizAttempt).limit(25)).all()
    assert attempts
    assert [(a.id, score_of(a.id).percent) for a in attempts] == [(a.id, a.percent) for a in attempts]
    assert db.session.scalar(select(func.count(QuizAttempt.id)).where(QuizAttempt.passed.is_(False))) > 0


def test_events_have_the_facts_that_the_product_writes(built, app):
    course = get_current_outline("contoh")
    someone = db.session.scalars(select(User).where(User.full_name.is_not(None)).limit(1)).unique().one()
    with transaction():
        user = User(full_name="Uji", created_at=clock.now(), must_change_password=False, grants=[])
        db.session.add(user)
        db.session.flush()
        services.enrol(user, course, assigned_by=someone)
        for item in course.lessons:
            services.open_lesson(user.id, course, item)
            services.complete_lesson(user.id, course, item)
    real = {(e.verb, e.object_type): set(e.facts) for e in db.session.scalars(select(LearningEvent).where(LearningEvent.person_id == user.id))}
    for event in db.session.scalars(select(LearningEvent).where(LearningEvent.person_id != user.id)):
        if (event.verb, event.object_type) in real:
            assert set(event.facts) - {"attempt", "percent"} == real[event.verb, event.object_type]


def test_nothing_happens_in_the_future_or_more_than_a_year_ago(built):
    first, last = db.session.execute(select(func.min(LearningEvent.happened_at), func.max(LearningEvent.happened_at))).one()
    now = clock.now()
    assert now - timedelta(days=367) < first < last <= now


def test_a_day_of_learning_is_never_counted_beyond_its_cap(built):
    by_day = select(func.sum(JpAccrual.counted_minutes)).group_by(JpAccrual.user_id, JpAccrual.learned_on)
    assert max(db.session.scalars(by_day)) <= 135


def test_a_second_course_waits_for_the_one_it_requires(built):
    first, second = get_current_outline("contoh").course_id, get_current_outline("lanjut").course_id
    done = dict(db.session.execute(select(Enrollment.user_id, Enrollment.completed_at).where(Enrollment.course_id == first)).all())
    later = db.session.execute(select(Enrollment.user_id, Enrollment.enrolled_at).where(Enrollment.course_id == second)).all()
    assert later
    assert all(done[user_id] and done[user_id] < enrolled_at for user_id, enrolled_at in later)


def test_watched_seconds_never_exceed_the_time_in_front_of_the_video(built):
    assert db.session.scalar(select(func.count(Viewing.id))) > 0
    for viewing in db.session.scalars(select(Viewing)):
        assert viewing.counted_ms <= (viewing.reported_at - viewing.opened_at).total_seconds() * 1000
    assert db.session.scalar(select(func.max(WatchedSpan.end_ms))) <= 100_000


def test_a_completed_video_was_watched(built):
    course = get_current_outline("contoh")
    video = course.lesson("tonton").lesson_id
    seen = dict(
        db.session.execute(
            select(WatchedSpan.user_id, func.sum(WatchedSpan.end_ms - WatchedSpan.start_ms))
            .where(WatchedSpan.lesson_id == video, WatchedSpan.layer == 1)
            .group_by(WatchedSpan.user_id)
        ).all()
    )
    done = db.session.scalars(select(LessonProgress.user_id).where(LessonProgress.lesson_id == video, LessonProgress.completed_at.is_not(None))).all()
    assert done
    assert all(seen[user_id] >= 90_000 for user_id in done)


def test_nobody_can_sign_in_and_nobody_is_mailed(built):
    assert db.session.scalar(select(func.count(User.id)).where(User.password_hash.is_not(None) | User.email.is_not(None))) == 0
    assert db.session.scalar(select(func.count(OutboxMail.id))) == 0


def test_what_was_assigned_lately_is_behind_the_bell(built):
    since = clock.now() - city.TOLD_WITHIN
    assigned = select(func.count(Enrollment.id)).where(Enrollment.assigned_by_id.is_not(None), Enrollment.enrolled_at > since)
    told = db.session.scalar(select(func.count(Notification.id)).where(Notification.kind == "assignment"))
    assert told == min(city.MOST_TOLD, db.session.scalar(assigned))


def test_everybody_has_a_number_of_their_own_that_passes_the_rules(built):
    numbers = db.session.scalars(select(Employee.nip)).all()
    assert len(set(numbers)) == PEOPLE
    assert [number for number in numbers if nip.read(number, clock.today()).errors] == []


def test_every_unit_has_people_and_each_of_them_a_line_up(built):
    rows = db.session.execute(select(Employee.user_id, Employee.supervisor_id)).all()
    above = dict(rows)
    tops = [user_id for user_id, supervisor_id in rows if supervisor_id is None]
    supervisors = set(db.session.scalars(select(RoleGrant.user_id).where(RoleGrant.role == Role.SUPERVISOR)))
    assert {supervisor for _user, supervisor in rows if supervisor} <= supervisors
    for user_id, _supervisor in rows:
        seen = []
        while user_id is not None:
            assert user_id not in seen
            seen.append(user_id)
            user_id = above[user_id]
        assert seen[-1] in tops


def test_offices_differ_in_how_much_they_learn(built):
    events = (
        select(Employee.org_unit_id, func.count(LearningEvent.id))
        .join(LearningEvent, LearningEvent.person_id == Employee.user_id, isouter=True)
        .group_by(Employee.org_unit_id)
    )
    counts = [count for _unit, count in db.session.execute(events)]
    assert max(counts) > 3 * (sum(counts) / len(counts))


def test_most_learning_falls_into_office_hours(built):
    hours = Counter(clock.local(moment).hour for moment in db.session.scalars(select(LearningEvent.happened_at)))
    assert sum(n for hour, n in hours.items() if 7 <= hour < 17) > 0.7 * hours.total()
    assert not any(hours[hour] for hour in (3, 4, 5, 6))


def test_it_lives_beside_the_demo_accounts(app):
    publish_small_course()
    with transaction():
        seed_units()
    make_accounts(app.config["GURINDAM"])
    city.build_city(app.config["GURINDAM"], PEOPLE, 7, lambda line: None)
    lurah = db.session.scalar(select(User.id).where(User.email == "atasan@demo.test"))
    penyengat = select(OrgUnit.id).where(OrgUnit.code == "TPI-KEL-PENYENGAT").scalar_subquery()
    heads = db.session.scalars(select(Employee.user_id).where(Employee.org_unit_id == penyengat, Employee.position == "Lurah Penyengat")).all()
    assert heads == [lurah]
    assert db.session.scalar(select(func.count(User.id))) == PEOPLE + 9


def test_the_same_seed_makes_the_same_people(app):
    publish_small_course()
    city.build_city(app.config["GURINDAM"], 20, 3, lambda line: None)
    first = db.session.execute(select(User.full_name, Employee.nip).join(Employee, Employee.user_id == User.id).order_by(User.id)).all()
    again = city.Staffing(
        [city.Unit(*row) for row in db.session.execute(city._UNITS)], 1, set(), {}, clock.today(), city.Random("3:people")
    ).fill(20)
    assert [(r.full_name, r.nip) for r in again] == [tuple(row) for row in first]


def test_unit_history_never_overlaps(built):
    history = db.session.scalars(select(UnitMembership).order_by(UnitMembership.employee_id, UnitMembership.valid_from)).all()
    assert len(history) > len({m.employee_id for m in history}) == PEOPLE, "some have moved"
    ends = {}
    for m in history:
        assert m.valid_to is None or m.valid_from <= m.valid_to
        assert ends.get(m.employee_id, m.valid_from - timedelta(days=1)) < m.valid_from
        ends[m.employee_id] = m.valid_to


def test_a_second_city_is_refused(built, app):
    with pytest.raises(DemoRefused, match=f"a city of {PEOPLE} ASN is already here"):
        city.build_city(app.config["GURINDAM"], PEOPLE, 7, lambda line: None)
    assert city.city_size() == PEOPLE


def test_without_a_course_it_says_what_to_run_and_writes_nothing(app):
    with pytest.raises(DemoRefused, match="content import"):
        city.build_city(app.config["GURINDAM"], PEOPLE, 7, lambda line: None)
    assert db.session.scalar(select(func.count(User.id))) == 0


def test_production_gets_neither_city_nor_sessions(built, app, tmp_path):
    production = replace(app.config["GURINDAM"], environment="production")
    with pytest.raises(DemoRefused, match="production"):
        city.build_city(production, PEOPLE, 7, lambda line: None)
    app.config["GURINDAM"], kept = production, app.config["GURINDAM"]
    try:
        with pytest.raises(DemoRefused, match="production"):
            mint_sessions(app, 1, tmp_path / "sessions")
    finally:
        app.config["GURINDAM"] = kept
    assert not (tmp_path / "sessions").exists()


def test_a_minted_session_is_signed_in_and_its_token_passes_the_form_check(built, app, tmp_path):
    out = tmp_path / "sessions.jsonl"
    mint_sessions(app, 3, out)
    assert out.stat().st_mode & 0o777 == 0o600
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert len({line["cookie"] for line in lines}) == 3
    app.config["WTF_CSRF_ENABLED"] = True
    try:
        client, path = app.test_client(use_cookies=False), "/kursus/contoh/belajar/baca/posisi"
        signed_in = {"Cookie": lines[0]["cookie"], "Accept": "application/json"}
        assert client.get("/beranda", headers={"Cookie": lines[0]["cookie"]}).status_code == 200
        assert client.post(path, json={"part": 0.5}, headers=signed_in | {"X-CSRFToken": lines[0]["csrf"]}).status_code == 200
        assert client.post(path, json={"part": 0.5}, headers=signed_in | {"X-CSRFToken": lines[1]["csrf"]}).status_code == 400
    finally:
        app.config["WTF_CSRF_ENABLED"] = False


def test_sessions_need_a_city(app, tmp_path):
    with pytest.raises(DemoRefused, match="flask demo city"):
        mint_sessions(app, 1, tmp_path / "sessions")


def test_ids_made_beside_the_sequence_are_not_given_twice(built):
    with transaction():
        db.session.add(User(full_name="Sesudahnya", created_at=clock.now(), must_change_password=False, grants=[]))
    assert db.session.scalar(select(func.count(User.id))) == PEOPLE + 1
    assert db.session.scalar(select(func.count()).select_from(QuizAnswer)) > 0
    assert db.session.execute(text("SELECT max(id) FROM user_account")).scalar_one() > PEOPLE
