"""Reads values out of a marked map: each with its type, its bounds and a fault on its own line."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from flask_babel import gettext as _

from app.courses.kinds import Field, FieldType
from app.interchange.packages.faults import Faults
from app.interchange.packages.marked_yaml import MarkedList, MarkedMap

KEY = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
LONGEST_KEY = 80
LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8})?")
_TIME = re.compile(r"(?:(\d{1,2}):)?([0-5]?\d):([0-5]\d)")


class FieldReader:
    """One map of one file. A value that cannot be used is told and read as nothing (None, empty)."""

    def __init__(self, source: MarkedMap, path: str, faults: Faults):
        self.source, self.path, self.faults = source, path, faults

    def fault(self, name: str, message: str) -> None:
        self.faults.add(self.path, self.source.line_of(name), message)

    def refuse_unknown(self, known: Mapping[str, Any] | set[str] | frozenset[str]) -> None:
        for name in self.source:
            if name not in known:
                self.fault(name, _("Isian %(name)s tidak dikenal.", name=name))

    def _value(self, name: str, required: bool) -> Any:
        value = self.source.get(name)
        if value is None and (required or name in self.source):
            self.fault(name, _("Isian %(name)s wajib diisi.", name=name))
        return value

    def text(self, name: str, longest: int = 255, required: bool = True) -> str:
        value = self._value(name, required)
        if value is None:
            return ""
        if not isinstance(value, str):
            self.fault(name, _("%(name)s harus berupa teks; beri tanda kutip.", name=name))
            return ""
        if required and not value.strip():
            self.fault(name, _("Isian %(name)s wajib diisi.", name=name))
        if len(value) > longest:
            self.fault(name, _("%(name)s terlalu panjang: paling banyak %(limit)s karakter.", name=name, limit=longest))
        if "\n" in value.strip():
            self.fault(name, _("%(name)s harus satu baris.", name=name))
        return value.strip()

    def key(self, name: str) -> str:
        value = self.text(name, LONGEST_KEY)
        if value and not KEY.fullmatch(value):
            self.fault(name, _("%(name)s hanya memakai huruf kecil a-z, angka, dan tanda - di antaranya.", name=name))
            return ""
        return value

    def whole(self, name: str, low: float, high: float, required: bool = True) -> int | None:
        value = self._value(name, required)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.fault(name, _("%(name)s harus bilangan bulat dari %(low)s sampai %(high)s.", name=name, low=f"{low:g}", high=f"{high:g}"))
            return None
        return value

    def share(self, name: str, low: float, high: float, required: bool = True) -> float | None:
        value = self._value(name, required)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            self.fault(name, _("%(name)s harus bilangan dari %(low)s sampai %(high)s.", name=name, low=f"{low:g}", high=f"{high:g}"))
            return None
        return float(value)

    def switch(self, name: str, required: bool = True) -> bool | None:
        value = self._value(name, required)
        if value is None or isinstance(value, bool):
            return value
        self.fault(name, _("%(name)s harus true atau false.", name=name))
        return None

    def choice(self, name: str, choices: tuple[str, ...], required: bool = True) -> str:
        value = self._value(name, required)
        if value is None:
            return ""
        if value not in choices:
            self.fault(name, _("%(name)s harus salah satu dari: %(choices)s.", name=name, choices=", ".join(choices)))
            return ""
        return value

    def day(self, name: str) -> date | None:
        value = self._value(name, True)
        if value is None:
            return None
        if isinstance(value, datetime) or not isinstance(value, date):
            self.fault(name, _("%(name)s harus tanggal seperti 2026-11-20.", name=name))
            return None
        return value

    def items(self, name: str, least: int = 0, most: int = 200) -> tuple[list[Any], list[int]]:
        """A list's items and the line of each."""
        value = self._value(name, True)
        if value is None:
            return [], []
        if not isinstance(value, MarkedList):
            self.fault(name, _("%(name)s harus berupa daftar.", name=name))
            return [], []
        if not least <= len(value) <= most:
            self.fault(name, _("%(name)s memuat %(least)s sampai %(most)s butir.", name=name, least=least, most=most))
        return list(value), list(value.lines)

    def texts(self, name: str, least: int = 0, most: int = 200, longest: int = 255) -> list[tuple[str, int]]:
        """A list of texts, each with its line."""
        found = []
        for value, line in zip(*self.items(name, least, most), strict=True):
            if not isinstance(value, str) or not value.strip() or len(value) > longest:
                self.faults.add(self.path, line, _("Tiap butir %(name)s berupa teks satu baris.", name=name))
            else:
                found.append((value.strip(), line))
        return found

    def own_field(self, name: str, field: Field) -> Any:
        """A field that a lesson kind declares."""
        readers: dict[FieldType, Callable[[], Any]] = {
            FieldType.WHOLE: lambda: self.whole(name, field.low, field.high, field.required),
            FieldType.SHARE: lambda: self.share(name, field.low, field.high, field.required),
            FieldType.SWITCH: lambda: self.switch(name, field.required),
            FieldType.CHOICE: lambda: self.choice(name, field.choices, field.required) or None,
            FieldType.FILE: lambda: self.text(name, required=field.required) or None,
            FieldType.FILES: lambda: self._files(name, field.required),
            FieldType.CHAPTERS: lambda: self._chapters(name, field.required),
        }
        return readers[field.type]()

    def _files(self, name: str, required: bool) -> dict[str, str] | None:
        value = self._value(name, required)
        if value is None:
            return None
        if not isinstance(value, MarkedMap) or not value:
            self.fault(name, _("%(name)s ditulis sebagai bahasa dan berkasnya, seperti {id: media/x.id.vtt}.", name=name))
            return None
        found = {}
        for language, path in value.items():
            if not LANGUAGE.fullmatch(language) or not isinstance(path, str):
                self.faults.add(
                    self.path,
                    value.line_of(language),
                    _("%(name)s ditulis sebagai bahasa dan berkasnya, seperti {id: media/x.id.vtt}.", name=name),
                )
            else:
                found[language] = path
        return found

    def _chapters(self, name: str, required: bool) -> list[dict[str, Any]] | None:
        if not required and name not in self.source:
            return None
        found: list[dict[str, Any]] = []
        for value, line in zip(*self.items(name, 1, 100), strict=True):
            if not isinstance(value, MarkedMap):
                self.faults.add(self.path, line, _("Tiap bab memuat at dan title."))
                continue
            chapter = FieldReader(value, self.path, self.faults)
            chapter.refuse_unknown({"at", "title"})
            at = seconds(value.get("at"))
            if at is None:
                chapter.fault("at", _('at ditulis sebagai waktu dalam tanda kutip, seperti "1:30".'))
            elif found and at <= found[-1]["at"]:
                chapter.fault("at", _("Bab ditulis menurut urutan waktunya."))
            else:
                found.append({"at": at, "title": chapter.text("title")})
        return found


def seconds(value: Any) -> int | None:
    """A place in a recording: "1:30", "1:02:03"; YAML itself already reads an unquoted 1:30 as 90."""
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    found = _TIME.fullmatch(value) if isinstance(value, str) else None
    return int(found[1] or 0) * 3600 + int(found[2]) * 60 + int(found[3]) if found else None
