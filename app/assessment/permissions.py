"""Who may do what with quizzes. What a person may take is asked of the features above (`slots`); attempts are seen by their owner."""

from __future__ import annotations

from app.kernel.access import Role, Scope, permission

TAKE_QUIZ = permission("assessment.take_quiz", dict.fromkeys(Role, Scope.SELF))
