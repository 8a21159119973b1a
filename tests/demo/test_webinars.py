"""The demo webinar: announced for a working morning, with people who run it, and made once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.demo.accounts import make_accounts
from app.demo.webinars import DRAFT_SLUG, SLUG
from app.kernel import clock
from app.kernel.db import db, transaction
from app.people.models import User
from app.people.seeding import seed_units
from app.webinars import services
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
    make_accounts(app.config["GURINDAM"])
    assert db.session.scalar(select(func.count(Webinar.id))) == 2


def announced() -> list[tuple[str, str, str]]:
    rows = db.session.execute(select(Webinar.slug, Webinar.state, Webinar.starts_at).where(Webinar.slug.startswith(SLUG)).order_by(Webinar.id))
    return [(slug, state, clock.local(starts_at).strftime("%d.%m. %H.%M")) for slug, state, starts_at in rows]


@pytest.fixture
def demo(app: Flask, at: Callable[..., None]) -> Callable[[], None]:
    """Starts the demo again; the first time on a Friday evening."""
    at(2026, 11, 27, 20, 0)
    with transaction():
        seed_units()
    make_accounts(app.config["GURINDAM"])
    return lambda: make_accounts(app.config["GURINDAM"]) and None


def test_one_that_nobody_began_is_moved_to_the_next_working_morning(demo: Callable[[], None], at: Callable[..., None]) -> None:
    at(2026, 11, 30, 11, 0)
    demo()
    assert announced() == [(SLUG, WebinarState.PUBLISHED, "30.11. 09.00")], "it may still begin"
    at(2026, 12, 7, 8, 0)
    for _twice in range(2):
        demo()
        assert announced() == [(SLUG, WebinarState.PUBLISHED, "08.12. 09.00")]
    first = db.session.scalars(select(AgendaItem).order_by(AgendaItem.position)).first()
    assert first is not None
    assert clock.local(first.starts_at).strftime("%d.%m. %H.%M") == "08.12. 09.00"


def test_after_one_that_was_held_another_is_announced(demo: Callable[[], None], at: Callable[..., None]) -> None:
    webinar_id = db.session.scalars(select(Webinar.id).where(Webinar.slug == SLUG)).one()
    with transaction():
        services.go_live(webinar_id)
        services.end_webinar(webinar_id)
    at(2026, 12, 7, 8, 0)
    for _twice in range(2):
        demo()
    assert announced() == [(SLUG, WebinarState.ENDED, "30.11. 09.00"), (f"{SLUG}-2", WebinarState.PUBLISHED, "08.12. 09.00")]


@pytest.mark.parametrize(("state", "renewed"), [(WebinarState.DRAFT, False), (WebinarState.CANCELED, True), (WebinarState.LIVE, True)])
def test_what_somebody_made_of_it_stays(demo: Callable[[], None], at: Callable[..., None], state: WebinarState, renewed: bool) -> None:
    with transaction() as session:
        session.scalars(select(Webinar).where(Webinar.slug == SLUG)).one().state = state
    at(2026, 11, 30, 8, 0)
    demo()
    assert len(announced()) == 1
    at(2026, 12, 7, 8, 0)
    demo()
    assert announced()[0][:2] == (SLUG, state)
    assert len(announced()) == 1 + renewed
