"""The product on a fresh instance: set up by the commands of `make start`, run by its three processes, ended by their ids."""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))
from start import die_with_parent  # noqa: E402

FLASK = [str(Path(sys.executable).parent / "flask"), "--app", "wsgi"]
SET_UP = (["db", "upgrade"], ["people", "seed-units"], ["content", "import", "--all"], ["demo", "accounts"])
PASSWORD = "Penyengat-Pagi-2026"
READY_SECONDS, MEDIA_SECONDS = 180, 900  # two busy cores
FAULT = re.compile(r"Traceback|\[error|\[critical|^(ERROR|CRITICAL) |\bfault\b", re.MULTILINE)


class Product:
    """`url` of the running product; `backstage(name, ...)` does what no address does (see backstage.py)."""

    backstage_module = "tests.e2e.backstage"
    commands = {"web": [sys.executable, "-m", "app.serve"], "worker": [*FLASK, "worker"], "encoder": [sys.executable, "-m", "app.stage.encoder"]}

    def __init__(self, folder: Path):
        self.folder, self.password = folder, PASSWORD
        port = int(os.environ.get("E2E_PORT", "0")) or free_port()
        self.url = f"http://127.0.0.1:{port}"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("GURINDAM_", "DATABASE_", "STORAGE_", "MAIL_"))}
        self.env = inherited | {
            "INSTANCE_PATH": str(folder / "instance"), "HOST": "127.0.0.1", "PORT": str(port), "GURINDAM_DEMO_PASSWORD": PASSWORD,
            "GURINDAM_ENV": "development", "PYTHONUNBUFFERED": "1",
        }  # fmt: skip
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self._backstage: subprocess.Popen[str] | None = None
        self._people = 0

    def start(self) -> None:
        for arguments in SET_UP:
            done = subprocess.run([*FLASK, *arguments], cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=600, check=False)
            assert done.returncode == 0, f"flask {' '.join(arguments)}:\n{(done.stdout + done.stderr)[-3000:]}"
        for name in self.commands:
            self._launch(name)
        self._backstage = subprocess.Popen(
            [sys.executable, "-m", self.backstage_module], cwd=ROOT, env=self.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            preexec_fn=die_with_parent,
        )  # fmt: skip
        self.wait_until_ready()

    def wait_until_ready(self) -> None:
        self._wait(self.is_ready, READY_SECONDS, "/readyz does not say ready")

    def _launch(self, name: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(self.commands[name], cwd=ROOT, env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=die_with_parent)

    def kill_and_restart(self, name: str) -> None:
        """End a process as a power cut would, start it again, and wait until it answers."""
        self.processes[name].kill()
        self.processes[name].wait()
        self._launch(name)
        self.wait_until_ready()

    def _wait(self, reached: Any, seconds: float, complaint: str) -> None:
        give_up = time.monotonic() + seconds
        while not reached():
            ended = {name: process.returncode for name, process in self.processes.items() if process.poll() is not None}
            assert not ended, f"{ended} ended: {self.log()[-2000:]}"
            assert time.monotonic() < give_up, f"{complaint} after {seconds:g} s: {self.log()[-2000:]}"
            time.sleep(0.2)

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(self.url + "/readyz", timeout=10):
                return True
        except (urllib.error.URLError, OSError):
            return False

    def wait_for_media(self) -> None:
        """Until the worker has prepared every video and document of the courses, and has nothing else to do."""
        self._wait(lambda: not self.backstage("unfinished_jobs"), MEDIA_SECONDS, "the worker is not done")

    def backstage(self, name: str, *arguments: Any) -> Any:
        assert self._backstage is not None
        assert self._backstage.stdin is not None
        assert self._backstage.stdout is not None
        self._backstage.stdin.write(json.dumps([name, *arguments]) + "\n")
        self._backstage.stdin.flush()
        line = self._backstage.stdout.readline()
        assert line, "the backstage process ended"
        answer = json.loads(line)
        assert "error" not in answer, answer.get("error")
        return answer["result"]

    def new_learner(self) -> str:
        """The e-mail address of somebody nobody knows yet."""
        self._people += 1
        email = f"peserta{self._people}-{secrets.token_hex(2)}@uji.test"
        self.backstage("make_learner", email, f"Siti Zubaidah {self._people}", PASSWORD)
        return email

    def log(self) -> str:
        return "".join((self.folder / f"{name}.log").read_text(errors="replace") for name in self.processes)

    def stop(self) -> None:
        if self._backstage is not None and self._backstage.stdin:
            self._backstage.stdin.close()
            self._end(self._backstage)
            if self._backstage.stdout:
                self._backstage.stdout.close()
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            self._end(process)

    @staticmethod
    def _end(process: subprocess.Popen[Any]) -> None:
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def faults(self) -> list[str]:
        """Lines of the logs that tell of something unforeseen, with what follows them."""
        lines = self.log().splitlines()
        return ["\n".join(lines[n : n + 25]) for n, line in enumerate(lines) if FAULT.search(line)]
