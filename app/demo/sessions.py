"""Sessions of city learners for load tests: as many browsers that are signed in already, because nobody there has a password."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask, current_app
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import func, insert, select

from app.demo.accounts import DemoRefused, refuse_in_production
from app.kernel import clock
from app.kernel.db import db, write_intent
from app.learning.models import Enrollment
from app.people.models import User, UserSession
from app.people.secret_box import keyed_digest
from app.people.sessions import TOKEN_KEY

LASTING = timedelta(days=1)
ROWS_AT_ONCE = 500


def mint_sessions(app: Flask, count: int, out: Path) -> int:
    """Write one JSON line for each session: the person, a Cookie header, and the X-CSRFToken that goes with it. Good for a day.

    Learners who were active last come first; with more sessions than learners they have several. Raises `DemoRefused`.
    """
    refuse_in_production(app.config["GURINDAM"])
    learners = list(
        db.session.scalars(
            select(User.id)
            .join(Enrollment, Enrollment.user_id == User.id)
            .where(User.is_demo, User.password_hash.is_(None))
            .group_by(User.id)
            .order_by(func.max(Enrollment.last_seen_at).desc(), User.id)
        )
    )
    db.session.rollback()
    if not learners:
        raise DemoRefused("there is no city to sign in to; run this first: flask demo city")
    with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        for start in range(0, count, ROWS_AT_ONCE):
            minted = list(_mint(learners[place % len(learners)] for place in range(start, min(count, start + ROWS_AT_ONCE))))
            with write_intent(), db.engine.begin() as connection:
                connection.execute(insert(UserSession), [row for row, _line in minted])
            for row, line in minted:
                file.write(json.dumps({"user_id": row["user_id"], **line}) + "\n")
    return count


def _mint(user_ids: Iterator[int]) -> Iterator[tuple[dict[str, Any], dict[str, str]]]:
    now = clock.now()
    serializer = current_app.session_interface.get_signing_serializer(current_app)  # type: ignore[attr-defined]
    csrf = URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="wtf-csrf-token")
    name = current_app.config["SESSION_COOKIE_NAME"]
    for user_id in user_ids:
        token, kernel = secrets.token_urlsafe(32), hashlib.sha1(os.urandom(64), usedforsecurity=False).hexdigest()
        row = {
            "user_id": user_id,
            "token_digest": keyed_digest("session", token),
            "user_agent": "load test",
            "address": "127.0.0.1",
            "remembered": False,
            "created_at": now,
            "seen_at": now,
            "expires_at": now + LASTING,
        }
        yield row, {"cookie": f"{name}={serializer.dumps({TOKEN_KEY: token, 'csrf_token': kernel})}", "csrf": str(csrf.dumps(kernel))}
