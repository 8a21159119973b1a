"""People and units for tests. Each function commits; objects come back loaded."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cache
from itertools import count
from typing import Any

from flask.testing import FlaskClient

from app.kernel.access import Role
from app.kernel.db import db, transaction
from app.people import passwords, services, sessions
from app.people.models import OrgUnit, User
from app.people.units import add_unit

PASSWORD = "Pelantar-Merah 88 tiang"
_numbers = count(1)


@cache
def _password_hash() -> str:
    return passwords.hash_password(PASSWORD)


def make_nip(serial: int = 1, born: str = "19900517", appointed: str = "201503", gender: int = 1) -> str:
    """A number of a PNS that passes every rule."""
    return f"{born}{appointed}{gender}{serial:03}"


def make_unit(name: str = "Dinas Contoh", *, parent: OrgUnit | None = None, code: str | None = None, kind: str = "dinas") -> OrgUnit:
    with transaction():
        unit = add_unit(name=name, kind=kind, code=code or f"U{next(_numbers):04}", parent_id=parent.id if parent else None, valid_from=date(2020, 1, 1))
    return unit


def make_user(
    full_name: str = "Siti Rahmah",
    *,
    role: Role | None = None,
    roles: Iterable[Role] = (),
    unit: OrgUnit | None = None,
    nip: str | None = None,
    email: str | None = None,
    must_change_password: bool = False,
    **facts: Any,
) -> User:
    """An account with `PASSWORD`; `role` or `roles` beside learner. With a unit an ASN of it, and a unit admin of exactly that unit."""
    number = next(_numbers)
    held = {Role.LEARNER, *roles, *([role] if role else [])}
    with transaction():
        user = services.create_user(
            full_name,
            email=email or f"orang{number}@contoh.go.id",
            password_hash=_password_hash(),
            must_change_password=must_change_password,
            nip=nip,
            org_unit_id=unit.id if unit else None,
            position=facts.pop("position", "Analis" if unit else ""),
            roles=sorted(held),
            **facts,
        )
    db.session.refresh(user)
    return user


def sign_in(client: FlaskClient, user: User) -> FlaskClient:
    """Sign this client in as the person, without the page."""
    with transaction():
        token = sessions.start_session(user.id, False, "127.0.0.1", "pytest")
    with client.session_transaction() as cookie:
        cookie.clear()
        cookie[sessions.TOKEN_KEY] = token
    return client
