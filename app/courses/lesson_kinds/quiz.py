"""Questions: before the course, while learning, after each module, at the end."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.assessment.rules import FeedbackPolicy, Purpose
from app.courses.kinds import THINKING_MINUTES, Field, FieldType, KindFault, LessonSource, Stored, reading_minutes


class Quiz:
    name, label, icon = "quiz", _l("Kuis"), "todo"
    fields = {
        "questions": Field(FieldType.FILE, sort="questions"),
        "purpose": Field(FieldType.CHOICE, choices=tuple(Purpose)),
        "passing_score": Field(FieldType.WHOLE, low=0, high=100),
        "attempts": Field(FieldType.WHOLE, low=0, high=100),
        "cooldown_minutes": Field(FieldType.WHOLE, low=0, high=30 * 24 * 60),
        "time_limit_minutes": Field(FieldType.WHOLE, low=0, high=300),
        "feedback": Field(FieldType.CHOICE, choices=tuple(FeedbackPolicy)),
        "shuffle": Field(FieldType.SWITCH),
        "practice_minutes": Field(FieldType.WHOLE, required=False, low=1, high=30),
    }

    def check(self, source: LessonSource) -> list[KindFault]:
        faults = []
        purpose, score = source.fields.get("purpose"), source.fields.get("passing_score")
        if purpose in (Purpose.PRE_TEST, Purpose.PRACTICE) and score:
            faults.append(KindFault(_("Tes awal dan latihan tidak memakai nilai lulus: isi dengan 0."), "passing_score"))
        if purpose in (Purpose.MODULE_QUIZ, Purpose.POST_TEST) and score == 0:
            faults.append(KindFault(_("Kuis modul dan tes akhir memerlukan nilai lulus."), "passing_score"))
        if source.fields.get("feedback") == FeedbackPolicy.EACH and purpose not in (Purpose.PRACTICE, None):
            faults.append(KindFault(_("Umpan balik tiap jawaban (EACH) hanya untuk latihan."), "feedback"))
        if "practice_minutes" in source.fields and purpose not in (Purpose.PRACTICE, None):
            faults.append(KindFault(_("Menit latihan hanya untuk kuis dengan tujuan PRACTICE."), "practice_minutes"))
        return faults

    def minutes(self, source: LessonSource) -> float:
        questions = source.file("questions")
        words = questions.question_words if questions else ()
        return reading_minutes(source.words + sum(words)) + len(words) * THINKING_MINUTES + source.fields.get("practice_minutes", 0)

    def content(self, source: LessonSource, stored: Stored) -> dict[str, Any]:
        questions = source.file("questions")
        return {
            "quiz_id": stored.quiz_id,
            "quiz_version_id": stored.quiz_version_id,
            "purpose": source.fields["purpose"],
            "question_count": len(questions.question_words) if questions else 0,
            "passing_score": source.fields["passing_score"],
            "attempts": source.fields["attempts"],
            "time_limit_minutes": source.fields["time_limit_minutes"],
        }
