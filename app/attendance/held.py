"""A webinar that ended early gives no more JP than its time on air supports (docs/adr/0006)."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.attendance import queries, rules
from app.attendance.results import webinar_id_of
from app.kernel import clock
from app.kernel.db import db
from app.kernel.regulation import find_rule, get_rule
from app.learning.ledger import MINUTES_PER_JP
from app.learning.slots import register_activity_limit
from app.webinars.models import Webinar

HELD_PERCENT = "webinar.held_percent"
REASON = "held_short"
WORDS = _l("Webinar berlangsung lebih singkat daripada yang direncanakan; JP mengikuti lamanya tayang.")


def most_jp_of(webinar: Webinar) -> int:
    """The most JP anybody gets for having been there: what was planned, or after the end what the time on air supports by the rule of its day."""
    if webinar.live_at is None or webinar.ended_at is None:
        return webinar.jp
    on = clock.local_day(webinar.live_at)
    asked = find_rule(HELD_PERCENT, on)
    minutes = queries.live_ms(webinar, webinar.ended_at) / 60_000
    return rules.jp_of_held(minutes, webinar.jp, get_rule(MINUTES_PER_JP, on).value, asked.value if asked else 0)


def limit_held(user_id: int, activity: str, jp: int) -> int:
    """The JP that a webinar may give by its time on air; any other activity, and one whose plan is gone, is not ours to limit."""
    webinar_id = webinar_id_of(activity)
    webinar = db.session.get(Webinar, webinar_id) if webinar_id is not None else None
    return jp if webinar is None else min(jp, most_jp_of(webinar))


def register() -> None:
    register_activity_limit(limit_held, REASON, WORDS)
