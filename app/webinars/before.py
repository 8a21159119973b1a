"""What the page of a webinar says before it begins: when, who, what for, and how one stands. The number of queries is the same for every webinar."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from flask import current_app
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select

from app.assessment.models import Quiz, QuizVersion
from app.assessment.queries import QuizStanding, standing_of
from app.kernel import clock
from app.kernel.db import db
from app.people.models import User
from app.ui.formats import jam, waktu
from app.webinars import gates, materials, queries, registering
from app.webinars.agenda import list_items
from app.webinars.materials import Material
from app.webinars.models import (
    AgendaItem,
    RegistrationState,
    Webinar,
    WebinarGuest,
    WebinarRegistration,
    WebinarSpeaker,
    WebinarStaff,
    WebinarState,
)
from app.webinars.participants import Participant
from app.webinars.registering import Counts


@dataclass(frozen=True, slots=True)
class Condition:
    """What earns the JP, as `missing_list` shows it."""

    label: str
    done: bool = False
    amount: str = ""
    reason: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class QuizHere:
    """A pre-test or post-test: whether it is open now, and how this person stands in it (None: they may not take it here)."""

    title: str
    is_open: bool
    standing: QuizStanding | None

    @property
    def is_done(self) -> bool:
        return self.standing is not None and (self.standing.has_passed or (not self.standing.policy.passing_score and self.standing.best is not None))


@dataclass(slots=True)
class BeforePage:
    webinar: Webinar
    sessions: list[tuple[AgendaItem, list[WebinarSpeaker]]]
    speakers: list[WebinarSpeaker]
    moderators: list[str]
    counts: Counts
    registration: WebinarRegistration | None
    place: int | None
    guest: WebinarGuest | None
    overlap: Webinar | None
    materials: list[Material]
    pretest: QuizHere | None
    posttest: QuizHere | None
    is_open: bool
    may_cancel: bool
    offers_to_cancel: bool
    countdown: str
    conditions: list[Condition] = field(default_factory=list)

    @property
    def is_registered(self) -> bool:
        return self.registration is not None and self.registration.state == RegistrationState.REGISTERED

    @property
    def is_waiting(self) -> bool:
        return self.registration is not None and self.registration.state == RegistrationState.WAITLISTED

    @property
    def seats_left(self) -> int | None:
        """None where there is no limit."""
        return None if self.webinar.seats is None else max(0, self.webinar.seats - self.counts.registered)

    @property
    def is_full(self) -> bool:
        return self.seats_left == 0 or self.counts.waiting > 0

    @property
    def address(self) -> str:
        return f"{current_app.config['GURINDAM'].base_url}/webinar/{self.webinar.slug}"


def read_page(webinar: Webinar, person: Participant | None, user: Any, guest: WebinarGuest | None) -> BeforePage:
    """The page as `user` (None: nobody signed in) or a guest sees it."""
    now = clock.now()
    user_id = user.id if user is not None else None
    registration = None
    if user_id is not None:
        registration = queries.registration_of(webinar.id, user_id=user_id)
    elif guest is not None:
        registration = queries.registration_of(webinar.id, guest_id=guest.id)
    waiting = registration is not None and registration.state == RegistrationState.WAITLISTED
    speakers = queries.list_speakers(webinar.id)
    seated = registration is not None and registration.state == RegistrationState.REGISTERED
    pretest, posttest = _read_quizzes(webinar, user_id if seated else None)
    page = BeforePage(
        webinar=webinar,
        sessions=[(item, [one for one in speakers if one.agenda_item_id == item.id]) for item in list_items(webinar.id)],
        speakers=speakers,
        moderators=_moderators(webinar.id),
        counts=registering.count_registrations(webinar.id),
        registration=registration,
        place=registering.place_in_line(registration) if registration is not None and waiting else None,
        guest=guest,
        overlap=registering.find_overlap(user_id, webinar) if user_id is not None else None,
        materials=materials.list_materials(webinar, person),
        pretest=pretest,
        posttest=posttest,
        is_open=registering.is_open(webinar, now),
        may_cancel=registering.may_cancel(webinar, now),
        offers_to_cancel=registering.offers_to_cancel(webinar, now),
        countdown=countdown(webinar, now),
    )
    page.conditions = _conditions(page)
    return page


def _moderators(webinar_id: int) -> list[str]:
    query = select(User.full_name).join(WebinarStaff, WebinarStaff.user_id == User.id)
    return list(db.session.scalars(query.where(WebinarStaff.webinar_id == webinar_id, WebinarStaff.role == "MODERATOR").order_by(User.full_name)))


def _read_quizzes(webinar: Webinar, user_id: int | None) -> tuple[QuizHere | None, QuizHere | None]:
    """The pre-test and the post-test. `user_id`: somebody who has a seat."""
    keys = [key for key in (webinar.pretest_key, webinar.posttest_key) if key]
    if not keys:
        return None, None
    rows = select(Quiz.key, Quiz.id, QuizVersion.title).join(QuizVersion, QuizVersion.id == Quiz.current_version_id).where(Quiz.key.in_(keys))
    found = {key: (quiz_id, title) for key, quiz_id, title in db.session.execute(rows)}

    def here(key: str | None, is_open: bool) -> QuizHere | None:
        if key not in found:
            return None
        return QuizHere(found[key][1], is_open, standing_of(user_id, found[key][0]) if user_id is not None else None)

    return here(webinar.pretest_key, gates.pretest_is_open(webinar)), here(webinar.posttest_key, gates.posttest_is_open(webinar))


def _conditions(page: BeforePage) -> list[Condition]:
    """What has to be done for the JP, in the order in which it happens."""
    webinar = page.webinar
    needed = [Condition(_("Terdaftar"), page.is_registered)]
    if webinar.checkins_needed:
        needed.append(
            Condition(
                _("Menjawab presensi acak"),
                amount=_("%(needed)d dari %(count)d", needed=webinar.checkins_needed, count=webinar.checkin_count),
                reason=_("Muncul sewaktu-waktu selama siaran; terbuka satu menit."),
            )
        )
    needed.append(
        Condition(
            _("Hadir selama siaran"), amount=f"{webinar.presence_percent}%", reason=_("Dihitung per orang, bukan per perangkat, menurut jam server.")
        )
    )
    if page.posttest:
        closes = _("Ditutup %(when)s.", when=waktu(webinar.posttest_closes_at)) if webinar.posttest_closes_at else ""
        reason = f"{_('Dibuka setelah siaran selesai.')} {closes}".strip()
        needed.append(Condition(_("Lulus post-test"), page.posttest.is_done, reason=reason, url="#post-test" if page.posttest.is_open else ""))
    return needed


def countdown(webinar: Webinar, now: datetime) -> str:
    """How far away it is, in words."""
    if webinar.state == WebinarState.LIVE:
        return _("Sedang berlangsung")
    if webinar.state in (WebinarState.ENDED, WebinarState.CANCELED):
        return ""
    minutes = round((webinar.starts_at - now).total_seconds() / 60)
    if minutes <= 0:
        return _("Segera dimulai")
    if minutes < 60:
        return ngettext("%(num)d menit lagi", "%(num)d menit lagi", minutes)
    days = (clock.local_day(webinar.starts_at) - clock.local_day(now)).days
    if days == 0:
        return _("Hari ini pukul %(time)s", time=jam(webinar.starts_at))
    return _("Besok pukul %(time)s", time=jam(webinar.starts_at)) if days == 1 else ngettext("%(num)d hari lagi", "%(num)d hari lagi", days)
