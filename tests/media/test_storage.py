"""A folder moves into the storage in whole; leftovers go."""

from __future__ import annotations

import io
import os
import tempfile
import time
from pathlib import Path

import pytest
from flask import Flask

from app.kernel.storage import FILE_MODE, FOLDER_MODE, LocalStorage
from app.media.intake import temporary_folder
from app.media.jobs import clear_leftovers


def made(folder: Path, **files: str) -> Path:
    folder.mkdir()
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return folder


def test_a_folder_takes_the_place_of_what_lay_there(tmp_path: Path):
    files = LocalStorage(tmp_path / "files")
    files.put_folder("media/a/1", made(tmp_path / "one", old="lama", both="satu"))
    assert files.put_folder("media/a/1", made(tmp_path / "two", both="dua", sub__new="baru")) == 7
    assert not files.exists("media/a/1/old")
    with files.open("media/a/1/both") as file:
        assert file.read() == b"dua"
    assert files.exists("media/a/1/sub/new")
    assert sorted(p.name for p in files.local_path("media/a").iterdir()) == ["1"]
    assert not (tmp_path / "two").exists()


def test_a_folder_with_a_name_that_is_no_key_changes_nothing(tmp_path: Path):
    files = LocalStorage(tmp_path / "files")
    files.put_folder("media/a/1", made(tmp_path / "one", kept="ada"))
    bad = made(tmp_path / "two")
    (bad / ".hidden").write_text("x")
    with pytest.raises(ValueError, match="not a storage key"):
        files.put_folder("media/a/1", bad)
    assert files.exists("media/a/1/kept")


def test_what_is_kept_can_be_read_by_a_web_server_and_changed_by_nobody_else(tmp_path: Path):
    """Temporary files and folders are for their owner alone (0600, 0700); what moves into the storage has the modes of ordinary files."""
    files = LocalStorage(tmp_path / "files")
    files.put("media/a/original", io.BytesIO(b"isi"))
    (upload := tmp_path / "upload").touch(0o600)
    files.adopt("media/b/original", upload)
    files.put_folder("media/c/1", Path(tempfile.mkdtemp(dir=tmp_path)))
    modes = [files.local_path(key).stat().st_mode & 0o777 for key in ("media/a/original", "media/b/original", "media/c/1")]
    assert modes == [FILE_MODE, FILE_MODE, FOLDER_MODE]
    plain = tmp_path / "plain"
    plain.touch()
    assert plain.stat().st_mode & 0o777 == FILE_MODE


def test_leftovers_of_killed_processes_are_cleared_and_work_in_progress_stays(app: Flask):
    work = temporary_folder()
    for name, age in (("asset-1-old", 3 * 24 * 3600), ("asset-2-new", 60)):
        (work / name).mkdir(exist_ok=True)
        os.utime(work / name, (time.time() - age,) * 2)
    clear_leftovers()
    assert not (work / "asset-1-old").exists()
    assert (work / "asset-2-new").exists()
    (work / "asset-2-new").rmdir()
