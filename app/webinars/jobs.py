"""Work of webinars in the background."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from app.kernel import search
from app.kernel.db import db, transaction
from app.kernel.html import plain_text
from app.kernel.jobs import job
from app.webinars import guests, registering, telling
from app.webinars.models import AgendaItem, Webinar, WebinarRegistration, WebinarSpeaker, WebinarState

WEBINAR = "webinar"  # kind in the search index
AT_ONCE = 10
FINDABLE = (WebinarState.PUBLISHED, WebinarState.LIVE, WebinarState.ENDED)


@job("webinars.fill_seats")
def fill_seats(webinar_id: int) -> None:
    """Move up who waits, a few at a time: each step asks for the next by itself."""
    with transaction():
        if db.session.get(Webinar, webinar_id) is not None:
            registering.fill_seats(webinar_id)


@job("webinars.tell_moved")
def tell_moved(webinar_id: int, moved_from: float, version: int) -> None:
    """Tell everybody of the new time, once for each change; the reminders of the old one are taken back."""
    old = datetime.fromtimestamp(moved_from, UTC)

    def tell(webinar: Webinar, row: WebinarRegistration) -> None:
        if webinar.starts_at != old:
            telling.withdraw_reminders(webinar, [row], old)
        telling.tell_moved(webinar, row, version)

    _for_everybody(webinar_id, WebinarState.PUBLISHED, tell)


@job("webinars.tell_canceled")
def tell_canceled(webinar_id: int) -> None:
    """Tell everybody that it is off, and why; nobody is reminded any more."""

    def tell(webinar: Webinar, row: WebinarRegistration) -> None:
        telling.withdraw_reminders(webinar, [row])
        telling.tell_canceled(webinar, row)

    _for_everybody(webinar_id, WebinarState.CANCELED, tell)


def _for_everybody(webinar_id: int, state: WebinarState, tell: Callable[[Webinar, WebinarRegistration], None]) -> None:
    """Registered or waiting, a few in each transaction; ends when the webinar is in another state meanwhile."""
    for ids in _pages(webinar_id):
        with transaction():
            webinar = db.session.get(Webinar, webinar_id)
            if webinar is None or webinar.state != state:
                return
            rows = select(WebinarRegistration).where(WebinarRegistration.id.in_(ids), WebinarRegistration.state.in_(registering.ACTIVE))
            for row in db.session.scalars(rows.order_by(WebinarRegistration.id)).all():
                tell(webinar, row)


def _pages(webinar_id: int) -> Iterator[list[int]]:
    last = 0
    while True:
        page = select(WebinarRegistration.id).where(
            WebinarRegistration.webinar_id == webinar_id, WebinarRegistration.id > last, WebinarRegistration.state.in_(registering.ACTIVE)
        )
        ids = list(db.session.scalars(page.order_by(WebinarRegistration.id).limit(AT_ONCE)))
        if not ids:
            return
        yield ids
        last = ids[-1]


@job("webinars.make_findable")
def make_findable(webinar_id: int) -> None:
    """Let the search box find what is announced, by its texts, sessions and speakers; drafts and what is off are not found."""
    webinar = db.session.get(Webinar, webinar_id)
    if webinar is None or webinar.state not in FINDABLE:
        with transaction():
            search.remove(WEBINAR, [webinar_id])
        return
    version = webinar.version
    words = [webinar.summary, plain_text(webinar.body_html), webinar.partner]
    words += db.session.scalars(select(AgendaItem.title).where(AgendaItem.webinar_id == webinar_id).order_by(AgendaItem.position))
    words += db.session.scalars(select(WebinarSpeaker.full_name).where(WebinarSpeaker.webinar_id == webinar_id))
    entry = search.Entry(WEBINAR, webinar_id, webinar.title, " ".join(words), {"path": telling.path_of(webinar)}, search.PUBLIC)
    prepared = search.prepare([entry])
    with transaction():
        current = db.session.execute(select(Webinar.version, Webinar.state).where(Webinar.id == webinar_id).with_for_update()).first()
        if current is not None and current.version == version and current.state in FINDABLE:
            search.write(prepared)


@job("webinars.forget_unconfirmed_guests", every=timedelta(hours=6))
def forget_unconfirmed_guests() -> None:
    with transaction():
        guests.forget_unconfirmed()
