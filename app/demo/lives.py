"""A year of one person's learning, made up but consistent: what they opened, read, watched, answered and completed, and when.

Everything follows the product's own rules (the order of lessons, the reading floor, the clock of watching, attempts and cool-downs, the
day's cap of JP), and each event carries the product's own MAC, so that the city verifies and rebuilds like real life.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from fractions import Fraction
from hashlib import sha256
from math import floor
from random import Random
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from app.assessment.models import AttemptState, ClosedBy, EntryKind
from app.assessment.quizzes import QuizPolicy
from app.courses.outline import CourseOutline, LessonOutline
from app.learning import rules, spans
from app.learning.evidence import GENESIS, canonical
from app.learning.ledger import course_activity
from app.learning.models import EnrollmentSource, LessonState
from app.learning.rules import DayCap

Row = dict[str, Any]
YEAR = timedelta(days=365)

# When a sitting begins, by the hour on the wall: offices from eight to four, a dip at noon and for Friday prayers, some in the evening.
_HOURS = (7, 8, 9, 10, 11, 13, 14, 15, 16, 19, 20, 21)
_HOUR_WEIGHTS = (3, 12, 18, 16, 8, 12, 14, 9, 3, 5, 6, 3)
_WEEKDAY_CHANCE = (1.0, 1.0, 1.0, 0.9, 0.7, 0.12, 0.08)


class Candidate(NamedTuple):
    """One answer somebody could give to a question, and what it is worth."""

    response: Any
    worth: Fraction


@dataclass(frozen=True, slots=True)
class Paper:
    """One order in which a quiz may be shown, with answers to choose from: for each question a right one and some that are not."""

    layout: dict[str, Any]
    questions: tuple[tuple[str, Candidate, tuple[Candidate, ...]], ...]


@dataclass(frozen=True, slots=True)
class QuizPlan:
    quiz_id: int
    version_id: int
    policy: QuizPolicy
    papers: tuple[Paper, ...]


@dataclass(frozen=True, slots=True)
class DayRule:
    """What a regulation says on one day: the cap, the minutes of a JP, and what the ledger cites."""

    cap: DayCap | None
    minutes_per_jp: float
    legal_basis: str


@dataclass(frozen=True, slots=True)
class World:
    """What all lives share."""

    now: datetime
    zone: ZoneInfo
    courses: tuple[CourseOutline, ...]
    quizzes: Mapping[int, QuizPlan]
    day_rules: Mapping[tuple[str, date], DayRule]
    mac_of: Callable[[Any, str], str]


@dataclass(frozen=True, slots=True)
class Person:
    user_id: int
    unit_id: int
    unit_name: str
    supervisor_id: int | None
    supervisor_name: str | None
    appetite: float  # about how many events they will make in the year
    first_attempt_id: int


class Event(NamedTuple):
    """A row of the evidence, in the shape `evidence.mac_of` reads."""

    person_id: int
    sequence: int
    verb: str
    object_type: str
    object_id: int
    happened_at: datetime
    recorded_at: datetime
    source: str
    facts: dict[str, Any]
    payload_digest: str | None


@dataclass(slots=True)
class Life:
    """The rows of one person, by table."""

    user_id: int
    rows: dict[str, list[Row]] = field(default_factory=dict)
    sequence: int = 0
    mac: str = GENESIS
    last_seen_at: datetime | None = None
    assigned: list[tuple[CourseOutline, date, datetime]] = field(default_factory=list)

    def add(self, table: str, **row: Any) -> Row:
        self.rows.setdefault(table, []).append(row)
        return row


class _Enough(Exception):
    """The year is over, or the appetite is."""


class _Calendar:
    """Hands out sittings, one a day at most, the later after the earlier."""

    def __init__(self, world: World, rng: Random, first_day: date):
        self.world, self.rng, self.day = world, rng, first_day
        self.at = self.ends = datetime.combine(first_day, time(), world.zone)

    def sit_down(self) -> None:
        rng = self.rng
        while rng.random() > _WEEKDAY_CHANCE[self.day.weekday()]:
            self.day += timedelta(days=1)
        hour = rng.choices(_HOURS, _HOUR_WEIGHTS)[0]
        start = datetime.combine(self.day, time(hour, rng.randrange(60), rng.randrange(60), rng.randrange(1000) * 1000), self.world.zone)
        self.at = start.astimezone(UTC)
        longest = 200 if rng.random() < 0.04 else 95
        self.ends = self.at + timedelta(minutes=rng.uniform(25, longest))
        self.day += timedelta(days=rng.choice((1, 1, 2, 2, 3, 4, 6, 9)))

    def pass_time(self, minutes: float) -> datetime:
        """Let time pass; the moment it is then. Ends the life when that is later than now."""
        self.at += timedelta(milliseconds=int(minutes * 60_000))
        if self.at >= self.world.now:
            raise _Enough
        return self.at

    @property
    def tired(self) -> bool:
        return self.at >= self.ends

    def rest_days(self, days: int) -> None:
        self.day += timedelta(days=days)


class Learner:
    """Lives one person's year."""

    def __init__(self, world: World, person: Person, rng: Random):
        self.world, self.person, self.rng = world, person, rng
        self.life = Life(person.user_id)
        self.skill = min(0.97, max(0.45, rng.gauss(0.8, 0.11)))
        self.minutes_of_day: dict[tuple[str, date], float] = {}
        self.next_attempt_id = person.first_attempt_id
        self.progress: dict[int, Row] = {}
        self.spent_until: datetime | None = None
        today = world.now.astimezone(world.zone).date()
        days = int(person.appetite / 2.2) + 12  # about what so many events take
        earliest, latest = 364, min(364, days)
        back = rng.randrange(latest, earliest + 1) if rng.random() < 0.85 else rng.randrange(3, 40)
        self.calendar = _Calendar(world, rng, today - timedelta(days=back))

    def live(self) -> Life:
        try:
            completed: set[str] = set()
            for course in self._choice_of_courses():
                if any(slug not in completed for slug in course.prerequisites if slug in {c.slug for c in self.world.courses}):
                    continue
                if self._take(course):
                    completed.add(course.slug)
                self.calendar.rest_days(self.rng.randrange(4, 30))
        except _Enough:
            pass
        if self.life.sequence:
            self.life.add("chain_head", person_id=self.person.user_id, sequence=self.life.sequence, mac=self.life.mac)
        if self.spent_until is not None:
            self.life.add("watch_clock", user_id=self.person.user_id, spent_until=self.spent_until)
        return self.life

    def _choice_of_courses(self) -> list[CourseOutline]:
        """Courses in the order of interest; what others require comes before them."""
        chosen = list(self.world.courses)
        self.rng.shuffle(chosen)
        return sorted(chosen, key=lambda course: bool(course.prerequisites))

    # ---- a course ----

    def _take(self, course: CourseOutline) -> bool:
        """Enroll and go on lesson by lesson; whether the course was completed. Raises _Enough when the year or the appetite ends."""
        self.calendar.sit_down()
        enrollment = self._enroll(course)
        for done, lesson in enumerate(course.lessons):
            left = 1 - done / len(course.lessons)
            if self.life.sequence >= self.person.appetite and left > 0.25:  # nearly there, people finish
                raise _Enough
            if self.calendar.tired:
                self.calendar.sit_down()
            self._learn(course, lesson, enrollment)
            self.calendar.pass_time(self.rng.uniform(0.2, 2))
        self._complete_course(course, enrollment)
        return True

    def _enroll(self, course: CourseOutline) -> Row:
        rng, person, moment = self.rng, self.person, self.calendar.pass_time(0)
        assigned = person.supervisor_id is not None and rng.random() < 0.45
        due_on = self._day(moment) + timedelta(days=rng.choice((14, 21, 30, 45))) if assigned else None
        source = str(EnrollmentSource.ASSIGNED if assigned else EnrollmentSource.SELF)
        enrollment = self.life.add(
            "enrollment",
            user_id=person.user_id,
            course_id=course.course_id,
            source=source,
            assigned_by_id=person.supervisor_id if assigned else None,
            due_on=due_on,
            org_unit_id=person.unit_id,
            org_unit_name=person.unit_name,
            enrolled_at=moment,
            completed_at=None,
            last_lesson_id=None,
            last_seen_at=None,
        )
        self._note(
            "registered",
            "course",
            course.course_id,
            {"course": course.slug, "version": course.number, "source": source, "due_on": due_on.isoformat() if due_on else None},
            personal={"unit": person.unit_name, "assigned_by": person.supervisor_name if assigned else None},
        )
        if due_on:
            self.life.assigned.append((course, due_on, moment))
        return enrollment

    def _complete_course(self, course: CourseOutline, enrollment: Row) -> None:
        moment, on = self.calendar.at, self._day(self.calendar.at)
        enrollment["completed_at"] = moment
        self._note(
            "completed",
            "course",
            course.course_id,
            {"course": course.slug, "version": course.number, "title": course.title, "jp": course.jp, "form": course.form},
        )
        rule = self.world.day_rules[course.form, on]
        counted = sum(row["counted_minutes"] for row in self.life.rows["jp_accrual"] if row["course_id"] == course.course_id)
        self.life.add(
            "jp_credit",
            user_id=self.person.user_id,
            activity=course_activity(course.course_id),
            course_id=course.course_id,
            form=course.form,
            title=course.title,
            jp=rules.jp_of(counted, rule.minutes_per_jp, course.jp),
            course_jp=course.jp,
            counted_minutes=counted,
            minutes_per_jp=rule.minutes_per_jp,
            legal_basis=rule.legal_basis,
            credited_on=on,
            event_sequence=self.life.sequence,
            reason="",
        )

    # ---- a lesson ----

    def _learn(self, course: CourseOutline, lesson: LessonOutline, enrollment: Row) -> None:
        self._open(course, lesson, enrollment)
        if lesson.kind == "quiz":
            self._pass_quiz(course, lesson, enrollment)
        elif lesson.kind == "video":
            self._watch(course, lesson)
        else:
            self._read(course, lesson)
        enrollment["last_seen_at"] = self.calendar.at

    def _open(self, course: CourseOutline, lesson: LessonOutline, enrollment: Row) -> None:
        moment = self.calendar.pass_time(0.05)
        self.progress[lesson.lesson_id] = self.life.add(
            "lesson_progress",
            user_id=self.person.user_id,
            course_id=course.course_id,
            lesson_id=lesson.lesson_id,
            state=str(LessonState.STARTED),
            started_at=moment,
            completed_at=None,
            position={},
            position_at=None,
        )
        enrollment["last_lesson_id"], enrollment["last_seen_at"] = lesson.lesson_id, moment
        self._note("initialized", "lesson", lesson.lesson_id, {"course": course.slug, "lesson": lesson.key, "version": course.number})

    def _read(self, course: CourseOutline, lesson: LessonOutline) -> None:
        progress = self.progress[lesson.lesson_id]
        if self.rng.random() < 0.2:  # put aside in the middle
            progress["position_at"] = self.calendar.pass_time(lesson.minutes * self.rng.uniform(0.1, 0.4))
            progress["position"] = {"part": round(self.rng.uniform(0.1, 0.8), 3)}
            self.calendar.sit_down()
        self.calendar.pass_time(max(lesson.minutes * self.rng.uniform(rules.READING_FLOOR + 0.05, 1.15), 0.2))
        self._complete(course, lesson, {})

    def _complete(self, course: CourseOutline, lesson: LessonOutline, facts: dict[str, Any]) -> None:
        moment, on = self.calendar.at, self._day(self.calendar.at)
        progress = self.progress[lesson.lesson_id]
        progress["state"], progress["completed_at"] = str(LessonState.COMPLETED), moment
        self._note(
            "completed",
            "lesson",
            lesson.lesson_id,
            {
                "course": course.slug,
                "course_id": course.course_id,
                "lesson": lesson.key,
                "version": course.number,
                "minutes": lesson.minutes,
                "form": course.form,
            }
            | facts,
        )
        cap = self.world.day_rules[course.form, on].cap
        already = self.minutes_of_day.get((course.form, on), 0.0)
        counted = rules.counted_minutes(lesson.minutes, already, cap)
        self.minutes_of_day[course.form, on] = already + counted
        self.life.add(
            "jp_accrual",
            user_id=self.person.user_id,
            course_id=course.course_id,
            lesson_id=lesson.lesson_id,
            form=course.form,
            learned_on=on,
            minutes=lesson.minutes,
            counted_minutes=counted,
            day_cap_minutes=cap.minutes if cap else None,
            event_sequence=self.life.sequence,
        )

    # ---- a video ----

    def _watch(self, course: CourseOutline, lesson: LessonOutline) -> None:
        """One or two sittings in front of a video, in real time; some see parts twice, some stop before the very end."""
        self._need_minutes((lesson.content.get("duration_seconds") or 60) / 60 * 2 + 5)
        rng, whole = self.rng, int((lesson.content.get("duration_seconds") or 60) * 1000)
        needed = int(whole * lesson.content.get("coverage", 0.9))
        end = whole if rng.random() < 0.7 else rng.randrange(needed, whole + 1)
        stops = [end] if rng.random() < 0.75 else [rng.randrange(whole // 5, whole * 4 // 5), end]
        at = 0
        once: list[spans.Span] = []
        again: list[spans.Span] = []
        for stop in stops:
            played = [(at, stop)]
            if rng.random() < 0.25:
                back = rng.randrange(0, max(1, stop - 1000))
                played.append((back, min(stop, back + rng.randrange(3000, 20000))))
            opened_at = self.calendar.pass_time(rng.uniform(0.05, 0.4))
            before = spans.length(once)
            once, again = spans.watch(once, again, played)
            counted = spans.length(played)
            self.spent_until = opened_at + timedelta(milliseconds=counted)
            closed_at = self.calendar.pass_time(counted / 60_000 + rng.uniform(0.01, 0.3))
            if stop == end:
                self._complete(course, lesson, {})
            self.life.add(
                "viewing",
                user_id=self.person.user_id,
                lesson_id=lesson.lesson_id,
                course_id=course.course_id,
                opened_at=opened_at,
                reported_at=closed_at,
                closed_at=closed_at,
                claimed_ms=counted,
                counted_ms=counted,
                new_ms=spans.length(once) - before,
                reports=counted // 15_000 + 1,
            )
            self._note(
                "progressed",
                "lesson",
                lesson.lesson_id,
                {
                    "course_id": course.course_id,
                    "played_seconds": round(counted / 1000, 1),
                    "new_seconds": round((spans.length(once) - before) / 1000, 1),
                    "claimed_seconds": round(counted / 1000, 1),
                    "opened_at": opened_at.isoformat(),
                },
            )
            progress = self.progress[lesson.lesson_id]
            progress["position"], progress["position_at"] = {"seconds": round(stop / 1000, 3)}, closed_at
            at = stop
        for layer, found in ((1, once), (2, again)):
            for start, stop in found:
                self.life.add("watched_span", user_id=self.person.user_id, lesson_id=lesson.lesson_id, layer=layer, start_ms=start, end_ms=stop)

    # ---- a quiz ----

    def _pass_quiz(self, course: CourseOutline, lesson: LessonOutline, enrollment: Row) -> None:
        """Attempt after attempt until one passes, a little better prepared each time."""
        plan = self.world.quizzes[lesson.content["quiz_id"]]
        number, passed = 0, False
        while not passed:
            number += 1
            if number > 1:
                if plan.policy.attempts and (number - 1) % plan.policy.attempts == 0:
                    if not plan.policy.cooldown_minutes:
                        raise _Enough  # every attempt is used: this course ends here
                    self.calendar.rest_days(1 + plan.policy.cooldown_minutes // 1440)
                    self.calendar.sit_down()
                self.calendar.pass_time(self.rng.uniform(2, 12))
            attempt_id, percent, passed = self._attempt(plan, number)
            self._note(
                "passed" if passed else "failed",
                "quiz",
                plan.quiz_id,
                {"course": course.slug, "lesson": lesson.key, "attempt": attempt_id, "percent": percent},
            )
            enrollment["last_seen_at"] = self.calendar.at
        self._complete(course, lesson, {"attempt": attempt_id, "percent": percent})

    def _attempt(self, plan: QuizPlan, number: int) -> tuple[int, int, bool]:
        rng, paper = self.rng, self.rng.choice(plan.papers)
        self._need_minutes(len(paper.questions) * 2 + 5)
        attempt_id, started_at = self.next_attempt_id, self.calendar.pass_time(0.1)
        self.next_attempt_id += 1
        limit = plan.policy.time_limit_minutes
        pace = rng.uniform(0.25, 1.1) * (min(1.0, 0.8 * limit / len(paper.questions)) if limit else 1.0)
        sure = min(0.98, self.skill + 0.09 * (number - 1))
        total, client = Fraction(0), f"{rng.getrandbits(128):032x}"
        for place, (key, right, wrong) in enumerate(paper.questions, 1):
            moment = self.calendar.pass_time(pace * rng.uniform(0.5, 1.4))
            if rng.random() < 0.01:
                continue  # left open
            chosen = right if not wrong or rng.random() < sure else rng.choice(wrong)
            total += chosen.worth
            self.life.add(
                "quiz_answer",
                attempt_id=attempt_id,
                kind=str(EntryKind.ANSWER),
                question_key=key,
                client_id=client,
                client_sequence=place,
                response=chosen.response,
                answered_at=moment - timedelta(milliseconds=rng.randrange(40, 400)),
                saved_at=moment,
                is_late=False,
            )
        submitted_at = self.calendar.pass_time(rng.uniform(0.1, 0.6))
        fraction = total / len(paper.questions)
        percent, passed = floor(fraction * 100), fraction * 100 >= plan.policy.passing_score
        self.life.add(
            "quiz_attempt",
            id=attempt_id,
            quiz_id=plan.quiz_id,
            quiz_version_id=plan.version_id,
            user_id=self.person.user_id,
            number=number,
            start_key=None,
            started_at=started_at,
            deadline_at=started_at + timedelta(minutes=limit) if limit else None,
            layout=paper.layout,
            state=str(AttemptState.SUBMITTED),
            submitted_at=submitted_at,
            closed_by=str(ClosedBy.LEARNER),
            percent=percent,
            passed=passed,
        )
        return attempt_id, percent, passed

    # ---- the evidence ----

    def _need_minutes(self, minutes: float) -> None:
        """Nobody begins what cannot be over by now."""
        if self.calendar.at + timedelta(minutes=minutes) >= self.world.now:
            raise _Enough

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self.world.zone).date()

    def _note(self, verb: str, object_type: str, object_id: int, facts: dict[str, Any], personal: Any = None) -> None:
        """Add an event to the chain, at the moment it is."""
        life, moment, digest = self.life, self.calendar.at, None
        if personal is not None:
            salt = f"{self.rng.getrandbits(128):032x}"
            digest = sha256(salt.encode() + canonical(personal)).hexdigest()
            life.add("learning_payload", person_id=life.user_id, digest=digest, salt=salt, body=personal)
        life.sequence += 1
        event = Event(life.user_id, life.sequence, verb, object_type, object_id, moment, moment, "web", facts, digest)
        previous, life.mac = life.mac, self.world.mac_of(event, life.mac)
        life.add("learning_event", **event._asdict(), previous_mac=previous, mac=life.mac)
        life.last_seen_at = moment


def wrong_responses(perfect: Any, others: Sequence[Any]) -> list[Any]:
    """Answers that differ from a perfect one, in every shape an answer can have; whether they earn anything is for grading to say."""
    if isinstance(perfect, bool):
        return [not perfect]
    if isinstance(perfect, dict):
        values = list(perfect.values())
        return [dict(zip(perfect, values[turn:] + values[:turn], strict=True)) for turn in range(1, len(values))]
    if isinstance(perfect, list):
        turned = [perfect[turn:] + perfect[:turn] for turn in range(1, len(perfect))]
        fewer = [[item for item in perfect if item != left_out] for left_out in perfect]
        more = [[*perfect, other] for other in others if other not in perfect]
        return turned + fewer + more + [[other] for other in others if other not in perfect]
    return [other for other in others if other != perfect] + ["0", "7", "100", "belum tahu"]
