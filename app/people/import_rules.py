"""What an imported row means and what may be wrong with it: pure decisions over the file and a picture of the present data.

A finding has the field (the column's heading), a reason in the reader's language, and a severity. An `error` row is never applied, a
`warning` row is. An empty cell leaves an existing value as it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _

from app.people import nip as nip_rules
from app.people.models import EmploymentType, PositionType
from app.people.services import EMAIL, NOT_YET
from app.people.spreadsheets import EMPTY, Cell, Table, Unreadable
from app.people.units import KINDS
from app.ui.formats import tanggal

PEOPLE_COLUMNS = (
    "id", "nama", "surel", "nip", "jenis_kepegawaian", "golongan", "jabatan", "jenis_jabatan", "jenjang", "kode_unit", "atasan", "aktif", "berlaku_mulai",
)  # fmt: skip
UNIT_COLUMNS = ("kode", "nama", "jenis", "kode_induk", "berlaku_mulai")
PEOPLE_NEEDED, UNIT_NEEDED = ("nama", "kode_unit"), ("kode", "nama", "jenis")
LENGTHS = {"nama": 255, "surel": 254, "golongan": 8, "jabatan": 255, "jenjang": 40, "kode_unit": 40, "kode": 40, "kode_induk": 40, "atasan": 254}

EMPLOYMENT_WORDS = {"pns": "PNS", "cpns": "CPNS", "pppk": "PPPK", "pppk_pw": "PPPK_PW", "pppk paruh waktu": "PPPK_PW", "pppk pw": "PPPK_PW"}
POSITION_WORDS = {
    **{kind.value.lower(): kind.value for kind in PositionType},
    "pimpinan tinggi": "JPT",
    "pimpinan tinggi pratama": "JPT",
    "jpt pratama": "JPT",
}
YES, NO = {"ya", "y", "1", "true", "aktif", "yes"}, {"tidak", "t", "0", "false", "nonaktif", "no", "n"}
assert {kind.value for kind in EmploymentType} == set(EMPLOYMENT_WORDS.values())


@dataclass(frozen=True, slots=True)
class PersonNow:
    """One ASN as the database has them; the values under the names of the columns."""

    user_id: int
    facts: dict[str, Any]
    rescuable: bool = True
    placed_since: date | None = None  # in the unit and position of now


@dataclass(slots=True)
class Present:
    """The data an import is checked against."""

    today: date
    people: dict[int, PersonNow] = field(default_factory=dict)
    accounts: dict[str, int] = field(default_factory=dict)  # NIP or e-mail address -> user id, of every account
    former_nips: dict[str, int] = field(default_factory=dict)
    supervisors: dict[int, int | None] = field(default_factory=dict)
    units: dict[str, dict[str, Any]] = field(default_factory=dict)  # code -> name, kind, parent code, valid_from, ended


@dataclass(slots=True)
class CheckedRow:
    """A staged row before it is stored."""

    number: int
    values: dict[str, Any] = field(default_factory=dict)
    findings: list[dict[str, str]] = field(default_factory=list)
    action: str = "none"
    phase: int = 0
    target_id: int | None = None
    key: Any = None  # who this row is about, within the file
    leader: Any = None  # whose row has to be applied before
    name: str = ""  # as the file or, without one, as the data say; told beside each finding

    def say(self, column: str, reason: Any, severity: str = "error") -> None:
        self.findings.append({"field": column, "reason": str(reason), "severity": severity})

    @property
    def severity(self) -> str:
        found = {finding["severity"] for finding in self.findings}
        return "error" if "error" in found else "warning" if found else "ok"

    @property
    def good(self) -> bool:
        return self.severity != "error"


def columns_of(table: Table, known: tuple[str, ...], needed: tuple[str, ...]) -> list[str]:
    """Notes about columns that are ignored. Raises `Unreadable` when a needed one is missing."""
    missing = [name for name in needed if name not in table.headings]
    if missing:
        raise Unreadable(_("Kolom yang wajib belum ada: %(names)s. Pakai judul kolom seperti pada berkas ekspor.", names=", ".join(missing)), 1)
    strange = [name for name in table.headings if name and name not in known]
    return [_("Kolom diabaikan: %(names)s", names=", ".join(strange))] if strange else []


def check_people(table: Table, present: Present, tick: Callable[[int], None] = lambda done: None) -> list[CheckedRow]:
    """Every row of a file of people with what is wrong with it and what applying it does."""
    rows = []
    for done, (number, cells) in enumerate(table.rows):
        rows.append(_person_row(number, dict(zip(table.headings, cells, strict=False)), present))
        if not rows[-1].name and rows[-1].target_id in present.people:
            rows[-1].name = present.people[rows[-1].target_id].facts["nama"]
        if done % 500 == 499:
            tick(done + 1)
    _refuse_twins(rows, {"key": _("orang"), "nip": "nip", "surel": "surel"})
    _resolve_supervisors(rows, present)
    _refuse_loops(rows, present)
    _order(rows)
    return rows


def _person_row(number: int, cells: dict[str, Cell], present: Present) -> CheckedRow:
    row = CheckedRow(number)
    text = _texts(row, cells, PEOPLE_COLUMNS)
    row.name = " ".join(text.get("nama", "").split())
    values: dict[str, Any] = {}
    for name in ("nama", "golongan", "jabatan", "jenjang", "kode_unit", "atasan"):
        if text.get(name):
            values[name] = " ".join(text[name].split())
    if len(values.get("nama", "xx")) < 2:
        row.say("nama", _("Isi nama lengkap."))
    _read_nip(row, cells.get("nip", EMPTY), text, values, present)
    if text.get("surel"):
        values["surel"] = text["surel"].lower()
        if not EMAIL.fullmatch(values["surel"]):
            row.say("surel", _("Alamat surel ini tidak lengkap atau mengandung tanda yang tidak lazim."))
    _read_choice(row, text, values, "jenis_kepegawaian", EMPLOYMENT_WORDS)
    _read_choice(row, text, values, "jenis_jabatan", POSITION_WORDS)
    if text.get("aktif"):
        word = text["aktif"].lower()
        if word in YES | NO:
            values["aktif"] = word in YES
        else:
            row.say("aktif", _("Isi ya atau tidak, bukan “%(text)s”.", text=text["aktif"]))
    since = _read_day(row, cells.get("berlaku_mulai", EMPTY), present.today)
    person = _find_person(row, text, values, present)
    row.key = person.user_id if person else (values.get("nip") or values.get("surel") or f"row {number}")
    _refuse_foreign_keys(row, values, person, present)
    unit = present.units.get(values.get("kode_unit", ""))
    if "kode_unit" in values and unit is None:
        row.say("kode_unit", _("Tidak ada unit dengan kode %(code)s.", code=values["kode_unit"]))
    elif unit is not None and unit["ended"] and not (person and person.facts["kode_unit"] == values["kode_unit"]):
        row.say("kode_unit", _("Unit %(code)s sudah tidak berlaku.", code=values["kode_unit"]))
    if person is None:
        for name in PEOPLE_NEEDED:
            if name not in values:
                row.say(name, _("Wajib diisi untuk pegawai baru."))
        if not values.get("nip") and not values.get("surel"):
            row.say("nip", _("Tanpa NIP dan tanpa surel orang ini tidak dapat masuk. Isi salah satunya."))
        values.setdefault("jenis_kepegawaian", "PNS")
        values.setdefault("jenis_jabatan", "PELAKSANA")
        values.setdefault("aktif", True)
        row.action = "create"
    else:
        row.target_id = person.user_id
        values = {name: value for name, value in values.items() if name == "atasan" or person.facts.get(name) != value}
        for name in ("nama", "surel", "nip", "aktif"):
            if name in values and not person.rescuable:
                row.say(name, _("Akun ini memegang peran yang lebih tinggi; isian ini hanya dapat diganti oleh admin sistem."))
        if "surel" in values and person.facts["surel"]:
            row.say("surel", _("Surel orang ini untuk masuk akan diganti."), "warning")
        if "nip" in values and person.facts["nip"]:
            row.say("nip", _("NIP orang ini akan diganti; nomor lamanya tetap tersimpan di riwayat."), "warning")
        placed = since if {"kode_unit", "jabatan"} & values.keys() else None
        if placed and person.placed_since and placed < person.placed_since:
            row.say("berlaku_mulai", _("Tanggalnya sebelum penempatan yang sekarang (sejak %(day)s).", day=tanggal(person.placed_since)))
        row.action = "update"
    stated = values.get("jenis_kepegawaian") or (person.facts["jenis_kepegawaian"] if person else "")
    if values.get("nip"):
        for warning in nip_rules.mismatch_warnings(nip_rules.read(values["nip"], present.today), stated):
            row.say("nip", warning, "warning")
    values["since"] = (since or present.today).isoformat()
    row.values = values
    return row


def _texts(row: CheckedRow, cells: dict[str, Cell], known: tuple[str, ...]) -> dict[str, str]:
    """The plain text of each known column; formulas and dates where text belongs are faults."""
    texts: dict[str, str] = {}
    for name in known:
        cell = cells.get(name, EMPTY)
        if cell.formula:
            row.say(name, _("Sel ini berisi rumus. Tempelkan nilainya saja."))
        elif cell.day is not None and name != "berlaku_mulai":
            row.say(name, _("Lembar kerja mengubah isian ini menjadi tanggal (%(day)s). Format kolomnya sebagai teks, lalu isi ulang.", day=cell.text))
        elif len(cell.text) > LENGTHS.get(name, 1000):
            row.say(name, _("Paling panjang %(n)d karakter.", n=LENGTHS[name]))
        elif any(ord(sign) < 32 for sign in cell.text):
            row.say(name, _("Ada pergantian baris atau tanda tak terlihat di dalam isian."))
        else:
            texts[name] = cell.text
    return texts


def _read_nip(row: CheckedRow, cell: Cell, text: dict[str, str], values: dict[str, Any], present: Present) -> None:
    if not text.get("nip"):
        return
    if cell.number is not None and abs(cell.number) >= 1e15:
        row.say("nip", _("NIP tersimpan sebagai angka, sehingga angka terakhirnya sudah dibulatkan. Format kolomnya sebagai teks, lalu isi ulang."))
        return
    reading = nip_rules.read(text["nip"], present.today)
    for message in reading.errors:
        row.say("nip", message)
    for message in reading.warnings:
        row.say("nip", message, "warning")
    values["nip"] = reading.digits


def _read_choice(row: CheckedRow, text: dict[str, str], values: dict[str, Any], name: str, words: dict[str, str]) -> None:
    if not text.get(name):
        return
    word = " ".join(text[name].lower().split())
    if word in words:
        values[name] = words[word]
    else:
        row.say(name, _("“%(text)s” tidak dikenal. Pilihannya: %(choices)s.", text=text[name], choices=", ".join(sorted(set(words.values())))))


def _read_day(row: CheckedRow, cell: Cell, today: date) -> date | None:
    if not cell.text or cell.formula:
        return None
    day = cell.day or _written_day(row, cell)
    if day is not None and day > today:
        row.say("berlaku_mulai", NOT_YET)
    return day


def _written_day(row: CheckedRow, cell: Cell) -> date | None:
    for pattern in ("%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y"):
        try:
            found = datetime.strptime(cell.text, pattern).date()  # noqa: DTZ007
        except ValueError:
            continue
        if 1945 <= found.year <= 2100:
            return found
    row.say("berlaku_mulai", _("Tulis tanggal sebagai 2026-01-31 atau 31/01/2026, bukan “%(text)s”.", text=cell.text))
    return None


def _find_person(row: CheckedRow, text: dict[str, str], values: dict[str, Any], present: Present) -> PersonNow | None:
    """Whom the row is about: by id, then by NIP, then by e-mail address."""
    if text.get("id"):
        given = text["id"]
        person = present.people.get(int(given)) if given.isascii() and given.isdigit() and len(given) < 10 else None
        if person is None:
            row.say("id", _("Tidak ada pegawai dengan id %(id)s. Kosongkan untuk pegawai baru.", id=given[:20]))
        return person
    for name in ("nip", "surel"):
        user_id = present.accounts.get(values.get(name, ""))
        if user_id is not None:
            person = present.people.get(user_id)
            if person is None:
                row.say(name, _("Sudah dipakai akun yang bukan pegawai."))
            return person
    return None


def _refuse_foreign_keys(row: CheckedRow, values: dict[str, Any], person: PersonNow | None, present: Present) -> None:
    mine = person.user_id if person else None
    for name, owners in (("nip", present.accounts), ("nip", present.former_nips), ("surel", present.accounts)):
        owner = owners.get(values.get(name, ""))
        if owner is not None and owner != mine and not any(f["field"] == name for f in row.findings):
            row.say(name, _("Sudah tercatat untuk orang lain."))


def _refuse_twins(rows: list[CheckedRow], names: dict[str, str]) -> None:
    """The same person, number or code twice in one file: the later row is refused and names the earlier one."""
    first: dict[tuple[str, Any], int] = {}
    for row in rows:
        for name, shown in names.items():
            value = row.key if name == "key" else row.values.get(name)
            if value is None or (name != "key" and row.action == "update" and name not in row.values):
                continue
            earlier = first.setdefault((name, value), row.number)
            if earlier != row.number:
                row.say("" if name == "key" else name, _("Sama dengan baris %(n)d (%(what)s).", n=earlier, what=shown))
                break


def _resolve_supervisors(rows: list[CheckedRow], present: Present) -> None:
    """Whom `atasan` names: somebody in the data, or somebody this very file brings."""
    brought: dict[str, CheckedRow] = {}
    for row in rows:
        if row.good or row.action == "create":
            for name in ("nip", "surel"):
                if row.values.get(name):
                    brought.setdefault(row.values[name], row)
    for row in rows:
        named = row.values.pop("atasan", None)
        if named is None:
            continue
        digits = nip_rules.strip(named)
        key = digits if digits.isdigit() else named.lower()
        user_id, other = present.accounts.get(key), brought.get(key)
        if other is not None and (other.action == "create" or user_id is None):
            row.leader = other.key
            row.values["atasan"] = {"row": other.number}
        elif user_id is not None:
            if row.target_id is None or present.supervisors.get(row.target_id) != user_id:
                row.values["atasan"] = {"id": user_id}
        else:
            row.say("atasan", _("Tidak ada akun dengan NIP atau surel atasan ini, juga tidak di berkas ini."))


def _refuse_loops(rows: list[CheckedRow], present: Present) -> None:
    """Lines of supervisors that close, with all good rows applied; again until the rows that are left hold."""
    by_number = {row.number: row for row in rows}
    while True:
        good = [row for row in rows if row.good]
        above: dict[Any, Any] = dict(present.supervisors)
        for row in good:
            named = row.values.get("atasan")
            if named:
                above[row.key] = named["id"] if "id" in named else by_number[named["row"]].key
        bad = [row for row in good if row.values.get("atasan") and _closes(row.key, above)]
        for row in bad:
            row.say("atasan", _("Garis atasan ini berputar kembali ke orang yang sama."))
        orphans = []
        for row in good:
            named = row.values.get("atasan")
            if row.good and named and "row" in named and not by_number[named["row"]].good:
                row.say("atasan", _("Atasannya ada di baris %(n)d, yang tidak dapat dimasukkan.", n=named["row"]))
                orphans.append(row)
        if not bad and not orphans:
            return


def _closes(start: Any, above: dict[Any, Any]) -> bool:
    seen, step = set(), above.get(start)
    while step is not None and step not in seen:
        if step == start:
            return True
        seen.add(step)
        step = above.get(step)
    return False


def _order(rows: list[CheckedRow]) -> None:
    """Rows on which others lean come first; rows that change nothing are told apart."""
    by_key = {row.key: row for row in rows if row.good}
    for row in rows:
        if not row.good:
            row.action = "none"
            continue
        if row.action == "update" and not (set(row.values) - {"since"}):
            row.action = "same"
        depth, step = 0, row
        while step.leader is not None and step.leader in by_key and depth <= len(rows):
            step = by_key[step.leader]
            depth += 1
        row.phase = depth


def check_units(table: Table, present: Present, tick: Callable[[int], None] = lambda done: None) -> list[CheckedRow]:
    """Every row of a file of units with what is wrong with it and what applying it does."""
    rows = [_unit_row(number, dict(zip(table.headings, cells, strict=False)), present) for number, cells in table.rows]
    _refuse_twins(rows, {"key": "kode"})
    brought = {row.key: row for row in rows if row.key}
    for row in rows:
        parent = row.values.get("kode_induk")
        if not parent:
            continue
        if parent in brought and (parent not in present.units):
            row.leader = parent
        elif parent not in present.units:
            row.say("kode_induk", _("Tidak ada unit dengan kode %(code)s, juga tidak di berkas ini.", code=parent))
        elif present.units[parent]["ended"]:
            row.say("kode_induk", _("Unit %(code)s sudah tidak berlaku.", code=parent))
    _refuse_unit_loops(rows, present, brought)
    _order(rows)
    tick(len(rows))
    return rows


def _unit_row(number: int, cells: dict[str, Cell], present: Present) -> CheckedRow:
    row = CheckedRow(number)
    text = _texts(row, cells, UNIT_COLUMNS)
    row.name = " ".join(text.get("nama", "").split())
    code = text.get("kode", "")
    row.key = code or f"row {number}"
    if not code or not all(c.isalnum() or c in "-._/" for c in code):
        row.say("kode", _("Kode unit 1 sampai 40 karakter: huruf, angka, titik, garis."))
    values: dict[str, Any] = {"nama": " ".join(text.get("nama", "").split()), "jenis": text.get("jenis", "").lower(), "kode_induk": text.get("kode_induk", "")}
    known = present.units.get(code)
    words = {str(label).lower(): kind for kind, label in KINDS.items()}
    values["jenis"] = words.get(values["jenis"], values["jenis"])
    is_asked = {name for name in ("nama", "jenis") if name in text and (values[name] or known is None)}  # an empty cell leaves what is there
    if "nama" in is_asked and len(values["nama"]) < 3:
        row.say("nama", _("Isi nama unit, 3 sampai 255 karakter."))
    if "jenis" in is_asked and values["jenis"] not in KINDS:
        row.say("jenis", _("“%(text)s” tidak dikenal. Pilihannya: %(choices)s.", text=text["jenis"], choices=", ".join(KINDS)))
    since = _read_day(row, cells.get("berlaku_mulai", EMPTY), present.today)
    if known is not None:
        if known["ended"]:
            row.say("kode", _("Unit %(code)s sudah tidak berlaku.", code=code))
        if since is not None and since != known["valid_from"]:
            row.say("berlaku_mulai", _("Tanggal mulai unit yang sudah ada tidak diubah oleh impor."), "warning")
        values = {name: value for name, value in values.items() if value and value != known[name]}
        row.action, row.target_id = "update", known["id"]
        row.values = values | {"kode": code} if values else {}
    else:
        row.action = "create"
        row.values = values | {"kode": code, "since": (since or present.today).isoformat()}
    return row


def _refuse_unit_loops(rows: list[CheckedRow], present: Present, brought: dict[Any, CheckedRow]) -> None:
    while True:
        good = [row for row in rows if row.good]
        above: dict[Any, Any] = {code: unit["kode_induk"] or None for code, unit in present.units.items()}
        above |= {row.key: row.values["kode_induk"] for row in good if row.values.get("kode_induk")}
        bad = [row for row in good if row.values.get("kode_induk") and _closes(row.key, above)]
        for row in bad:
            row.say("kode_induk", _("Susunan induk ini berputar kembali ke unit yang sama."))
        orphans = [row for row in good if row.good and row.leader is not None and not brought[row.leader].good]
        for row in orphans:
            row.say("kode_induk", _("Unit induknya ada di baris %(n)d, yang tidak dapat dimasukkan.", n=brought[row.leader].number))
        if not bad and not orphans:
            return
