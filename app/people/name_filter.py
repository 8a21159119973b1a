"""The name filters of lists: what is looked for stands in the address, so it may be a name and never a NIP."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import flash, redirect, request
from flask_babel import gettext as _

from app.people import nip


def turn_away_number(field: str = "nama") -> Any:
    """When somebody typed what may be a NIP: the same page without it, with the other filters kept and a word why. None for a name."""
    if not nip.is_like_number(request.args.get(field, "")):
        return None
    flash(_("Nomor tidak dicari di sini, karena yang dicari tercatat di alamat halaman. Cari menurut nama."), "warning")
    kept = urlencode([(name, value) for name, value in request.args.items(multi=True) if name not in (field, "page")])
    return redirect(f"{request.path}?{kept}" if kept else request.path, 303)
