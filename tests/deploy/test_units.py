"""The systemd units, the settings file and the scripts of deploy/."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import browsers
import pytest

from config import ROOT, Settings
from tests.needs import must_have

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("gurindam-*"))
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]


@pytest.fixture(scope="module")
def placed_units(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The units with the programs of this machine: systemd looks whether they are there."""
    must_have(browsers.find_systemd_analyze(), "no systemd-analyze here, and none may be installed: the units are not verified")
    folder = tmp_path_factory.mktemp("units")
    for unit in UNITS:
        text = unit.read_text().replace("/opt/gurindam/.venv/bin/", f"{Path(sys.executable).parent}/").replace("/opt/gurindam", str(ROOT))
        (folder / unit.name).write_text(text)
    return folder


def test_systemd_takes_the_units_without_a_word(placed_units: Path) -> None:
    units = [str(placed_units / unit.name) for unit in UNITS]
    verified = subprocess.run(["systemd-analyze", "verify", *units], capture_output=True, text=True, check=False)
    assert (verified.returncode, verified.stdout + verified.stderr) == (0, "")


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)
def test_a_service_may_do_little(placed_units: Path, unit: Path) -> None:
    """`systemd-analyze security` gives 0 (nothing is possible) to 10; a service without hardening has 9.6."""
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=25", str(placed_units / unit.name)], capture_output=True, text=True, check=False
    )
    assert rated.returncode == 0, rated.stdout[-300:]
    text = unit.read_text()
    for line in ("NoNewPrivileges=true", "ProtectSystem=strict", "PrivateTmp=true", "CapabilityBoundingSet=", "User=gurindam"):
        assert f"\n{line}\n" in text


def sourced(path: Path) -> dict[str, str]:
    """As the command `gurindam` reads the file; systemd reads the same lines by rules of its own."""
    shown = subprocess.run(
        ["env", "-i", "sh", "-c", 'set -a; . "$0"; /usr/bin/env -0', str(path)], capture_output=True, text=True, check=True, cwd=path.parent
    ).stdout
    return dict(line.split("=", 1) for line in shown.split("\0") if line)


def test_the_settings_file_is_a_complete_answer(tmp_path: Path) -> None:
    env = sourced(DEPLOY / "gurindam.env")
    assert (env["INSTANCE_PATH"], env["STORAGE_URL"]) == ("/var/lib/gurindam/instance", "file:///var/lib/gurindam/files")
    settings = Settings.from_environment(env | {"INSTANCE_PATH": str(tmp_path), "STORAGE_URL": f"file://{tmp_path}/files"})
    assert settings.is_production
    assert settings.secure_cookies
    assert (settings.host, settings.port, settings.proxy_hops, settings.media_accel) == ("127.0.0.1", 8000, 1, "/_media")
    assert "alias /var/lib/gurindam/files/;" in (DEPLOY / "nginx/media.conf").read_text()
    assert "alias /var/lib/gurindam/files/$gurindam_stream/" in (DEPLOY / "nginx/gurindam.conf").read_text()


def test_systemd_and_the_shell_read_the_settings_alike() -> None:
    """Every value is one word in single quotes: neither of the two finds anything to interpret in it."""
    lines = [line for line in (DEPLOY / "gurindam.env").read_text().splitlines() if line and not re.match(r"# |#$", line)]
    assert lines
    assert [line for line in lines if not re.fullmatch(r"#?[A-Z_]+='[^'\\]*'", line)] == []


def test_every_setting_of_the_installed_file_is_explained_on_the_operators_page() -> None:
    page = (ROOT / "docs/operator.md").read_text()
    named = re.findall(r"^#?([A-Z_]+)=", (DEPLOY / "gurindam.env").read_text(), re.MULTILINE)
    assert len(named) >= 10
    assert [name for name in named if f"| `{name}` |" not in page] == []


@pytest.mark.parametrize("script", ["install.sh", "update.sh", "gurindam"])
def test_the_scripts_can_be_read_by_a_plain_shell_and_run(script: str) -> None:
    path = DEPLOY / script
    assert os.access(path, os.X_OK)
    assert subprocess.run(["sh", "-n", path], capture_output=True, check=False).returncode == 0
    assert "\nset -eu\n" in path.read_text()


@pytest.mark.parametrize("arguments", [[], ["Bukan Nama"], ["lms.contoh.go.id; true"], ["lms.contoh.go.id"]])
def test_setting_up_refuses_before_it_touches_anything(arguments: list[str]) -> None:
    """Without a name, with one that is none, and from a folder that is not the code's place."""
    done = subprocess.run([DEPLOY / "install.sh", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "install.sh" in done.stderr
    assert "==" not in done.stdout


def test_everything_the_site_includes_is_put_there() -> None:
    included = set(re.findall(r"include gurindam/(\w+)\.conf", "".join(path.read_text() for path in (DEPLOY / "nginx").glob("*.conf"))))
    placed = re.search(r"for name in ([a-z ]+); do install", (DEPLOY / "install.sh").read_text())
    assert placed
    assert included == set(placed[1].split())
