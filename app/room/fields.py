"""What the parts of an event may be: small declarations that check what a browser sent and that `docs/live-protocol.md` is written from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from app.kernel.errors import Invalid

LARGEST_NUMBER = 2**31 - 1
MOST_AROUND = 1000  # signs of a text that may fall away when it is cleaned: spaces around it, what cannot be printed


@dataclass(frozen=True, slots=True)
class Field:
    """One part of an event: `kind` is text, number, flag, list, object or bytes. `least` and `most` bound a length, or a number's value."""

    kind: str
    least: int = 0
    most: int = LARGEST_NUMBER
    needed: bool = True
    choices: tuple[str, ...] = ()
    of: Field | None = None

    def described(self) -> str:
        """As the protocol's page says it."""
        bounds = {
            "text": f"text of {self.least} to {self.most} characters",
            "number": f"whole number from {self.least} to {self.most}",
            "flag": "true or false",
            "list": f"list of {self.least} to {self.most}: {self.of.described() if self.of else 'anything'}",
            "object": f"object of at most {self.most} characters as JSON",
            "bytes": f"binary, {self.least} to {self.most} bytes",
        }[self.kind]
        said = " or ".join(f"`{choice}`" for choice in self.choices) or bounds
        return said if self.needed else f"{said}; may be left out"


def text(least: int, most: int, *, needed: bool = True) -> Field:
    return Field("text", least, most, needed)


def one_of(*choices: str, needed: bool = True) -> Field:
    return Field("text", 1, 40, needed, choices)


def number(least: int = 0, most: int = LARGEST_NUMBER, *, needed: bool = True) -> Field:
    return Field("number", least, most, needed)


def flag(*, needed: bool = True) -> Field:
    return Field("flag", needed=needed)


def list_of(of: Field, most: int, least: int = 0, *, needed: bool = True) -> Field:
    return Field("list", least, most, needed, of=of)


def obj(most: int, *, needed: bool = True) -> Field:
    """An object that is passed on as it is (what WebRTC says to the other side)."""
    return Field("object", 0, most, needed)


def binary(most: int, least: int = 1) -> Field:
    return Field("bytes", least, most)


def key() -> Field:
    """The sender's own name for what it sends, so that sending again is the same thing."""
    return text(8, 40)


def read(fields: Mapping[str, Field], body: Any) -> dict[str, Any]:
    """The parts of an event as its handler takes them. Raises Invalid, naming each part that is wrong; the first unknown part is reason enough."""
    if body is None:
        body = {}
    if not isinstance(body, dict):
        raise Invalid
    unknown = next((name for name in body if name not in fields), None)
    if unknown is not None:
        raise Invalid(fields={unknown[:40]: _("Bagian ini tidak dikenal.")})
    faults: dict[str, str] = {}
    values: dict[str, Any] = {}
    for name, field in fields.items():
        given = body.get(name)
        if given is None:
            if field.needed:
                faults[name] = _("Wajib diisi.")
            values[name] = None
            continue
        try:
            values[name] = _take(field, given)
        except ValueError as fault:
            faults[name] = str(fault)
    if faults:
        raise Invalid(fields=faults)
    return values


def _take(field: Field, given: Any) -> Any:
    if field.kind == "text":
        return _take_text(field, given)
    if field.kind == "number":
        if type(given) is not int or not field.least <= given <= field.most:
            raise ValueError(_("Isi dengan bilangan bulat %(least)s sampai %(most)s.", least=field.least, most=field.most))
        return given
    if field.kind == "flag" and isinstance(given, bool):
        return given
    if field.kind == "list" and isinstance(given, list) and field.least <= len(given) <= field.most:
        return [_take(field.of, one) for one in given] if field.of else given
    if field.kind == "object" and isinstance(given, dict):
        from json import dumps

        if len(dumps(given)) <= field.most:
            return given
    if field.kind == "bytes" and isinstance(given, bytes) and field.least <= len(given) <= field.most:
        return given
    raise ValueError(_("Bentuk isian ini tidak dapat dibaca."))


def _take_text(field: Field, given: Any) -> str:
    if not isinstance(given, str):
        raise ValueError(_("Bentuk isian ini tidak dapat dibaca."))
    if len(given) > field.most + MOST_AROUND:
        raise ValueError(_("Paling banyak %(most)s huruf; ini %(length)s.", most=field.most, length=len(given)))
    said = "".join(sign for sign in given if sign.isprintable() or sign in "\n\t").strip()
    if field.choices and said not in field.choices:
        raise ValueError(_("Pilihan ini tidak dikenal."))
    if len(said) < field.least:
        raise ValueError(_("Tulis paling sedikit %(least)s huruf.", least=field.least))
    if len(said) > field.most:
        raise ValueError(_("Paling banyak %(most)s huruf; ini %(length)s.", most=field.most, length=len(said)))
    return said
