"""Telling people things. Everything here writes in the caller's transaction: what was undone was never told.

`notify` puts a line behind the bell and, when the person has an address and wants it, a mail into the outbox. Its texts are said in the
language of the person who will read them: give lazy texts (`lazy_gettext`) or callables, which are called in that language.
"""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import Row, delete, select, update

from app.kernel import clock, jobs
from app.kernel.db import Base, db, insert_into
from app.kernel.errors import Conflict, NotFound
from app.kernel.i18n import LOCALES
from app.notifications.kinds import kind_named, list_kinds
from app.notifications.models import MailPreference, MailState, Notification, OutboxMail
from app.people.models import User

Reader = Row[*tuple[Any, ...]]  # id, full_name, email, locale, disabled_at of the account
Text = Any  # str, a lazy text, or a callable that returns one of them
LONGEST_LINE = 255
PREFERENCES_PATH = "/pemberitahuan/pengaturan"


def notify(
    user_id: int,
    kind: str,
    title: Text,
    body: Text = "",
    url: str | None = None,
    *,
    key: str,
    mail: bool = True,
    send_after: datetime | None = None,
    mail_after: datetime | None = None,
) -> int | None:
    """Tell a person something, once for each `key`; returns the notification's id, or None when it was told before.

    `url` is a path of this installation. With `send_after` bell and mail wait until then, with `mail_after` the mail alone. A closed
    account is told nothing.
    Raises `NotFound` for an unknown person.
    """
    _in_transaction()
    person = _reader(user_id)
    if person.disabled_at is not None:
        return None
    url = _own_path(url)
    now = clock.now()
    with _language_of(person):
        title, body = one_line(said(title)), said(body).strip()
        notification_id = _insert_once(
            Notification, user_id=user_id, kind=kind, title=title, body=body, url=url, key=key, created_at=now, due_at=send_after or now
        )
        if notification_id is None:
            return None
        if mail and person.email and wants_mail(user_id, kind):
            _post(person, kind, person.email, title, _letter(person, body or title, url, kind), key, mail_after or send_after)
    return notification_id


def withdraw(keys: Collection[str]) -> None:
    """Take back what has not reached anybody yet because its cause is gone (a reminder of something meanwhile done): mail that has not
    left, and with it the unread line behind the bell. Told anew under the same key, it comes after all."""
    _in_transaction()
    now = clock.now()
    held_back = update(OutboxMail).where(OutboxMail.key.in_(keys), OutboxMail.state == MailState.WAITING, OutboxMail.send_after > now)
    unsent = db.session.scalars(held_back.values(state=MailState.WITHDRAWN).returning(OutboxMail.key)).all()
    unread = Notification.key.in_(keys) & Notification.read_at.is_(None)
    db.session.execute(delete(Notification).where(unread, (Notification.due_at > now) | Notification.key.in_(unsent)))


def send_mail(user_id: int, kind: str, subject: Text, body: Text, *, key: str, secret: bool = False) -> int | None:
    """Mail a person without a line behind the bell, such as a code to somebody who cannot sign in. None: no address, or sent before.

    `secret` erases the text from the outbox once it left.
    """
    _in_transaction()
    person = _reader(user_id)
    if person.disabled_at is not None or not person.email:
        return None
    with _language_of(person):
        return _post(person, kind, person.email, one_line(said(subject)), _letter(person, said(body).strip(), None, kind), key, None, secret)


def mail_somebody(
    address: str,
    full_name: str,
    kind: str,
    subject: Text,
    body: Text,
    url: str | None = None,
    *,
    key: str,
    secret: bool = False,
    send_after: datetime | None = None,
) -> int | None:
    """Mail somebody who has no account (a guest, a speaker), in Indonesian. The caller knows that the address is wanted by its owner."""
    _in_transaction()
    url, settings = _own_path(url), current_app.config["GURINDAM"]
    with force_locale(LOCALES[0]):
        parts = [_("Halo %(name)s,", name=one_line(full_name)), said(body).strip(), *([settings.base_url + url] if url else [])]
        text = "\n\n".join([*parts, f"-- \n{settings.name}, {settings.agency}"]) + "\n"
        return _put(None, kind, address, one_line(said(subject)), text, LOCALES[0], key, send_after, secret)


def read_one(user_id: int, notification_id: int) -> None:
    """Note that a person read a notification of theirs. Raises `NotFound` for somebody else's."""
    mine = select(Notification.id).where(Notification.id == notification_id, Notification.user_id == user_id, Notification.due_at <= clock.now())
    if db.session.scalar(mine) is None:
        raise NotFound
    db.session.execute(update(Notification).where(Notification.id == notification_id, Notification.read_at.is_(None)).values(read_at=clock.now()))


def read_all(user_id: int) -> int:
    """Note that a person read everything that is behind their bell now; returns how much was new."""
    now = clock.now()
    unread = (Notification.user_id == user_id) & Notification.read_at.is_(None) & (Notification.due_at <= now)
    return db.session.execute(update(Notification).where(unread).values(read_at=now)).rowcount  # type: ignore[attr-defined]


def wants_mail(user_id: int, kind: str) -> bool:
    """Whether mail of a kind goes to this person: always what protects the account, else unless they switched it off."""
    known = kind_named(kind)
    if not known.mail_may_stop:
        return True
    wanted = db.session.scalar(select(MailPreference.wanted).where(MailPreference.user_id == user_id, MailPreference.kind == known.name))
    return wanted is not False


def choose_mail(user_id: int, wanted_kinds: Collection[str]) -> None:
    """Set for which kinds a person wants mail; what protects the account stays on whatever is asked."""
    _in_transaction()
    db.session.execute(delete(MailPreference).where(MailPreference.user_id == user_id))
    db.session.add_all(
        MailPreference(user_id=user_id, kind=kind.name, wanted=kind.name in wanted_kinds) for kind in list_kinds() if kind.mail_may_stop
    )


def send_again(mail_id: int) -> None:
    """An admin decides that a refused or uncertain mail leaves once more. Raises `NotFound`, `Conflict` when there is nothing to decide.

    A secret text that was erased cannot be sent again.
    """
    mail = db.session.scalar(select(OutboxMail).where(OutboxMail.id == mail_id).with_for_update())
    if mail is None:
        raise NotFound
    if mail.state not in (MailState.FAILED, MailState.UNCERTAIN) or not mail.body:
        raise Conflict
    mail.state, mail.failure, mail.tries, mail.send_after = MailState.WAITING, None, 0, clock.now()
    jobs.enqueue("notifications.send_mail", mail_id=mail.id)


# ---- in words, in the reader's language ----


def said(text: Text) -> str:
    """A text as this reader reads it; a callable is asked now, in their language."""
    return str(text() if callable(text) else text)


def one_line(text: str) -> str:
    """A title or subject: one line, so that nothing in it can become another mail header, at most 255 characters."""
    text = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return text if len(text) <= LONGEST_LINE else text[: LONGEST_LINE - 1].rstrip() + "…"


def _letter(person: Reader, body: str, url: str | None, kind: str) -> str:
    settings = current_app.config["GURINDAM"]
    parts = [_("Halo %(name)s,", name=person.full_name), body]
    if url:
        parts.append(settings.base_url + url)
    foot = ["-- ", f"{settings.name}, {settings.agency}"]
    if kind_named(kind).mail_may_stop:
        foot.append(_("Pilih surel yang ingin Anda terima: %(address)s", address=settings.base_url + PREFERENCES_PATH))
    return "\n\n".join([*parts, "\n".join(foot)]) + "\n"


def language_of(locale: str | None) -> str:
    """The language a person is written to in: the one they chose, else Indonesian."""
    return locale if locale in LOCALES else LOCALES[0]


def _language_of(person: Reader) -> AbstractContextManager[None]:
    return force_locale(language_of(person.locale))


# ---- rows ----


def _in_transaction() -> None:
    if not db.session.info.get("writing"):
        raise RuntimeError("notifications are told inside transaction()")


def _reader(user_id: int) -> Reader:
    row = db.session.execute(select(User.id, User.full_name, User.email, User.locale, User.disabled_at).where(User.id == user_id)).first()
    if row is None:
        raise NotFound
    return row


def _own_path(url: str | None) -> str | None:
    """Only paths of this installation: a notification never leads elsewhere. Raises ValueError."""
    if url is None:
        return None
    parts = urlsplit(url)
    if parts.scheme or parts.netloc or not url.startswith("/") or url.startswith(("//", "/\\")) or any(c.isspace() for c in url):
        raise ValueError(f"not a path of this installation: {url!r}")
    return url


def _insert_once(model: type[Base], **values: Any) -> int | None:
    """Insert unless the key is there already; waits for a transaction that is inserting the same key."""
    table = model.__table__
    return db.session.scalar(insert_into(table).values(**values).on_conflict_do_nothing(index_elements=["key"]).returning(table.c.id))


def _post(
    person: Reader, kind: str, address: str, subject: str, body: str, key: str, send_after: datetime | None, secret: bool = False
) -> int | None:
    return _put(person.id, kind, address, subject, body, language_of(person.locale), key, send_after, secret)


def _put(
    user_id: int | None, kind: str, address: str, subject: str, body: str, language: str, key: str, send_after: datetime | None, secret: bool
) -> int | None:
    """Once for each key; one that was taken back before it left waits anew, with what is said now."""
    now = clock.now()
    values: dict[str, Any] = {
        "user_id": user_id, "kind": kind, "address": address, "subject": subject, "body": body, "language": language, "secret": secret,
        "state": MailState.WAITING, "tries": 0, "failure": None, "send_after": send_after or now, "created_at": now,
    }  # fmt: skip
    row = insert_into(OutboxMail).values(key=key, **values)
    taken_back = OutboxMail.state == MailState.WITHDRAWN
    mail_id = db.session.scalar(row.on_conflict_do_update(index_elements=["key"], set_=values, where=taken_back).returning(OutboxMail.id))
    if mail_id is not None:
        jobs.enqueue("notifications.send_mail", mail_id=mail_id, run_after=send_after)
    return mail_id
