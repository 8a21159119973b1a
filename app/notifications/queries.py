"""Named reads: what is behind a person's bell, what is in the outbox."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, bindparam, func, literal, select

from app.kernel import clock
from app.kernel.db import UtcDateTime, db
from app.notifications.models import MailPreference, MailState, Notification, OutboxMail
from app.people.models import User

UNREAD_SHOWN_AT_MOST = 100
PAGE = 30
NEEDS_A_LOOK = (MailState.FAILED, MailState.UNCERTAIN)


_notifications: Any = Notification.__table__


def _unread_of(user_id: Any) -> Any:
    return (
        (_notifications.c.user_id == user_id)
        & _notifications.c.read_at.is_(None)
        & (_notifications.c.due_at <= bindparam("now", type_=UtcDateTime()))
    )


# Both are built once: every page asks.
UNREAD_BESIDE = select(func.count()).select_from(_notifications).where(_unread_of(User.id)).scalar_subquery()
_UNREAD = select(func.count()).select_from(
    select(literal(1)).where(_unread_of(bindparam("user_id"))).limit(UNREAD_SHOWN_AT_MOST).subquery()
)


def count_unread(user_id: int) -> int:
    """How many notifications a person has not read, counted up to `UNREAD_SHOWN_AT_MOST`: one query over one index range."""
    return db.session.scalar(_UNREAD, {"user_id": user_id, "now": clock.now()}) or 0


def list_notifications(user_id: int, page: int) -> tuple[list[Row[*tuple[Any, ...]]], int]:
    """One page of what a person was told, newest first, and the number of pages (at least one)."""
    mine = (Notification.user_id == user_id) & (Notification.due_at <= clock.now())
    total = db.session.scalar(select(func.count()).select_from(Notification).where(mine)) or 0
    columns = (Notification.id, Notification.kind, Notification.title, Notification.body, Notification.url, Notification.due_at, Notification.read_at)
    rows = db.session.execute(
        select(*columns).where(mine).order_by(Notification.due_at.desc(), Notification.id.desc()).limit(PAGE).offset((page - 1) * PAGE)
    )
    return [*rows], max(1, -(-total // PAGE))


def unwanted_kinds(user_id: int) -> set[str]:
    """The kinds of which a person wants no mail."""
    return set(
        db.session.scalars(select(MailPreference.kind).where(MailPreference.user_id == user_id, MailPreference.wanted.is_(False)))
    )


def list_mail(page: int, only_to_decide: bool = False) -> tuple[list[OutboxMail], int]:
    """One page of the outbox, newest first, and the number of pages (at least one)."""
    query, count = select(OutboxMail), select(func.count()).select_from(OutboxMail)
    if only_to_decide:
        query, count = (q.where(OutboxMail.state.in_(NEEDS_A_LOOK)) for q in (query, count))  # type: ignore[assignment]
    total = db.session.scalar(count) or 0
    rows = db.session.scalars(query.order_by(OutboxMail.id.desc()).limit(PAGE).offset((page - 1) * PAGE))
    return list(rows), max(1, -(-total // PAGE))


def count_mail_by_state() -> dict[str, int]:
    """How many mails are in each state."""
    return {row[0]: row[1] for row in db.session.execute(select(OutboxMail.state, func.count()).group_by(OutboxMail.state))}
