"""What the proofs look at behind the running product's back; a process like `tests.e2e.backstage`, with more to tell."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select

from app.assessment.models import QuizAnswer
from app.assessment.question_types import solution, type_of
from app.assessment.quizzes import get_attempt_facts
from app.kernel import jobs
from app.kernel.db import db, transaction
from app.media.models import AssetKind, AssetState, MediaAsset
from app.people.models import Employee, PeopleImportRow
from tests.e2e import backstage


def count_people() -> int:
    return db.session.scalar(select(func.count()).select_from(Employee)) or 0


def count_import_changes(import_id: int) -> int:
    """Rows of a dry run that are not what the database has already."""
    return (
        db.session.scalar(
            select(func.count()).select_from(PeopleImportRow).where(PeopleImportRow.import_id == import_id, PeopleImportRow.action != "same")
        )
        or 0
    )


def good_responses(attempt_id: int) -> list[dict[str, Any]]:
    """A response to each question of an attempt that the server takes."""
    facts, found = get_attempt_facts(attempt_id), []
    for place in range(1, len(facts.order) + 1):
        question = facts.question(place)
        right = solution(question, facts.options.get(facts.order[place - 1]))
        found.append({"place": place, "response": backstage._RESPONSES[type_of(question).name](right)})
    return found


def stored_answers(attempt_ids: list[int]) -> list[list[Any]]:
    rows = db.session.execute(
        select(QuizAnswer.attempt_id, QuizAnswer.client_id, QuizAnswer.client_sequence).where(QuizAnswer.attempt_id.in_(attempt_ids))
    )
    return [list(row) for row in rows]


def encode_again() -> int:
    """Send every video through the encoder once more."""
    with transaction() as session:
        videos = session.scalars(select(MediaAsset).where(MediaAsset.kind == AssetKind.VIDEO)).all()
        for video in videos:
            video.state = AssetState.QUEUED
            jobs.enqueue("media.prepare_video", asset_id=video.id)
        return len(videos)


def media_states() -> dict[str, int]:
    rows = db.session.execute(select(MediaAsset.state, func.count()).where(MediaAsset.kind == AssetKind.VIDEO).group_by(MediaAsset.state))
    return dict(rows.all())  # type: ignore[arg-type]


for tool in (count_people, count_import_changes, good_responses, stored_answers, encode_again, media_states):
    backstage.FUNCTIONS[tool.__name__] = tool

if __name__ == "__main__":
    backstage.main()
