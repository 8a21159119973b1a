"""Who is in a webinar, whichever door they came through: an ASN, a guest by mail, a speaker by personal link.

One person is one `key`, on all their tabs and devices: `u12` (account), `g5` (guest), `s3` (speaker). Rows about what people do in a room
(questions, votes, presence) name the person by it.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.kernel.access import Permission

KEY_LENGTH = 24


@dataclass(frozen=True, slots=True)
class Participant:
    """One person of one webinar, and what they may do in it (names of permissions)."""

    key: str
    webinar_id: int
    user_id: int | None
    full_name: str
    unit_name: str
    rights: frozenset[str]
    link_mark: str = ""  # which of a speaker's links they came by

    @property
    def is_guest(self) -> bool:
        return self.key[:1] == "g"

    def may(self, needed: Permission) -> bool:
        return needed.name in self.rights


def user_key(user_id: int) -> str:
    return f"u{user_id}"


def guest_key(guest_id: int) -> str:
    return f"g{guest_id}"


def speaker_key(speaker_id: int) -> str:
    return f"s{speaker_id}"


def user_id_of(key: str) -> int | None:
    """The account behind a key; None for guests and speakers."""
    return int(key[1:]) if key[:1] == "u" else None


def guest_id_of(key: str) -> int | None:
    """The guest behind a key; None for accounts and speakers."""
    return int(key[1:]) if key[:1] == "g" else None
