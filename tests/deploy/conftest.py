"""nginx and the application behind it, once for all tests of this folder."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.deploy.machine import ROOT, Application, Nginx, Visitor, opened, until
from tests.needs import must_have
from tests.ports import free_port

sys.path.insert(0, str(ROOT / "scripts"))
import browsers


@dataclass
class Site:
    application: Application
    nginx: Nginx

    def visitor(self, address: str = "127.0.0.9") -> Visitor:
        return Visitor(self.nginx, address)


@pytest.fixture(scope="session")
def nginx_program() -> str:
    """nginx and openssl, installed when we may. In continuous integration they must be there."""
    must_have(browsers.find_openssl(), "no openssl here, and none may be installed: the site of deploy/nginx is not tested")
    return must_have(browsers.find_nginx(), "no nginx here, and none may be installed: the site of deploy/nginx is not tested")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Application]:
    application = Application(tmp_path_factory.mktemp("application"))
    application.start()  # it asks nothing of the database before somebody asks something of it
    application.prepare()
    yield application
    application.stop()
    application.held.close()
    log = application.log()
    assert "Traceback" not in log, log[-3000:]


@pytest.fixture(scope="session")
def site(nginx_program: str, server: Application, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    nginx = Nginx(nginx_program, tmp_path_factory.mktemp("nginx"), server.port, server.folder / "instance" / "files")
    nginx.start()
    site = Site(server, nginx)
    until(lambda: site.visitor().get("/healthz").status == 200)
    yield site
    nginx.stop()


@pytest.fixture(autouse=True)
def _hang_up() -> Iterator[None]:
    yield
    while opened:
        opened.pop().close()


@pytest.fixture
def visitor(site: Site) -> Visitor:
    return site.visitor()


@pytest.fixture
def lonely_nginx(nginx_program: str, tmp_path: Path) -> Iterator[Nginx]:
    """An nginx whose application does not run."""
    nginx = Nginx(nginx_program, tmp_path / "nginx", free_port())
    nginx.start()
    yield nginx
    nginx.stop()

