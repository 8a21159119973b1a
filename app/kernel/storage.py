"""Where bytes live that are not rows: media, documents, exports. One folder, behind one small interface.

Keys look like paths (`media/ab/abcdef…/master.m3u8`), are made by the product and never by a person. What goes through `put`, `open`, `exists`,
`size` and `delete` could lie anywhere. Much does not: whoever calls `local_path`, `link` or `grow_folder` works on files of this machine, and the
live encoder and nginx read the folder by themselves. docs/contributing.md, "Another storage", names them.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

from flask import Flask, current_app

_UMASK = os.umask(0o077)
os.umask(_UMASK)
# What temporary files and folders lack: a web server that hands files out by itself may read what the process's umask lets it read.
FILE_MODE, FOLDER_MODE = 0o666 & ~_UMASK, 0o777 & ~_UMASK
LEAST_FREE_BYTES = 512 << 20  # what the disk must have left: below it nothing large is taken in, made or recorded
_KEY = re.compile(r"[A-Za-z0-9_\-][A-Za-z0-9_.\-]*(/[A-Za-z0-9_\-][A-Za-z0-9_.\-]*)*")


class Storage(Protocol):
    def put(self, key: str, source: IO[bytes]) -> int:
        """Store all of `source` under `key`, whole or not at all; return the size in bytes."""
        ...

    def adopt(self, key: str, path: Path) -> int:
        """Store the file at `path`, already on the disk for good, under `key`, without copying it where that is possible.

        The file stays where it is; whoever owns it removes it. Return the size in bytes.
        """
        ...

    def link(self, key: str, path: Path) -> None:
        """Let `key` be the very file at `path`, which never changes again, without copying it where that is possible. Many at once: whoever
        calls makes the folder lasting."""
        ...

    def put_folder(self, prefix: str, folder: Path) -> int:
        """Move every file of `folder` below `prefix`, in place of what lay there, whole or not at all; return the size in bytes."""
        ...

    def grow_folder(self, prefix: str) -> Path:
        """An empty folder on this machine whose files are served below `prefix` while they are still being added to."""
        ...

    def settle_folder(self, prefix: str) -> int:
        """What grew below `prefix` is complete: make it lasting and return its size in bytes."""
        ...

    def folders(self, prefix: str) -> list[str]:
        """The names of the folders directly below a prefix; none when it is absent."""
        ...

    def open(self, key: str) -> IO[bytes]:
        """Raises FileNotFoundError."""
        ...

    def exists(self, key: str) -> bool: ...

    def size(self, key: str) -> int: ...

    def delete(self, prefix: str) -> None:
        """Remove the object, or everything below the prefix; absent is fine."""
        ...

    def local_path(self, key: str) -> Path:
        """The file itself on this machine, for what cannot do with less: ffmpeg, links, files that grow."""
        ...

    def free_bytes(self) -> int: ...


class LocalStorage:
    """Files below one folder."""

    def __init__(self, root: Path):
        self.root = root.resolve()
        self.root.mkdir(parents=True, exist_ok=True)

    def local_path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise ValueError(f"not a storage key: {key!r}")
        return self.root / key

    def put(self, key: str, source: IO[bytes]) -> int:
        path = self.local_path(key)
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._whole_or_nothing(path) as target:
            shutil.copyfileobj(source, target, 1 << 20)
            return target.tell()

    def adopt(self, key: str, path: Path) -> int:
        target = self.local_path(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        arriving = target.with_name(f".part-{secrets.token_hex(8)}")
        try:
            os.link(path, arriving)
        except OSError:  # another disk, or one without links
            with path.open("rb") as source:
                return self.put(key, source)
        os.chmod(arriving, FILE_MODE)
        os.replace(arriving, target)
        arriving.unlink(missing_ok=True)  # replacing a link by a link to the same file does nothing
        return target.stat().st_size

    def link(self, key: str, path: Path) -> None:
        target = self.local_path(key)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        try:
            os.link(path, target)
        except OSError:  # another disk, or one without links
            shutil.copyfile(path, target)

    def put_folder(self, prefix: str, folder: Path) -> int:
        target = self.local_path(prefix)
        arriving, leaving = (target.with_name(f".{word}-{target.name}") for word in ("part", "old"))
        for rest in (arriving, leaving):
            shutil.rmtree(rest, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        size = 0
        for path in sorted(p for p in folder.rglob("*") if p.is_file()):
            self.local_path(f"{prefix}/{path.relative_to(folder).as_posix()}")  # refuses names that are no key
            with path.open("rb") as file:
                os.fsync(file.fileno())
            size += path.stat().st_size
        shutil.move(folder, arriving)
        os.chmod(arriving, FOLDER_MODE)
        if target.exists():
            os.replace(target, leaving)
        os.replace(arriving, target)
        shutil.rmtree(leaving, ignore_errors=True)
        return size

    def grow_folder(self, prefix: str) -> Path:
        target = self.local_path(prefix)
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        return target

    def settle_folder(self, prefix: str) -> int:
        size, target = 0, self.local_path(prefix)
        for path in sorted(target.rglob("*")):
            if path.is_file():
                self.local_path(f"{prefix}/{path.relative_to(target).as_posix()}")  # refuses names that are no key
                size += path.stat().st_size
            _to_disk(path)
        for folder in (target, target.parent):
            _to_disk(folder)
        return size

    def folders(self, prefix: str) -> list[str]:
        try:
            return [entry.name for entry in os.scandir(self.local_path(prefix)) if entry.is_dir()]
        except FileNotFoundError:
            return []

    @contextmanager
    def _whole_or_nothing(self, path: Path) -> Iterator[IO[bytes]]:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".part-")
        try:
            with os.fdopen(handle, "wb") as file:
                os.fchmod(handle, FILE_MODE)
                yield file
                file.flush()
                os.fsync(file.fileno())
            os.replace(name, path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def open(self, key: str) -> IO[bytes]:
        return self.local_path(key).open("rb")

    def exists(self, key: str) -> bool:
        return self.local_path(key).is_file()

    def size(self, key: str) -> int:
        return self.local_path(key).stat().st_size

    def delete(self, prefix: str) -> None:
        path = self.local_path(prefix)
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)

    def free_bytes(self) -> int:
        return shutil.disk_usage(self.root).free


def _to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def storage() -> Storage:
    """The installation's storage."""
    return current_app.extensions["gurindam_storage"]


def init_app(app: Flask) -> None:
    app.extensions["gurindam_storage"] = LocalStorage(app.config["GURINDAM"].storage_root)
