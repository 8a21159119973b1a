"""How often signing in may fail: for each account, and for each address it comes from.

Trying counts before the password is looked at, so that many tries at once do not slip through. After five failures for one account each
further try has to wait, twice as long every time; after fifteen the account is locked for an hour, and a one-time code opens it at once.
One address (perhaps a whole office) may fail sixty times in a quarter of an hour. Keys are keyed digests; the rows live in the database,
so that a restart forgives nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import delete, select

from app.kernel import clock, jobs
from app.kernel.db import db, transaction
from app.kernel.errors import TooMany
from app.people.models import SignInThrottle, User
from app.people.secret_box import keyed_digest

FREE_TRIES = 5
LOCK_AFTER = 15
FIRST_WAIT = timedelta(seconds=15)
LONGEST_WAIT = timedelta(minutes=15)
LOCK = timedelta(hours=1)
FORGET_ACCOUNT_AFTER = timedelta(hours=24)
ADDRESS_TRIES = 60
ADDRESS_WINDOW = timedelta(minutes=15)


class SignInBlocked(TooMany):
    """Wait until `until`."""

    def __init__(self, until: datetime, locked: bool):
        self.until = until
        seconds = max(1, int((until - clock.now()).total_seconds()) + 1)
        minutes = -(-seconds // 60)
        if locked:
            message = _l(
                "Akun ini dikunci sementara karena terlalu banyak percobaan. Coba lagi %(minutes)d menit lagi, atau pakai kode dari admin unit Anda.",
                minutes=minutes,
            )
        elif seconds < 60:
            message = _l("Terlalu banyak percobaan. Coba lagi %(seconds)d detik lagi.", seconds=seconds)
        else:
            message = _l("Terlalu banyak percobaan. Coba lagi %(minutes)d menit lagi.", minutes=minutes)
        super().__init__(message, code="locked" if locked else "throttled", retry_after_seconds=seconds)


def account_key(identifier: str, kind: str = "password") -> str:
    return f"{kind}:" + keyed_digest("throttle", identifier)


def address_key(address: str, kind: str = "password") -> str:
    """Requests for a mail have a count of their own: an office that asks for sixty mails still signs in."""
    return ("address-mail:" if kind == "mail" else "address:") + keyed_digest("throttle", address)


def wait_after(failures: int) -> timedelta | None:
    """How long the account has to wait after its n-th failure in a row; None when it may try again at once."""
    if failures < FREE_TRIES:
        return None
    return min(FIRST_WAIT * 2 ** (failures - FREE_TRIES), LONGEST_WAIT)


def count_try(
    identifier: str,
    address: str,
    user_id: int | None,
    kind: str = "password",
    address_tries: int = ADDRESS_TRIES,
    address_window: timedelta = ADDRESS_WINDOW,
) -> None:
    """Count a try as failed until it is forgiven; raises `SignInBlocked` when it may not be made now.

    Tries with a one-time code (`code`) and requests for a mail (`mail`) are counted apart: a locked account can still be opened by its
    owner's code, and they never lock the account. Requests for a mail do not use up an address's tries at signing in either.
    """
    with transaction():
        now = clock.now()
        user = db.session.get(User, user_id) if user_id and kind == "password" else None
        if user is not None and user.locked_until is not None and user.locked_until > now:
            raise SignInBlocked(user.locked_until, locked=True)
        account = _row(account_key(str(user_id) if user_id else identifier, kind), now, FORGET_ACCOUNT_AFTER)
        place = _row(address_key(address, kind), now, address_window)
        for row in (account, place):
            if row.blocked_until is not None and row.blocked_until > now:
                raise SignInBlocked(row.blocked_until, locked=row is account and row.blocked_until - now > LONGEST_WAIT)
        account.failures += 1
        place.failures += 1
        pause = wait_after(account.failures)
        account.blocked_until = now + pause if pause else None
        if account.failures >= LOCK_AFTER:
            account.failures, account.blocked_until, account.window_started_at = 0, None, now
            if user is not None:
                user.locked_until = now + LOCK
            else:
                account.blocked_until = now + LOCK
        if place.failures >= address_tries:
            place.blocked_until = place.window_started_at + address_window


def forgive(address: str, user_id: int) -> None:
    """The password or code was right: the account starts anew, the address gets its try back. Call inside `transaction()`."""
    keys = [account_key(str(user_id), kind) for kind in ("password", "code")]
    db.session.execute(delete(SignInThrottle).where(SignInThrottle.key.in_(keys)))
    place = db.session.get(SignInThrottle, address_key(address))
    if place is not None and place.failures > 0:
        place.failures -= 1
        if place.failures < ADDRESS_TRIES:
            place.blocked_until = None
    user = db.session.get(User, user_id)
    if user is not None:
        user.locked_until = None


def _row(key: str, now: datetime, window: timedelta) -> SignInThrottle:
    row = db.session.scalar(select(SignInThrottle).where(SignInThrottle.key == key).with_for_update())
    if row is None:
        row = SignInThrottle(key=key, failures=0, window_started_at=now)
        db.session.add(row)
        db.session.flush()
    elif now - row.window_started_at >= window and (row.blocked_until is None or row.blocked_until <= now):
        row.failures, row.window_started_at, row.blocked_until = 0, now, None
    return row


@jobs.job("people.forget_old_tries", every=timedelta(hours=6))
def forget_old_tries() -> None:
    """Counts whose window is over say nothing any more."""
    now = clock.now()
    with transaction() as session:
        session.execute(delete(SignInThrottle).where(SignInThrottle.window_started_at < now - FORGET_ACCOUNT_AFTER))
