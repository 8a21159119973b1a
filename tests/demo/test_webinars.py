"""The demo webinar: announced for a working morning, with people who run it, and made once."""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask
from sqlalchemy import func, select

from app.demo.accounts import make_accounts
from app.demo.webinars import DRAFT_SLUG, SLUG
from app.kernel import clock
from app.kernel.db import db, transaction
from app.people.models import User
from app.people.seeding import seed_units
from app.webinars.models import AgendaItem, Webinar, WebinarRegistration, WebinarSpeaker, WebinarStaff, WebinarState


def test_one_is_announced_and_one_is_a_draft(app: Flask, at: Callable[..., None]) -> None:
    at(2026, 11, 27, 20, 0)  # a Friday evening
    with transaction():
        seed_units()
    make_accounts(app.config["GURINDAM"])
    webinar = db.session.scalars(select(Webinar).where(Webinar.slug == SLUG)).one()
    assert (webinar.state, clock.local(webinar.starts_at).strftime("%A %H.%M")) == (WebinarState.PUBLISHED, "Monday 09.00")
    assert db.session.scalars(select(AgendaItem.title).order_by(AgendaItem.position)).first() == "Pembukaan"
    assert db.session.scalar(select(func.count(WebinarSpeaker.id)).where(WebinarSpeaker.agenda_item_id.is_not(None))) == 2
    assert db.session.scalars(select(User.email).join(WebinarStaff, WebinarStaff.user_id == User.id)).one() == "moderator@demo.test"
    assert db.session.scalars(select(User.email).join(WebinarRegistration, WebinarRegistration.user_id == User.id)).one() == "asn@demo.test"
    assert db.session.scalars(select(Webinar.state).where(Webinar.slug == DRAFT_SLUG)).one() == WebinarState.DRAFT
    at(2026, 12, 20, 8, 0)
    make_accounts(app.config["GURINDAM"])
    assert db.session.scalar(select(func.count(Webinar.id))) == 2
