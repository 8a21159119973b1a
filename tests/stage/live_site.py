"""A page that watches a live room and one that sends to it, served by the server that users run. Prints `PORT <n>`.

    prepare                   a webinar that is on air, with a speaker and viewers: prints its id
    /tonton/<webinar>/<n>     viewer n
    /siar/<webinar>           the speaker, who gets the lease by asking /beri/<webinar>
"""

# ruff: noqa: E402
from gevent import monkey

monkey.patch_all()

import sys
import time
from datetime import timedelta
from typing import Any

from flask import abort, render_template_string

from app.factory import create_app
from app.kernel.access import public
from app.kernel.db import db
from app.room.rooms import rooms_of
from app.room.slots import STAGE_VIEW
from app.room.ticket import write_ticket
from app.serve import Server
from app.stage.part import StagePart
from app.webinars import queries
from app.webinars.models import Webinar, WebinarSpeaker, WebinarState
from app.webinars.participants import Participant, speaker_key
from app.webinars.permissions import ATTEND
from config import Settings

PAGE = """{% extends "layouts/public.html" %}
{% import view.template as shown with context %}
{% block title %}Siaran{% endblock %}
{% block styles %}{{ super() }}{{ style(view.style) }}{% endblock %}
{% block scripts %}{{ super() }}{% if person.key[0] != "s" %}{{ script(view.script) }}{% endif %}{% endblock %}
{% block content %}<div id="room" data-ticket="{{ ticket }}" data-webinar="{{ webinar.id }}" data-me="{{ person.key }}" data-rights="{{ person.rights|join(' ') }}"></div>
<h1>{{ webinar.title }}</h1>{% if person.key[0] != "s" %}{{ shown.panel(webinar, person, {}) }}{% endif %}{% endblock %}"""


def main() -> None:
    app = create_app(Settings.from_environment(), async_mode="gevent")
    if sys.argv[1:] == ["prepare"]:
        with app.app_context():
            print(prepare())
        return

    def draw(person: Participant) -> str:
        webinar = db.session.get_one(Webinar, person.webinar_id)
        return render_template_string(PAGE, webinar=webinar, person=person, ticket=write_ticket(person), view=STAGE_VIEW[0])

    @app.get("/tonton/<int:webinar_id>/<int:number>")
    @public
    def watching(webinar_id: int, number: int) -> str:
        return draw(Participant(f"g{number}", webinar_id, None, f"Penonton {number}", "", frozenset({ATTEND.name})))

    @app.get("/siar/<int:webinar_id>")
    @public
    def sending(webinar_id: int) -> str:
        return draw(queries.participant_for_speaker(db.session.query(WebinarSpeaker).filter_by(webinar_id=webinar_id).first() or abort(404)))

    @app.get("/beri/<int:webinar_id>")
    @public
    def give(webinar_id: int) -> dict[str, Any]:
        """The lease to the speaker's newest connection."""
        room = rooms_of(app).get(webinar_id)
        speaker = db.session.query(WebinarSpeaker).filter_by(webinar_id=webinar_id).first() or abort(404)
        key = speaker_key(speaker.id)
        connections = list(room.people.get(key, ())) or abort(409)
        part = room.part(StagePart)
        part.lease.give(connections[-1], key, time.monotonic() + 3600)
        part.has_composed = True
        return {"epoch": part.lease.epoch}

    @app.get("/akhiri/<int:webinar_id>")
    @public
    def end(webinar_id: int) -> dict[str, Any]:
        from app.kernel.db import transaction
        from app.webinars import services

        with transaction():
            services.end_webinar(webinar_id)
        return {}

    server = Server(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0), app, log=None, error_log=None)
    server.start()
    print(f"PORT {server.server_port}", flush=True)
    server.serve_forever()


def prepare() -> int:
    from app.kernel import clock
    from app.kernel.db import transaction
    from app.room.models import PollKind, PollState, RoomPoll
    from tests.webinars.factories import make_guest, make_speaker, make_webinar

    webinar = make_webinar(state=WebinarState.LIVE, title="Pelayanan Ramah Disabilitas")
    make_speaker(webinar, link_digest="d" * 64, link_made_at=clock.now(), link_ends_at=clock.now() + timedelta(hours=3))
    for number in range(20):
        make_guest(webinar, f"Penonton {number + 1}")
    with transaction() as session:
        session.add(RoomPoll(webinar_id=webinar.id, key="jajak-uji", kind=PollKind.SINGLE, text="Mana?", options=["Satu", "Dua", "Tiga"], state=PollState.OPEN, created_at=clock.now(), opened_at=clock.now()))  # fmt: skip
    return webinar.id


if __name__ == "__main__":
    main()
