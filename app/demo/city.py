"""`flask demo city`: N employees in the seeded units and a year of their learning, written in short transactions.

The people get no password and no address: nobody can sign in as one of them and no mail leaves. They are recognized by that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any

from sqlalchemy import Table, bindparam, func, insert, select, text, update

from app.assessment.models import QuizAnswer, QuizAttempt
from app.assessment.question_types import InvalidResponse, Question, grade, lay_out, parse_response, perfect_response
from app.assessment.quizzes import QuizContent, get_content
from app.courses.outline import CourseOutline, get_outline
from app.courses.queries import list_catalogue
from app.demo.accounts import DemoRefused, refuse_in_production
from app.demo.lives import Candidate, DayRule, Learner, Life, Paper, Person, QuizPlan, World, wrong_responses
from app.demo.staffing import Resident, Staffing, Unit, head_post
from app.kernel import clock
from app.kernel.db import db, transaction, write_intent
from app.kernel.regulation import find_rule, get_rule
from app.learning import evidence, ledger
from app.learning.events import Enrolled
from app.learning.models import (
    ChainHead,
    Enrollment,
    JpAccrual,
    JpCredit,
    LearningEvent,
    LearningPayload,
    LessonProgress,
    Viewing,
    WatchClock,
    WatchedSpan,
)
from app.learning.subscribers import tell_on_enrolled
from app.people.models import Employee, EmployeeIdentifier, OrgUnit, RoleGrant, UnitMembership, User
from app.people.seeding import seed_units
from config import Settings

MOST_PEOPLE = 20_000
LEAST_ENROLLED = 0.64
EVENTS_PER_PERSON = 47  # on average, over everybody
ROWS_AT_ONCE = 1_200  # about 20 ms in one write transaction
PAPERS = 8  # orders in which a quiz is shown
TOLD_WITHIN = timedelta(days=14)
MOST_TOLD = 200
Echo = Callable[[str], None]

# In the order in which rows may refer to each other.
_TABLES: dict[str, Any] = {
    model.__tablename__: model.__table__
    for model in (
        Enrollment, LessonProgress, LearningPayload, LearningEvent, ChainHead, Viewing, WatchedSpan, WatchClock, JpAccrual, JpCredit,
        QuizAttempt, QuizAnswer,
    )
}  # fmt: skip


def city_size() -> int:
    """How many people of a demo city are here."""
    return db.session.scalar(select(func.count(User.id)).where(User.is_demo, User.password_hash.is_(None))) or 0


def build_city(settings: Settings, people: int, seed: int, echo: Echo) -> Counter[str]:
    """Make a city and tell how many rows of each kind were written. Raises `DemoRefused` before anything is written.

    Run it on an installation that nobody is using at the moment. Should it be interrupted, the people made so far stay.
    """
    refuse_in_production(settings)
    if not 1 <= people <= MOST_PEOPLE:
        raise DemoRefused(f"a city has 1 to {MOST_PEOPLE} ASN")
    if there := city_size():
        raise DemoRefused(f"a city of {there} ASN is already here; use another INSTANCE_PATH for a new one")
    courses = tuple(get_outline(entry.version_id) for entry in list_catalogue())
    if not courses:
        raise DemoRefused("there is no published course to learn; run this first: flask content import --all")
    seed_units()
    residents = _employ(people, seed)
    echo(f"{people} people in {len({resident.unit.id for resident in residents})} units")
    world = _world(courses, seed)
    persons = _who_learns(residents, courses, world, seed)
    return Counter({"people": people}) + _live(persons, world, seed, echo)


# ---- people ----


def _employ(people: int, seed: int) -> list[Resident]:
    units = [Unit(*row) for row in db.session.execute(_UNITS)]
    leading = {head_post(unit).position: unit.id for unit in units}
    heads_there = {
        leading[position]: user_id
        for user_id, position, unit_id in db.session.execute(select(Employee.user_id, Employee.position, Employee.org_unit_id))
        if leading.get(position) == unit_id
    }
    first_id = _reserve(User.__table__, people)
    taken = set(db.session.scalars(select(EmployeeIdentifier.nip)))
    residents = Staffing(units, first_id, taken, heads_there, clock.today(), Random(f"{seed}:people")).fill(people)
    first_employee_id = _reserve(Employee.__table__, people)
    db.session.rollback()
    writer = _Writer()
    for number, resident in enumerate(residents):
        for table, row in _rows_of(resident, first_employee_id + number):
            writer.add(table, [row])
    writer.flush_in_order([t.__table__ for t in (User, Employee, EmployeeIdentifier, UnitMembership, RoleGrant)])
    return residents


_UNITS = select(OrgUnit.id, OrgUnit.code, OrgUnit.name, OrgUnit.kind, OrgUnit.parent_id).where(OrgUnit.valid_to.is_(None)).order_by(OrgUnit.path)


def _rows_of(resident: Resident, employee_id: int) -> Iterator[tuple[Any, dict[str, Any]]]:
    now = clock.now()
    joined = now - timedelta(days=366)
    yield (
        User.__table__,
        {
            "id": resident.user_id,
            "full_name": resident.full_name,
            "must_change_password": True,
            "is_demo": True,
            "created_at": joined,
        },
    )
    yield (
        Employee.__table__,
        {
            "id": employee_id,
            "user_id": resident.user_id,
            "nip": resident.nip,
            "employment_type": str(resident.employment_type),
            "grade_code": resident.grade_code,
            "position": resident.post.position,
            "position_type": str(resident.post.type),
            "position_tier": resident.post.tier,
            "org_unit_id": resident.unit.id,
            "supervisor_id": resident.supervisor_id,
            "active": True,
        },
    )
    yield EmployeeIdentifier.__table__, {"employee_id": employee_id, "nip": resident.nip, "valid_from": resident.since, "valid_to": None}
    if resident.came_from:
        unit, position, since = resident.came_from
        yield UnitMembership.__table__, _membership(employee_id, unit.id, position, since, resident.since - timedelta(days=1))
    yield UnitMembership.__table__, _membership(employee_id, resident.unit.id, resident.post.position, resident.since, None)
    for role in sorted(resident.roles):
        unit_id = resident.unit.id if role == "unit_admin" else None
        yield RoleGrant.__table__, {"user_id": resident.user_id, "role": str(role), "org_unit_id": unit_id, "granted_by_id": None, "granted_at": joined}


def _membership(employee_id: int, unit_id: int, position: str, since: date, until: date | None) -> dict[str, Any]:
    return {"employee_id": employee_id, "org_unit_id": unit_id, "position": position, "valid_from": since, "valid_to": until}


# ---- what there is to learn ----


def _world(courses: tuple[CourseOutline, ...], seed: int) -> World:
    rng = Random(f"{seed}:papers")
    now = clock.now()
    quiz_versions = {
        lesson.content["quiz_id"]: lesson.content["quiz_version_id"] for course in courses for lesson in course.lessons if lesson.kind == "quiz"
    }
    today = clock.local_day(now)
    return World(
        now=now,
        zone=clock.local_zone(),
        courses=courses,
        quizzes={quiz_id: _plan(get_content(version_id), rng) for quiz_id, version_id in quiz_versions.items()},
        day_rules={
            (form, on): _day_rule(form, on) for form in {c.form for c in courses} for on in (today - timedelta(days=back) for back in range(368))
        },
        mac_of=evidence.mac_of,
    )


def _day_rule(form: str, on: date) -> DayRule:
    minutes = get_rule(ledger.MINUTES_PER_JP, on)
    cap = find_rule(ledger.day_cap_key(form), on)
    return DayRule(ledger.day_cap(form, on), minutes.value, (cap or minutes).legal_basis)


def _plan(content: QuizContent, rng: Random) -> QuizPlan:
    return QuizPlan(content.quiz_id, content.version_id, content.policy, tuple(_paper(content, rng) for _ in range(PAPERS)))


def _paper(content: QuizContent, rng: Random) -> Paper:
    order = list(content.questions)
    if content.policy.shuffle:
        rng.shuffle(order)
    options = {key: lay_out(content.questions[key], rng if content.policy.shuffle else None) for key in order}
    return Paper({"order": order, "options": options}, tuple((key, *_candidates(content.questions[key], options[key])) for key in order))


def _candidates(question: Question, layout: Any) -> tuple[Candidate, tuple[Candidate, ...]]:
    """A right answer to a question as one paper shows it, and answers that are not right."""
    perfect = perfect_response(question, layout)
    wrong = []
    for raw in wrong_responses(perfect.to_json(), list(getattr(question, "option_ids", ()))):
        try:
            response = parse_response(question, raw, layout)
        except InvalidResponse:
            continue
        worth = grade(question, response).fraction
        if worth < 1:
            wrong.append(Candidate(response.to_json(), worth))
    return Candidate(perfect.to_json(), grade(question, perfect).fraction), tuple(wrong[:6])


# ---- who learns, and how much ----


def _who_learns(residents: Sequence[Resident], courses: Sequence[CourseOutline], world: World, seed: int) -> list[Person]:
    """Some offices are keen and some are not; at least 60 % of the city learns whatever the dice say."""
    rng = Random(f"{seed}:appetite")
    keenness: dict[int, float] = {}
    for resident in residents:
        keenness.setdefault(resident.unit.id, rng.uniform(0.35, 1.6))
    drawn = sorted(residents, key=lambda r: rng.random() / (0.5 + 0.5 * keenness[r.unit.id]))
    share = max(LEAST_ENROLLED, min(0.9, 0.62 + 0.14 * sum(keenness[r.unit.id] for r in residents) / len(residents)))
    learning = drawn[: max(1, -(-int(len(residents) * share * 1000) // 1000))]
    mean = EVENTS_PER_PERSON * len(residents) / len(learning)
    appetites = [keenness[r.unit.id] * rng.lognormvariate(-0.32, 0.8) for r in learning]
    scale = mean * len(learning) / sum(appetites)
    supervisors = {resident.user_id: resident.full_name for resident in residents}
    tries = sum(1 for course in courses for lesson in course.lessons if lesson.kind == "quiz") * 12 or 1
    first_attempt_id = _reserve(QuizAttempt.__table__, tries * len(learning))
    db.session.rollback()
    return [
        Person(
            user_id=resident.user_id,
            unit_id=resident.unit.id,
            unit_name=resident.unit.name,
            supervisor_id=resident.supervisor_id if resident.supervisor_id in supervisors else None,
            supervisor_name=supervisors.get(resident.supervisor_id or 0),
            appetite=max(3.0, appetite * scale),
            first_attempt_id=first_attempt_id + place * tries,
        )
        for place, (resident, appetite) in enumerate(zip(learning, appetites, strict=True))
    ]


# ---- a year ----


def _live(persons: Sequence[Person], world: World, seed: int, echo: Echo) -> Counter[str]:
    writer, events = _Writer(), 0
    fresh: list[Enrolled] = []
    step = max(1, len(persons) // 10)
    for number, person in enumerate(persons, 1):
        life = Learner(world, person, Random(f"{seed}:{number}")).live()
        events += life.sequence
        writer.add_life(life)
        fresh += [
            Enrolled(life.user_id, course.course_id, person.supervisor_id, due_on)
            for course, due_on, at in life.assigned
            if world.now - at < TOLD_WITHIN
        ]
        if number % step == 0 or number == len(persons):
            echo(f"{number} of {len(persons)} learners, {events} events")
    writer.flush()
    _tell(fresh)
    return writer.written + Counter({"enrolled": len(persons)})


def _tell(fresh: Sequence[Enrolled]) -> None:
    """What was assigned lately is behind the bell, in the product's own words."""
    for assignment in fresh[:MOST_TOLD]:
        with transaction():
            tell_on_enrolled(assignment)


# ---- writing ----

_ACCOUNTS: Any = User.__table__
_SEEN = update(_ACCOUNTS).where(_ACCOUNTS.c.id == bindparam("person")).values(last_sign_in_at=bindparam("moment"))


class _Writer:
    """Collects rows and writes them in short transactions, each person's in one piece."""

    def __init__(self) -> None:
        self.waiting: dict[Any, list[dict[str, Any]]] = {}
        self.seen: list[dict[str, Any]] = []
        self.count = 0
        self.written: Counter[str] = Counter()

    def add(self, table: Any, rows: list[dict[str, Any]]) -> None:
        self.waiting.setdefault(table, []).extend(rows)
        self.count += len(rows)

    def add_life(self, life: Life) -> None:
        for name, table in _TABLES.items():
            if rows := life.rows.get(name):
                self.add(table, rows)
        if life.last_seen_at:
            self.seen.append({"person": life.user_id, "moment": life.last_seen_at})
        if self.count >= ROWS_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        with write_intent(), db.engine.begin() as connection:
            for table in _TABLES.values():
                self._insert(connection, table, self.waiting.pop(table, []))
            if self.seen:
                connection.execute(_SEEN, self.seen)
        self.count, self.seen = 0, []

    def flush_in_order(self, tables: Sequence[Any]) -> None:
        """Write whole tables one after the other, in pieces: for rows that refer to each other across people."""
        for table in tables:
            rows = self.waiting.pop(table, [])
            for start in range(0, len(rows), ROWS_AT_ONCE):
                with write_intent(), db.engine.begin() as connection:
                    self._insert(connection, table, rows[start : start + ROWS_AT_ONCE])

    def _insert(self, connection: Any, table: Table, rows: list[dict[str, Any]]) -> None:
        if rows:
            connection.execute(insert(table), rows)
            self.written[table.name] += len(rows)


def _reserve(table: Any, count: int) -> int:
    """The first of so many ids that nobody else gets: on PostgreSQL by moving the sequence on, on SQLite what lies above the highest."""
    if db.engine.dialect.name != "postgresql":
        return (db.session.scalar(select(func.max(table.c.id))) or 0) + 1
    sequence = db.session.scalar(text("SELECT pg_get_serial_sequence(:name, 'id')"), {"name": table.name})
    with transaction() as session:
        first = session.scalar(text("SELECT nextval(CAST(:sequence AS regclass))"), {"sequence": sequence})
        session.execute(text("SELECT setval(CAST(:sequence AS regclass), :last)"), {"sequence": sequence, "last": first + count - 1})
    return first
