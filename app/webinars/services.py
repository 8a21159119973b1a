"""What people do with webinars. Functions flush and never commit."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy import select

from app.kernel import clock, events
from app.kernel.db import db
from app.kernel.errors import Conflict, NotFound
from app.people import audit
from app.webinars.events import WebinarEnded, WebinarWentLive
from app.webinars.models import Webinar, WebinarState


def go_live(webinar_id: int, actor_id: int | None = None) -> bool:
    """Begin: from now on presence counts. False when it is live already. Raises Conflict when it is not to be begun (any more)."""
    webinar = _locked(webinar_id)
    if webinar.state == WebinarState.LIVE:
        return False
    if webinar.state != WebinarState.PUBLISHED:
        raise Conflict(_("Webinar ini belum diumumkan, sudah berakhir, atau dibatalkan."))
    webinar.state, webinar.live_at = WebinarState.LIVE, clock.now()
    audit.note(actor_id, "webinars.went_live", ("webinar", webinar_id))
    events.record(WebinarWentLive(webinar_id))
    return True


def end_webinar(webinar_id: int, actor_id: int | None = None) -> bool:
    """End it for everybody, for good. False when it has ended already. Raises Conflict when it never began."""
    webinar = _locked(webinar_id)
    if webinar.state == WebinarState.ENDED:
        return False
    if webinar.state != WebinarState.LIVE:
        raise Conflict(_("Webinar ini belum dimulai."))
    webinar.state, webinar.ended_at = WebinarState.ENDED, clock.now()
    audit.note(actor_id, "webinars.ended", ("webinar", webinar_id))
    events.record(WebinarEnded(webinar_id))
    return True


def _locked(webinar_id: int) -> Webinar:
    webinar = db.session.scalar(select(Webinar).where(Webinar.id == webinar_id).with_for_update())
    if webinar is None:
        raise NotFound
    return webinar
