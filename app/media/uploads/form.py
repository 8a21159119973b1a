"""A plain form for browsers without scripts: smaller files in one request, which end where the others end."""

from __future__ import annotations

import os
import time
from io import FileIO
from pathlib import Path
from typing import IO, Any

from flask import Blueprint, current_app, flash, redirect, request
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf.csrf import CSRFError, validate_csrf
from werkzeug.datastructures import FileStorage
from werkzeug.formparser import parse_form_data
from wtforms.validators import ValidationError

from app.kernel.access import requires
from app.kernel.db import db, transaction
from app.kernel.errors import DiskFull, DomainError, Invalid, TooLarge
from app.kernel.http import csrf
from app.kernel.off_the_loop import off_the_loop
from app.media.permissions import MANAGE_MEDIA
from app.media.refusals import reason
from app.media.uploads import files, services
from app.media.uploads.errors import LengthNeeded
from app.media.uploads.limits import FORM_BYTES, check_room
from app.people.routes.access import local_path

FORM_OVERHEAD = 1 << 20  # the fields around the files
BREATH_BYTES = 1 << 20  # after so many the event loop gets its turn

bp = Blueprint("upload_form", __name__)


class _Arriving(FileIO):
    """A file of the form, written where uploads lie, so that it need not be copied afterwards."""

    def __init__(self) -> None:
        self.public_id = services.new_public_id()
        super().__init__(files.place_of(self.public_id), "x+")
        self._since = 0

    def write(self, data: Any) -> int:
        written, view = 0, memoryview(data)
        while written < len(view):
            written += super().write(view[written:]) or 0
        self._since += written
        if self._since >= BREATH_BYTES:
            self._since = 0
            time.sleep(0)
        return written


@bp.post("/unggahan/formulir")
@csrf.exempt  # checked below: the guard would read the whole form under the limit of ordinary forms
@requires(MANAGE_MEDIA)
def receive() -> Any:
    if request.content_length is None:
        raise LengthNeeded
    if request.content_length > FORM_BYTES + FORM_OVERHEAD:
        raise TooLarge(_("Tanpa skrip, satu kiriman paling besar 200 MB. Nyalakan JavaScript untuk berkas yang lebih besar."))
    check_room(current_user, request.content_length)
    db.session.rollback()
    arrived: list[_Arriving] = []

    def make(total_content_length: int | None, content_type: str | None, filename: str | None, content_length: int | None = None) -> IO[bytes]:
        arrived.append(file := _Arriving())
        return file  # type: ignore[return-value]

    kept: set[str] = set()
    turn = f"form-of-{current_user.id}"
    try:
        with files.held(turn):  # one at a time: what is still arriving stands in no row that could be counted
            _stream, form, found = parse_form_data(
                request.environ,
                stream_factory=make,
                max_content_length=FORM_BYTES + FORM_OVERHEAD,
                max_form_memory_size=1 << 20,
                max_form_parts=50,
                silent=False,
            )
            _check_token(form.get("csrf_token"))
            for file in [file for file in found.getlist("file") if file.filename]:
                _keep(file, kept)
            files.remove(turn)
    except ValueError as error:
        raise Invalid from error
    except OSError as error:
        if error.errno not in files.NO_SPACE:
            raise
        raise DiskFull from error
    finally:
        for file in arrived:
            file.close()
            if file.public_id not in kept:
                files.remove(file.public_id)
    if not kept:
        flash(_("Pilih paling sedikit satu berkas."), "error")
    return redirect(local_path(form.get("next"), "/"), 303)


def _check_token(token: str | None) -> None:
    if not current_app.config["WTF_CSRF_ENABLED"]:
        return
    try:
        validate_csrf(token)
    except ValidationError as error:
        raise CSRFError(str(error)) from error


def _keep(file: FileStorage, kept: set[str]) -> None:
    """One file of the form becomes an upload whose bytes are all here; a refusal is told and stops no other."""
    arriving = file.stream
    assert isinstance(arriving, _Arriving)
    name, size = file.filename or "", os.fstat(arriving.fileno()).st_size
    try:
        if not size:
            raise Invalid(reason("EMPTY"), code="EMPTY")
        off_the_loop(os.fsync, arriving.fileno())
        with transaction():
            services.add_whole(current_user, name, size, arriving.public_id)
    except DomainError as error:
        flash(f"{Path(name).name}: {error.message}", "error")
        return
    kept.add(arriving.public_id)
    flash(_("%(name)s sampai dengan utuh dan sedang diperiksa.", name=Path(name).name), "success")
