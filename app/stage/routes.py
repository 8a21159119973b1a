"""The doors to the stage: a speaker's personal link, and the stage page of those who moderate."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, render_template
from flask_login import current_user

from app.kernel.access import public, requires
from app.kernel.db import db
from app.kernel.errors import NotFound
from app.room.ticket import write_ticket
from app.webinars import links, queries
from app.webinars.models import AgendaItem, Webinar, WebinarState
from app.webinars.participants import Participant
from app.webinars.permissions import MODERATE

DESK = "room/_moderation.html"  # its macro `desk(webinar, person)`

bp = Blueprint("stage", __name__, template_folder="templates")


@bp.get("/narasumber/<secret>")
@public
def speaker_page(secret: str) -> Any:
    """Whoever has the link is the speaker: device check, green room, stage."""
    speaker = links.find_speaker(secret)
    webinar = db.session.get(Webinar, speaker.webinar_id) if speaker else None
    if speaker is None or webinar is None:
        return render_template("stage/closed.html", webinar=None), 404
    if webinar.state not in (WebinarState.PUBLISHED, WebinarState.LIVE):
        return _kept_private(render_template("stage/closed.html", webinar=webinar, secret=secret))
    session = db.session.get(AgendaItem, speaker.agenda_item_id) if speaker.agenda_item_id else None
    return _draw(webinar, queries.participant_for_speaker(speaker), session, secret)


@bp.get("/webinar/<slug>/panggung")
@requires(MODERATE)
def stage_page(slug: str) -> Any:
    webinar = queries.get_webinar_for(current_user, MODERATE, slug)
    person = queries.participant_for_user(webinar, current_user._get_current_object())  # type: ignore[union-attr]
    if person is None:
        raise NotFound
    if webinar.state not in (WebinarState.PUBLISHED, WebinarState.LIVE):
        return render_template("stage/closed.html", webinar=webinar)
    return _draw(webinar, person, None)


def _draw(webinar: Webinar, person: Participant, session: AgendaItem | None, secret: str = "") -> Any:
    moderates = person.may(MODERATE)
    return _kept_private(
        render_template(
            "stage/stage.html",
            webinar=webinar,
            person=person,
            ticket=write_ticket(person),
            moderates=moderates,
            session=session,
            secret=secret,
            desk=DESK if moderates and _exists(DESK) else None,
        )
    )


def _kept_private(page: str) -> Any:
    response = current_app.make_response(page)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"  # the address is the key
    return response


def _exists(template: str) -> bool:
    return bool(current_app.jinja_env.list_templates(filter_func=lambda name: name == template))
