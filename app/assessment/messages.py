"""What people read when a question, an answer or a new attempt is refused."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

from app.assessment.question_types import InvalidResponse
from app.assessment.rules import StartDecision

PROBLEMS: dict[str, Any] = {
    "malformed": _l("Bagian “%(field)s” dari soal ini tidak terbaca."),
    "title_missing": _l("Soal belum berjudul. Tulis judulnya di depan, misalnya ::tenggat-lapor::."),
    "title_too_long": _l("Judul soal lebih dari %(limit)d karakter."),
    "text_missing": _l("Soal belum berisi pertanyaan."),
    "text_too_long": _l("Ada teks yang lebih dari %(limit)d karakter."),
    "empty_answer": _l("Ada jawaban yang kosong."),
    "answer_too_long": _l("Ada jawaban yang lebih dari %(limit)d karakter."),
    "too_few_answers": _l("Jawaban kurang: paling sedikit %(least)d."),
    "too_many_answers": _l("Jawaban terlalu banyak: paling banyak %(limit)d."),
    "duplicate_answer": _l("Jawaban “%(answer)s” tertulis dua kali."),
    "no_right_answer": _l("Tidak ada jawaban yang bernilai penuh."),
    "no_wrong_answer": _l("Semua pilihan bernilai penuh, jadi tidak ada yang diuji."),
    "right_answer_hidden": _l("Jawaban benar tidak pernah tercapai karena jawaban di atasnya lebih dulu cocok."),
    "weights_not_hundred": _l("Bobot positif berjumlah %(total)s persen; seharusnya 100."),
    "tolerance_negative": _l("Toleransi angka tidak boleh di bawah nol, dan rentang ditulis dari angka kecil ke angka besar."),
    "number_too_long": _l("Ada angka yang lebih dari %(limit)d digit."),
    "distractor_is_right": _l("Pengecoh “%(answer)s” sudah menjadi pasangan yang benar."),
    "select_count": _l("Banyaknya butir yang ditampilkan harus %(least)d sampai %(most)d."),
    "several_right": _l(
        "Ada lebih dari satu jawaban benar pada soal pilihan tunggal. Periksa tanda = yang mungkin lupa diberi \\ di depannya."
    ),
    "ticking_all_is_right": _l("Mencentang semua pilihan tetap bernilai penuh. Beri bobot negatif pada pilihan yang salah."),
}

RESPONSES: dict[str, Any] = {
    "wrong_type": _l("Jawaban ini tidak sesuai dengan bentuk soalnya. Muat ulang halaman lalu jawab lagi."),
    "unknown_option": _l("Pilihan ini tidak ada pada soal. Muat ulang halaman lalu jawab lagi."),
    "duplicate_option": _l("Ada pilihan yang terkirim dua kali. Muat ulang halaman lalu jawab lagi."),
    "too_long": _l("Jawaban terlalu panjang. Persingkat lalu simpan lagi."),
    "not_a_number": _l("Tulis angkanya saja; pecahan memakai koma, misalnya 0,25."),
    "incomplete_order": _l("Susunan harus memuat semua butir."),
}

REFUSALS: dict[str, Any] = {
    "attempt_open": _l("Percobaan sebelumnya belum selesai. Lanjutkan yang itu dulu."),
    "cooling_down": _l("Kesempatan Anda habis untuk saat ini. Anda dapat mencoba lagi pada %(opens_at)s."),
    "no_attempts_left": _l("Semua kesempatan untuk kuis ini sudah dipakai."),
}


def response_message(error: InvalidResponse) -> str:
    """Why an answer was not taken."""
    return str(RESPONSES[error.code])


def refusal_message(decision: StartDecision, opens_at: str = "") -> str:
    """Why no new attempt may start; `opens_at` is the decision's moment as the page writes moments. Nothing when it may."""
    return str(REFUSALS[decision.refusal]) % {"opens_at": opens_at} if decision.refusal else ""
