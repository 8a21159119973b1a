"""Everything an operator can decide, read from the environment once, at start.

`Settings.from_environment` either returns a complete, typed answer or raises `BadSettings` with every fault it found, each in one
line, so that a wrong value is told at start and never in the middle of somebody's lesson. `docs/operator.md` lists the variables.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from pathlib import Path
from string import hexdigits
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from zoneinfo import ZoneInfo

ROOT = Path(__file__).resolve().parent
LOOPBACK = ("127.0.0.1", "::1", "localhost")
ENVIRONMENTS = ("development", "test", "production")
SEATS_BEHIND_NGINX, SEATS_ALONE = 2000, 200  # docs/benchmarks.md has the measurements


class BadSettings(Exception):
    """The environment cannot be used; `faults` has one readable line for each reason."""

    def __init__(self, faults: list[str]):
        super().__init__("; ".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Settings:
    """The decisions of one installation. See `docs/operator.md` for each variable's meaning."""

    environment: str
    host: str
    port: int
    instance_path: Path
    database_url: str
    storage_url: str
    mail_url: str
    mail_from: str
    base_url: str
    secret_key: str
    evidence_key: bytes
    proxy_hops: int
    name: str
    organization: str
    agency: str
    timezone: str
    demo_password: str | None
    log_format: str
    log_level: str
    metrics_token: str | None
    media_accel: str | None
    media_quota_person_gb: int | None
    media_quota_unit_gb: int | None
    stun_url: str | None
    turn_url: str | None
    turn_secret: str | None
    live_ice_servers: tuple[dict[str, Any], ...]
    recording_raw_days: int
    live_seats: int
    live_broadcast: str

    @property
    def is_production(self) -> bool:
        return self.environment == "production"

    @property
    def secure_cookies(self) -> bool:
        return self.base_url.startswith("https://")

    @property
    def storage_root(self) -> Path:
        """The folder that `storage_url` names."""
        return Path(unquote(urlsplit(self.storage_url).path))

    @classmethod
    def from_environment(cls, env: Mapping[str, str] | None = None) -> Settings:
        read = _Reader(os.environ if env is None else env)
        environment = read.one_of("GURINDAM_ENV", ENVIRONMENTS, "development")
        found = {"environment": environment, **_read_web(read, environment), **_read_place(read), **_read_names(read), **_read_logs(read, environment)}
        found |= {**_read_mail(read, environment), **_read_media(read)}
        found |= _read_live(read, found["media_accel"])
        given = _read_keys(read)
        if not read.faults:
            found |= _keys(given, found["instance_path"], read.faults)
        if read.faults:
            raise BadSettings(read.faults)
        return cls(**found)


class _Reader:
    """Reads variables one after the other and remembers what is wrong with each."""

    def __init__(self, env: Mapping[str, str]):
        self.env, self.faults = env, list[str]()

    def take(self, name: str, default: str = "") -> str:
        return self.env.get(name, "").strip() or default

    def whole(self, name: str, default: int, low: int, high: int) -> int:
        text = self.take(name, str(default))
        if text.isascii() and text.isdigit() and low <= int(text) <= high:
            return int(text)
        self.faults.append(f"{name} must be a whole number from {low} to {high}, not {text!r}")
        return default

    def one_of(self, name: str, allowed: tuple[str, ...], default: str) -> str:
        text = self.take(name, default)
        if text not in allowed:
            self.faults.append(f"{name} must be one of {', '.join(allowed)}, not {text!r}")
            return default
        return text

    def address(self, name: str, default: str, schemes: tuple[str, ...]) -> str:
        text = self.take(name, default)
        try:
            parts = urlsplit(text)
            right = parts.scheme in schemes and (parts.port or True)
        except ValueError:
            right = False
        if not right:
            self.faults.append(f"{name} must be an address that starts with {' or '.join(s + ':' for s in schemes)}")
            return default
        return text

    def make_folder(self, name: str, folder: Path) -> None:
        """Told now, and not by a traceback of whoever writes there first."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self.faults.append(f"{name} {folder} cannot be made: {error.strerror}")
            return
        if not os.access(folder, os.W_OK | os.X_OK):
            self.faults.append(f"{name} {folder} cannot be written")

    def ice_address(self, name: str, schemes: tuple[str, ...]) -> str | None:
        text = self.take(name) or None
        if text is not None and not _is_ice_address(text, schemes):
            self.faults.append(f"{name} must look like {schemes[0]}:{schemes[0]}.example.go.id:3478")
        return text


def _read_web(read: _Reader, environment: str) -> dict[str, Any]:
    host, port = read.take("HOST", "127.0.0.1"), read.whole("PORT", 8000, 1, 65535)
    shown = f"[{host}]" if ":" in host else host
    given = urlsplit(read.address("GURINDAM_BASE_URL", f"http://{shown}:{port}", ("http", "https")))
    if not given.hostname or "@" in given.netloc or given.path.strip("/") or given.query or given.fragment:
        read.faults.append("GURINDAM_BASE_URL must name a host and nothing behind it, such as https://lms.example.go.id")
    base_url = f"{given.scheme}://{given.netloc}"
    if environment == "production" and not base_url.startswith("https://") and urlsplit(base_url).hostname not in LOOPBACK:
        read.faults.append("GURINDAM_BASE_URL must start with https:// in production, so that cookies and passwords never travel in the clear")
    return {"host": host, "port": port, "base_url": base_url, "proxy_hops": read.whole("PROXY_HOPS", 0, 0, 5)}


def _read_place(read: _Reader) -> dict[str, Any]:
    """Where the installation keeps what it knows."""
    instance = Path(read.take("INSTANCE_PATH", str(ROOT / "instance"))).expanduser().resolve()
    read.make_folder("INSTANCE_PATH", instance)
    return {"instance_path": instance, "database_url": _read_database(read, instance), "storage_url": _read_storage(read, instance)}


def _read_database(read: _Reader, instance: Path) -> str:
    """A file of SQLite is made by the first migration, its folder is not: a wrong letter would begin an empty installation somewhere else."""
    url = read.address("DATABASE_URL", f"sqlite:///{instance / 'gurindam.sqlite3'}", ("sqlite", "postgresql", "postgresql+psycopg"))
    scheme, sign, rest = url.partition("://")
    place, _, path = rest.partition("?")[0].partition("/")
    if not sign:
        read.faults.append("DATABASE_URL must look like sqlite:////srv/gurindam/gurindam.sqlite3 or postgresql://user:password@host/name")
    elif scheme == "sqlite" and (place or not path):
        read.faults.append("DATABASE_URL must name a file after three slashes, such as sqlite:////srv/gurindam/gurindam.sqlite3")
    elif scheme == "sqlite" and (read.take("DATABASE_URL") or instance.is_dir()):
        file = instance / path
        if file.is_dir() or not os.access(file.parent, os.W_OK | os.X_OK) or (file.exists() and not os.access(file, os.W_OK)):
            read.faults.append(f"DATABASE_URL names {file}, which cannot be made or written: its folder has to be there")
    return url


def _read_storage(read: _Reader, instance: Path) -> str:
    url = read.address("STORAGE_URL", (instance / "files").as_uri(), ("file",))
    parts = urlsplit(url)
    if parts.netloc or not parts.path.startswith("/") or parts.query or parts.fragment:
        read.faults.append("STORAGE_URL must name a folder by its whole path after three slashes, such as file:///srv/gurindam/files")
    elif read.take("STORAGE_URL") or instance.is_dir():
        read.make_folder("STORAGE_URL", Path(unquote(parts.path)))
    return url


def _read_names(read: _Reader) -> dict[str, Any]:
    """Whose installation it is, and when its day begins."""
    timezone = read.take("GURINDAM_TIMEZONE", "Asia/Jakarta")
    try:
        ZoneInfo(timezone)
    except (ValueError, OSError, KeyError):
        read.faults.append(f"GURINDAM_TIMEZONE must name a time zone such as Asia/Jakarta, not {timezone!r}")
    return {
        "name": read.take("GURINDAM_NAME", "Gurindam"),
        "organization": read.take("GURINDAM_ORGANIZATION", "Pemerintah Kota Tanjungpinang"),
        "agency": read.take("GURINDAM_AGENCY", "BKPSDM Kota Tanjungpinang"),
        "timezone": timezone,
        "demo_password": read.take("GURINDAM_DEMO_PASSWORD") or None,
    }


def _read_logs(read: _Reader, environment: str) -> dict[str, Any]:
    token = read.take("METRICS_TOKEN") or None
    if token is not None and len(token) < 16:
        read.faults.append("METRICS_TOKEN must have at least 16 characters")
    return {
        "log_level": read.one_of("LOG_LEVEL", ("debug", "info", "warning", "error"), "info"),
        "log_format": read.one_of("LOG_FORMAT", ("json", "text"), "json" if environment == "production" else "text"),
        "metrics_token": token,
    }


def _read_mail(read: _Reader, environment: str) -> dict[str, Any]:
    url = read.address("MAIL_URL", "log:", ("log", "smtp", "smtps"))
    if environment == "production" and url == "log:":
        read.faults.append("MAIL_URL must name an SMTP server in production, such as smtp://mail.example.go.id:25")
    if url != "log:" and not urlsplit(url).hostname:
        read.faults.append("MAIL_URL must be log: or name an SMTP server, such as smtp://mail.example.go.id:25")
    asked = parse_qsl(urlsplit(url).query, keep_blank_values=True)
    if any(name != "tls" or value not in ("required", "offered") for name, value in asked):
        read.faults.append("MAIL_URL may end with ?tls=required or ?tls=offered, and with nothing else")
    elif ("tls", "offered") in asked and urlsplit(url).password:
        read.faults.append("MAIL_URL holds a password, and a password is not sent in the clear: leave ?tls=offered out")
    sender = read.take("MAIL_FROM", "Gurindam <gurindam@localhost>")
    if "@" not in parseaddr(sender)[1] or not sender.isprintable():
        read.faults.append("MAIL_FROM must be an address such as Gurindam <gurindam@example.go.id>")
    return {"mail_url": url, "mail_from": sender}


def _read_media(read: _Reader) -> dict[str, Any]:
    accel = read.take("MEDIA_ACCEL") or None
    if accel is not None and not re.fullmatch(r"/_[a-z0-9_\-]+", accel):
        read.faults.append("MEDIA_ACCEL must be the path of nginx's internal location, such as /_media")
    # GB of the media library for one person, and for one agency with everything below it; 0 is no limit.
    return {
        "media_accel": accel,
        "media_quota_person_gb": read.whole("MEDIA_QUOTA_PERSON_GB", 20, 0, 1_000_000) or None,
        "media_quota_unit_gb": read.whole("MEDIA_QUOTA_UNIT_GB", 200, 0, 1_000_000) or None,
    }


def _read_live(read: _Reader, media_accel: str | None) -> dict[str, Any]:
    turn_url, turn_secret = read.ice_address("TURN_URL", ("turn", "turns")), read.take("TURN_SECRET") or None
    if (turn_url is None) != (turn_secret is None):
        read.faults.append("TURN_URL and TURN_SECRET belong together: set both, or neither")
    return {
        "stun_url": read.ice_address("STUN_URL", ("stun", "stuns")),
        "turn_url": turn_url,
        "turn_secret": turn_secret,
        "live_ice_servers": _read_ice_servers(read),
        "recording_raw_days": read.whole("RECORDING_RAW_DAYS", 14, 0, 3650),
        # Viewers of live rooms at once: what one process carries with nginx sending the pictures, and what it carries alone.
        "live_seats": read.whole("LIVE_SEATS", SEATS_BEHIND_NGINX if media_accel else SEATS_ALONE, 1, 1_000_000),
        "live_broadcast": read.one_of("LIVE_BROADCAST", ("direct", "stock"), "direct"),
    }


def _read_ice_servers(read: _Reader) -> tuple[dict[str, Any], ...]:
    """Servers as browsers take them, each with `urls` and perhaps `username` and `credential`."""
    try:
        given = json.loads(read.take("LIVE_ICE_SERVERS", "[]"))
    except ValueError:
        given = None
    if not isinstance(given, list) or not all(_is_ice_server(one) for one in given):
        read.faults.append(
            'LIVE_ICE_SERVERS must be a list in JSON, such as [{"urls": "stun:stun.example.go.id:3478"}], with "username" and "credential" for turn: and turns:'
        )
        return ()
    return tuple(given)


def _is_ice_server(one: Any) -> bool:
    """Whether browsers take it: with another one they open no connection at all."""
    if not isinstance(one, dict) or not {"urls"} <= set(one) <= {"urls", "username", "credential"}:
        return False
    urls = one["urls"] if isinstance(one["urls"], list) else [one["urls"]]
    if not urls or not all(isinstance(url, str) and _is_ice_address(url, ("stun", "stuns", "turn", "turns")) for url in urls):
        return False
    named = [one[field] for field in ("username", "credential") if field in one]
    needed = 2 if any(url.startswith("turn") for url in urls) else 0
    return len(named) >= needed and all(isinstance(text, str) for text in named)


def _is_ice_address(text: str, schemes: tuple[str, ...]) -> bool:
    return re.fullmatch(rf"(?:{'|'.join(schemes)}):[^\s,/]+(?:\?transport=(?:udp|tcp))?", text) is not None


def _read_keys(read: _Reader) -> tuple[str, str]:
    """The session key and the evidence key as given; empty where the installation makes and keeps its own."""
    secret, evidence = read.take("SECRET_KEY"), read.take("EVIDENCE_KEY")
    if secret and len(secret) < 32:
        read.faults.append("SECRET_KEY must have at least 32 characters")
    if evidence and not (len(evidence) >= 64 and len(evidence) % 2 == 0 and set(evidence) <= set(hexdigits)):
        read.faults.append("EVIDENCE_KEY must be at least 64 hexadecimal digits")
    return secret, evidence


def _keys(given: tuple[str, str], instance: Path, faults: list[str]) -> dict[str, Any]:
    """Both keys, given or kept. Only once everything else is right: a start that fails leaves no new keys behind."""
    try:
        secret = given[0] or _kept_secret(instance, "session.key")
        evidence = bytes.fromhex(given[1] or _kept_secret(instance, "evidence.key"))
    except OSError as error:
        faults.append(f"INSTANCE_PATH {instance} cannot be written: {error.strerror}")
        return {}
    except ValueError:
        secret, evidence = "", b""
    if len(secret) < 32 or len(evidence) < 32:
        faults.append(f"the keys in {instance / 'keys'} are damaged: put the files of the last backup back")
    return {"secret_key": secret, "evidence_key": evidence}


def _kept_secret(instance: Path, name: str) -> str:
    """A random secret made at the first start and kept in a file that only the owner can read."""
    path = instance / "keys" / name
    path.parent.mkdir(mode=0o700, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_hex(32))
    return path.read_text()
