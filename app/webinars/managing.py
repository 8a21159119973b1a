"""What the pages of those who plan webinars show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import func, select

from app.kernel import clock
from app.kernel.access import Scope
from app.kernel.db import db
from app.kernel.errors import NotFound
from app.kernel.regulation import Rule, find_rule, get_rule
from app.learning.ledger import MINUTES_PER_JP, per_day_key
from app.people.models import User
from app.webinars import queries
from app.webinars.labels import FORMS
from app.webinars.models import (
    RegistrationState,
    Webinar,
    WebinarGuest,
    WebinarRegistration,
    WebinarStaff,
    WebinarState,
)
from app.webinars.permissions import MODERATE
from app.webinars.planning import Plan

MOST_LISTED, PAGE = 100, 50
_FLAGS = ("guests_welcome", "anonymous_questions", "chat_open")
_MOMENTS = ("starts_at", "ends_at", "registration_closes_at", "posttest_closes_at")


@dataclass(frozen=True, slots=True)
class Managed:
    """One webinar in the list of those who plan or run it."""

    webinar: Webinar
    registered: int
    waiting: int


def get_managed(user: Any, webinar_id: int) -> Webinar:
    """A webinar that this person plans or runs, drafts included. Raises NotFound for outsiders."""
    webinar = db.session.get(Webinar, webinar_id)
    if webinar is None or not queries.holds(user, MODERATE, webinar):
        raise NotFound
    return webinar


def list_managed(user: Any) -> dict[str, list[Managed]]:
    """Drafts, what is coming and what is over, two statements for all."""
    query = select(Webinar)
    if user.scope_for(MODERATE) != Scope.ALL:
        query = query.where(Webinar.id.in_(select(WebinarStaff.webinar_id).where(WebinarStaff.user_id == user.id)))
    webinars = db.session.scalars(query.order_by(Webinar.starts_at.desc(), Webinar.id.desc()).limit(MOST_LISTED)).all()
    counted = (
        select(WebinarRegistration.webinar_id, WebinarRegistration.state, func.count())
        .where(WebinarRegistration.webinar_id.in_([webinar.id for webinar in webinars]))
        .group_by(WebinarRegistration.webinar_id, WebinarRegistration.state)
    )
    counts = {(webinar_id, state): count for webinar_id, state, count in db.session.execute(counted)}
    groups: dict[str, list[Managed]] = {"drafts": [], "upcoming": [], "past": []}
    for webinar in webinars:
        registered, waiting = (counts.get((webinar.id, state), 0) for state in (RegistrationState.REGISTERED, RegistrationState.WAITLISTED))
        groups[_group_of(webinar)].append(Managed(webinar, registered, waiting))
    groups["upcoming"].reverse()
    groups["drafts"].reverse()
    return groups


def _group_of(webinar: Webinar) -> str:
    if webinar.state == WebinarState.DRAFT:
        return "drafts"
    return "upcoming" if webinar.state in (WebinarState.PUBLISHED, WebinarState.LIVE) else "past"


# ---- the form's values ----


def as_values(webinar: Webinar) -> dict[str, Any]:
    """A webinar as the form shows it."""
    values = {name: getattr(webinar, name) for name in Plan.__dataclass_fields__}
    for name in _MOMENTS:
        values[name] = as_local(values[name])
    return values | {"refused_words": "\n".join(webinar.refused_words)}


def as_typed(form: Mapping[str, str]) -> dict[str, Any]:
    """What was typed, back in the form: a box that came empty was not ticked."""
    return dict(form.items()) | {name: form.get(name) == "1" for name in _FLAGS}


def as_local(moment: datetime | None) -> str:
    """A moment as `<input type="datetime-local">` wants it."""
    return clock.local(moment).strftime("%Y-%m-%dT%H:%M") if moment else ""


def jp_rules(on: date) -> str:
    """What the rules of a day allow, in a sentence for under the field."""
    per_day: list[tuple[str, Rule]] = [(str(label), rule) for form, label in FORMS.items() if (rule := find_rule(per_day_key(form), on))]
    each = "; ".join(_("%(form)s %(jp)s JP sehari", form=label.lower(), jp=rule.value) for label, rule in per_day)
    minutes = get_rule(MINUTES_PER_JP, on).value
    return _("Satu JP per %(minutes)s menit, dan paling banyak: %(each)s.", minutes=minutes, each=each)


# ---- parts of the page ----


def share_address(webinar: Webinar) -> str:
    """The short address for chat groups and posters."""
    return f"{current_app.config['GURINDAM'].base_url}/w/{webinar.share_token}"


# ---- who comes ----


@dataclass(frozen=True, slots=True)
class Registered:
    name: str
    unit: str
    is_guest: bool
    state: str
    registered_at: datetime


def list_people(webinar_id: int, page: int) -> tuple[list[Registered], int]:
    """A page of those who are registered or wait, in the order in which they came; and how many pages there are."""
    active = (RegistrationState.REGISTERED, RegistrationState.WAITLISTED)
    mine = (WebinarRegistration.webinar_id == webinar_id) & WebinarRegistration.state.in_(active)
    pages = max(1, -(-(db.session.scalar(select(func.count()).where(mine)) or 0) // PAGE))
    rows = (
        select(
            func.coalesce(User.full_name, WebinarGuest.full_name),
            WebinarRegistration.org_unit_name,
            WebinarRegistration.guest_id.is_not(None),
            WebinarRegistration.state,
            WebinarRegistration.registered_at,
        )
        .outerjoin(User, User.id == WebinarRegistration.user_id)
        .outerjoin(WebinarGuest, WebinarGuest.id == WebinarRegistration.guest_id)
        .where(mine)
        .order_by(WebinarRegistration.state, WebinarRegistration.registered_at, WebinarRegistration.id)
        .limit(PAGE)
        .offset((min(page, pages) - 1) * PAGE)
    )
    return [Registered(*row) for row in db.session.execute(rows)], pages
