"""Why a file cannot be used, in words for the person who brought it."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l

REASONS: dict[str, Any] = {
    "EMPTY": _l("Berkas ini kosong. Periksa berkas asalnya, lalu unggah lagi."),
    "TOO_LARGE": _l("Berkas ini melebihi batas ukuran untuk jenisnya."),
    "NOT_A_VIDEO": _l("Isi berkas ini bukan video yang dikenali, apa pun namanya. Pakai MP4, MOV, MKV, WebM, AVI, WMV, 3GP, MPEG, atau rekaman suara (MP3, M4A, OGG, WAV)."),
    "NOT_RECOGNIZED": _l(
        "Isi berkas ini bukan video, suara, PDF, atau gambar yang dikenali, apa pun namanya. Ekspor sebagai MP4, MP3, PDF, PNG, atau JPEG."
    ),
    "NOT_A_PDF": _l("Isi berkas ini bukan PDF, apa pun namanya. Simpan dokumennya sebagai PDF, lalu unggah lagi."),
    "NOT_A_PICTURE": _l("Isi berkas ini bukan gambar yang dikenali, apa pun namanya. Pakai PNG, JPEG, WebP, atau GIF."),
    "UNREADABLE": _l(
        "Berkas ini rusak atau tidak dapat dibaca. Coba buka di komputer Anda; bila di sana pun rusak, ekspor ulang dari asalnya."
    ),
    "TRUNCATED": _l(
        "Video ini terpotong: isinya berakhir lebih awal daripada panjang yang tertulis. Salin ulang dari perangkat asal, lalu unggah lagi."
    ),
    "NO_VIDEO": _l("Berkas ini tidak berisi gambar bergerak maupun suara."),
    "TOO_LONG": _l("Video ini lebih panjang daripada enam jam. Potong menjadi beberapa bagian."),
    "TOO_SHORT": _l("Video ini lebih pendek daripada setengah detik, atau panjangnya tidak dapat diketahui."),
    "TOO_MANY_PIXELS": _l("Ukuran gambarnya terlalu besar. Batas video adalah 4096 x 2304, batas gambar 50 juta piksel."),
    "TOO_SMALL": _l("Ukuran gambar videonya terlalu kecil; sisi terpendek paling sedikit 64 piksel."),
    "ODD_SHAPE": _l("Bentuk gambarnya terlalu panjang dan sempit untuk ditayangkan."),
    "TOO_MANY_STREAMS": _l("Berkas ini berisi terlalu banyak jalur. Ekspor ulang dengan satu jalur gambar dan satu jalur suara."),
    "FRAME_RATE": _l("Jumlah gambar per detiknya di luar batas (paling banyak 240). Ekspor ulang dengan 25 atau 30 gambar per detik."),
    "TOO_MANY_PAGES": _l("Dokumen ini melebihi 400 halaman. Bagi menjadi beberapa dokumen."),
    "PASSWORD": _l("PDF ini dikunci dengan kata sandi. Simpan salinan tanpa kata sandi, lalu unggah lagi."),
    "TOO_HEAVY": _l(
        "Memeriksa berkas ini memakan waktu atau memori terlalu banyak, jadi dihentikan. Ekspor ulang dalam bentuk yang lebih sederhana."
    ),
    "DISK_FULL": _l("Ruang simpan hampir penuh. Berkas belum disimpan; beri tahu pengelola sistem."),
    "CHECKSUM": _l(
        "Isi yang kami terima berbeda dari berkas di perangkat Anda, jadi tidak ada yang disimpan. "
        "Pastikan berkasnya tidak sedang diubah, lalu unggah lagi."
    ),
    "QUOTA": _l("Ruang simpan Anda tidak cukup untuk berkas ini. Hapus yang tidak dipakai lagi, atau minta tambahan kepada pengelola."),
    "NO_LONGER_ALLOWED": _l("Akun Anda tidak lagi boleh mengunggah, jadi berkas ini tidak disimpan. Hubungi pengelola bila ini keliru."),
    "NOT_FINISHED": _l("Berkas ini sampai dengan utuh, tetapi gagal disimpan setelah beberapa kali dicoba. Unggah lagi nanti."),
    "NO_ROOM": _l(
        "Ruang simpan hampir penuh, jadi penyiapan dihentikan. Berkas aslinya tersimpan; beri tahu pengelola sistem, lalu coba lagi."
    ),
    "ENCODING_FAILED": _l(
        "Video ini tidak berhasil disiapkan setelah beberapa kali dicoba. Berkas aslinya tersimpan; pengelola dapat mencobanya lagi."
    ),
    "FAILED": _l(
        "Berkas ini tidak berhasil disiapkan setelah beberapa kali dicoba. Berkas aslinya tersimpan; pengelola dapat mencobanya lagi."
    ),
}


class Refused(Exception):
    """A file that will not be better when it is tried again. `code` is a key of REASONS, `detail` is for the log."""

    def __init__(self, code: str, detail: str = ""):
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code, self.detail = code, detail


class TooHeavy(Refused):
    """Reading it took more than its limits. When the reader was ended by a signal, it may have been somebody else's doing."""

    def __init__(self, detail: str, worth_another_try: bool):
        super().__init__("TOO_HEAVY", detail)
        self.worth_another_try = worth_another_try


def reason(code: str | None) -> Any:
    return REASONS.get(code or "", REASONS["FAILED"])
