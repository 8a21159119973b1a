"""One-time codes: for the first access of people without e-mail, and for a forgotten password.

Ten letters and digits that nobody confuses (no O, 0, I, 1, L), written in two groups: about 2^49 possibilities behind the throttle of
signing in. An admin's code lives two weeks, one by mail an hour; each works once, and a newer one ends the older, but one
by mail never ends an admin's.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from app.kernel import clock, events, jobs
from app.kernel.db import db, transaction
from app.kernel.errors import Conflict
from app.people import audit
from app.people.events import PasswordResetRequested
from app.people.models import AccessCode, CodePurpose, User
from app.people.secret_box import keyed_digest
from app.people.services import refuse_rescue

LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
LENGTH = 10
FROM_ADMIN = timedelta(days=14)
BY_MAIL = timedelta(hours=1)
RESET_BY_MAIL = "people.reset_by_mail"


def make_code() -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(LENGTH))


def written(code: str) -> str:
    """As people read it: ABCDE-FGHJK."""
    return f"{code[:5]}-{code[5:]}"


def _normal(text: str) -> str:
    return "".join(c for c in text.upper() if c.isalnum())


def issue_code(user_id: int, purpose: CodePurpose, lifetime: timedelta, issued_by_id: int | None) -> tuple[str, datetime]:
    """A fresh code and when it ends; the only moment at which its plain text exists. Earlier unused ones of the person end.

    Anybody can ask for a mail, so a code by mail (no issuer) ends only earlier ones by mail, never the one that an admin handed over.
    """
    code, now = make_code(), clock.now()
    ending = delete(AccessCode).where(AccessCode.user_id == user_id, AccessCode.used_at.is_(None))
    db.session.execute(ending if issued_by_id is not None else ending.where(AccessCode.issued_by_id.is_(None)))
    db.session.add(
        AccessCode(
            user_id=user_id,
            purpose=purpose,
            code_digest=keyed_digest("access code", f"{user_id}:{code}"),
            issued_by_id=issued_by_id,
            issued_at=now,
            expires_at=now + lifetime,
        )
    )
    db.session.flush()
    return code, now + lifetime


def issue_code_by_admin(actor: User, user: User) -> tuple[str, datetime]:
    """A code that an admin hands to a person: activation when there is no password yet, otherwise a reset. Raises `NotAllowed`."""
    refuse_rescue(actor, user)
    if user.disabled_at is not None:
        raise Conflict(code="account_disabled")
    purpose = CodePurpose.RESET if user.password_hash else CodePurpose.ACTIVATION
    code, until = issue_code(user.id, purpose, FROM_ADMIN, actor.id)
    audit.note(actor.id, "people.code_issued", ("user", user.id), after={"purpose": str(purpose)})
    return code, until


def request_reset_by_mail(user: User) -> None:
    """Announce a reset with its code; whoever sends mail listens. Nothing for accounts without an address, or switched off."""
    if user.email is None or user.disabled_at is not None:
        return
    code, until = issue_code(user.id, CodePurpose.RESET, BY_MAIL, None)
    events.record(PasswordResetRequested(user_id=user.id, expires_at=until, code=written(code)))


@jobs.job(RESET_BY_MAIL)
def send_reset_by_mail(user_id: int) -> None:
    """Somebody asked for a code; for a name that nobody has (0) nothing happens."""
    with transaction():
        user = db.session.get(User, user_id)
        if user is not None:
            request_reset_by_mail(user)


def find_usable_code(user_id: int, typed: str) -> AccessCode | None:
    """The code this person was given, while it can still be used."""
    digest = keyed_digest("access code", f"{user_id}:{_normal(typed)}")
    return db.session.scalar(
        select(AccessCode).where(
            AccessCode.code_digest == digest, AccessCode.user_id == user_id, AccessCode.used_at.is_(None), AccessCode.expires_at > clock.now()
        )
    )
