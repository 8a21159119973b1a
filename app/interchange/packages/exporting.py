"""Writes a published course back as the package it was published from, byte for byte."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from flask_babel import gettext as _
from sqlalchemy import Row, select

from app.courses.models import Course
from app.interchange.models import PackageFile
from app.interchange.packages.publishing import source_key
from app.kernel.db import db
from app.kernel.errors import Conflict, DomainError, NotFound
from app.kernel.storage import storage
from app.media.models import MediaAsset

ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # the same package gives the same archive


class PackageDamaged(DomainError):
    """A file of the package is missing in the storage, or is not what was published."""

    status, code = 500, "package_damaged"


def export_course(slug: str, target: Path) -> Path:
    """Write the course's package to the folder `target/<slug>`, or to `target` itself when it ends in `.zip`; return where it is.

    Nothing is overwritten (Conflict), and what is written is whole or not there at all. Raises NotFound for an unknown course.
    """
    files = _list_files(slug)
    place = target if target.suffix == ".zip" else target / slug
    if place.exists():
        raise Conflict(_("%(path)s sudah ada. Pilih tempat lain atau pindahkan dulu.", path=str(place)), code="exists")
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=".export-") as draft:
        made = Path(draft) / place.name
        if target.suffix == ".zip":
            _write_archive(made, slug, files)
        else:
            _write_folder(made, files)
        os.rename(made, place)
    return place


def write_current_package(slug: str, folder: Path) -> int:
    """Write the course's current package into `folder/<slug>` to work on a copy of it; return the id of the version that it is.

    Media are linked rather than copied where the disk allows it, so nothing below may be written to: replace a file, never open it for
    writing. Raises NotFound for a course that has no package.
    """
    version_id = db.session.scalar(select(Course.current_version_id).where(Course.slug == slug))
    files = _list_files(slug, version_id)
    _write_folder(folder / slug, files, linked=True)
    assert version_id is not None
    return version_id


def _list_files(slug: str, version_id: int | None = None) -> Sequence[Row]:
    found = db.session.execute(
        select(PackageFile.path, PackageFile.sha256, MediaAsset)
        .select_from(Course)
        .join(PackageFile, PackageFile.version_id == (Course.current_version_id if version_id is None else version_id))
        .outerjoin(MediaAsset, MediaAsset.id == PackageFile.asset_id)
        .where(Course.slug == slug)
        .order_by(PackageFile.path)
    ).all()
    if not found:
        raise NotFound(_("Tidak ada kursus %(slug)s yang berasal dari paket.", slug=slug))
    return found


def _open(path: str, sha256: str, asset: MediaAsset | None) -> IO[bytes]:
    """The file's bytes, compared with their digest first."""
    try:
        file = storage().open(asset.original_key if asset is not None else source_key(sha256))
    except FileNotFoundError as error:
        raise PackageDamaged(_("Berkas %(path)s tidak ada lagi di penyimpanan.", path=path)) from error
    digest = hashlib.sha256()
    while piece := file.read(1 << 20):
        digest.update(piece)
    if digest.hexdigest() != sha256:
        file.close()
        raise PackageDamaged(_("Berkas %(path)s di penyimpanan tidak sama dengan yang diterbitkan.", path=path))
    file.seek(0)
    return file


def _write_folder(folder: Path, files: Sequence[Row], linked: bool = False) -> None:
    for path, sha256, asset in files:
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        with _open(path, sha256, asset) as source:
            if linked and asset is not None and link_original(asset, place):
                continue
            with place.open("xb") as target:
                shutil.copyfileobj(source, target, 1 << 20)


def link_original(asset: MediaAsset, place: Path) -> bool:
    """Let `place` be the asset's original without copying it; False where the storage and the place are not on one disk."""
    try:
        os.link(storage().local_path(asset.original_key), place)
    except OSError:
        return False
    return True


def _write_archive(archive: Path, slug: str, files: Sequence[Row]) -> None:
    with zipfile.ZipFile(archive, "x", zipfile.ZIP_DEFLATED) as zipped:
        for path, sha256, asset in files:
            member = zipfile.ZipInfo(f"{slug}/{path}", ZIP_DATE)
            member.compress_type = zipfile.ZIP_DEFLATED
            member.external_attr = 0o100644 << 16
            with _open(path, sha256, asset) as source, zipped.open(member, "w", force_zip64=True) as target:
                shutil.copyfileobj(source, target, 1 << 20)
