"""Kinds of notifications, as the settings page lists them. A slot: features above name theirs in their wiring.

A kind that nobody named belongs to `OTHER`, so that telling somebody something never fails for want of a name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask_babel import lazy_gettext as _l


@dataclass(frozen=True, slots=True)
class Kind:
    """`mail_may_stop` is False for what protects the account: that is always mailed."""

    name: str
    label: Any
    explanation: Any = ""
    mail_may_stop: bool = True


OTHER = Kind("other", _l("Pemberitahuan lain"))
ACCOUNT = Kind("account", _l("Keamanan akun"), _l("Kata sandi diganti, kode masuk. Selalu dikirim."), mail_may_stop=False)

_kinds: dict[str, Kind] = {ACCOUNT.name: ACCOUNT}


def register_kind(kind: Kind) -> None:
    """Give a kind its line on the settings page. Naming it again replaces the line."""
    _kinds[kind.name] = kind


def kind_named(name: str) -> Kind:
    return _kinds.get(name, OTHER)


def list_kinds() -> list[Kind]:
    """All kinds, in the order they were named, what cannot be switched off and `OTHER` last."""
    return sorted([*_kinds.values(), OTHER], key=lambda kind: (kind is OTHER, not kind.mail_may_stop))
