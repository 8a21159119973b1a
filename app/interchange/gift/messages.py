"""What an author reads about a mistake in a GIFT file."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.assessment.messages import PROBLEMS
from app.interchange.gift.errors import GiftProblem

MESSAGES: dict[str, Any] = {
    "file_too_large": _l("Berkas soal lebih dari %(limit)d KiB."),
    "not_utf8": _l("Berkas ini bukan UTF-8. Simpan ulang dengan pengodean UTF-8."),
    "byte_order_mark": _l("Berkas diawali penanda BOM. Simpan ulang sebagai UTF-8 tanpa BOM."),
    "carriage_return": _l("Akhir baris memakai CR. Simpan ulang dengan akhir baris LF (Unix)."),
    "control_character": _l("Ada karakter kendali U+%(number)s yang tidak boleh ada di dalam soal."),
    "no_questions": _l("Berkas ini tidak berisi soal."),
    "too_many_questions": _l("Soal lebih dari %(limit)d dalam satu berkas."),
    "title_not_closed": _l("Judul soal tidak ditutup. Tulis :: di depan dan di belakangnya."),
    "title_twice": _l("Judul “%(title)s” sudah dipakai pada baris %(line)d. Setiap soal perlu judul sendiri."),
    "description": _l("Teks ini tidak punya jawaban dalam kurung kurawal. Uraian tanpa pertanyaan ditulis di pelajaran, bukan di kuis."),
    "essay": _l("Kurung kurawal kosong berarti soal esai, yang tidak dapat dinilai otomatis. Tulis jawabannya di dalam kurung."),
    "brace_not_opened": _l("Ada kurung kurawal tutup tanpa kurung buka. Bila itu bagian dari teks, tulis \\}."),
    "brace_not_closed": _l("Kurung kurawal ini tidak ditutup sebelum baris kosong. Soal tidak boleh memuat baris kosong."),
    "brace_in_answer": _l("Ada kurung kurawal buka di dalam jawaban. Bila itu bagian dari teks, tulis \\{."),
    "second_braces": _l("Satu soal hanya punya satu pasang kurung kurawal. Beri baris kosong di antara dua soal."),
    "unmarked_answer": _l("Jawaban ini tidak diberi tanda. Tulis = di depan jawaban benar dan ~ di depan jawaban salah."),
    "true_false_spelling": _l("Untuk soal benar-salah tulis TRUE atau FALSE dengan huruf besar."),
    "weight": _l("Bobot %%%(weight)s%% tidak terbaca. Tulis angka -100 sampai 100, misalnya %%50%%."),
    "weight_after_equals": _l("Pada pilihan ganda bobot ditulis setelah tanda ~, misalnya ~%%50%%, bukan setelah tanda =."),
    "arrow_missing": _l("Pasangan ini tidak punya tanda ->."),
    "feedback_in_matching": _l("Soal menjodohkan tidak punya umpan balik per pasangan. Pakai #### untuk umpan balik umum, atau tulis \\#."),
    "not_a_number": _l("“%(number)s” bukan angka."),
    "number_comma": _l("Di berkas soal, desimal ditulis dengan titik: “%(number)s”."),
    "wrong_number_feedback": _l("Setelah ~ pada soal angka hanya boleh ada umpan balik, misalnya ~#Hitung lagi."),
    "ordering_header": _l(
        "Soal mengurutkan diawali > dan banyaknya butir, misalnya >4 ALL VERTICAL RELATIVE_ALL_PREVIOUS_AND_NEXT SHOW none."
    ),
    "ordering_not_moodle": _l(
        "Moodle tidak membaca baris > ini dengan benar. Tulis misalnya >4 ALL VERTICAL RELATIVE_ALL_PREVIOUS_AND_NEXT SHOW none, "
        "lalu setiap butir pada barisnya sendiri."
    ),
}


def message(problem: GiftProblem) -> str:
    """What is wrong, in the language of the reader, without the place."""
    known = MESSAGES.get(problem.code)
    return str(known if known is not None else PROBLEMS[problem.code]) % dict(problem.params)


def message_with_place(problem: GiftProblem) -> str:
    """Line, column and what is wrong there."""
    return _("Baris %(line)d, kolom %(column)d: %(message)s", line=problem.line, column=problem.column, message=message(problem))
