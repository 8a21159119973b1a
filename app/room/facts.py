"""What happens in rooms, for the features above."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QuestionAnswered:
    """Aloud or in writing, during the webinar or afterwards; also when a written answer was written anew."""

    webinar_id: int
    question_id: int
