"""The mail job.

A job may start twice; a mail leaves once. The state of its row decides, in this order:

1. Connect, sign in, name the recipient. Nothing has left yet: a crash here, or a second worker, costs nothing.
2. When the mail server says "go ahead", change `waiting` to `sending` on condition that it is still `waiting`, with the Message-ID, and
   commit. Of two workers one wins; the other hangs up without having sent the text.
3. Send the text; note the answer.

A crash between 2 and 3 leaves a mail of which nobody knows whether it was taken. We choose never twice: it becomes `uncertain`, shows on
the admin's outbox page with its Message-ID, and is sent again only when an admin says so there. Losing a reminder's mail is the smaller
harm, because the same line stands behind the bell; a second mail would teach people to ignore the first. A one-time code that did not
arrive is simply asked for again.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from email.utils import make_msgid
from urllib.parse import urlsplit

import structlog
from flask import current_app
from sqlalchemy import delete, select, update

from app.kernel import clock
from app.kernel.db import db, transaction
from app.kernel.jobs import job
from app.notifications.models import MailState, Notification, OutboxMail
from app.notifications.services import wants_mail
from app.notifications.smtp import AnswerLost, Delivery, MailServer, NotNow, Refused, compose
from app.people.models import User

MOST_TRIES = 28  # the last pause is an hour: about a day of trying
KEEP_NOTIFICATIONS = timedelta(days=365)
KEEP_MAIL = timedelta(days=90)
log = structlog.get_logger()


def _never_taken(mail_id: int, reason: str) -> None:
    _settle(mail_id, MailState.FAILED, reason)


@job("notifications.send_mail", most_tries=MOST_TRIES, on_failure=_never_taken)
def send_mail(mail_id: int) -> None:
    """Send one mail of the outbox. Raises `NotNow` to be called again later."""
    mail = db.session.get(OutboxMail, mail_id)
    if mail is None or mail.state not in (MailState.WAITING, MailState.SENDING):
        return
    if mail.send_after > clock.now():  # taken back, and wanted again for later: another job comes at that time
        return
    if mail.state == MailState.SENDING:
        _settle(mail_id, MailState.UNCERTAIN, "the worker stopped while handing it over")
        log.warning("mail_uncertain", mail_id=mail_id, message_id=mail.message_id)
        return
    if not _still_wanted(mail):
        _settle(mail_id, MailState.WITHDRAWN, None)
        return
    settings = current_app.config["GURINDAM"]
    if settings.mail_url.startswith("log:"):
        _settle(mail_id, MailState.KEPT, None)
        log.info("mail_kept", mail_id=mail_id, kind=mail.kind)
        return
    message_id = make_msgid(f"surel.{mail_id}", domain=urlsplit(settings.base_url).hostname or "gurindam.invalid")
    db.session.expunge(mail)
    db.session.rollback()  # no read transaction stays open while a mail server thinks
    try:
        text = compose(settings.mail_from, mail.address, mail.subject, mail.body, message_id, clock.local(clock.now()), mail.language)
        with Delivery(MailServer.from_url(settings.mail_url)) as delivery:
            delivery.begin(settings.mail_from, mail.address)
            if not _claim(mail_id, message_id):
                return
            delivery.finish(text.as_bytes())
    except Refused as error:
        _settle(mail_id, MailState.FAILED, str(error))
        log.warning("mail_refused", mail_id=mail_id, kind=mail.kind)
    except AnswerLost as error:
        _settle(mail_id, MailState.UNCERTAIN, str(error))
        log.warning("mail_uncertain", mail_id=mail_id, message_id=message_id)
    except NotNow as error:
        _note_delay(mail_id, message_id, str(error))
        raise
    else:
        _settle(mail_id, MailState.SENT, None, sent_at=clock.now())
        log.info("mail_sent", mail_id=mail_id, kind=mail.kind, message_id=message_id)


def _still_wanted(mail: OutboxMail) -> bool:
    """Whether the account is open and its owner has not switched this kind off since."""
    if mail.user_id is None:
        return True
    person = db.session.execute(select(User.disabled_at).where(User.id == mail.user_id)).first()
    return person is not None and person.disabled_at is None and wants_mail(mail.user_id, mail.kind)


def _claim(mail_id: int, message_id: str) -> bool:
    """From here on the mail may be on its way. False when another worker was first."""
    with transaction() as session:
        return (
            session.execute(
                update(OutboxMail)
                .where(OutboxMail.id == mail_id, OutboxMail.state == MailState.WAITING)
                .values(state=MailState.SENDING, message_id=message_id, handed_over_at=clock.now(), tries=OutboxMail.tries + 1)
            ).rowcount  # type: ignore[attr-defined]
            == 1
        )


def _settle(mail_id: int, state: MailState, failure: str | None, *, sent_at: datetime | None = None) -> None:
    """The end of a mail's way. What is sent stays sent; a secret text is erased as soon as nobody needs it any more."""
    with transaction() as session:
        mail = session.scalar(select(OutboxMail).where(OutboxMail.id == mail_id).with_for_update())
        if mail is None or mail.state == MailState.SENT:
            return
        mail.state, mail.failure, mail.sent_at = state, failure[:500] if failure else None, sent_at
        if mail.secret and state in (MailState.SENT, MailState.WITHDRAWN, MailState.FAILED):
            mail.body = ""


def _note_delay(mail_id: int, message_id: str, reason: str) -> None:
    """The server answered "not now": it did not take the text, so the mail waits for its next try."""
    waiting = OutboxMail.state == MailState.WAITING
    handed_over = (OutboxMail.state == MailState.SENDING) & (OutboxMail.message_id == message_id)
    with transaction() as session:
        mine = update(OutboxMail).where(OutboxMail.id == mail_id)
        session.execute(mine.where(waiting).values(tries=OutboxMail.tries + 1, failure=reason[:500]))
        session.execute(mine.where(handed_over).values(state=MailState.WAITING, failure=reason[:500]))


@job("notifications.forget_old", every=timedelta(days=1))
def forget_old() -> None:
    """A year of notifications and three months of mail are kept. What still waits or is to be decided stays."""
    now = clock.now()
    settled = (MailState.SENT, MailState.KEPT, MailState.WITHDRAWN, MailState.FAILED)
    for model, old in (
        (Notification, Notification.due_at < now - KEEP_NOTIFICATIONS),
        (OutboxMail, (OutboxMail.created_at < now - KEEP_MAIL) & OutboxMail.state.in_(settled)),
    ):
        while True:
            with transaction() as session:
                ids = session.scalars(select(model.id).where(old).limit(500)).all()
                session.execute(delete(model).where(model.id.in_(ids)))
            if not ids:
                break
