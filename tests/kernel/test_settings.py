"""The environment: every wrong value is told, all of them at once, before anything starts."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest

from config import ROOT, BadSettings, Settings


def faults_of(folder: Path, **env: str) -> list[str]:
    with pytest.raises(BadSettings) as caught:
        Settings.from_environment({"INSTANCE_PATH": str(folder)} | env)
    return caught.value.faults


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GURINDAM_ENV", "produksi"),
        ("PORT", "80x"),
        ("PORT", "0"),
        ("PORT", "70000"),
        ("PORT", "-1"),
        ("PORT", "٨٠٠٠"),
        ("GURINDAM_BASE_URL", "ftp://lms.contoh.go.id"),
        ("GURINDAM_BASE_URL", "http://lms.contoh.go.id:delapan"),
        ("GURINDAM_BASE_URL", "http://"),
        ("GURINDAM_BASE_URL", "https:lms.contoh.go.id"),
        ("GURINDAM_BASE_URL", "https://lms.contoh.go.id/belajar"),
        ("GURINDAM_BASE_URL", "https://lms.contoh.go.id?x=1"),
        ("GURINDAM_BASE_URL", "https://lms.contoh.go.id#x"),
        ("GURINDAM_BASE_URL", "https://admin@lms.contoh.go.id"),
        ("DATABASE_URL", "mysql://x"),
        ("DATABASE_URL", "sqlite:x.sqlite3"),
        ("DATABASE_URL", "sqlite://"),
        ("DATABASE_URL", "sqlite://folder/x.sqlite3"),
        ("DATABASE_URL", "sqlite:////nonexist/dir/x.sqlite3"),
        ("DATABASE_URL", "sqlite:////proc"),
        ("DATABASE_URL", "postgresql:gurindam"),
        ("STORAGE_URL", "ftp://x"),
        ("STORAGE_URL", "file:///proc/nope"),
        ("STORAGE_URL", "file://relative/path"),
        ("STORAGE_URL", "file:relative/path"),
        ("STORAGE_URL", "file:///srv/files?x=1"),
        ("STORAGE_URL", "file:///dev/null"),
        ("MAIL_URL", "mail.contoh.go.id"),
        ("MAIL_URL", "smtp://"),
        ("MAIL_URL", "smtp://mail.contoh.go.id:dua"),
        ("MAIL_URL", "smtp://mail.contoh.go.id?tls=maybe"),
        ("MAIL_URL", "smtp://pos:rahasia@mail.contoh.go.id?tls=offered"),
        ("MAIL_FROM", "Gurindam"),
        ("PROXY_HOPS", "9"),
        ("LOG_FORMAT", "xml"),
        ("GURINDAM_TIMEZONE", "Asia/Tanjungpinang"),
        ("GURINDAM_TIMEZONE", "../../etc/passwd"),
        ("SECRET_KEY", "pendek"),
        ("EVIDENCE_KEY", "bukan heksadesimal"),
        ("EVIDENCE_KEY", "abcd"),
        ("METRICS_TOKEN", "pendek"),
        ("STUN_URL", "https://stun.example.go.id"),
        ("TURN_URL", "turn:turn.example.go.id:3478"),
        ("TURN_SECRET", "a secret without its server"),
        ("LIVE_ICE_SERVERS", "stun:stun.example.go.id"),
        ("LIVE_ICE_SERVERS", '[{"url": "stun:x"}]'),
        ("LIVE_ICE_SERVERS", '[{"urls": 5}]'),
        ("LIVE_ICE_SERVERS", '[{"urls": []}]'),
        ("LIVE_ICE_SERVERS", '[{"urls": ["stun:x", 5]}]'),
        ("LIVE_ICE_SERVERS", '[{"urls": "https://stun.example.go.id"}]'),
        ("LIVE_ICE_SERVERS", '[{"urls": "turn:turn.example.go.id"}]'),
        ("LIVE_ICE_SERVERS", '[{"urls": "turn:turn.example.go.id", "username": "a", "credential": 5}]'),
        ("MEDIA_QUOTA_PERSON_GB", "-1"),
        ("MEDIA_QUOTA_UNIT_GB", "banyak"),
        ("RECORDING_RAW_DAYS", "-1"),
        ("MEDIA_ACCEL", "_media"),
        ("MEDIA_ACCEL", "/media"),
        ("MEDIA_ACCEL", "/_media/"),
    ],
)
def test_a_wrong_value_is_told_by_name(tmp_path: Path, name: str, value: str) -> None:
    (fault,) = faults_of(tmp_path, **{name: value})
    assert name in fault


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    wrong = {"PORT": "x", "PROXY_HOPS": "x", "LOG_FORMAT": "x", "MAIL_FROM": "x", "GURINDAM_TIMEZONE": "x", "SECRET_KEY": "x", "EVIDENCE_KEY": "x"}
    faults = faults_of(tmp_path, **wrong)
    assert {name for name in wrong if any(fault.startswith(name) for fault in faults)} == set(wrong)


def test_production_needs_a_mail_server(tmp_path: Path) -> None:
    assert "MAIL_URL" in faults_of(tmp_path, GURINDAM_ENV="production")[0]


def test_an_instance_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "berkas").write_text("")
    assert "INSTANCE_PATH" in faults_of(tmp_path / "berkas" / "di-bawahnya")[0]


def test_one_fault_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "berkas").write_text("")
    assert len(faults_of(tmp_path / "berkas" / "di-bawahnya")) == 1


def test_folders_and_servers_that_are_right_are_taken_as_they_are(tmp_path: Path) -> None:
    right = {
        "INSTANCE_PATH": str(tmp_path),
        "HOST": "::1",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'lain.sqlite3'}",
        "STORAGE_URL": f"file://{tmp_path}/berkas%20lama",
        "LIVE_ICE_SERVERS": '[{"urls": ["stun:a", "turn:b:3478?transport=tcp"], "username": "x", "credential": "y"}, {"urls": "stuns:c:5349"}]',
    }
    settings = Settings.from_environment(right)
    assert settings.storage_root == tmp_path / "berkas lama"
    assert settings.storage_root.is_dir()
    assert settings.base_url == "http://[::1]:8000"
    assert len(settings.live_ice_servers) == 2
    assert Settings.from_environment({"INSTANCE_PATH": str(tmp_path), "DATABASE_URL": "postgresql:///gurindam"}).database_url


def test_an_instance_folder_may_have_any_name(tmp_path: Path) -> None:
    settings = Settings.from_environment({"INSTANCE_PATH": str(tmp_path / "50% #1?")})
    assert settings.storage_root == settings.instance_path / "files"


def test_nothing_set_is_a_complete_answer(tmp_path: Path) -> None:
    settings = Settings.from_environment({"INSTANCE_PATH": str(tmp_path)})
    assert (settings.host, settings.port, settings.timezone, settings.mail_url) == ("127.0.0.1", 8000, "Asia/Jakarta", "log:")
    assert settings.database_url == f"sqlite:///{tmp_path / 'gurindam.sqlite3'}"
    assert not settings.secure_cookies


def test_blank_counts_as_not_set(tmp_path: Path) -> None:
    assert Settings.from_environment({"INSTANCE_PATH": str(tmp_path), "PORT": " "}).port == 8000


def test_secrets_are_made_once_and_only_their_owner_reads_them(tmp_path: Path) -> None:
    first, second = (Settings.from_environment({"INSTANCE_PATH": str(tmp_path)}) for _i in range(2))
    assert (first.secret_key, first.evidence_key) == (second.secret_key, second.evidence_key)
    assert first.secret_key.encode() != first.evidence_key.hex().encode()
    for name in ("session.key", "evidence.key"):
        assert stat.S_IMODE((tmp_path / "keys" / name).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "keys").stat().st_mode) == 0o700


@pytest.mark.parametrize("damaged", ["", "abc", "bukan heksadesimal"])
def test_damaged_keys_are_told_and_never_replaced(tmp_path: Path, damaged: str) -> None:
    Settings.from_environment({"INSTANCE_PATH": str(tmp_path)})
    (tmp_path / "keys" / "evidence.key").write_text(damaged)
    assert "damaged" in faults_of(tmp_path)[0]
    assert (tmp_path / "keys" / "evidence.key").read_text() == damaged


def test_https_makes_cookies_secure(tmp_path: Path) -> None:
    env = {"INSTANCE_PATH": str(tmp_path), "GURINDAM_BASE_URL": "https://belajar.contoh.go.id/"}
    settings = Settings.from_environment(env)
    assert settings.secure_cookies
    assert settings.base_url == "https://belajar.contoh.go.id"


def test_the_operators_guide_names_every_variable(tmp_path: Path) -> None:
    asked: set[str] = set()

    class Environment(dict[str, str]):
        def get(self, name: str, default: Any = None) -> Any:
            asked.add(name)
            return super().get(name, default)

    Settings.from_environment(Environment(INSTANCE_PATH=str(tmp_path)))
    assert len(asked) >= 28
    guide = (ROOT / "docs" / "operator.md").read_text()
    assert [name for name in sorted(asked) if f"`{name}`" not in guide] == []


@pytest.mark.parametrize(("base_url", "right"), [("http://belajar.example.go.id", False), ("https://belajar.example.go.id", True), ("", True)])
def test_production_needs_tls_beyond_the_machine_itself(tmp_path: Path, base_url: str, right: bool) -> None:
    given = {"GURINDAM_ENV": "production", "MAIL_URL": "smtp://mail.example.go.id", "GURINDAM_BASE_URL": base_url}
    if right:
        assert Settings.from_environment({"INSTANCE_PATH": str(tmp_path)} | given).is_production
    else:
        assert "GURINDAM_BASE_URL" in faults_of(tmp_path, **given)[0]


def test_a_quota_of_nothing_is_no_limit(tmp_path: Path) -> None:
    usual = Settings.from_environment({"INSTANCE_PATH": str(tmp_path)})
    assert (usual.media_quota_person_gb, usual.media_quota_unit_gb) == (20, 200)
    open_ended = Settings.from_environment({"INSTANCE_PATH": str(tmp_path), "MEDIA_QUOTA_PERSON_GB": "0", "MEDIA_QUOTA_UNIT_GB": "500"})
    assert (open_ended.media_quota_person_gb, open_ended.media_quota_unit_gb) == (None, 500)
