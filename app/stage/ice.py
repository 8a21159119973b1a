"""The helpers by which two browsers find each other: STUN says what their address is, TURN carries their voices where no direct way is open.

A TURN server gets credentials that end after a while (`use-auth-secret` of coturn): the secret itself never leaves the server.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

from app.kernel import clock
from config import Settings

VALID_SECONDS = 12 * 3600


def ice_servers(settings: Settings, who: str) -> list[dict[str, Any]]:
    """What `RTCPeerConnection` takes as `iceServers`, for one person."""
    servers: list[dict[str, Any]] = [dict(server) for server in settings.live_ice_servers]
    if settings.stun_url:
        servers.append({"urls": settings.stun_url})
    if settings.turn_url and settings.turn_secret:
        servers.append({"urls": settings.turn_url, **_credentials(settings.turn_secret, who)})
    return servers


def _credentials(secret: str, who: str) -> dict[str, str]:
    until = int(clock.now().timestamp()) + VALID_SECONDS
    name = f"{until}:{who}"
    digest = hmac.new(secret.encode(), name.encode(), hashlib.sha1).digest()
    return {"username": name, "credential": base64.b64encode(digest).decode()}
