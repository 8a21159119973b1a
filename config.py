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
from urllib.parse import parse_qsl, urlsplit
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
    metrics_token: str | None = None
    media_accel: str | None = None
    media_quota_person_gb: int | None = 20
    media_quota_unit_gb: int | None = 200
    stun_url: str | None = None
    turn_url: str | None = None
    turn_secret: str | None = None
    live_ice_servers: tuple[dict[str, Any], ...] = ()
    recording_raw_days: int = 14
    live_seats: int = SEATS_ALONE
    live_broadcast: str = "direct"

    @property
    def is_production(self) -> bool:
        return self.environment == "production"

    @property
    def secure_cookies(self) -> bool:
        return self.base_url.startswith("https://")

    @classmethod
    def from_environment(cls, env: Mapping[str, str] | None = None) -> Settings:
        env = os.environ if env is None else env
        faults: list[str] = []

        def take(name: str, default: str = "") -> str:
            return env.get(name, "").strip() or default

        def whole(name: str, default: int, low: int, high: int) -> int:
            text = take(name, str(default))
            if text.isascii() and text.isdigit() and low <= int(text) <= high:
                return int(text)
            faults.append(f"{name} must be a whole number from {low} to {high}, not {text!r}")
            return default

        def one_of(name: str, allowed: tuple[str, ...], default: str) -> str:
            text = take(name, default)
            if text not in allowed:
                faults.append(f"{name} must be one of {', '.join(allowed)}, not {text!r}")
                return default
            return text

        def address(name: str, default: str, schemes: tuple[str, ...]) -> str:
            text = take(name, default)
            try:
                parts = urlsplit(text)
                right = parts.scheme in schemes and (parts.port or True)
            except ValueError:
                right = False
            if not right:
                faults.append(f"{name} must be an address that starts with {' or '.join(s + ':' for s in schemes)}")
                return default
            return text

        def ice_address(name: str, schemes: tuple[str, ...]) -> str | None:
            text = take(name) or None
            if text is not None and not re.fullmatch(rf"(?:{'|'.join(schemes)}):[^\s,/]+(?:\?transport=(?:udp|tcp))?", text):
                faults.append(f"{name} must look like {schemes[0]}:{schemes[0]}.example.go.id:3478")
            return text

        environment = one_of("GURINDAM_ENV", ENVIRONMENTS, "development")
        host = take("HOST", "127.0.0.1")
        port = whole("PORT", 8000, 1, 65535)
        instance = Path(take("INSTANCE_PATH", str(ROOT / "instance"))).expanduser().resolve()
        try:
            instance.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            faults.append(f"INSTANCE_PATH {instance} cannot be made: {error.strerror}")
        settings = None
        base_url = address("GURINDAM_BASE_URL", f"http://{host}:{port}", ("http", "https")).rstrip("/")
        if environment == "production" and not base_url.startswith("https://") and urlsplit(base_url).hostname not in LOOPBACK:
            faults.append("GURINDAM_BASE_URL must start with https:// in production, so that cookies and passwords never travel in the clear")
        database_url = address(
            "DATABASE_URL", f"sqlite:///{instance / 'gurindam.sqlite3'}", ("sqlite", "postgresql", "postgresql+psycopg")
        )
        storage_url = address("STORAGE_URL", f"file://{instance / 'files'}", ("file",))
        mail_url = address("MAIL_URL", "log:", ("log", "smtp", "smtps"))
        if environment == "production" and mail_url == "log:":
            faults.append("MAIL_URL must name an SMTP server in production, such as smtp://mail.example.go.id:25")
        if mail_url != "log:" and not urlsplit(mail_url).hostname:
            faults.append("MAIL_URL must be log: or name an SMTP server, such as smtp://mail.example.go.id:25")
        asked_of_mail = parse_qsl(urlsplit(mail_url).query, keep_blank_values=True)
        if any(name != "tls" or value not in ("required", "offered") for name, value in asked_of_mail):
            faults.append("MAIL_URL may end with ?tls=required or ?tls=offered, and with nothing else")
        elif ("tls", "offered") in asked_of_mail and urlsplit(mail_url).password:
            faults.append("MAIL_URL holds a password, and a password is not sent in the clear: leave ?tls=offered out")
        mail_from = take("MAIL_FROM", "Gurindam <gurindam@localhost>")
        if "@" not in parseaddr(mail_from)[1] or not mail_from.isprintable():
            faults.append("MAIL_FROM must be an address such as Gurindam <gurindam@example.go.id>")
        proxy_hops = whole("PROXY_HOPS", 0, 0, 5)
        log_level = one_of("LOG_LEVEL", ("debug", "info", "warning", "error"), "info")
        log_format = one_of("LOG_FORMAT", ("json", "text"), "json" if environment == "production" else "text")
        timezone = take("GURINDAM_TIMEZONE", "Asia/Jakarta")
        try:
            ZoneInfo(timezone)
        except (ValueError, OSError, KeyError):
            faults.append(f"GURINDAM_TIMEZONE must name a time zone such as Asia/Jakarta, not {timezone!r}")
        metrics_token = take("METRICS_TOKEN") or None
        if metrics_token is not None and len(metrics_token) < 16:
            faults.append("METRICS_TOKEN must have at least 16 characters")
        media_accel = take("MEDIA_ACCEL") or None
        if media_accel is not None and not re.fullmatch(r"/_[a-z0-9_\-]+", media_accel):
            faults.append("MEDIA_ACCEL must be the path of nginx's internal location, such as /_media")
        # GB of the media library for one person, and for one agency with everything below it; 0 is no limit.
        quota_person, quota_unit = (whole(f"MEDIA_QUOTA_{name}_GB", gb, 0, 1_000_000) for name, gb in (("PERSON", 20), ("UNIT", 200)))
        stun_url = ice_address("STUN_URL", ("stun", "stuns"))
        turn_url, turn_secret = ice_address("TURN_URL", ("turn", "turns")), take("TURN_SECRET") or None
        if (turn_url is None) != (turn_secret is None):
            faults.append("TURN_URL and TURN_SECRET belong together: set both, or neither")
        live_ice_servers = _read_ice_servers(take("LIVE_ICE_SERVERS"), faults)
        raw_days = whole("RECORDING_RAW_DAYS", 14, 0, 3650)
        # Viewers of live rooms at once: what one process carries with nginx sending the pictures, and what it carries alone.
        live_seats = whole("LIVE_SEATS", SEATS_BEHIND_NGINX if media_accel else SEATS_ALONE, 1, 1_000_000)
        live_broadcast = one_of("LIVE_BROADCAST", ("direct", "stock"), "direct")
        given_secret, given_evidence = take("SECRET_KEY"), take("EVIDENCE_KEY")
        if given_secret and len(given_secret) < 32:
            faults.append("SECRET_KEY must have at least 32 characters")
        if given_evidence and not (len(given_evidence) >= 64 and len(given_evidence) % 2 == 0 and set(given_evidence) <= set(hexdigits)):
            faults.append("EVIDENCE_KEY must be at least 64 hexadecimal digits")
        if not faults:
            try:
                settings = cls(
                    environment=environment,
                    host=host,
                    port=port,
                    instance_path=instance,
                    database_url=database_url,
                    storage_url=storage_url,
                    mail_url=mail_url,
                    mail_from=mail_from,
                    base_url=base_url,
                    secret_key=given_secret or _kept_secret(instance, "session.key"),
                    evidence_key=bytes.fromhex(given_evidence or _kept_secret(instance, "evidence.key")),
                    proxy_hops=proxy_hops,
                    name=take("GURINDAM_NAME", "Gurindam"),
                    organization=take("GURINDAM_ORGANIZATION", "Pemerintah Kota Tanjungpinang"),
                    agency=take("GURINDAM_AGENCY", "BKPSDM Kota Tanjungpinang"),
                    timezone=timezone,
                    demo_password=take("GURINDAM_DEMO_PASSWORD") or None,
                    log_format=log_format,
                    log_level=log_level,
                    metrics_token=metrics_token,
                    media_accel=media_accel,
                    media_quota_person_gb=quota_person or None,
                    media_quota_unit_gb=quota_unit or None,
                    stun_url=stun_url,
                    turn_url=turn_url,
                    turn_secret=turn_secret,
                    live_ice_servers=live_ice_servers,
                    recording_raw_days=raw_days,
                    live_seats=live_seats,
                    live_broadcast=live_broadcast,
                )
            except OSError as error:
                faults.append(f"INSTANCE_PATH {instance} cannot be written: {error.strerror}")
            except ValueError:
                faults.append(f"the keys in {instance / 'keys'} are damaged: put the files of the last backup back")
        if settings is not None and (len(settings.secret_key) < 32 or len(settings.evidence_key) < 32):
            faults.append(f"the keys in {instance / 'keys'} are damaged: put the files of the last backup back")
        if faults or settings is None:
            raise BadSettings(faults)
        return settings


def _read_ice_servers(text: str, faults: list[str]) -> tuple[dict[str, Any], ...]:
    """Servers as browsers take them, each with `urls` and perhaps `username` and `credential`."""
    try:
        given = json.loads(text) if text else []
    except ValueError:
        given = None
    allowed = {"urls", "username", "credential"}
    if not isinstance(given, list) or not all(isinstance(one, dict) and "urls" in one and set(one) <= allowed for one in given):
        faults.append('LIVE_ICE_SERVERS must be a list in JSON, such as [{"urls": "stun:stun.example.go.id:3478"}]')
        return ()
    return tuple(given)


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
