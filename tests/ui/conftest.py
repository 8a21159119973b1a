"""The look alone: an application with nothing but layouts and components, and a person who may be signed in by `?as=`."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from flask import Flask, render_template_string, request
from flask_login import LoginManager, UserMixin
from flask_wtf.csrf import CSRFProtect

from app.kernel import access, catalogues, i18n
from app.kernel.access import Role, Scope, permission, public, requires
from app.kernel.errors import DomainError
from app.ui import wiring
from config import ROOT

MANAGE = permission("ui_tests.manage", {Role.UNIT_ADMIN: Scope.UNIT})


class Person(UserMixin):
    id, full_name, initials, locale = "1", "Nurhayati binti Hasan", "NH", None

    def __init__(self, role: str):
        self.role = role

    def scope_for(self, needed):
        return needed.grants.get(Role(self.role))


@pytest.fixture
def look() -> Flask:
    return make_look("test")


def make_look(environment: str) -> Flask:
    """Pages: `/` draws the template in `config["PAGE"]`; those under `/kelola` are for unit admins."""
    catalogues.compile_all()
    app = Flask("app", root_path=str(ROOT / "app"), static_folder="ui/static")
    app.config.update(
        GURINDAM=SimpleNamespace(
            environment=environment, name="Gurindam", organization="Pemerintah Kota", agency="BKPSDM Kota", timezone="Asia/Jakarta"
        ),
        SECRET_KEY="k" * 40,
        TESTING=True,
        WTF_CSRF_ENABLED=environment == "development",
        PAGE="",
    )
    i18n.init_app(app)
    CSRFProtect(app)
    LoginManager(app).request_loader(lambda request: Person(request.args["as"]) if "as" in request.args else None)
    access.init_app(app)

    @app.get("/")
    @public
    def page():
        return render_template_string(app.config["PAGE"], **app.config.get("VALUES", {}))

    @app.get("/kelola")
    @requires(MANAGE)
    def manage():
        return "kelola"

    @app.get("/kelola/pegawai")
    @requires(MANAGE)
    def people():
        return render_template_string(app.config["PAGE"])

    @app.post("/keluar")
    @public
    def leave():
        return request.method

    app.register_error_handler(DomainError, lambda error: (error.code, error.status))
    wiring.init_app(app)
    return app
