"""How an upload is refused: the statuses of tus 1.0 with words for the person."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.kernel.errors import Conflict, DomainError, TooLarge
from app.media.refusals import reason


class WrongProtocol(DomainError):
    status, code = 412, "wrong_protocol"
    default_message = _l("Halaman ini memakai cara unggah yang lama. Muat ulang halaman, lalu pilih berkas yang sama.")


class LengthNeeded(DomainError):
    status, code = 411, "length_needed"
    default_message = _l("Permintaan ini tidak menyebut panjang isinya.")


class WrongContentType(DomainError):
    status, code = 415, "wrong_content_type"
    default_message = _l("Permintaan ini bukan bagian dari sebuah unggahan.")


class WrongOffset(Conflict):
    """The bytes do not follow those that are here; the fact `offset` says where to go on."""

    code = "wrong_offset"
    default_message = _l("Bagian ini tidak menyambung dengan yang sudah sampai.")


class Locked(DomainError):
    status, code = 423, "locked"
    default_message = _l("Berkas ini sedang dikirim lewat sambungan lain.")


class ChecksumMismatch(DomainError):
    status, code = 460, "checksum_mismatch"
    default_message = _l("Bagian ini rusak di jalan dan perlu dikirim lagi.")


class Ended(DomainError):
    """It waited too long for its bytes."""

    status, code = 410, "ended"
    default_message = _l("Unggahan ini sudah terlalu lama menunggu dan dihapus. Mulai lagi dari awal.")


class TooManyOpen(DomainError):
    status, code = 429, "too_many_open"
    default_message = _l("Terlalu banyak unggahan Anda yang belum selesai. Lanjutkan atau batalkan salah satunya dulu.")


class NoQuota(TooLarge):
    code = "QUOTA"
    default_message = reason("QUOTA")
