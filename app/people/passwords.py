"""Passwords: which ones are accepted, and how they are kept (Argon2id, outside the event loop)."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask_babel import lazy_gettext as _l

from app.kernel.off_the_loop import off_the_loop, on_event_loop

T = TypeVar("T")
LEAST_LENGTH = 12  # as ASN Digital (BKN) asks since 2025, with upper and lower case, a digit and a symbol
MOST_LENGTH = 200
_COMMON = Path(__file__).parent / "data" / "common_passwords.txt"

# 19 MiB and two passes; four at once keep the web process small when an office signs in at eight o'clock.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_turns = threading.BoundedSemaphore(4)


@cache
def _turns_on_the_loop() -> Any:
    from gevent.lock import BoundedSemaphore

    return BoundedSemaphore(4)


def _in_turn(work: Callable[..., T], *arguments: Any) -> T:
    with _turns_on_the_loop() if on_event_loop() else _turns:
        return off_the_loop(work, *arguments)


def hash_password(password: str) -> str:
    return _in_turn(_hasher.hash, password)


def verify_password(password_hash: str | None, password: str) -> bool:
    """Whether the password is right. Takes as long for an account without one, so that nobody learns which accounts exist."""
    if len(password) > MOST_LENGTH:
        return False
    right = _in_turn(_verify, password_hash or _dummy_hash(), password)
    return right and password_hash is not None


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _dummy_hash() -> str:
    return _in_turn(_hasher.hash, secrets.token_urlsafe(16))


@cache
def _common() -> frozenset[str]:
    return frozenset(line.strip() for line in _COMMON.read_text().splitlines() if line.strip() and not line.startswith("#"))


def password_faults(password: str, *, full_name: str = "", nip: str | None = None, email: str | None = None) -> list[Any]:
    """What is wrong with a new password, one message for each rule; empty when it is accepted."""
    faults: list[Any] = []
    if len(password) < LEAST_LENGTH:
        faults.append(_l("Paling sedikit %(n)d karakter; yang ini %(length)d.", n=LEAST_LENGTH, length=len(password)))
    if len(password) > MOST_LENGTH:
        faults.append(_l("Paling banyak %(n)d karakter.", n=MOST_LENGTH))
    missing = [
        name
        for name, found in (
            (_l("huruf besar"), any(c.isupper() for c in password)),
            (_l("huruf kecil"), any(c.islower() for c in password)),
            (_l("angka"), any(c.isdigit() for c in password)),
            (_l("simbol atau spasi"), any(not c.isalnum() for c in password)),
        )
        if not found
    ]
    faults.extend(_l("Belum ada %(what)s.", what=name) for name in missing)
    plain = "".join(c for c in password.casefold() if c.isalnum())
    if nip and (nip in plain or nip[:8] in plain):
        faults.append(_l("Jangan memakai NIP atau tanggal lahir."))
    names = [w for w in "".join(c if c.isalpha() else " " for c in full_name.casefold()).split() if len(w) >= 4]
    local = (email or "").split("@")[0].casefold()
    if any(name in plain for name in names) or (len(local) >= 4 and local in plain):
        faults.append(_l("Jangan memakai nama atau alamat surel sendiri."))
    stem = plain.rstrip("0123456789")
    if plain in _common() or (stem and stem in _common()) or len(set(plain)) <= 4:
        faults.append(_l("Kata sandi ini terlalu umum dan mudah ditebak."))
    return faults
