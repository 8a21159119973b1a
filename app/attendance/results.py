"""What a webinar came to for each person, and the JP it gives: worked out after the end, after a post-test, and after an appeal.

Working it out again gives the same and credits nothing twice: a person's result and JP are written in one transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from flask_babel import gettext as _
from sqlalchemy import select

from app.attendance import queries
from app.attendance.models import Appeal, AttendanceResult, Stay
from app.attendance.queries import Figures
from app.kernel import clock
from app.kernel.db import db, transaction
from app.learning import ledger
from app.learning import services as learning
from app.notifications.services import notify
from app.people.models import User
from app.webinars.models import RegistrationState, Webinar, WebinarGuest, WebinarRegistration, WebinarState
from app.webinars.participants import guest_key, user_id_of, user_key
from app.webinars.queries import is_staff_of

AT_ONCE = 10


class Person(NamedTuple):
    """Somebody a result is worked out for."""

    key: str
    full_name: str
    unit_name: str
    registered: bool


def activity_of(webinar_id: int) -> str:
    """What a webinar is called in the JP ledger."""
    return f"webinar:{webinar_id}"


def webinar_id_of(activity: str) -> int | None:
    """The webinar that the JP ledger calls so; None for any other activity."""
    kind, _colon, number = activity.partition(":")
    return int(number) if kind == "webinar" else None


def people_of(webinar_id: int) -> list[Person]:
    """Everybody who was registered, was there, or appealed."""
    found: dict[str, Person] = {}
    stays = db.session.execute(
        select(Stay.participant, Stay.full_name, Stay.unit_name).where(Stay.webinar_id == webinar_id).distinct().order_by(Stay.participant)
    )
    for key, name, unit in stays:
        found[key] = Person(key, name, unit, False)
    appealing = select(User.id, User.full_name).where(User.id.in_(select(Appeal.user_id).where(Appeal.webinar_id == webinar_id)))
    for user_id, name in db.session.execute(appealing):
        found.setdefault(user_key(user_id), Person(user_key(user_id), name, "", False))
    seated = (WebinarRegistration.webinar_id == webinar_id) & (WebinarRegistration.state == RegistrationState.REGISTERED)
    users = select(User.id, User.full_name, WebinarRegistration.org_unit_name).join(WebinarRegistration, WebinarRegistration.user_id == User.id)
    for user_id, name, unit in db.session.execute(users.where(seated)):
        key = user_key(user_id)
        known = found.get(key)
        found[key] = Person(key, name, unit or (known.unit_name if known else ""), True)
    guests = select(WebinarGuest.id, WebinarGuest.full_name, WebinarGuest.institution).join(
        WebinarRegistration, WebinarRegistration.guest_id == WebinarGuest.id
    )
    for guest_id, name, institution in db.session.execute(guests.where(seated)):
        found[guest_key(guest_id)] = Person(guest_key(guest_id), name, institution, True)
    return list(found.values())


def compute(webinar_id: int, keys: Collection[str] | None = None, reason: str = "") -> int:
    """Work the results out for everybody, or for some, a few people in each transaction; answers for how many. Nothing before the end."""
    people = [person for person in people_of(webinar_id) if keys is None or person.key in keys]
    for first in range(0, len(people), AT_ONCE):
        with transaction():
            compute_some(webinar_id, people[first : first + AT_ONCE], reason)
    return len(people)


def compute_some(webinar_id: int, people: Sequence[Person], reason: str = "") -> None:
    """In the current transaction."""
    webinar = db.session.get_one(Webinar, webinar_id)
    if webinar.state != WebinarState.ENDED or webinar.ended_at is None:
        return
    figures = queries.figures_of(webinar, [person.key for person in people], webinar.ended_at)
    held = {
        row.participant: row
        for row in db.session.scalars(
            select(AttendanceResult).where(AttendanceResult.webinar_id == webinar_id, AttendanceResult.participant.in_(list(figures)))
        )
    }
    for person in people:
        row = held.get(person.key)
        if row is None:
            row = AttendanceResult(webinar_id=webinar_id, participant=person.key, user_id=user_id_of(person.key), jp=0)
            db.session.add(row)
        _write(row, person, figures[person.key])
        _credit(webinar, row, reason)
    db.session.flush()


def _write(row: AttendanceResult, person: Person, figures: Figures) -> None:
    facts = figures.facts
    row.full_name, row.unit_name, row.registered = person.full_name[:255], person.unit_name[:255], person.registered
    row.present_ms, row.lost_ms, row.live_ms = facts.present_ms, figures.presence.lost_ms, facts.live_ms
    row.granted_ms, row.granted_checkins, row.checkins = facts.granted_ms, facts.granted_checkins, facts.checkins
    row.fulfilled = figures.fulfilled
    row.missing = queries.describe_missing(figures.conditions)
    row.computed_at = clock.now()


def _credit(webinar: Webinar, row: AttendanceResult, reason: str) -> None:
    """JP for registered ASN who fulfilled the conditions, none for the webinar's staff; what was given before and is not earned any more is taken
    back, as a new fact."""
    if row.user_id is None or not row.registered or webinar.ended_at is None or webinar.live_at is None:
        return
    is_staff = is_staff_of(row.user_id, webinar.id)
    entry = learning.credit_activity(
        row.user_id,
        activity_of(webinar.id),
        webinar.form,
        webinar.title,
        webinar.jp if row.fulfilled and not is_staff else 0,
        round(min(row.live_ms, row.present_ms + row.granted_ms) / 60_000, 1),
        clock.local_day(webinar.live_at),
        facts={"present_ms": row.present_ms, "granted_ms": row.granted_ms, "live_ms": row.live_ms, "checkins": row.checkins + row.granted_checkins},
        worth=webinar.jp,
        reason=reason,
        happened_at=webinar.ended_at,
        source="webinar",
    )
    row.jp = entry.jp if entry else 0
    if not row.fulfilled and not is_staff and row.present_ms + row.granted_ms > 0:
        _tell_what_is_missing(webinar, row)


def _tell_what_is_missing(webinar: Webinar, row: AttendanceResult) -> None:
    assert row.user_id is not None
    title = webinar.title
    notify(
        row.user_id,
        "attendance",
        lambda: _("Kehadiran belum memenuhi syarat: %(title)s", title=title),
        lambda: _("Lihat apa yang kurang. Bila catatannya keliru, Anda dapat mengajukan sanggahan dalam 7 hari."),
        f"/webinar/{webinar.slug}/kehadiran",
        key=f"attendance:{webinar.id}:{row.user_id}",
        mail=False,
    )


def credited_of(user_id: int, webinar_id: int) -> int:
    """JP that stand in the ledger for this webinar."""
    entry = ledger.find_credit_of(user_id, activity_of(webinar_id))
    return entry.jp if entry else 0
