"""A page with one player, served by the same server that users run. `player_site.py <address of the ready line>`; prints `PORT <n>`."""

# ruff: noqa: E402
from gevent import monkey

monkey.patch_all()

import sys

from flask import render_template_string, request
from flask_login import current_user

from app.factory import create_app
from app.kernel.access import public
from app.media.models import MediaAsset
from app.media.queries import list_captions
from app.serve import Server
from config import Settings

PAGE = """{% extends "layouts/public.html" %}
{% from "media/_player.html" import player, waiting, chapters with context %}
{% from "media/_transcript.html" import transcript_list with context %}
{% block title %}Pemutar{% endblock %}
{% block styles %}{{ super() }}{{ style("media/player.css") }}{% endblock %}
{% block scripts %}{{ super() }}{{ script("media/player.ts") }}{% endblock %}
{% block content %}<h1>Pasal 12B</h1>
{% if file.is_ready %}{{ player(sources, tracks, title="Pasal 12B: siapa yang membuktikan?", start_at=start, chapters=[{"at": 0, "title": "Awal"}, {"at": 4, "title": "Tengah"}]) }}
<h2>Bab</h2>{{ chapters([{"at": 0, "title": "Awal"}, {"at": 4, "title": "Tengah"}]) }}<h2>Transkrip</h2>{{ transcript_list(cues) }}
{% else %}{{ waiting(file) }}{% endif %}{% endblock %}"""


def main() -> None:
    app = create_app(Settings.from_environment(), async_mode="gevent")

    @app.get("/pemutar/<int:asset_id>/<int:start>")
    @public
    def page(asset_id: int, start: int) -> str:
        from app.kernel.db import db
        from app.media import presentation

        asset = db.session.get(MediaAsset, asset_id)
        assert asset is not None
        captions = list_captions(asset_id)
        sources = presentation.video_sources(asset, current_user) if asset.is_ready else None
        if sources and "tumbuh" in request.args:
            sources |= {"growing": True, "small": None, "sprite": None}
        if sources and "suara" in request.args:
            sources |= {"audio_only": True, "rungs": [], "sounds": [{"name": "64k", **sources["audio"]}], "poster": None, "width": None}
        return render_template_string(
            PAGE,
            file=asset,
            sources=sources,
            tracks=presentation.caption_tracks(asset, captions, current_user),
            cues=presentation.transcript(captions),
            start=start,
        )

    server = Server(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0), app, log=None, error_log=None)
    server.start()
    print(f"PORT {server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
