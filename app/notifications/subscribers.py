"""What happens in `people` that its owner must hear of. In the same transaction: a code that was made is a code that is mailed."""

from __future__ import annotations

from uuid import uuid4

from flask import current_app
from flask_babel import gettext as _

from app.kernel import clock, events
from app.notifications import services
from app.notifications.kinds import ACCOUNT
from app.people.events import PasswordChanged, PasswordResetRequested
from app.ui.formats import waktu


def mail_code_on_password_reset_requested(event: PasswordResetRequested) -> None:
    def body() -> str:
        return "\n\n".join(
            [
                _("Ada yang meminta kode untuk mengganti kata sandi akun Anda. Bila itu Anda, ini kodenya:"),
                f"    {event.code}",
                _("Kode ini berlaku sampai %(moment)s dan hanya dapat dipakai sekali.", moment=waktu(event.expires_at)),
                _(
                    "Buka %(address)s untuk memasukkannya. Bila bukan Anda yang meminta, abaikan surel ini: kata sandi Anda tidak berubah.",
                    address=current_app.config["GURINDAM"].base_url + RESET_PATH,
                ),
            ]
        )

    services.send_mail(
        event.user_id,
        ACCOUNT.name,
        lambda: _("Kode untuk mengganti kata sandi"),
        body,
        key=f"password-reset:{uuid4().hex}",
        secret=True,
    )


def warn_owner_on_password_changed(event: PasswordChanged) -> None:
    now = clock.now()
    services.notify(
        event.user_id,
        ACCOUNT.name,
        lambda: _("Kata sandi Anda diganti"),
        lambda: _(
            "Kata sandi akun Anda diganti pada %(moment)s. Bila bukan Anda yang menggantinya, minta kode baru di halaman masuk atau "
            "temui admin unit Anda sekarang juga.",
            moment=waktu(now),
        ),
        key=f"password-changed:{event.user_id}:{now.isoformat()}",
    )


RESET_PATH = "/masuk/kode"  # people.redeem_code


def subscribe() -> None:
    events.on(PasswordResetRequested, mail_code_on_password_reset_requested)
    events.on(PasswordChanged, warn_owner_on_password_changed)
