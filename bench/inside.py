"""Looks into the product on an instance: `queries` counts the statements of pages, `answer` finds a valid answer to an open attempt.

Arguments come as JSON on the command line, the answer leaves as one line of JSON.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from sqlalchemy import event

from app.factory import create_app
from config import Settings


def count_queries(pages: dict[str, str], cookies: list[str]) -> dict[str, list[str]]:
    """The statements that each page sends, once for a person who comes to it from another page of the list, in a warm process.

    Everybody in `cookies` walks through all pages twice; what the last one's second walk sends is counted.
    """
    from app.kernel.db import db

    app = create_app(Settings.from_environment())
    seen: list[str] = []
    with app.app_context():
        event.listen(db.engine, "before_cursor_execute", lambda _c, _k, statement, *_: seen.append(" ".join(statement.split())[:160]))
    counted = {}
    for cookie in [*cookies, *cookies]:
        for name, path in pages.items():
            seen.clear()
            answer = app.test_client(use_cookies=False).get(path, headers={"Cookie": cookie, "Accept-Language": "id"})
            if answer.status_code != 200:
                raise SystemExit(f"{path}: {answer.status_code} {answer.headers.get('Location')}")
            counted[name] = list(seen)
    return counted


def find_answer(attempt_id: int) -> dict[str, Any]:
    """A place in an attempt and a right answer to it, as a browser would send it."""
    from app.assessment.question_types import perfect_response
    from app.assessment.quizzes import get_attempt_facts

    with create_app(Settings.from_environment()).app_context():
        facts = get_attempt_facts(attempt_id)
        question = facts.question(1)
        return {"question": 1, "response": perfect_response(question, facts.options.get(question.key)).to_json()}


if __name__ == "__main__":
    what, *arguments = sys.argv[1:]
    print(json.dumps({"queries": count_queries, "answer": find_answer}[what](*map(json.loads, arguments))))
