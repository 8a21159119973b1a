"""What the talk does when a webinar ends: nothing stays open, and what was not answered becomes a task of the speakers."""

from __future__ import annotations

from flask import Flask
from flask_babel import lazy_gettext as _l

from app.kernel import events
from app.notifications.kinds import Kind, register_kind
from app.people import audit
from app.room import looking_after
from app.room.on_air import OnAir
from app.room.people import People
from app.room.polls import services as polls
from app.room.questions import services as questions
from app.room.rooms import rooms_of
from app.webinars.events import SpeakerLinksChanged, WebinarEnded, WebinarWentLive

ANSWERED = Kind("room_answer", _l("Jawaban pertanyaan webinar"), _l("Pertanyaan Anda, atau yang Anda ikuti, dijawab."))


def settle_what_is_open(event: WebinarEnded) -> None:
    polls.close_all(event.webinar_id)
    questions.put_off_the_rest(event.webinar_id)


def subscribe(app: Flask) -> None:
    def tell_the_room(event: WebinarEnded | WebinarWentLive) -> None:
        room = rooms_of(app).find(event.webinar_id)
        if room is not None:
            room.part(OnAir).look()

    def put_out_by_old_links(event: SpeakerLinksChanged) -> None:
        room = rooms_of(app).find(event.webinar_id)
        if room is not None:
            room.part(People).look()
            looking_after.put_out_who_has_no_link(rooms_of(app), room)

    register_kind(ANSWERED)
    audit.describe({"room.poll_reset": _l("Mengulang jajak dari awal")}, {"poll": _l("Jajak pendapat")})
    events.on(WebinarEnded, settle_what_is_open)
    events.after(WebinarEnded, tell_the_room)
    events.after(WebinarWentLive, tell_the_room)
    events.after(SpeakerLinksChanged, put_out_by_old_links)
