"""The civil servant's number (NIP of PNS, NI of PPPK): its layout, what may be wrong with it, how it is shown.

Eighteen digits. PNS: birth date (8), month of first appointment (6), gender (1), serial (3). PPPK: birth date (8), year of appointment
(4), 2, which agreement it is (1), gender (1), serial (3). There is no check digit, and the layout for PPPK Paruh Waktu is not settled,
so an unknown layout is a warning that an importer may accept. Sources: Perka BKN 22/2007 for PNS; for PPPK Peraturan BKN 1/2019, read in a
secondary source.
The number contains birth date and gender: it is personal data, never part of an address, masked outside the person's own unit.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flask_babel import lazy_gettext as _l

LENGTH = 18
LONGEST_ROUNDED = 40
_IGNORED = re.compile(r"[\s.\-\u00a0']")
_LONG_NUMBER = re.compile(r"\d(?:[ .\-]*\d){7,}")
YOUNGEST, OLDEST_BIRTH_YEAR = 17, 1940


@dataclass(frozen=True, slots=True)
class NipReading:
    """What a number says. With an error it cannot be a NIP; with only warnings a person decides."""

    digits: str
    employment_type: str | None = None  # PNS or PPPK, as far as the layout tells
    birth_date: date | None = None
    gender: int | None = None  # 1 man, 2 woman
    errors: tuple[Any, ...] = field(default=())
    warnings: tuple[Any, ...] = field(default=())

    @property
    def ok(self) -> bool:
        return not self.errors


def strip(text: str) -> str:
    """Without the spaces, dots and dashes people write between the groups."""
    return _IGNORED.sub("", text)


def is_like_number(text: str) -> bool:
    """Whether somebody typed what may be a NIP or its beginning, where only a name belongs: it must not stay in an address."""
    return _LONG_NUMBER.search(text) is not None


def read(text: str, today: date) -> NipReading:
    """Read a number as typed; every broken rule has its own message."""
    digits = strip(text)
    if not digits:
        return NipReading(digits, errors=(_l("NIP kosong."),))
    if len(digits) <= LONGEST_ROUNDED and re.fullmatch(r"\d+[.,]?\d*[eE]\+?\d+", digits):
        return NipReading(digits, errors=(_l("NIP sudah dibulatkan oleh lembar kerja (seperti 1,23E+17). Format kolomnya sebagai teks, lalu isi ulang."),))
    if not re.fullmatch(r"[0-9]+", digits):
        return NipReading(digits, errors=(_l("NIP hanya boleh berisi angka."),))
    if len(digits) != LENGTH:
        return NipReading(digits, errors=(_l("NIP harus 18 angka; yang ini %(n)d angka.", n=len(digits)),))
    errors: list[Any] = []
    warnings: list[Any] = []
    birth = _birth_date(digits, today, errors)
    year = int(digits[8:12])
    birth_year = int(digits[:4])
    if not birth_year + YOUNGEST <= year <= today.year + 1:
        errors.append(_l("Tahun pengangkatan %(year)d (angka 9-12) tidak masuk akal untuk kelahiran %(birth)d.", year=year, birth=birth_year))
    kind = _employment_type(int(digits[12:14]))
    if kind is None:
        warnings.append(_l("Angka 13-14 (%(pair)s) bukan bulan PNS (01-12) dan bukan penanda PPPK (21-29); susunan ini belum dikenal.", pair=digits[12:14]))
    gender = int(digits[14])
    if gender not in (1, 2):
        message = _l("Angka ke-15 harus 1 (pria) atau 2 (wanita), bukan %(digit)d.", digit=gender)
        (errors if kind else warnings).append(message)
    if digits[15:] == "000":
        errors.append(_l("Nomor urut (tiga angka terakhir) dimulai dari 001."))
    return NipReading(digits, kind, birth, gender if gender in (1, 2) else None, tuple(errors), tuple(warnings))


def _birth_date(digits: str, today: date, errors: list[Any]) -> date | None:
    try:
        birth = date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        errors.append(_l("Delapan angka pertama bukan tanggal lahir yang ada di kalender."))
        return None
    if not OLDEST_BIRTH_YEAR <= birth.year <= today.year - YOUNGEST:
        errors.append(_l("Tahun lahir %(year)d di luar rentang %(first)d-%(last)d.", year=birth.year, first=OLDEST_BIRTH_YEAR, last=today.year - YOUNGEST))
    return birth


def _employment_type(pair: int) -> str | None:
    if 1 <= pair <= 12:
        return "PNS"
    return "PPPK" if 21 <= pair <= 29 else None


def mismatch_warnings(reading: NipReading, employment_type: str) -> list[Any]:
    """Where the number and the stated employment type disagree; only ever a warning, numbers are not re-issued after a correction."""
    if reading.employment_type is None or not employment_type:
        return []
    stated = "PNS" if employment_type in ("PNS", "CPNS") else "PPPK"
    if stated == reading.employment_type:
        return []
    return [_l("Susunan NIP adalah %(layout)s, sedangkan jenis kepegawaiannya %(stated)s.", layout=reading.employment_type, stated=employment_type)]


def grouped(digits: str | None) -> str:
    """As it is printed: 8, 6, 1 and 3 digits."""
    if not digits or len(digits) != LENGTH:
        return digits or ""
    return f"{digits[:8]} {digits[8:14]} {digits[14]} {digits[15:]}"


def masked(digits: str | None) -> str:
    """For eyes outside the unit: the serial's neighbourhood and the birth date stay recognizable, the middle does not."""
    if not digits:
        return ""
    if len(digits) != LENGTH:
        return "*" * len(digits)
    return f"{digits[:8]}******{digits[14:]}"
