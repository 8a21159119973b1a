"""What can go wrong in the domain's own words; one handler for each face (page, JSON, socket) turns it into an answer.

`message` is what the person reads, in their language; `code` is what a program or a log reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l


class DomainError(Exception):
    """Something a person asked for cannot be done, and we can say why."""

    status = 400
    code = "refused"
    default_message: Any = _l("Permintaan ini tidak dapat dijalankan.")

    def __init__(self, message: Any = None, *, code: str | None = None, fields: Mapping[str, Any] | None = None, **facts: Any):
        self.message = message if message is not None else self.default_message
        self.code = code or type(self).code
        self.fields = dict(fields or {})
        self.facts = facts
        super().__init__(self.code)

    def as_json(self) -> dict[str, Any]:
        body: dict[str, Any] = {"error": self.code, "message": str(self.message)}
        if self.fields:
            body["fields"] = {name: str(text) for name, text in self.fields.items()}
        return body | {"facts": self.facts} if self.facts else body


class NotFound(DomainError):
    """It is not there, or not for this person; from outside both look the same."""

    status, code = 404, "not_found"
    default_message = _l("Halaman atau data ini tidak ditemukan, atau bukan untuk akun Anda.")


class NotAllowed(DomainError):
    """The person is known, and this is not for their role."""

    status, code = 403, "not_allowed"
    default_message = _l("Peran Anda tidak mencakup tindakan ini.")


class SignInNeeded(DomainError):
    status, code = 401, "sign_in_needed"
    default_message = _l("Sesi Anda sudah berakhir. Masuk lagi untuk melanjutkan; yang sudah tersimpan tidak hilang.")


class Invalid(DomainError):
    """The input breaks a rule; `fields` says which and why."""

    status, code = 422, "invalid"
    default_message = _l("Ada isian yang perlu diperbaiki.")


class Conflict(DomainError):
    """It was already done, or somebody else was first."""

    status, code = 409, "conflict"
    default_message = _l("Keadaannya sudah berubah. Muat ulang halaman lalu periksa lagi.")


class TooMany(DomainError):
    status, code = 429, "too_many"
    default_message = _l("Terlalu sering. Tunggu sebentar lalu coba lagi.")


class TooLarge(DomainError):
    status, code = 413, "too_large"
    default_message = _l("Berkas atau isian ini terlalu besar.")


class DiskFull(DomainError):
    """The disk has no room left for this; nothing of it was kept."""

    status, code = 507, "disk_full"
    default_message = _l("Ruang simpan di server hampir habis, jadi ini tidak dapat disimpan. Hubungi pengelola.")


class Busy(DomainError):
    """The database or a service could not take it now; nothing was written."""

    status, code = 503, "busy"
    default_message = _l("Sistem sedang sibuk. Tidak ada yang berubah; coba lagi sebentar lagi.")
