"""Publishing quizzes: versions, and what cannot be published."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from app.assessment.models import Quiz
from app.assessment.quizzes import get_content
from app.assessment.services import prepare_quiz, publish_quiz, publish_quizzes
from app.kernel.db import db, transaction
from tests.assessment.factories import EVERY_TYPE, POLICY, make_quiz, single


def test_the_same_quiz_is_the_same_version(app):
    first = make_quiz()
    assert make_quiz().id == first.id
    assert first.number == 1


def test_a_changed_quiz_is_the_next_version_and_going_back_finds_the_old_one(app):
    first, second = make_quiz(), make_quiz(title="Kuis modul dua")
    assert (second.number, second.quiz_id) == (2, first.quiz_id)
    assert make_quiz().id == first.id
    assert db.session.scalar(select(Quiz.current_version_id).where(Quiz.key == "antikorupsi/kuis-2")) == first.id


def test_a_version_gives_back_what_was_published(app):
    content = get_content(make_quiz(shuffle=True).id)
    assert tuple(content.questions.values()) == EVERY_TYPE
    assert (content.title, content.policy.shuffle, content.policy.passing_score) == ("Kuis modul 2", True, 70)
    assert get_content(content.version_id) is content


@pytest.mark.parametrize("wrong", [{"purpose": "PARTY"}, {"feedback": "EACH"}, {"attempts": -1}, {"unknown": 1}, {"passing_score": 101}])
def test_a_policy_that_cannot_be_meant_is_refused(app, wrong):
    with pytest.raises(ValueError):
        make_quiz(**wrong)
    assert db.session.scalar(select(func.count()).select_from(Quiz)) == 0


@pytest.mark.parametrize("questions", [(), (single(), single())])
def test_a_quiz_has_questions_and_each_key_once(app, questions):
    with pytest.raises(ValueError):
        make_quiz(questions=questions)


def _publish_and_fail() -> None:
    with transaction():
        publish_quiz("x/y", "X", [single()], POLICY)
        raise RuntimeError("undo")


def test_publishing_belongs_to_the_callers_transaction(app):
    with pytest.raises(RuntimeError, match="undo"):
        _publish_and_fail()
    assert db.session.scalar(select(func.count()).select_from(Quiz)) == 0


def test_many_quizzes_are_published_with_as_few_statements_as_one(app, count_queries):
    def publish(prefix: str, how_many: int) -> int:
        prepared = [prepare_quiz(f"{prefix}/{n}", "Kuis", [single()], POLICY) for n in range(how_many)]
        with transaction():
            count_queries.clear()
            published = publish_quizzes(prepared)
            statements = len(count_queries)
        assert [get_content(version_id).quiz_id for _quiz_id, version_id in published.values()] == [quiz_id for quiz_id, _ in published.values()]
        return statements

    assert publish("satu", 1) == publish("banyak", 20)
