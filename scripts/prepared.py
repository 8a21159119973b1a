"""Whether the data was brought up to date by this very code from these very courses, so that a start need not do it again.

Bringing it up to date changes nothing then, but asking costs seconds. The instance folder keeps a note of what it was made from and what
the database said of itself afterwards; whatever differs (a new version, an edited course, a restored copy, a changed demo account) makes
the start do all of it again. Only for SQLite in the instance folder. Standard library only.
"""

import hashlib
import json
import os
import sqlite3
import sys
from contextlib import closing
from urllib.parse import quote

from provision import ROOT

NOTE = "prepared.json"
SOURCES = ("app", "content", "migrations", "config.py", "requirements.txt", "wsgi.py")
LEFT_OUT = ("node_modules", "__pycache__", "client", "static", "templates")
SETTINGS = ("GURINDAM_", "DATABASE_", "STORAGE_", "SECRET_KEY", "EVIDENCE_KEY")
QUESTIONS = (
    "SELECT version_num FROM alembic_version",
    "SELECT slug, current_version_id FROM course ORDER BY id",
    "SELECT count(*), max(id) FROM course_version",
    "SELECT count(*), max(id) FROM org_unit",
    "SELECT id, email, password_hash, disabled_at FROM user_account WHERE is_demo ORDER BY id",
    "SELECT user_id, role, org_unit_id FROM role_grant WHERE user_id IN (SELECT id FROM user_account WHERE is_demo) ORDER BY id",
)


def instance_folder():
    return os.path.abspath(os.path.join(ROOT, os.path.expanduser(os.environ.get("INSTANCE_PATH", "").strip() or "instance")))


def recall():
    """What the preparing commands said when they brought this data to where it is; None when they are to be run."""
    try:
        with open(os.path.join(instance_folder(), NOTE), encoding="utf-8") as file:
            note = json.load(file)
        return note["told"] if note["state"] == _state() else None
    except (OSError, ValueError, KeyError, TypeError, sqlite3.Error):
        return None


def remember(told):
    """Note what was said, for the next start. Where that cannot be written, the next start simply prepares again."""
    path = os.path.join(instance_folder(), NOTE)
    try:
        state = _state()
        with os.fdopen(os.open(path + ".new", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump({"state": state, "told": told}, file)
        os.replace(path + ".new", path)
    except (OSError, ValueError, sqlite3.Error):
        pass


def _state():
    """One digest of the code, the courses, the settings and what the database says. Raises ValueError for a database of its own address."""
    if os.environ.get("DATABASE_URL", "").strip():
        raise ValueError("a database that is not in the instance folder is asked every time")
    total = hashlib.sha256(repr((sys.version_info[:2], sorted(item for item in os.environ.items() if item[0].startswith(SETTINGS)))).encode())
    for path in sorted(_files()):
        total.update(os.path.relpath(path, ROOT).encode() + b"\0")
        with open(path, "rb") as file:
            total.update(file.read())
    address = "file:" + quote(os.path.join(instance_folder(), "gurindam.sqlite3")) + "?mode=ro"
    with closing(sqlite3.connect(address, uri=True, timeout=2)) as database:
        for question in QUESTIONS:
            total.update(repr(database.execute(question).fetchall()).encode())
    return total.hexdigest()


def _files():
    for source in SOURCES:
        path = os.path.join(ROOT, source)
        if os.path.isfile(path):
            yield path
        for folder, folders, names in os.walk(path):
            folders[:] = [name for name in folders if name not in LEFT_OUT]
            yield from (os.path.join(folder, name) for name in names if not name.endswith((".pyc", ".po")))
