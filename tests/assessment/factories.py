"""Quizzes for tests. Each function commits."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest

from app.assessment import slots
from app.assessment.models import QuizVersion
from app.assessment.question_types import Question, Text
from app.assessment.question_types._options import ChoiceOption
from app.assessment.question_types.matching import Matching, MatchingPair
from app.assessment.question_types.multiple_choice import MultipleChoice
from app.assessment.question_types.numerical import Numerical, NumericalKey
from app.assessment.question_types.ordering import Ordering
from app.assessment.question_types.short_answer import ShortAnswer, ShortAnswerKey
from app.assessment.question_types.single_choice import SingleChoice
from app.assessment.question_types.true_false import TrueFalse
from app.assessment.services import publish_quiz
from app.kernel.db import transaction

POLICY = {"purpose": "MODULE_QUIZ", "passing_score": 70, "attempts": 3, "cooldown_minutes": 60, "time_limit_minutes": 15, "shuffle": False}


def single(key: str = "siapa", feedback: str = "Pasal 12B ayat (1) huruf a.") -> SingleChoice:
    options = (
        ChoiceOption(Text("Penerima"), Decimal(100), Text(feedback)),
        ChoiceOption(Text("Penuntut umum"), Decimal(0), Text("Itu untuk nilai di bawah Rp10 juta.")),
        ChoiceOption(Text("Pemberi"), Decimal(0)),
    )
    return SingleChoice(key=key, text=Text("Siapa yang membuktikan?"), options=options)


def multiple(key: str = "asas") -> MultipleChoice:
    weights = (("Kepastian hukum", 50), ("Keterbukaan", 50), ("Kerahasiaan", -50))
    return MultipleChoice(key=key, text=Text("Mana yang asas?"), options=tuple(ChoiceOption(Text(t), Decimal(w)) for t, w in weights))


def true_false(key: str = "benar") -> TrueFalse:
    return TrueFalse(key=key, text=Text("Batas lapor 30 hari kerja."), answer=True, general_feedback=Text("Pasal 12C."))


def short(key: str = "singkatan") -> ShortAnswer:
    return ShortAnswer(key=key, text=Text("Singkatan unitnya?"), answers=(ShortAnswerKey("UPG"),))


def numerical(key: str = "hari") -> Numerical:
    return Numerical(key=key, text=Text("Berapa hari kerja?"), answers=(NumericalKey(Decimal(30)),))


def matching(key: str = "pasangan") -> Matching:
    pairs = (MatchingPair(Text("12B"), "pembuktian"), MatchingPair(Text("12C"), "pelaporan"))
    return Matching(key=key, text=Text("Pasangkan."), pairs=pairs, distractors=("hukuman",))


def ordering(key: str = "urutan") -> Ordering:
    return Ordering(
        key=key,
        text=Text("Urutkan."),
        items=("Menerima", "Mencatat", "Melapor"),
        grading="ABSOLUTE_POSITION",
        selection="ALL",
        select_count=3,
        direction="VERTICAL",
        show_grading=False,
        numbering="none",
    )


EVERY_TYPE: tuple[Question, ...] = (single(), multiple(), true_false(), short(), numerical(), matching(), ordering())


def make_quiz(
    key: str = "antikorupsi/kuis-2", questions: Sequence[Question] = EVERY_TYPE, title: str = "Kuis modul 2", **policy: Any
) -> QuizVersion:
    with transaction():
        version = publish_quiz(key, title, questions, POLICY | policy, "<p>Baca dulu.</p>")
    return version


def open_gates(monkeypatch: pytest.MonkeyPatch, gate: slots.Gate = lambda user, key: None) -> None:
    """Let everybody take every quiz, whatever the features above say."""
    monkeypatch.setattr(slots, "_gates", [gate])
    monkeypatch.setattr(slots, "_ways_back", [lambda user, key: ("/kursus/antikorupsi/belajar/kuis-2", "Antikorupsi")])
