"""Named reads about webinars."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from app.kernel import clock
from app.kernel.access import Permission, Role, Scope
from app.kernel.db import db
from app.kernel.errors import NotFound
from app.people.models import RoleGrant, User
from app.webinars.links import mark_of
from app.webinars.models import (
    RegistrationState,
    Webinar,
    WebinarGuest,
    WebinarRegistration,
    WebinarSpeaker,
    WebinarStaff,
    WebinarState,
)
from app.webinars.participants import Participant, guest_key, speaker_key, user_key
from app.webinars.permissions import ATTEND, MODERATE, PLAN, SEE_REPORT, SPEAK

LATE_END = timedelta(hours=6)  # one that nobody began or ended stays in the list so long

def find_webinar(slug: str) -> Webinar | None:
    return db.session.scalar(select(Webinar).where(Webinar.slug == slug))


def get_webinar(slug: str) -> Webinar:
    """A webinar that is not a draft. Raises NotFound."""
    webinar = find_webinar(slug)
    if webinar is None or webinar.state == WebinarState.DRAFT:
        raise NotFound
    return webinar


def is_staff_of(user_id: int, webinar_id: int) -> bool:
    return db.session.get(WebinarStaff, (webinar_id, user_id)) is not None


def holds(user: User, needed: Permission, webinar: Webinar) -> bool:
    """Whether a person holds a permission for this webinar: everywhere, or where they are in its staff."""
    scope = user.scope_for(needed)
    return scope == Scope.ALL or (scope is not None and is_staff_of(user.id, webinar.id))


def may_see_report(user: User, webinar: Webinar) -> bool:
    """Whether the report of attendance is open to a person: all of it, or the part of their own unit."""
    return user.scope_for(SEE_REPORT) == Scope.UNIT or holds(user, SEE_REPORT, webinar)


def moderating_among(user_ids: Collection[int], webinar_id: int) -> set[int]:
    """Who of these people may moderate a webinar now; one statement."""
    named = (WebinarStaff.user_id == RoleGrant.user_id) & (WebinarStaff.webinar_id == webinar_id)
    rows = select(RoleGrant.user_id, RoleGrant.role, WebinarStaff.user_id).outerjoin(WebinarStaff, named).where(RoleGrant.user_id.in_(user_ids))
    found: set[int] = set()
    for user_id, role, is_staff in db.session.execute(rows):
        scope = MODERATE.grants.get(Role(role))
        if scope == Scope.ALL or (scope is not None and is_staff is not None):
            found.add(user_id)
    return found


def get_webinar_for(user: Any, needed: Permission, slug: str) -> Webinar:
    """A webinar, drafts included, in which this person holds the permission. Raises NotFound for outsiders."""
    webinar = find_webinar(slug)
    if webinar is None or not holds(user, needed, webinar):
        raise NotFound
    return webinar


def registration_of(webinar_id: int, *, user_id: int | None = None, guest_id: int | None = None) -> WebinarRegistration | None:
    who = WebinarRegistration.user_id == user_id if user_id is not None else WebinarRegistration.guest_id == guest_id
    return db.session.scalar(select(WebinarRegistration).where(WebinarRegistration.webinar_id == webinar_id, who))


def participant_for_user(webinar: Webinar, user: User) -> Participant | None:
    """This person in this webinar: registered, or of its staff; None when neither."""
    rights = {ATTEND.name}
    if holds(user, MODERATE, webinar):
        rights |= {MODERATE.name, SEE_REPORT.name}
    if user.scope_for(PLAN) == Scope.ALL:
        rights |= {PLAN.name}
    if MODERATE.name not in rights:
        registration = registration_of(webinar.id, user_id=user.id)
        if registration is None or registration.state != RegistrationState.REGISTERED:
            return None
    unit = user.employee.org_unit.name if user.employee else ""
    return Participant(user_key(user.id), webinar.id, user.id, user.full_name, unit, frozenset(rights))


def participant_for_guest(webinar: Webinar, guest: WebinarGuest) -> Participant | None:
    registration = registration_of(webinar.id, guest_id=guest.id)
    if registration is None or registration.state != RegistrationState.REGISTERED or guest.confirmed_at is None:
        return None
    return Participant(guest_key(guest.id), webinar.id, None, guest.full_name, guest.institution, frozenset({ATTEND.name}))


def participant_for_speaker(speaker: WebinarSpeaker) -> Participant:
    rights = frozenset({ATTEND.name, SPEAK.name})
    mark = mark_of(speaker.link_digest)
    return Participant(speaker_key(speaker.id), speaker.webinar_id, None, speaker.full_name, speaker.institution, rights, mark)


def link_marks_of(webinar_id: int) -> dict[str, str]:
    """The mark of each speaker's link that works now, by the speaker's key."""
    linked = (WebinarSpeaker.webinar_id == webinar_id) & WebinarSpeaker.link_digest.is_not(None) & (WebinarSpeaker.link_ends_at > clock.now())
    rows = db.session.execute(select(WebinarSpeaker.id, WebinarSpeaker.link_digest).where(linked))
    return {speaker_key(number): mark_of(digest) for number, digest in rows}


def list_upcoming(limit: int = 50) -> list[Webinar]:
    """What is announced or on air, the nearest first."""
    query = select(Webinar).where(Webinar.state.in_((WebinarState.PUBLISHED, WebinarState.LIVE)), Webinar.ends_at > clock.now() - LATE_END)
    return list(db.session.scalars(query.order_by(Webinar.starts_at, Webinar.id).limit(limit)))


def list_past(limit: int = 30) -> list[Webinar]:
    """What has ended, the latest first."""
    query = select(Webinar).where(Webinar.state == WebinarState.ENDED)
    return list(db.session.scalars(query.order_by(Webinar.starts_at.desc(), Webinar.id.desc()).limit(limit)))


def list_speakers(webinar_id: int) -> list[WebinarSpeaker]:
    query = select(WebinarSpeaker).where(WebinarSpeaker.webinar_id == webinar_id)
    return list(db.session.scalars(query.order_by(WebinarSpeaker.position, WebinarSpeaker.id)))


def titles_of(webinar_ids: set[int]) -> dict[int, str]:
    """What these webinars are called now."""
    return dict(db.session.execute(select(Webinar.id, Webinar.title).where(Webinar.id.in_(webinar_ids))).all())  # type: ignore[arg-type]


def states_of(user_id: int, webinar_ids: Collection[int]) -> dict[int, str]:
    """How a person stands in each of these webinars, where they have registered; one statement."""
    mine = WebinarRegistration.user_id == user_id
    rows = select(WebinarRegistration.webinar_id, WebinarRegistration.state).where(mine, WebinarRegistration.webinar_id.in_(webinar_ids))
    return dict(db.session.execute(rows).all())  # type: ignore[arg-type]
