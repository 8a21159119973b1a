"""The files of a package: opened from a folder or an archive without trusting either."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from flask_babel import gettext as _

from app.interchange.packages.faults import Fault, Faults, PackageRefused
from app.media.intake import LARGEST_BYTES

TEXT_ENDINGS = (".md", ".gift", ".yaml", ".vtt")
VIDEO_ENDINGS = (".mp4", ".m4v", ".mov", ".3gp", ".mkv", ".webm", ".avi", ".wmv", ".mpg", ".mpeg", ".ts", ".flv")
AUDIO_ENDINGS = (".m4a", ".aac", ".mp3", ".ogg", ".flac", ".wav")
MEDIA_ENDINGS = (*VIDEO_ENDINGS, *AUDIO_ENDINGS, ".pdf", ".png", ".jpg", ".jpeg", ".webp")

MOST_FILES = 1000
DEEPEST = 4  # folders below the root
LONGEST_PATH = 200  # characters
LARGEST_TEXT = 1_000_000  # bytes
LARGEST_MEDIA = max(LARGEST_BYTES.values())  # what the media library takes, a package may hold
LARGEST_PACKAGE = 20_000_000_000

_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")


@dataclass(frozen=True, slots=True)
class PackagedFile:
    """A file of a package; `sha256` is of its bytes."""

    path: str
    size: int
    sha256: str


@contextmanager
def opened(path: Path) -> Iterator[tuple[Path, str | None]]:
    """The package's root folder, and the name it goes by (None when an archive does not say).

    A `.zip` is unpacked into a folder that is gone afterwards. Raises PackageRefused for an archive that is broken or hostile.
    """
    if path.is_dir():
        yield path, path.resolve().name
    elif path.is_file() and path.suffix.lower() == ".zip":
        with tempfile.TemporaryDirectory(prefix="package-") as folder:
            yield _unpack(path, Path(folder))
    else:
        raise PackageRefused([Fault("", 0, _("%(path)s bukan folder dan bukan berkas .zip.", path=str(path)))])


def _unpack(archive: Path, target: Path) -> tuple[Path, str | None]:
    faults = Faults()
    try:
        with zipfile.ZipFile(archive) as zipped:
            members = [member for member in zipped.infolist() if not member.is_dir()]
            _check_members(members, faults)
            faults.refuse_if_any()
            for member in members:
                _extract(zipped, member, target / member.filename)
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, EOFError, RuntimeError, OSError) as error:
        if isinstance(error, OSError) and not isinstance(error, EOFError) and error.errno:
            raise
        raise PackageRefused([Fault("", 0, _("Arsip .zip ini rusak, terkunci sandi, atau tidak dapat dibaca."))]) from error
    tops = {PurePosixPath(member.filename).parts[0] for member in members}
    if len(tops) == 1 and (target / (top := tops.pop())).is_dir():
        return target / top, top
    return target, None


def _check_members(members: list[zipfile.ZipInfo], faults: Faults) -> None:
    if len(members) > MOST_FILES:
        faults.add("", 0, _("Paket memuat lebih dari %(limit)s berkas.", limit=MOST_FILES))
        return
    seen: set[str] = set()
    for member in members:
        name = member.filename
        parts = PurePosixPath(name).parts
        if "\\" in name or "\x00" in name or name.startswith("/") or ":" in name or ".." in parts or not parts:
            faults.add(repr(name), 0, _("Nama berkas menunjuk ke luar paket."))
        elif (member.external_attr >> 16) and not stat.S_ISREG(member.external_attr >> 16) and stat.S_IFMT(member.external_attr >> 16):
            faults.add(name, 0, _("Tautan dan berkas khusus tidak diterima; sertakan berkasnya sendiri."))
        elif member.flag_bits & 1:
            faults.add(name, 0, _("Berkas di dalam arsip terkunci sandi."))
        elif len(parts) > DEEPEST + 2 or len(name) > LONGEST_PATH + 100:
            faults.add(name[:100], 0, _("Jalur berkas terlalu panjang."))
        elif name.casefold() in seen:
            faults.add(name, 0, _("Nama ini sudah ada di dalam paket (huruf besar dan kecil dianggap sama)."))
        elif member.file_size > LARGEST_MEDIA:
            faults.add(name, 0, _too_large(LARGEST_MEDIA))
        elif member.file_size > 10_000_000 and member.file_size > 100 * member.compress_size:
            faults.add(name, 0, _("Berkas ini memampat lebih dari seratus kali; isinya tidak wajar."))
        seen.add(name.casefold())
    if sum(member.file_size for member in members) > LARGEST_PACKAGE:
        faults.add("", 0, _too_large(LARGEST_PACKAGE))


def _extract(zipped: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    """Write one member, never more bytes than its header admits."""
    target.parent.mkdir(parents=True, exist_ok=True)
    left = member.file_size
    with zipped.open(member) as source, target.open("xb") as file:
        while chunk := source.read(1 << 20):
            left -= len(chunk)
            if left < 0:
                raise zipfile.BadZipFile("longer than announced")
            file.write(chunk)


def _too_large(limit: int) -> str:
    return _("Terlalu besar: batasnya %(limit)s MB.", limit=f"{limit / 1_000_000:g}")


def list_files(root: Path, faults: Faults) -> dict[str, PackagedFile]:
    """Every file of the package by its path. Names, links and sizes that are not accepted become faults and are left out."""
    found: dict[str, PackagedFile] = {}
    folded: dict[str, str] = {}
    total = 0
    for path in _walk(root, "", faults):
        if len(found) >= MOST_FILES:
            faults.add("", 0, _("Paket memuat lebih dari %(limit)s berkas.", limit=MOST_FILES))
            break
        if twin := folded.get(path.casefold()):
            faults.add(path, 0, _("Namanya hanya berbeda huruf besar dan kecil dari %(twin)s.", twin=twin))
            continue
        folded[path.casefold()] = path
        name = path.rsplit("/", 1)[-1]
        limit = LARGEST_TEXT if name.endswith(TEXT_ENDINGS) else LARGEST_MEDIA
        if not all(_NAME.fullmatch(part) for part in path.split("/")) or not path.isascii():
            faults.add(path, 0, _("Nama berkas dan folder hanya memakai huruf kecil a-z, angka, tanda - _ dan titik."))
        elif not name.endswith(TEXT_ENDINGS + MEDIA_ENDINGS):
            faults.add(path, 0, _("Jenis berkas ini tidak dikenal di dalam paket kursus."))
        elif (size := (root / path).lstat().st_size) > limit:
            faults.add(path, 0, _too_large(limit))
        else:
            total += size
            found[path] = PackagedFile(path, size, _digest(root / path))
    if total > LARGEST_PACKAGE:
        faults.add("", 0, _too_large(LARGEST_PACKAGE))
    return found


def _walk(root: Path, folder: str, faults: Faults) -> Iterator[str]:
    with os.scandir(root / folder) as entries:
        ordered = sorted(entries, key=lambda entry: entry.name)
    for entry in ordered:
        path = f"{folder}{entry.name}"
        if entry.is_symlink():
            faults.add(path, 0, _("Tautan dan berkas khusus tidak diterima; sertakan berkasnya sendiri."))
        elif entry.name.startswith("."):
            faults.add(path, 0, _("Berkas tersembunyi tidak diterima."))
        elif entry.is_dir(follow_symlinks=False):
            if path.count("/") >= DEEPEST:
                faults.add(path, 0, _("Jalur berkas terlalu panjang."))
            else:
                yield from _walk(root, path + "/", faults)
        elif not entry.is_file(follow_symlinks=False):
            faults.add(path, 0, _("Tautan dan berkas khusus tidak diterima; sertakan berkasnya sendiri."))
        elif len(path) > LONGEST_PATH:
            faults.add(path[:100], 0, _("Jalur berkas terlalu panjang."))
        else:
            yield path


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


_CONTROL = re.compile(r"[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f\u2028\u2029\ufffe\uffff]")


def read_text(root: Path, path: str, faults: Faults) -> str | None:
    """A text file of the package, or None when it is not UTF-8. What breaks the rules of text becomes a fault with its line."""
    raw = (root / path).read_bytes()
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        faults.add(path, raw.count(b"\n", 0, error.start) + 1, _("Berkas ini bukan teks UTF-8. Simpan ulang sebagai UTF-8."))
        return None
    if text.startswith("\ufeff"):
        faults.add(path, 1, _("Berkas diawali tanda BOM. Simpan ulang sebagai UTF-8 tanpa BOM."))
        text = text[1:]
    if "\r" in text:
        faults.add(path, text.count("\n", 0, text.index("\r")) + 1, _("Akhir baris memakai CR. Simpan ulang dengan akhir baris LF."))
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if control := _CONTROL.search(text):
        faults.add(path, text.count("\n", 0, control.start()) + 1, _("Ada karakter kendali yang tidak terlihat."))
    if not text.endswith("\n") or text.endswith("\n\n"):
        faults.add(path, text.count("\n") + (not text.endswith("\n")), _("Berkas teks berakhir dengan tepat satu baris baru."))
    return text
