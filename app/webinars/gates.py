"""Pre-test and post-test: who may take a quiz because of a webinar, and the way back to its page.

The pre-test is open from registration until the webinar begins, the post-test from when it ends until its closing time.
"""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import or_, select

from app.kernel import clock
from app.kernel.db import db
from app.kernel.errors import Conflict
from app.ui.formats import waktu
from app.webinars.models import RegistrationState, Webinar, WebinarRegistration, WebinarState
from app.webinars.telling import path_of


def _webinars_of(user: Any, quiz_key: str) -> list[Webinar]:
    """The webinars with this quiz for which somebody is registered, the latest first."""
    query = (
        select(Webinar)
        .join(WebinarRegistration, WebinarRegistration.webinar_id == Webinar.id)
        .where(
            WebinarRegistration.user_id == user.id,
            WebinarRegistration.state == RegistrationState.REGISTERED,
            or_(Webinar.pretest_key == quiz_key, Webinar.posttest_key == quiz_key),
            Webinar.state != WebinarState.CANCELED,
        )
        .order_by(Webinar.starts_at.desc())
    )
    return list(db.session.scalars(query))


def pretest_is_open(webinar: Webinar) -> bool:
    return webinar.state == WebinarState.PUBLISHED and clock.now() < webinar.starts_at


def posttest_is_open(webinar: Webinar) -> bool:
    now, closes_at = clock.now(), webinar.posttest_closes_at
    return webinar.state == WebinarState.ENDED and (closes_at is None or now < closes_at)


def is_open(webinar: Webinar, quiz_key: str) -> bool:
    before = webinar.pretest_key == quiz_key and pretest_is_open(webinar)
    return before or (webinar.posttest_key == quiz_key and posttest_is_open(webinar))


def let_in(user: Any, quiz_key: str) -> bool:
    """Pass of `assessment.slots`. Raises Conflict, in words, for somebody who is registered and comes at the wrong time."""
    webinars = _webinars_of(user, quiz_key)
    if any(is_open(webinar, quiz_key) for webinar in webinars):
        return True
    if webinars:
        raise Conflict(_why_shut(webinars[0], quiz_key), code="not_open")
    return False


def _why_shut(webinar: Webinar, quiz_key: str) -> str:
    if webinar.posttest_key == quiz_key and webinar.state in (WebinarState.PUBLISHED, WebinarState.LIVE):
        return _("Post-test dibuka setelah webinar %(title)s selesai.", title=webinar.title)
    if webinar.posttest_key == quiz_key and webinar.posttest_closes_at:
        return _("Post-test webinar ini ditutup %(when)s.", when=waktu(webinar.posttest_closes_at))
    return _("Pre-test hanya terbuka sampai webinar %(title)s dimulai.", title=webinar.title)


def way_back(user: Any, quiz_key: str) -> tuple[str, str] | None:
    webinars = _webinars_of(user, quiz_key)
    chosen = next((webinar for webinar in webinars if is_open(webinar, quiz_key)), None)
    return (path_of(chosen), chosen.title) if chosen else None
