"""What coded values are called on screen."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any

from flask_babel import lazy_gettext as _l

from app.kernel.access import Role
from app.people import audit
from app.people.models import EmploymentType, PositionType
from app.ui.formats import tanggal, waktu

_ISO = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d|$)")
ISO_DAY = len("2026-01-31")

ROLES: dict[str, Any] = {
    Role.LEARNER: _l("Peserta"),
    Role.INSTRUCTOR: _l("Instruktur"),
    Role.MODERATOR: _l("Moderator"),
    Role.SUPERVISOR: _l("Atasan langsung"),
    Role.UNIT_ADMIN: _l("Admin unit"),
    Role.TRAINING_ADMIN: _l("Admin pelatihan"),
    Role.EXECUTIVE: _l("Pimpinan"),
    Role.AUDITOR: _l("Auditor"),
    Role.SYSTEM_ADMIN: _l("Admin sistem"),
}
EMPLOYMENT_TYPES: dict[str, Any] = {
    EmploymentType.PNS: _l("PNS"),
    EmploymentType.CPNS: _l("CPNS"),
    EmploymentType.PPPK: _l("PPPK"),
    EmploymentType.PPPK_PW: _l("PPPK Paruh Waktu"),
}
POSITION_TYPES: dict[str, Any] = {
    PositionType.JPT: _l("Pimpinan tinggi"),
    PositionType.ADMINISTRATOR: _l("Administrator"),
    PositionType.PENGAWAS: _l("Pengawas"),
    PositionType.FUNGSIONAL: _l("Fungsional"),
    PositionType.PELAKSANA: _l("Pelaksana"),
}

DEEDS: dict[str, Any] = {
    "people.audit_exported": _l("Catatan audit diekspor"),
    "people.account_created": _l("Akun dibuat"),
    "people.account_disabled": _l("Akun dinonaktifkan"),
    "people.account_enabled": _l("Akun diaktifkan kembali"),
    "people.code_issued": _l("Kode sekali pakai dibuat"),
    "people.codes_issued": _l("Kode aktivasi dibuat untuk satu unit"),
    "people.import_applied": _l("Impor diterapkan"),
    "people.import_decided": _l("Impor disetujui"),
    "people.import_discarded": _l("Impor dibuang"),
    "people.import_uploaded": _l("Berkas impor diunggah"),
    "people.password_changed": _l("Kata sandi diganti"),
    "people.people_exported": _l("Data pegawai diekspor"),
    "people.person_edited": _l("Data pegawai diubah"),
    "people.person_seen": _l("Data pegawai dilihat"),
    "people.recovery_code_used": _l("Kode pemulihan dipakai"),
    "people.recovery_codes_renewed": _l("Kode pemulihan dibuat ulang"),
    "people.role_granted": _l("Peran diberikan"),
    "people.role_taken_back": _l("Peran dicabut"),
    "people.second_factor_off": _l("Verifikasi dua langkah dimatikan"),
    "people.second_factor_on": _l("Verifikasi dua langkah dinyalakan"),
    "people.slips_downloaded": _l("Lembar aktivasi diunduh"),
    "people.slips_requested": _l("Lembar aktivasi diminta"),
    "people.unit_added": _l("Unit ditambahkan"),
    "people.unit_merged": _l("Unit digabung"),
    "people.unit_moved": _l("Unit dipindahkan"),
    "people.unit_renamed": _l("Nama unit diubah"),
}
THINGS: dict[str, Any] = {"audit": _l("Catatan audit"), "user": _l("Akun"), "org_unit": _l("Unit"), "people_import": _l("Impor")}
FIELDS: dict[str, Any] = {
    "action": _l("tindakan"),
    "active": _l("masih aktif"),
    "actor_id": _l("pelaku"),
    "anonymous_questions": _l("boleh bertanya tanpa nama"),
    "asset_id": _l("berkas"),
    "batch_id": _l("lembar"),
    "body_markdown": _l("keterangan"),
    "byte_size": _l("besar berkas (byte)"),
    "by_code": _l("dengan kode"),
    "chat_open": _l("obrolan dibuka"),
    "checkin_count": _l("presensi acak"),
    "checkins": _l("konfirmasi hadir"),
    "checkins_needed": _l("presensi yang diperlukan"),
    "counts": _l("jumlah"),
    "create": _l("baru"),
    "days": _l("hari"),
    "due_on": _l("tenggat"),
    "email": _l("surel"),
    "employment_type": _l("jenis kepegawaian"),
    "error": _l("salah"),
    "fields": _l("isian"),
    "filters": _l("saringan"),
    "form": _l("bentuk"),
    "full_name": _l("nama"),
    "grade_code": _l("golongan"),
    "guests_welcome": _l("tamu boleh ikut"),
    "import_id": _l("impor"),
    "into_id": _l("digabung ke"),
    "jp": _l("JP"),
    "kind": _l("jenis"),
    "lesson": _l("materi"),
    "material_id": _l("bahan nomor"),
    "minutes": _l("menit yang diakui"),
    "name": _l("nama"),
    "nip": _l("NIP"),
    "old_asset_id": _l("berkas lama"),
    "only_good_rows": _l("hanya baris yang benar"),
    "object_id": _l("nomor objek"),
    "object_type": _l("jenis objek"),
    "open_from": _l("terbuka sejak"),
    "org_unit_id": _l("unit"),
    "owner_id": _l("pemilik"),
    "parent_id": _l("unit induk"),
    "participant": _l("peserta"),
    "partner": _l("mitra"),
    "passing_score": _l("nilai lulus"),
    "people": _l("jumlah orang"),
    "position": _l("jabatan"),
    "position_tier": _l("jenjang"),
    "position_type": _l("jenis jabatan"),
    "posttest_closes_at": _l("post-test ditutup"),
    "posttest_key": _l("post-test"),
    "presence_percent": _l("syarat hadir (persen)"),
    "pretest_key": _l("pre-test"),
    "proof": _l("bukti"),
    "purpose": _l("keperluan"),
    "question_moderation": _l("moderasi pertanyaan"),
    "reason": _l("alasan"),
    "refused_words": _l("kata yang ditolak"),
    "registration_closes_at": _l("pendaftaran ditutup"),
    "role": _l("peran"),
    "roles": _l("peran"),
    "round": _l("putaran"),
    "rows": _l("baris"),
    "same": _l("tetap sama"),
    "seats": _l("kursi"),
    "sessions": _l("sesi acara"),
    "since": _l("berlaku mulai"),
    "slow_mode_seconds": _l("mode lambat (detik)"),
    "speaker_id": _l("narasumber nomor"),
    "starts_at": _l("mulai"),
    "ends_at": _l("berakhir"),
    "state": _l("keadaan"),
    "subject": _l("isi berkas"),
    "summary": _l("ringkasan"),
    "supervisor_id": _l("atasan"),
    "through": _l("lewat"),
    "title": _l("judul"),
    "unit_id": _l("unit"),
    "until": _l("sampai"),
    "update": _l("berubah"),
    "user_id": _l("orang"),
    "version": _l("versi"),
    "voters": _l("pemilih"),
    "warning": _l("peringatan"),
    "webinar": _l("webinar"),
}


def in_words(value: Any) -> str:
    """A value of the audit log as a person reads it."""
    if isinstance(value, bool):
        return str(_l("ya") if value else _l("tidak"))
    if isinstance(value, dict):
        return ", ".join(f"{FIELDS.get(name, name)} {in_words(one)}" for name, one in value.items() if one)
    if isinstance(value, (list, tuple)):
        return ", ".join(map(in_words, value))
    if value is None or value == "":
        return "–"
    for names in (ROLES, EMPLOYMENT_TYPES, POSITION_TYPES, FIELDS):
        if value in names:
            return str(names[value])
    if isinstance(value, str) and (moment := _moment_of(value)):
        return moment
    return audit.value_for(value)


def _moment_of(text: str) -> str | None:
    """A day or a moment that was kept as ISO text, as a person reads it."""
    if not _ISO.match(text):
        return None
    try:
        return tanggal(date.fromisoformat(text)) if len(text) == ISO_DAY else waktu(datetime.fromisoformat(text))
    except ValueError:
        return None


_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser/", "Samsung Internet"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"))


def browser(user_agent: str) -> Any:
    """A browser as its owner would call it: "Chrome, Android"."""
    found = [next((name for mark, name in marks if mark in user_agent), None) for marks in (_BROWSERS, _SYSTEMS)]
    return ", ".join(name for name in found if name) or _l("Peramban tidak dikenal")
