"""Reading and writing the tables people keep in spreadsheets: CSV as Excel and others write it, and XLSX.

Reading never guesses silently: what was assumed (encoding, separator) is told in `notes`, a file that cannot be used raises `Unreadable`
with the row. Cells keep what the spreadsheet says about them, because a date, a formula or a rounded number is a fault the person has
to see, not text.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import IO, Any

import xlsxwriter
from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException
from flask_babel import gettext as _
from python_calamine import CalamineError, CalamineWorkbook, WorksheetNotFound

LARGEST_BYTES = 10 * 1024 * 1024
MOST_ROWS = 20_000
LARGEST_UNPACKED = 200 * 1024 * 1024
MOST_COLUMNS = 60
MOST_CELLS = 3_000_000  # of the rectangle up to the last cell of a sheet, empty ones included
LONGEST_CELL = 1000
_RISKY = re.compile(r"'*[=+\-@\t\r]")
_NEUTRALIZED = re.compile(r"'+[=+\-@\t\r]")
_XML = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_REL = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"


class Unreadable(Exception):
    """The file cannot be used at all; `reason` says why in the reader's language, `row` where (None: everywhere)."""

    def __init__(self, reason: str, row: int | None = None):
        super().__init__(reason)
        self.reason, self.row = reason, row


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell. `fault` is set when the spreadsheet already changed what the person meant."""

    text: str
    day: date | None = None
    number: float | None = None
    formula: bool = False


EMPTY = Cell("")


@dataclass(slots=True)
class Table:
    """Headings and rows as read; row numbers are those of the spreadsheet, the heading stands in row 1 or below empty rows."""

    headings: list[str]
    rows: list[tuple[int, list[Cell]]]
    notes: list[str] = field(default_factory=list)


def read_table(source: bytes) -> Table:
    """Read CSV or XLSX, told apart by content and not by name. Raises `Unreadable`."""
    if not source.strip():
        raise Unreadable(_("Berkas ini kosong."))
    if len(source) > LARGEST_BYTES:
        raise Unreadable(_("Berkas ini lebih besar dari %(mb)d MB. Bagi menjadi beberapa berkas.", mb=LARGEST_BYTES // 1024 // 1024))
    if source.startswith(b"PK\x03\x04"):
        rows, notes = _read_xlsx(source), []
    elif source.startswith(b"\xd0\xcf\x11\xe0"):
        raise Unreadable(_("Ini lembar kerja Excel lama atau yang dikunci kata sandi. Simpan ulang sebagai .xlsx tanpa kata sandi."))
    elif source.startswith((b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"\x1f\x8b", b"\x7fELF", b"MZ")):
        raise Unreadable(_("Ini bukan lembar kerja. Kirim berkas .xlsx atau .csv."))
    else:
        rows, notes = _read_csv(source)
    table = _with_headings(rows)
    table.notes = notes
    return table


def _with_headings(rows: Iterable[tuple[int, list[Cell]]]) -> Table:
    headings: list[str] | None = None
    kept: list[tuple[int, list[Cell]]] = []
    for number, cells in rows:
        if not any(cell.text for cell in cells):
            continue
        if headings is None:
            if len(cells) > MOST_COLUMNS:
                raise Unreadable(_("Ada %(n)d kolom; paling banyak %(most)d.", n=len(cells), most=MOST_COLUMNS), number)
            headings = [normal_heading(cell.text) for cell in cells]
            twice = {name for name in headings if name and headings.count(name) > 1}
            if twice:
                raise Unreadable(_("Judul kolom %(name)s muncul lebih dari sekali.", name=sorted(twice)[0]), number)
            continue
        if len(kept) >= MOST_ROWS:
            raise Unreadable(_("Ada lebih dari %(n)d baris. Bagi menjadi beberapa berkas.", n=MOST_ROWS), number)
        if any(cell.text for cell in cells[len(headings) :]):
            raise Unreadable(_("Baris ini lebih panjang daripada judul kolomnya; mungkin ada tanda pemisah di dalam isian tanpa tanda kutip."), number)
        long = next((cell for cell in cells if len(cell.text) > LONGEST_CELL), None)
        if long is not None:
            raise Unreadable(_("Satu isian di baris ini lebih panjang dari %(n)d karakter; mungkin tanda kutipnya tidak ditutup.", n=LONGEST_CELL), number)
        kept.append((number, cells + [EMPTY] * (len(headings) - len(cells))))
    if headings is None:
        raise Unreadable(_("Berkas ini kosong."))
    if not kept:
        raise Unreadable(_("Hanya ada judul kolom, tidak ada baris data."))
    return Table(headings, kept)


def normal_heading(text: str) -> str:
    """Headings match whatever the case and spacing: "Kode Unit", "kode_unit" and "KODE-UNIT" are the same column."""
    return re.sub(r"[\s_\-./]+", "_", text.strip().lower()).strip("_")


def _read_csv(source: bytes) -> tuple[Iterator[tuple[int, list[Cell]]], list[str]]:
    text, notes = _decode(source)
    if text.lower().startswith("sep=") and len(text) > 5:
        separator, text = text[4], "\n" + text.split("\n", 1)[-1]
    else:
        separator = _separator(text)
    notes.append(_("Pemisah kolom: %(sign)s", sign={"\t": "tab", ";": _("titik koma"), ",": _("koma")}.get(separator, separator)))

    def rows() -> Iterator[tuple[int, list[Cell]]]:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        before = 0
        try:
            for cells in reader:
                yield before + 1, [_text_cell(cell) for cell in cells]
                before = reader.line_num
        except csv.Error as error:
            raise Unreadable(_("Tanda kutip di baris ini tidak beres."), before + 1) from error

    return rows(), notes


def _decode(source: bytes) -> tuple[str, list[str]]:
    if source.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return source.decode("utf-16"), [_("Pengodean huruf: %(name)s", name="UTF-16")]
        except UnicodeDecodeError as error:
            raise Unreadable(_("Berkas ini terpotong atau pengodean hurufnya rusak. Simpan ulang sebagai CSV UTF-8.")) from error
    if b"\x00" in source:
        raise Unreadable(_("Pengodean hurufnya tidak dikenali. Simpan ulang sebagai CSV UTF-8 atau .xlsx."))
    try:
        return source.decode("utf-8-sig"), [_("Pengodean huruf: %(name)s", name="UTF-8")]
    except UnicodeDecodeError:
        try:
            note = _("Berkas ini bukan UTF-8, maka dibaca sebagai Windows-1252. Periksa huruf beraksen pada nama sebelum menerapkan.")
            return source.decode("cp1252"), [note]
        except UnicodeDecodeError as error:
            raise Unreadable(_("Pengodean hurufnya tidak dikenali. Simpan ulang sebagai CSV UTF-8 atau .xlsx.")) from error


def _separator(text: str) -> str:
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(";,\t", key=first.count)


def _text_cell(raw: str) -> Cell:
    text = raw.strip(" \u00a0")
    if text.startswith("="):
        return Cell(text, formula=True)
    return Cell(_plain(text))


def _plain(text: str) -> str:
    """Undo `neutralized` for text that came from one of our own exports."""
    return text[1:] if _NEUTRALIZED.match(text) else text.strip()


def _read_xlsx(source: bytes) -> list[tuple[int, list[Cell]]]:
    formulas = _formula_cells(source)
    try:
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(source)).get_sheet_by_index(0)
        grid = sheet.to_python(skip_empty_area=False)
    except (CalamineError, WorksheetNotFound, ValueError, OSError) as error:
        raise Unreadable(_("Berkas .xlsx ini rusak atau dikunci. Buka di Excel lalu simpan ulang.")) from error
    return [(y + 1, [_sheet_cell(value, (y, x) in formulas) for x, value in enumerate(row[:MOST_COLUMNS])]) for y, row in enumerate(grid)]


def _sheet_cell(value: Any, formula: bool) -> Cell:
    if isinstance(value, datetime):
        return Cell(value.date().isoformat(), day=value.date(), formula=formula)
    if isinstance(value, date):
        return Cell(value.isoformat(), day=value, formula=formula)
    if isinstance(value, bool):
        return Cell("ya" if value else "tidak", formula=formula)
    if isinstance(value, (int, float)):
        whole = float(value).is_integer() and abs(value) < 1e21
        return Cell(str(int(value)) if whole else repr(value), number=float(value), formula=formula)
    if isinstance(value, (time, timedelta)):
        return Cell(str(value), number=0.0, formula=formula)
    text = str(value).strip(" \u00a0")
    return Cell(_plain(text), formula=formula)


def _formula_cells(source: bytes) -> set[tuple[int, int]]:
    """Where formulas stand on the first sheet: the reader only gives their last result, which may be anything.

    The reader makes room for the whole rectangle up to the last cell, so how far that is gets looked at here, before.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(source)) as package:
            _unpack_and_count(source, package)
            if len({name.lower() for name in package.namelist()}) < len(package.namelist()):
                raise zipfile.BadZipFile  # two parts of one name: which of them another program reads, nobody knows
            with package.open(_first_sheet(package)) as sheet:
                return set(_formulas_in(sheet))
    except (zipfile.BadZipFile, KeyError, StopIteration, ValueError, ElementTree.ParseError, DefusedXmlException, NotImplementedError, RuntimeError) as error:
        raise Unreadable(_("Berkas .xlsx ini rusak atau dikunci. Buka di Excel lalu simpan ulang.")) from error


def _unpack_and_count(source: bytes, package: zipfile.ZipFile) -> None:
    """Refuse a workbook that is too large once unpacked. What it says of itself is not believed: every part is really unpacked, piece by
    piece, and counted. Raises `Unreadable`, and BadZipFile for a part that is not as large as it says."""
    total = 0
    for info in package.infolist():
        head = source[info.header_offset : info.header_offset + 30]
        if len(head) < 30 or not head.startswith(b"PK\x03\x04") or info.flag_bits & 1:
            raise zipfile.BadZipFile
        start = info.header_offset + 30 + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
        size = 0
        for count in _unpacked(source[start : start + info.compress_size], info.compress_type):
            size, total = size + count, total + count
            if total > LARGEST_UNPACKED:
                raise Unreadable(_("Isi berkas .xlsx ini terlalu besar setelah dibuka."))
        if size != info.file_size:
            raise zipfile.BadZipFile


def _unpacked(packed: bytes, method: int) -> Iterator[int]:
    """How many bytes each piece of a part has when it is unpacked; no piece is kept."""
    if method == zipfile.ZIP_STORED:
        yield len(packed)
        return
    if method != zipfile.ZIP_DEFLATED:
        raise zipfile.BadZipFile
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    while not inflate.eof:
        try:
            piece = inflate.decompress(packed, 1 << 20)
        except zlib.error as error:
            raise zipfile.BadZipFile from error
        if not piece and not inflate.eof:
            raise zipfile.BadZipFile  # it ends in the middle
        packed = inflate.unconsumed_tail
        yield len(piece)


def _first_sheet(package: zipfile.ZipFile) -> str:
    workbook = ElementTree.fromstring(package.read("xl/workbook.xml"))
    wanted = next(workbook.iter(f"{_XML}sheet")).get(f"{_REL}id")
    for relation in ElementTree.fromstring(package.read("xl/_rels/workbook.xml.rels")):
        if relation.get("Id") == wanted:
            target = relation.get("Target", "")
            return target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    raise KeyError("sheet")


def _formulas_in(sheet: IO[bytes]) -> Iterator[tuple[int, int]]:
    """Raises `Unreadable` when the table has too many rows, or a cell stands so far out that the rectangle up to it is out of bounds."""
    rows = last_row = last_column = y = x = 0
    table = row = None  # emptied as they are read
    filled = False
    for event, element in ElementTree.iterparse(sheet, events=("start", "end")):
        if event == "start":
            if element.tag == f"{_XML}row":
                row, y, x, filled = element, int(element.get("r", y + 1)), 0, False
            elif element.tag == f"{_XML}sheetData":
                table = element
        elif element.tag == f"{_XML}c":
            place = _position(element.get("r", "")) if element.get("r") else (y - 1, x)
            x = place[1] + 1
            if len(element):
                filled = True
                last_row, last_column = max(last_row, place[0] + 1), max(last_column, x)
                if last_row * last_column > MOST_CELLS:
                    raise Unreadable(_("Ada isian jauh di luar tabel. Hapus isian itu, simpan, lalu kirim lagi."), place[0] + 1)
                if element.find(f"{_XML}f") is not None:
                    yield place
            if row is not None:
                row.clear()
        elif element.tag == f"{_XML}row":
            rows += filled
            if rows > MOST_ROWS + 1:
                raise Unreadable(_("Ada lebih dari %(n)d baris. Bagi menjadi beberapa berkas.", n=MOST_ROWS), y)
            if table is not None:
                table.clear()


def _position(reference: str) -> tuple[int, int]:
    letters = reference.rstrip("0123456789")
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter.upper()) - 64
    return int(reference[len(letters) :] or 1) - 1, column - 1


def neutralized(text: str) -> str:
    """Text that a spreadsheet would take for a formula gets an apostrophe before it; reading takes it away again."""
    return "'" + text if _RISKY.match(text) else text


def write_csv(headings: list[str], rows: Iterable[list[str]]) -> bytes:
    """CSV as Indonesian Excel opens it: semicolons, UTF-8 with a mark at the start."""
    target = io.StringIO(newline="")
    writer = csv.writer(target, delimiter=";", lineterminator="\r\n")
    writer.writerow(headings)
    writer.writerows([neutralized(cell) for cell in row] for row in rows)
    return b"\xef\xbb\xbf" + target.getvalue().encode()


def write_xlsx(title: str, headings: list[str], rows: Iterable[list[str]]) -> bytes:
    """XLSX in which every cell is text, so that no number is rounded and no date is invented."""
    target = io.BytesIO()
    with xlsxwriter.Workbook(target, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet(title[:31])
        text, head = book.add_format({"num_format": "@"}), book.add_format({"bold": True, "num_format": "@"})
        sheet.set_column(0, len(headings) - 1, 22, text)
        sheet.freeze_panes(1, 0)
        for x, heading in enumerate(headings):
            sheet.write_string(0, x, heading, head)
        for y, row in enumerate(rows, 1):
            for x, cell in enumerate(row):
                if cell:
                    sheet.write_string(y, x, neutralized(cell), text)
    return target.getvalue()
