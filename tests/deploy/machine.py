"""One machine as the operator's page makes it: the web process on a socket that somebody else holds, nginx with the site of deploy/nginx in
front of it, visitors with addresses of their own (all of 127.0.0.0/8 is this machine)."""

from __future__ import annotations

import http.client
import http.cookies
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
HOST = "lms.contoh.go.id"
PASSWORD = "Penyengat-Pagi-2026"
FLASK = [str(Path(sys.executable).parent / "flask"), "--app", "wsgi"]
MAIN = """
daemon off;
{user}
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 1024; }}
http {{
    include {folder}/mime.types;
    default_type application/octet-stream;
    client_body_temp_path {folder}/temporary/body;
    proxy_temp_path {folder}/temporary/proxy;
    fastcgi_temp_path {folder}/temporary/fastcgi;
    uwsgi_temp_path {folder}/temporary/uwsgi;
    scgi_temp_path {folder}/temporary/scgi;
    include {folder}/site.conf;
}}
"""
MIME = """types {
    text/html html; text/css css; application/javascript js; application/json json; image/svg+xml svg; font/woff2 woff2;
}"""  # as in Debian's mime.types


def until(reached: Any, seconds: float = 180) -> None:
    give_up = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < give_up, "it never came"
        time.sleep(0.02)


class Nginx:
    """A real nginx with the files of deploy/nginx, in a folder laid out as /etc/nginx is."""

    def __init__(self, program: str, folder: Path, application_port: int, files: Path | None = None):
        self.program, self.folder, self.files = program, folder, files or folder / "files"
        self.http_port, self.https_port = free_port(), free_port()
        (folder / "gurindam").mkdir(parents=True)
        (folder / "temporary").mkdir()
        (folder / "acme").mkdir()
        self.files.mkdir(parents=True, exist_ok=True)
        self._make_certificate()
        for path in (ROOT / "deploy" / "nginx").glob("*.conf"):
            text = self._placed(path.read_text(), application_port)
            place = folder / "site.conf" if path.name == "gurindam.conf" else folder / "gurindam" / path.name
            if path.name != "brotli.conf":  # Debian's plain nginx has no such module
                place.write_text(text)
        (folder / "mime.types").write_text(MIME)
        user = "user root;" if os.geteuid() == 0 else ""  # pytest's folders are shut to everybody else
        (folder / "nginx.conf").write_text(MAIN.format(folder=folder, user=user))
        self.process: subprocess.Popen[bytes] | None = None

    def _placed(self, text: str, application_port: int) -> str:
        """The same text at other places and ports. Each place must be named as the operator's page names it."""
        for written, here in {
            "127.0.0.1:8000": f"127.0.0.1:{application_port}",
            "/etc/gurindam/tls/": f"{self.folder}/",
            "/opt/gurindam/": f"{ROOT}/",
            "/var/www/gurindam": f"{self.folder}/acme",
            "/var/log/nginx/": f"{self.folder}/",
            "/var/lib/gurindam/files/": f"{self.files}/",
            "/var/cache/gurindam-live": f"{self.folder}/live",
        }.items():
            text = text.replace(written, here)
        text = re.sub(r"^ *listen \[::\].*\n", "", text, flags=re.MULTILINE)  # not every machine of a test has IPv6
        text = re.sub(r"listen 80\b", f"listen 127.0.0.1:{self.http_port}", text)
        return re.sub(r"listen 443\b", f"listen 127.0.0.1:{self.https_port}", text)

    def _make_certificate(self) -> None:
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", f"/CN={HOST}",
             "-addext", f"subjectAltName=DNS:{HOST}", "-keyout", self.folder / "privkey.pem", "-out", self.folder / "fullchain.pem"],
            check=True, capture_output=True,
        )  # fmt: skip

    def _command(self, *more: str) -> list[str]:
        return [self.program, "-p", str(self.folder), "-e", str(self.folder / "error.log"), "-c", str(self.folder / "nginx.conf"), *more]

    def check(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(self._command("-t"), capture_output=True, text=True, check=False)

    def start(self) -> None:
        self.process = subprocess.Popen(self._command(), stdin=subprocess.DEVNULL)
        until(lambda: _listens(self.https_port) or self.process.poll() is not None)  # type: ignore[union-attr]
        assert self.process.poll() is None, (self.folder / "error.log").read_text()

    def stop(self) -> None:
        if self.process:
            self.process.send_signal(signal.SIGQUIT)
            try:
                self.process.wait(2)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Application:
    """The web process, handed its listening socket as systemd hands it (sd_listen_fds(3))."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.held = socket.socket()
        self.held.bind(("127.0.0.1", 0))
        self.held.listen(128)
        self.port = self.held.getsockname()[1]
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("GURINDAM_", "DATABASE_", "STORAGE_", "MAIL_"))}
        self.env = inherited | {
            "INSTANCE_PATH": str(folder / "instance"), "PORT": str(self.port), "GURINDAM_BASE_URL": f"https://{HOST}", "PROXY_HOPS": "1",
            "MEDIA_ACCEL": "/_media", "GURINDAM_DEMO_PASSWORD": PASSWORD, "LOG_LEVEL": "warning", "SECRET_KEY": "k" * 40,
        }  # fmt: skip
        self.process: subprocess.Popen[bytes] | None = None

    def prepare(self) -> None:
        commands = ["db upgrade", "people seed-units", "demo accounts"]
        done = subprocess.run([*FLASK, "each", *commands], cwd=ROOT, env=self.env, capture_output=True, text=True, timeout=600, check=False)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]

    def start(self) -> None:
        handing_over = 'exec 3<&"$0"; LISTEN_PID=$$ LISTEN_FDS=1 exec "$@"'
        with (self.folder / "web.log").open("ab") as log:
            self.process = subprocess.Popen(
                ["bash", "-c", handing_over, str(self.held.fileno()), sys.executable, "-m", "tests.deploy.served"],
                cwd=ROOT, env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[self.held.fileno()],
            )  # fmt: skip

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def log(self) -> str:
        return (self.folder / "web.log").read_text(errors="replace")


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


opened: list[Any] = []  # connections of this test; closed at its end


@dataclass
class Visitor:
    """A browser with its own cookies, which comes from `address`."""

    nginx: Nginx
    address: str = "127.0.0.9"
    cookies: dict[str, str] = field(default_factory=dict)

    def tls(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.nginx.folder / "fullchain.pem"))

    def connect(self, name: str = HOST, context: ssl.SSLContext | None = None) -> ssl.SSLSocket:
        plain = socket.create_connection(("127.0.0.1", self.nginx.https_port), timeout=30, source_address=(self.address, 0))
        opened.append(plain)
        opened.append((context or self.tls()).wrap_socket(plain, server_hostname=name))
        return opened[-1]

    def browser(self) -> http.client.HTTPSConnection:
        connection = http.client.HTTPSConnection(HOST)
        connection.sock = self.connect()
        opened.append(connection)
        return connection

    def ask(self, method: str, path: str, body: Any = None, through: http.client.HTTPConnection | None = None, **headers: str) -> Answer:
        connection = through or self.browser()
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.cookies:
            named["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        try:
            connection.request(method, path, body, {"Accept-Encoding": "identity", "Accept": "text/html"} | named)
            got = connection.getresponse()
            answer = Answer(got.status, got.headers, got.read())
        finally:
            if not through:
                connection.close()
        for line in answer.headers.get_all("Set-Cookie") or []:
            self.cookies.update({name: kept.value for name, kept in http.cookies.SimpleCookie(line).items()})
        return answer

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, **headers)

    def send(self, path: str, fields: dict[str, str], **headers: str) -> Answer:
        token = re.search('name="csrf_token" value="([^"]+)"', self.get(path).text)
        assert token
        body = urllib.parse.urlencode(fields | {"csrf_token": token[1]})
        return self.ask("POST", path, body, **{"Content_Type": "application/x-www-form-urlencoded", "Referer": f"https://{HOST}{path}"} | headers)

    def sign_in(self, email: str, password: str = PASSWORD, **headers: str) -> Answer:
        return self.send("/masuk", {"identifier": email, "password": password}, **headers)

