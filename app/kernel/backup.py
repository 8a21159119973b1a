"""Copies of everything an installation holds, taken while it runs, and the way back.

A backup is a folder named after its moment: the database as it was at one instant, every file of the storage, and what lies beside them
(the holidays, the anchors of the evidence). The database comes first: files are written once and never changed, so that whatever it names is still there when they are taken. Files are hard links where
the disk allows it, so a backup beside the data costs the database and what is new; on another disk they are links to the backup before.
The keys are not in it: they never change, and what they seal should not lie beside them.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from flask import current_app
from sqlalchemy.exc import SQLAlchemyError

from app.kernel import clock
from app.kernel.db import db
from app.kernel.health import check_worker
from app.kernel.storage import LocalStorage, storage

SQLITE_COPY, POSTGRESQL_COPY, FILES = "gurindam.sqlite3", "gurindam.pgdump", "files"
BESIDE = ("holidays.yaml", "anchors/heads.jsonl")  # in the instance folder; they may grow, so they are copied
SPARE_BYTES = 200 << 20
_NAME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{6}")


class BackupFault(Exception):
    """It cannot be done; the message is for the operator."""


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup or the way back from it was: where, how large the database is, how many files, how many of them took room anew."""

    path: Path
    database_bytes: int
    files: int
    copied: int


def take_backup(folder: Path, keep: int) -> Backup:
    """Write a new backup below `folder`, whole or not at all, and remove the oldest ones beyond `keep`. Raises BackupFault."""
    try:
        return _take_backup(folder, keep)
    except OSError as error:
        raise BackupFault(f"{error.filename or folder}: {error.strerror or error}") from error


def _take_backup(folder: Path, keep: int) -> Backup:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for rest in folder.glob(".part-*"):
        shutil.rmtree(rest, ignore_errors=True)
    earlier = list_backups(folder)
    name = clock.now().astimezone(ZoneInfo(current_app.config["GURINDAM"].timezone)).strftime("%Y-%m-%dT%H%M%S")
    target, part = folder / name, folder / f".part-{name}"
    if target.exists():
        raise BackupFault(f"{target} is there already")
    part.mkdir(mode=0o700)
    try:
        database_bytes = _copy_postgresql(part / POSTGRESQL_COPY) if _on_postgresql() else _copy_sqlite(part / SQLITE_COPY)
        files, copied = _keep_files(_storage_root(), part / FILES, earlier[-1] / FILES if earlier else None)
        _copy_beside(Path(current_app.instance_path), part)
        os.sync()
        os.replace(part, target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    for old in list_backups(folder)[:-keep]:
        shutil.rmtree(old)
    return Backup(target, database_bytes, files, copied)


def list_backups(folder: Path) -> list[Path]:
    """The finished ones, oldest first."""
    return sorted(path for path in folder.iterdir() if path.is_dir() and _NAME.fullmatch(path.name))


def restore_backup(path: Path) -> Backup:
    """Put database and files back as they were; files that came later stay. Raises BackupFault while the product runs or the copy is damaged.

    What is replaced, the SQLite database among it, is kept beside the new one under a name of its own.
    """
    copy = path / (POSTGRESQL_COPY if _on_postgresql() else SQLITE_COPY)
    if not copy.is_file():
        raise BackupFault(f"{path} holds no {copy.name}: it is no backup, or one of another kind of database")
    _refuse_while_running()
    try:
        if _on_postgresql():
            _run("pg_restore", "--clean", "--if-exists", "--no-owner", "--single-transaction", "--dbname", current_database(), str(copy))
        else:
            _check_sqlite(copy)
            _put_sqlite_back(copy)
        files, copied = _keep_files(path / FILES, _storage_root(), None)
        _copy_beside(path, Path(current_app.instance_path))
    except OSError as error:
        raise BackupFault(f"{path}: {error.strerror or error}") from error
    return Backup(path, copy.stat().st_size, files, copied)


def _on_postgresql() -> bool:
    return db.engine.dialect.name == "postgresql"


def _storage_root() -> Path:
    files = storage()
    if not isinstance(files, LocalStorage):
        raise BackupFault("the files do not lie on this machine: back them up where they are")
    return files.root


def _sqlite_path() -> Path:
    return Path(db.engine.url.database or "")


def _copy_sqlite(target: Path) -> int:
    """One reading transaction from the first page to the last: writers go on meanwhile, and none of their later work is in it."""
    source = _sqlite_path()
    if not source.is_file():
        raise BackupFault(f"{source} is missing")
    needed, free = source.stat().st_size + SPARE_BYTES, shutil.disk_usage(target.parent).free
    if free < needed:
        raise BackupFault(f"the disk of {target.parent.parent} has {free // 1_000_000} MB left; {needed // 1_000_000} MB are needed")
    target.touch(0o600)
    with closing(sqlite3.connect(source, timeout=30)) as live, closing(sqlite3.connect(target)) as copy:
        live.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it
    _check_sqlite(target)
    return target.stat().st_size


def _check_sqlite(path: Path) -> None:
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True)) as copy:
            found = copy.execute("PRAGMA quick_check").fetchone()[0]
    except sqlite3.DatabaseError as error:
        found = str(error)
    if found != "ok":
        raise BackupFault(f"{path} is damaged: {found}")


def _put_sqlite_back(copy: Path) -> None:
    target = _sqlite_path()
    arriving = target.with_name(f".part-{target.name}")
    with suppress(FileNotFoundError):
        arriving.unlink()
    arriving.touch(0o600)
    with copy.open("rb") as source, arriving.open("wb") as file:
        shutil.copyfileobj(source, file, 1 << 20)
        file.flush()
        os.fsync(file.fileno())
    db.engine.dispose()
    aside = _name_aside(target)
    for ending in ("", "-wal", "-shm"):  # what SQLite keeps beside a database belongs to that one alone
        with suppress(FileNotFoundError):
            os.replace(f"{target}{ending}", f"{aside}{ending}")
    os.replace(arriving, target)


def _name_aside(path: Path) -> Path:
    return path.with_name(f"{path.name}.before-{clock.now().strftime('%Y%m%dT%H%M%SZ')}")


def _copy_beside(source: Path, target: Path) -> None:
    """What is there already and says something else is kept aside."""
    for own in BESIDE:
        origin, place = source / own, target / own
        if not origin.is_file() or (place.is_file() and place.read_bytes() == origin.read_bytes()):
            continue
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if place.exists():
            os.replace(place, _name_aside(place))
        shutil.copy2(origin, place)


def current_database() -> str:
    """The name of the PostgreSQL database; everything else about it goes to its tools by their environment, out of sight of `ps`."""
    return db.engine.url.database or "postgres"


def _copy_postgresql(target: Path) -> int:
    target.touch(0o600)
    _run("pg_dump", "--format=custom", "--no-owner", "--file", str(target), current_database())
    return target.stat().st_size


def _run(program: str, *arguments: str) -> None:
    url = db.engine.url
    env = dict(os.environ)
    query_host = url.query.get("host")
    said = {"PGHOST": url.host or query_host, "PGPORT": url.port, "PGUSER": url.username, "PGPASSWORD": url.password}
    env.update({name: str(value) for name, value in said.items() if value})
    try:
        done = subprocess.run([program, *arguments], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise BackupFault(f"{program} is missing: apt install postgresql-client, of the server's version or newer") from None
    if done.returncode != 0:
        raise BackupFault(f"{program}: {done.stderr.strip()[-500:]}")


def _keep_files(source: Path, target: Path, before: Path | None) -> tuple[int, int]:
    """Every file of `source` is in `target` too afterwards. Returns how many there are, and how many had to be copied."""
    files = copied = 0
    target.mkdir(exist_ok=True)
    for path in _files_below(source):
        files += 1
        place = target / path.relative_to(source)
        if _is_same(path, place):
            continue
        place.parent.mkdir(parents=True, exist_ok=True)
        earlier = before / path.relative_to(source) if before else None
        arriving = place.with_name(f".part-{place.name}")
        with suppress(FileNotFoundError):
            arriving.unlink()
        if not (_link(path, arriving) or (earlier is not None and _is_same(path, earlier) and _link(earlier, arriving))):
            try:
                shutil.copy2(path, arriving)
            except FileNotFoundError:
                if path.exists():
                    raise
                files -= 1  # deleted by its owner a moment ago
                continue
            copied += 1
        os.replace(arriving, place)
    return files, copied


def _files_below(folder: Path) -> Iterator[Path]:
    """Finished files: names that begin with a dot are work in progress."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(place) / name for name in sorted(names) if not name.startswith("."))


def _is_same(one: Path, other: Path) -> bool:
    try:
        a, b = one.stat(), other.stat()
    except FileNotFoundError:
        return False
    return (a.st_size, a.st_mtime_ns) == (b.st_size, b.st_mtime_ns)


def _link(path: Path, place: Path) -> bool:
    try:
        os.link(path, place)
    except OSError:  # another disk, or one without links
        return False
    return True


def _refuse_while_running() -> None:
    settings = current_app.config["GURINDAM"]
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.settimeout(1)
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)  # noqa: S104
        if probe.connect_ex((host, settings.port)) == 0:
            raise BackupFault(f"something answers on port {settings.port}: stop the product first")
    try:
        running = check_worker().ok
    except (SQLAlchemyError, sqlite3.DatabaseError):
        running = False  # the database that is to be replaced cannot even be read
    db.session.remove()
    if running:
        raise BackupFault("a worker gave a sign of life within the last 30 seconds: stop it, wait half a minute, try again")
