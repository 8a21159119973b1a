"""Uploads in words and numbers, for the page and its script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user

from app.kernel.access import may
from app.media.permissions import MANAGE_MEDIA
from app.media.refusals import reason
from app.media.slots import Home, homes_of
from app.media.uploads import services
from app.media.uploads.limits import Limits, limits_for
from app.media.uploads.models import MediaUpload, UploadState

STATES = {
    UploadState.RECEIVING: _l("Belum selesai"),
    UploadState.FINISHING: _l("Sampai dengan utuh, sedang diperiksa"),
    UploadState.DONE: _l("Tersimpan"),
    UploadState.REFUSED: _l("Tidak diterima"),
}
ACCEPTED = (
    ".mp4,.m4v,.mov,.mkv,.webm,.avi,.3gp,.wmv,.mpg,.mpeg,.ts,.m2ts,.mts,.flv,"
    ".mp3,.m4a,.ogg,.oga,.opus,.wav,.flac,.aac,.pdf,.png,.jpg,.jpeg,.webp,.gif,video/*,audio/*,image/*,application/pdf"
)


def describe_all(uploads: Sequence[MediaUpload], user: Any) -> list[dict[str, Any]]:
    arrived = {upload.asset_id for upload in uploads if upload.asset_id is not None}
    homes = homes_of(user, arrived)
    return [_describe(upload, homes.get(upload.asset_id or 0)) for upload in uploads]


def _describe(upload: MediaUpload, home: Home | None) -> dict[str, Any]:
    refused = upload.state == UploadState.REFUSED
    return {
        "id": upload.public_id,
        "address": url_for("tus.show", public_id=upload.public_id),
        "name": upload.name,
        "size": upload.byte_size,
        "offset": upload.byte_offset,
        "state": upload.state,
        "words": str(STATES[UploadState(upload.state)]),
        "code": upload.failure_code,
        "message": str(reason(upload.failure_code)) if refused else None,
        "fingerprint": upload.fingerprint,
        "asset_id": upload.asset_id,
        "home": {"title": home.title, "address": home.address} if home is not None else None,
        "known_before": home is not None and home.since < upload.created_at,  # the same content was brought in once already
        "verified": upload.state == UploadState.DONE and upload.told_sha256 is not None,  # both sides computed the same digest
        "expires_at": upload.expires_at.isoformat(),
    }


def describe_limits(limits: Limits) -> dict[str, Any]:
    return asdict(limits)


class Uploader:
    """What the macro `uploader` asks, for whoever looks at the page."""

    accepted = ACCEPTED

    @property
    def allowed(self) -> bool:
        return may(MANAGE_MEDIA)

    @property
    def limits(self) -> Limits:
        return limits_for(current_user)

    @property
    def uploads(self) -> list[dict[str, Any]]:
        return describe_all(services.list_own(current_user), current_user)

    @staticmethod
    def limit(byte_size: int) -> str:
        """A limit as it was meant: what a file manager calls 4 GB fits."""
        return f"{byte_size >> 30} GB" if byte_size >> 30 else f"{byte_size >> 20} MB"

    @property
    def texts(self) -> dict[str, str]:
        """The sentences of the script, by name; `{name}` and the like are filled in the browser."""
        return {
            "queued": _("Menunggu giliran"),
            "reading": _("Mengenali berkas"),
            "sending": _("Mengirim"),
            "paused": _("Dijeda"),
            "offline": _("Menunggu sambungan. Yang sudah sampai tidak hilang."),
            "retrying": _("Sambungan terputus. Mencoba lagi sebentar lagi."),
            "checking": _("Menghitung tanda keutuhan berkas"),
            "finishing": _("Sampai dengan utuh, sedang diperiksa"),
            "done": _("Tersimpan, utuh sampai byte terakhir"),
            "done_unverified": _("Tersimpan"),
            "already": _("Sudah ada, tidak disimpan dua kali"),
            "already_as": _("Berkas yang sama sudah ada sebagai {title}."),
            "refused": _("Tidak diterima"),
            "unfinished": _("Belum selesai"),
            "again": _("Pilih berkas yang sama untuk melanjutkan. Yang sudah sampai disimpan sampai {day}."),
            "different": _("Ini bukan berkas yang sama: ukuran atau isinya berbeda. Pilih berkas yang dulu mulai diunggah."),
            "too_large": _("Berkas ini {size}. Batas untuk jenisnya {limit}."),
            "empty": _("Berkas ini kosong. Periksa berkas asalnya, lalu unggah lagi."),
            "too_long": _("Panjangnya {time}. Batasnya enam jam; potong menjadi beberapa bagian."),
            "unknown_length": _("Panjangnya tidak terbaca di peramban ini; diperiksa setelah sampai."),
            "no_room": _("Ruang yang tersisa untuk Anda {left}, berkas ini {size}."),
            "changed": _("Berkas ini berubah atau tidak dapat dibaca lagi di perangkat Anda. Pilih berkasnya sekali lagi."),
            "signed_out": _("Sesi Anda berakhir. Masuk lagi di tab lain, lalu pilih Lanjutkan. Yang sudah sampai tidak hilang."),
            "failed": _("Server menolak unggahan ini."),
            "cancelled": _("{name} dibatalkan."),
            "sure_title": _("Batalkan unggahan {name}?"),
            "sure": _("Yang sudah sampai ({sent}) dibuang. Untuk berhenti sementara, pakai Jeda."),
            "sure_yes": _("Batalkan unggahan"),
            "bytes": _("{count} byte"),
            "known": _("{name} sudah ada di daftar ini."),
            "left": _("sisa {time}"),
            "seconds": _("beberapa detik"),
            "minutes": _("{minutes} menit"),
            "hours": _("{hours} jam {minutes} menit"),
            "of": _("{sent} dari {size}"),
            "speed": _("{rate}/detik"),
            "said_started": _("{name} mulai dikirim."),
            "said_share": _("{name}: {share} persen."),
            "said_offline": _("Sambungan terputus. Pengiriman menunggu dan berlanjut sendiri."),
            "said_online": _("Sambungan kembali. Pengiriman berlanjut."),
            "said_paused": _("{name} dijeda."),
            "said_done": _("{name} tersimpan."),
            "said_already": _("{name} sudah ada sebagai {title}."),
            "said_refused": _("{name} tidak diterima: {reason}"),
        }
