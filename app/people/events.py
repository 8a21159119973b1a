"""What this feature announces."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PasswordResetRequested:
    """A person asked for a code by mail. `code` is the only copy of its plain text: write it into the mail and nowhere else."""

    user_id: int
    expires_at: datetime
    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PasswordChanged:
    """The password is another one now; whoever wants to warn the owner listens."""

    user_id: int
    by_code: bool
