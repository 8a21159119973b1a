"""The web process that users run, with a room of the tests beside the product's own: `python -m tests.deploy.served`."""

from __future__ import annotations

import sys

from app import serve  # first: it patches the standard library
from app.kernel.access import SIGNED_IN, requires
from app.kernel.sockets import GuardedNamespace, socketio
from app.media import sending


class Room(GuardedNamespace):
    """Says to each who they are, as a room of the product would see them."""

    @requires(SIGNED_IN)
    def on_who(self) -> dict[str, str]:
        from flask import request
        from flask_login import current_user

        return {"name": current_user.full_name, "address": request.remote_addr or "", "scheme": request.scheme, "host": request.host}


if __name__ == "__main__":
    socketio.on_namespace(Room("/uji"))
    sending.ASKED_AGAIN_SECONDS = 1  # so that a test need not wait for a minute
    sys.exit(serve.main())
