"""A start that finds everything as it left it does not prepare it again; whatever differs makes it."""

from __future__ import annotations

import importlib
import os
import sqlite3
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from config import ROOT

pytestmark = pytest.mark.unit
SCHEMA = """
CREATE TABLE alembic_version (version_num TEXT);
CREATE TABLE course (id INTEGER PRIMARY KEY, slug TEXT, current_version_id INTEGER);
CREATE TABLE course_version (id INTEGER PRIMARY KEY);
CREATE TABLE org_unit (id INTEGER PRIMARY KEY);
CREATE TABLE user_account (id INTEGER PRIMARY KEY, email TEXT, password_hash TEXT, disabled_at TEXT, is_demo INTEGER);
CREATE TABLE role_grant (id INTEGER PRIMARY KEY, user_id INTEGER, role TEXT, org_unit_id INTEGER);
INSERT INTO alembic_version VALUES ('0001');
INSERT INTO course VALUES (1, 'satu', 1);
INSERT INTO user_account VALUES (1, 'asn@demo.test', 'x', NULL, 1);
"""


@pytest.fixture
def prepared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The module on an installation of its own, with a little code, a course and a database."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    module = importlib.import_module("prepared")
    monkeypatch.setattr(module, "ROOT", str(tmp_path))
    for name in ("DATABASE_URL", "INSTANCE_PATH", "GURINDAM_DEMO_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    for folder in ("app", "content/satu", "instance"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "app" / "models.py").write_text("a = 1\n")
    (tmp_path / "content" / "satu" / "course.yaml").write_text("title: Satu\n")
    ask(tmp_path, SCHEMA)
    yield module
    sys.modules.pop("prepared", None)


def ask(folder: Path, script: str) -> None:
    database = sqlite3.connect(folder / "instance" / "gurindam.sqlite3")
    database.executescript(script)
    database.close()


def test_what_was_said_is_said_again(prepared, tmp_path):
    assert prepared.recall() is None
    prepared.remember("asn@demo.test  rahasia")
    assert prepared.recall() == "asn@demo.test  rahasia"
    assert stat.S_IMODE(os.stat(tmp_path / "instance" / "prepared.json").st_mode) == 0o600


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE alembic_version SET version_num = '0000'",
        "DELETE FROM course",
        "UPDATE course SET current_version_id = NULL",
        "UPDATE user_account SET password_hash = 'y'",
        "DELETE FROM user_account",
        "INSERT INTO role_grant VALUES (1, 1, 'learner', NULL)",
        "INSERT INTO org_unit VALUES (1)",
        "DROP TABLE course",
    ],
)
def test_other_data_is_prepared_again(prepared, tmp_path, statement):
    prepared.remember("x")
    ask(tmp_path, statement)
    assert prepared.recall() is None


def test_what_people_do_does_not_matter(prepared, tmp_path):
    prepared.remember("x")
    ask(tmp_path, "INSERT INTO user_account VALUES (2, 'siti@example.test', 'y', NULL, 0)")
    assert prepared.recall() == "x"


def test_other_code_other_courses_and_other_settings_are_prepared_again(prepared, tmp_path, monkeypatch):
    prepared.remember("x")
    (tmp_path / "content" / "satu" / "course.yaml").write_text("title: Dua\n")
    assert prepared.recall() is None
    prepared.remember("x")
    (tmp_path / "app" / "models.py").write_text("a = 2\n")
    assert prepared.recall() is None
    prepared.remember("x")
    monkeypatch.setenv("GURINDAM_DEMO_PASSWORD", "Rahasia-uji-2026")
    assert prepared.recall() is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"state": null}', "null"])
def test_a_damaged_note_is_no_note(prepared, tmp_path, content):
    (tmp_path / "instance" / "prepared.json").write_text(content)
    assert prepared.recall() is None


def test_a_missing_or_damaged_database_and_one_elsewhere_are_always_prepared(prepared, tmp_path, monkeypatch):
    prepared.remember("x")
    database = tmp_path / "instance" / "gurindam.sqlite3"
    kept = database.read_bytes()
    database.write_bytes(b"not a database, whatever its name says")
    assert prepared.recall() is None
    database.unlink()
    assert prepared.recall() is None
    prepared.remember("y")
    database.write_bytes(kept)
    assert prepared.recall() == "x"
    monkeypatch.setenv("DATABASE_URL", "postgresql://db.example.test/gurindam")
    assert prepared.recall() is None
