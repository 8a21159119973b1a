"""The product on instances of its own: a base with the courses published and their videos prepared, and cities grown from it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
FLASK = [str(Path(sys.executable).parent / "flask"), "--app", "wsgi"]
SET_UP = (["db", "upgrade"], ["people", "seed-units"], ["content", "import", "--all"], ["demo", "accounts"])
PREPARING_SECONDS, READY_SECONDS = 900, 90


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Instance:
    """A folder with a database, and how to run things on it."""

    def __init__(self, folder: Path):
        self.folder, self.port = folder, free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("GURINDAM_", "DATABASE_", "STORAGE_", "MAIL_"))}
        self.env = inherited | {
            "INSTANCE_PATH": str(folder), "HOST": "127.0.0.1", "PORT": str(self.port), "GURINDAM_ENV": "development", "LOG_LEVEL": "warning",
        }  # fmt: skip

    @property
    def database(self) -> Path:
        return self.folder / "gurindam.sqlite3"

    def flask(self, *arguments: str) -> str:
        done = subprocess.run([*FLASK, *arguments], cwd=ROOT, env=self.env, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"flask {' '.join(arguments)}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def python(self, module: str, *arguments: str) -> Any:
        """Run a module of this package on the instance; it answers in JSON."""
        done = subprocess.run([sys.executable, "-m", module, *arguments], cwd=ROOT, env=self.env, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"{module}:\n{done.stderr}")
        return json.loads(done.stdout.splitlines()[-1])

    def launch(self, *command: str, port: int | None = None) -> subprocess.Popen[bytes]:
        env = self.env | ({"PORT": str(port)} if port else {})
        with (self.folder / "bench.log").open("ab") as log:
            return subprocess.Popen(command, cwd=ROOT, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def web(self) -> subprocess.Popen[bytes]:
        process = self.launch(sys.executable, "-m", "app.serve")
        wait_for(self.url + "/healthz", process)
        return process

    def worker(self) -> subprocess.Popen[bytes]:
        return self.launch(*FLASK, "worker")

    def encoder(self) -> subprocess.Popen[bytes]:
        return self.launch(sys.executable, "-m", "app.stage.encoder")

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=15)
        try:
            return connection.execute(sql, values).fetchall()
        finally:
            connection.close()


def wait_for(url: str, process: subprocess.Popen[bytes], seconds: float = READY_SECONDS) -> None:
    give_up = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            if process.poll() is not None or time.monotonic() > give_up:
                raise SystemExit(f"{url} did not become ready; see bench.log in the instance") from None
            time.sleep(0.05)


def stop(*processes: subprocess.Popen[bytes]) -> None:
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
    for process in processes:
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def make_base(folder: Path) -> Instance:
    """Courses published, videos prepared by the worker."""
    base = Instance(folder)
    if (folder / "ready").exists():
        return base
    for arguments in SET_UP:
        base.flask(*arguments)
    worker, give_up = base.worker(), time.monotonic() + PREPARING_SECONDS
    try:
        while base.rows("SELECT count(*) FROM job WHERE state IN ('queued', 'running') AND name LIKE 'media.%'")[0][0]:
            if time.monotonic() > give_up or worker.poll() is not None:
                raise SystemExit(f"the worker did not prepare the videos; see {folder}/bench.log")
            time.sleep(1)
    finally:
        stop(worker)
    (folder / "ready").touch()
    return base


def make_city(base: Instance, folder: Path, asn: int) -> tuple[Instance, float]:
    """A city on a copy of the base; and the seconds that making it took (0 when it was kept from before)."""
    city = Instance(folder)
    if (folder / "grown").exists():
        return city, 0.0
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(base.folder, folder)
    started = time.monotonic()
    city.flask("demo", "city", "--asn", str(asn))
    seconds = time.monotonic() - started
    city.flask("demo", "sessions", "--count", str(min(asn, 4000)), "--out", str(folder / "sessions.jsonl"))
    (folder / "grown").touch()
    return city, seconds
