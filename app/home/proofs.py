"""A person's evidence, as they and whoever answers for their learning read it: every fact with its number, in words, and whether it is whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app.assessment.models import Quiz, QuizAttempt, QuizVersion
from app.courses.models import LessonVersion
from app.courses.queries import titles_of
from app.kernel.db import db
from app.learning import evidence
from app.learning.models import LearningEvent
from app.learning.slots import reason_words
from app.ui.formats import angka, tanggal

PAGE = 50
DEEDS: dict[tuple[str, str], Any] = {
    ("registered", "course"): _l("Mengikuti kursus"),
    ("initialized", "lesson"): _l("Membuka materi"),
    ("progressed", "lesson"): _l("Menonton video"),
    ("completed", "lesson"): _l("Menyelesaikan materi"),
    ("passed", "quiz"): _l("Lulus kuis"),
    ("failed", "quiz"): _l("Mengumpulkan kuis, belum lulus"),
    ("completed", "course"): _l("Menyelesaikan kursus"),
    ("attended", "webinar"): _l("Mengikuti webinar"),
}
HANDED_IN = _l("Mengumpulkan kuis")  # a pre-test or a practice: the fact says `passed`, but there was nothing to pass
FAULTS: dict[str, Any] = {
    "changed": _l("isinya diubah"),
    "missing": _l("tidak ada"),
    "inserted": _l("disisipkan sesudah akhir rantai"),
    "reordered": _l("tidak menyambung dengan yang sebelumnya"),
    "cut": _l("dan sesudahnya tidak ada"),
    "rewritten": _l("ditulis ulang"),
}


@dataclass(frozen=True, slots=True)
class Proof:
    """One fact in words; `details` are what it says beside the deed and the thing it is about."""

    row: LearningEvent
    deed: Any
    title: str
    details: list[str]


@dataclass(frozen=True, slots=True)
class Page:
    proofs: list[Proof]
    faults: list[str]
    total: int
    page: int
    pages: int


def read(person_id: int, page: int, number: int | None = None) -> Page:
    """A page of somebody's evidence, the newest first: the one asked for, or the one on which `number` stands."""
    if number is not None:
        after = select(func.count(LearningEvent.id)).where(LearningEvent.person_id == person_id, LearningEvent.sequence > number)
        page = (db.session.scalar(after) or 0) // PAGE + 1
    part = evidence.read_part(person_id, PAGE, (page - 1) * PAGE)
    pages = max(1, -(-part.total // PAGE))
    if page > pages:
        return read(person_id, pages)
    titles, unscored = _Titles(part.rows), _without_passing_score(part.rows)
    proofs = [Proof(row, _deed(row, unscored), titles.of(row), _details(row)) for row in part.rows]
    faults = [_("nomor %(number)s %(what)s", number=fault.sequence, what=FAULTS[fault.kind]) for fault in part.faults]
    return Page(proofs, faults, part.total, page, pages)


def _without_passing_score(rows: Sequence[LearningEvent]) -> set[int]:
    """Which of the attempts that these facts tell of had no score to reach; one statement."""
    asked = {row.facts["attempt"] for row in rows if row.object_type == "quiz" and "attempt" in row.facts}
    policies = select(QuizAttempt.id, QuizVersion.policy).join(QuizVersion, QuizVersion.id == QuizAttempt.quiz_version_id)
    return {row.id for row in db.session.execute(policies.where(QuizAttempt.id.in_(asked))) if not row.policy["passing_score"]}


def _deed(row: LearningEvent, unscored: set[int]) -> Any:
    if row.object_type == "quiz" and row.facts.get("attempt") in unscored:
        return HANDED_IN
    return DEEDS.get((row.verb, row.object_type), row.verb)


class _Titles:
    """What the things of some facts are called now, asked for once for each kind; what is gone keeps the name it had in the fact."""

    def __init__(self, rows: Sequence[LearningEvent]):
        def ids(kind: str) -> set[int]:
            return {row.object_id for row in rows if row.object_type == kind}

        newest = select(func.max(LessonVersion.id)).where(LessonVersion.lesson_id.in_(ids("lesson"))).group_by(LessonVersion.lesson_id)
        lessons = select(LessonVersion.lesson_id, LessonVersion.title).where(LessonVersion.id.in_(newest))
        quizzes = select(Quiz.id, QuizVersion.title).join(QuizVersion, QuizVersion.id == Quiz.current_version_id).where(Quiz.id.in_(ids("quiz")))
        self._known: dict[str, dict[int, str]] = {
            "course": titles_of(ids("course")),
            "lesson": dict(db.session.execute(lessons).all()),
            "quiz": dict(db.session.execute(quizzes).all()),
        }

    def of(self, row: LearningEvent) -> str:
        known = self._known.get(row.object_type, {}).get(row.object_id)
        return known or str(row.facts.get("title") or row.facts.get("lesson") or row.facts.get("course") or "")


def _details(row: LearningEvent) -> list[str]:
    """What a fact says in numbers; parts that a fact of an older kind does not have are left out."""
    facts, said = row.facts, []
    if row.verb == "registered":
        said.append(_("ditugaskan") if facts.get("source") == "ASSIGNED" else _("mendaftar sendiri"))
        if facts.get("due_on"):
            said.append(_("tenggat %(day)s", day=tanggal(date.fromisoformat(facts["due_on"]))))
    if "played_seconds" in facts:
        said.append(_("diputar %(minutes)s menit, yang baru %(new)s menit", minutes=_minutes(facts["played_seconds"]), new=_minutes(facts["new_seconds"])))
    if row.verb == "completed" and "minutes" in facts:
        said.append(_("bernilai %(minutes)s menit", minutes=angka(facts["minutes"], 1)))
    if "percent" in facts:
        said.append(_("nilai %(percent)s", percent=facts["percent"]))
    if row.verb == "attended":
        said.append(_("hadir %(minutes)s menit, %(jp)s dari %(worth)s JP", minutes=angka(facts["minutes"]), jp=facts["jp"], worth=facts["worth"]))
    elif "jp" in facts:
        said.append(_("%(jp)s JP", jp=facts.get("most", facts["jp"])))
    if facts.get("why"):
        said.append(str(reason_words(facts["why"])))
    return said


def _minutes(seconds: float) -> str:
    return angka(seconds / 60, 1)
