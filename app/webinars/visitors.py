"""Who sends this request, as somebody of a webinar: an account, or a guest whose browser remembers the link from their mail."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import current_app, request
from flask_login import current_user
from itsdangerous import BadSignature, URLSafeSerializer

from app.kernel.db import db
from app.webinars.models import Webinar, WebinarGuest
from app.webinars.participants import Participant
from app.webinars.queries import participant_for_guest, participant_for_user

GUESTS_REMEMBERED = timedelta(days=180)


def current_participant(webinar: Webinar) -> Participant | None:
    """The person behind this request in this webinar: who is signed in, else the guest this browser was opened for; None for neither."""
    if current_user.is_authenticated:
        known = participant_for_user(webinar, current_user._get_current_object())  # type: ignore[union-attr]
        if known is not None:
            return known
    guest = current_guest(webinar)
    return participant_for_guest(webinar, guest) if guest else None


def current_guest(webinar: Webinar) -> WebinarGuest | None:
    """The guest of this webinar for whom this browser was opened, confirmed or not. A new link ends what the old one opened."""
    try:
        guest_id, digest = _signer().loads(request.cookies.get(_cookie_of(webinar.id), ""))
    except (BadSignature, ValueError, TypeError):
        return None
    guest = db.session.get(WebinarGuest, guest_id) if isinstance(guest_id, int) else None
    return guest if guest and guest.webinar_id == webinar.id and guest.link_digest == digest else None


def remember_guest(response: Any, guest: WebinarGuest) -> None:
    """Let this browser be the guest's from now on."""
    response.set_cookie(
        _cookie_of(guest.webinar_id),
        _signer().dumps([guest.id, guest.link_digest]),
        max_age=int(GUESTS_REMEMBERED.total_seconds()),
        secure=current_app.config["GURINDAM"].secure_cookies,
        httponly=True,
        samesite="Lax",
        path="/",
    )


def forget_guest(response: Any, webinar_id: int) -> None:
    """This browser is nobody's in this webinar any more; the link in the guest's mail opens it again."""
    secure = current_app.config["GURINDAM"].secure_cookies
    response.delete_cookie(_cookie_of(webinar_id), path="/", secure=secure, httponly=True, samesite="Lax")


def _cookie_of(webinar_id: int) -> str:
    return f"gurindam_tamu_{webinar_id}"


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="webinar-guest")
