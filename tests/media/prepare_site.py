"""Fills the instance of `player_site` with one prepared video and its captions: `prepare_site.py <video> <captions>`; prints the asset's id."""

from __future__ import annotations

import sys
from pathlib import Path

from alembic import command

from app.factory import create_app
from app.kernel import catalogues
from app.kernel.cli import alembic_config
from app.kernel.db import transaction
from app.kernel.worker import drain
from app.media.services import set_caption, store_asset
from config import Settings


def main(video: str, captions: str) -> None:
    catalogues.compile_all()
    app = create_app(Settings.from_environment())
    with app.app_context():
        command.upgrade(alembic_config(), "head")
        with Path(video).open("rb") as stream:
            asset_id = store_asset(stream, "video.mp4", "VIDEO", None).id
        with transaction():
            set_caption(asset_id, "id", Path(captions).read_text())
            set_caption(asset_id, "en", Path(captions).read_text().replace("Kalimat", "Sentence"))
    drain(app)
    print(asset_id)


if __name__ == "__main__":
    main(*sys.argv[1:])
