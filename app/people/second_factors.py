"""The second step of signing in: time-based codes (TOTP, RFC 6238) from a phone, and recovery codes for when it is gone."""

from __future__ import annotations

import secrets

from flask import current_app
from pyotp import random_base32
from pyotp.totp import TOTP
from sqlalchemy import delete, func, select

from app.kernel import clock
from app.kernel.db import db
from app.people import audit
from app.people.models import RecoveryCode, User
from app.people.secret_box import Unsealable, keyed_digest, seal, unseal

STEP_SECONDS = 30
RECOVERY_CODES = 10
_PURPOSE = "totp"
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def begin(user: User) -> str:
    """A fresh secret for a person who is setting it up; it counts only after `confirm`. Returns it in base 32."""
    secret = random_base32()
    user.totp_secret, user.totp_enabled_at, user.totp_last_step = seal(_PURPOSE, secret), None, None
    return secret


def pending_secret(user: User) -> str | None:
    """The secret of a set-up that is not confirmed yet."""
    return _secret(user) if user.totp_enabled_at is None else None


def address_for_phone(user: User, secret: str) -> str:
    """What the QR code says. It names the account by e-mail or name, never by NIP."""
    return TOTP(secret).provisioning_uri(name=user.email or user.full_name, issuer_name=current_app.config["GURINDAM"].name)


def confirm(user: User, typed: str) -> list[str] | None:
    """Switch the second step on when the phone shows the right code. Returns the recovery codes, to be shown once; None when wrong."""
    if user.totp_enabled_at is not None or not _accept_totp(user, typed):
        return None
    user.totp_enabled_at = clock.now()
    audit.note(user.id, "people.second_factor_on", ("user", user.id))
    return renew_recovery_codes(user)


def switch_off(user: User, actor_id: int) -> None:
    user.totp_secret = user.totp_enabled_at = user.totp_last_step = None
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    audit.note(actor_id, "people.second_factor_off", ("user", user.id))


def renew_recovery_codes(user: User) -> list[str]:
    """Ten new codes; the old ones end."""
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    codes = ["".join(secrets.choice(_LETTERS) for _ in range(10)) for _ in range(RECOVERY_CODES)]
    db.session.add_all(RecoveryCode(user_id=user.id, code_digest=_digest(user.id, code)) for code in codes)
    db.session.flush()
    return [f"{code[:5]}-{code[5:]}" for code in codes]


def count_recovery_codes(user_id: int) -> int:
    query = select(func.count()).select_from(RecoveryCode).where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    return db.session.scalar(query) or 0


def accept(user: User, typed: str) -> bool:
    """Whether the code opens the account; each code does so once. Call inside `transaction()`."""
    if user.totp_enabled_at is None:
        return False
    plain = "".join(c for c in typed.lower() if c.isalnum())
    if plain.isdigit() and len(plain) == 6:
        return _accept_totp(user, plain)
    spare = db.session.scalar(select(RecoveryCode).where(RecoveryCode.code_digest == _digest(user.id, plain), RecoveryCode.used_at.is_(None)))
    if spare is None:
        return False
    spare.used_at = clock.now()
    audit.note(user.id, "people.recovery_code_used", ("user", user.id))
    return True


def _accept_totp(user: User, typed: str) -> bool:
    secret = _secret(user)
    plain = "".join(c for c in typed if c.isdigit())
    if secret is None or len(plain) != 6:
        return False
    now_step = int(clock.now().timestamp()) // STEP_SECONDS
    totp = TOTP(secret)
    for step in (now_step, now_step - 1, now_step + 1):
        if step > (user.totp_last_step or 0) and secrets.compare_digest(totp.generate_otp(step), plain):
            user.totp_last_step = step
            return True
    return False


def _secret(user: User) -> str | None:
    if user.totp_secret is None:
        return None
    try:
        return unseal(_PURPOSE, user.totp_secret)
    except Unsealable:
        return None  # sealed under another secret key: the person sets it up again with a recovery code or an admin's help


def _digest(user_id: int, code: str) -> str:
    return keyed_digest("recovery code", f"{user_id}:{code}")
