"""Turns every translation catalogue (.po) beside the code into what the product reads (.mo): `python -m app.kernel.catalogues`."""

from __future__ import annotations

from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

APP = Path(__file__).resolve().parents[1]


def compile_all() -> list[Path]:
    """Compile what is newer than its result. A broken catalogue raises `PoFileError` with its line."""
    compiled = []
    for po in sorted(APP.glob("*/translations/*/LC_MESSAGES/*.po")):
        mo = po.with_suffix(".mo")
        if not mo.exists() or mo.stat().st_mtime < po.stat().st_mtime:
            with po.open("rb") as source:
                catalogue = read_po(source, locale=po.parts[-3], abort_invalid=True)
            with mo.open("wb") as target:
                write_mo(target, catalogue)
            compiled.append(po)
    return compiled


if __name__ == "__main__":
    compile_all()
