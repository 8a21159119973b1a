"""Who was on stage, from when to when, and what a speaker's device check found. Functions flush and never commit."""

from __future__ import annotations

from typing import Any

from sqlalchemy import update

from app.kernel import clock
from app.kernel.db import db
from app.kernel.errors import NotFound
from app.stage.models import StageAppearance
from app.webinars.models import WebinarSpeaker
from app.webinars.participants import speaker_key


def begin_appearance(webinar_id: int, participant: str, full_name: str, *, by_voice: bool = False) -> None:
    """Somebody comes on; whoever is on already stays on."""
    end_appearance(webinar_id, participant)
    db.session.add(
        StageAppearance(webinar_id=webinar_id, participant=participant, full_name=full_name, by_voice=by_voice, from_at=clock.now())
    )
    db.session.flush()


def end_appearance(webinar_id: int, participant: str | None = None) -> None:
    """This person, or everybody, is off."""
    open_ones = update(StageAppearance).where(StageAppearance.webinar_id == webinar_id, StageAppearance.until_at.is_(None))
    if participant is not None:
        open_ones = open_ones.where(StageAppearance.participant == participant)
    db.session.execute(open_ones.values(until_at=clock.now()))


def keep_device_check(webinar_id: int, participant: str, found: dict[str, Any]) -> None:
    """What the speaker's browser can do, for the moderators to see. Raises NotFound when the speaker was taken out of the plan."""
    speaker = db.session.get(WebinarSpeaker, int(participant[1:])) if participant[:1] == speaker_key(0)[:1] else None
    if speaker is None or speaker.webinar_id != webinar_id:
        raise NotFound
    speaker.device_check, speaker.checked_at = found, clock.now()
    db.session.flush()
