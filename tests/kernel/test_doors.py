"""Every door names its permission, every answer carries its headers, every error is said in the right form."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_socketio import Namespace
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from structlog.testing import capture_logs
from werkzeug.exceptions import TooManyRequests

from app.kernel.access import PERMISSIONS, PUBLIC, SIGNED_IN, Permission, Role, Scope, permission, permission_of, public, requires
from app.kernel.errors import Busy, Conflict, DiskFull, Invalid, NotAllowed, NotFound, SignInNeeded, TooLarge, TooMany
from app.kernel.http import CONTENT_SECURITY_POLICY
from app.kernel.sockets import GuardedNamespace, socketio
from tests.people.factories import make_user, sign_in

AS_JSON = {"Accept": "application/json"}
# What anybody may open without an account. A new entry here is a decision, not a formality.
OPEN_TO_EVERYONE = {"static", "kernel.healthz", "kernel.readyz", "kernel.metrics"}


def test_every_route_names_its_permission(app: Flask) -> None:
    nameless = [rule.endpoint for rule in app.url_map.iter_rules() if permission_of(app, rule.endpoint) is None]
    assert nameless == []


def test_every_named_permission_is_declared(app: Flask) -> None:
    for rule in app.url_map.iter_rules():
        needed = permission_of(app, rule.endpoint)
        assert needed is PUBLIC or needed is SIGNED_IN or PERMISSIONS[needed.name] is needed  # type: ignore[union-attr]


def test_nothing_of_those_who_are_signed_in_is_public(app: Flask) -> None:
    closed = ("/kelola", "/studio", "/tim", "/profil", "/beranda", "/rekam-jejak", "/pemberitahuan")
    opened = [rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith(closed) and permission_of(app, rule.endpoint) is PUBLIC]
    assert opened == []


def test_no_door_under_kelola_opens_for_everyone_signed_in(app: Flask) -> None:
    opened = [rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/kelola") and permission_of(app, rule.endpoint) is SIGNED_IN]
    assert opened == []


def test_the_kernels_open_doors_are_the_known_ones(app: Flask) -> None:
    found = {r.endpoint for r in app.url_map.iter_rules() if r.endpoint.split(".")[0] in ("kernel", "static") and permission_of(app, r.endpoint) is PUBLIC}
    assert found == OPEN_TO_EVERYONE


def test_no_view_answers_options_itself(app: Flask) -> None:
    """OPTIONS passes the guard: only the framework may answer it, with the methods of the address and nothing else."""
    rules = list(app.url_map.iter_rules())
    assert len(rules) > 100
    assert [rule.endpoint for rule in rules if not rule.provide_automatic_options] == []


def test_every_namespace_is_guarded_and_every_event_names_its_permission(app: Flask) -> None:
    assert [n for n in socketio.server.namespace_handlers.values() if not isinstance(n, GuardedNamespace)] == []
    assert [n for n in Namespace.__subclasses__() if n is not GuardedNamespace] == []
    assert socketio.server.handlers == {}
    nameless = [
        f"{kind.__name__}.{name}"
        for kind in _all_below(GuardedNamespace)
        for name in dir(kind)
        if name.startswith("on_") and name not in ("on_connect", "on_disconnect") and not isinstance(getattr(getattr(kind, name), "needed_permission", None), Permission)
    ]
    assert nameless == ["Room.on_unmarked"]  # the one this file makes to see it refused


def _all_below(kind: type) -> list[type]:
    return [k for below in kind.__subclasses__() for k in (below, *_all_below(below))]


ONLY_ADMIN = permission("proof.only_admin", {Role.SYSTEM_ADMIN: Scope.ALL})


# ---- a door with another view behind it ----

DOOR = "/healthz"


@pytest.fixture
def door(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`door(view)` puts another view behind `DOOR` for the time of the test."""
    return lambda view: monkeypatch.setitem(app.view_functions, "kernel.healthz", view)


def test_a_door_without_a_mark_is_shut_for_everyone(client: FlaskClient, door: Any) -> None:
    door(lambda: "masuk")
    assert client.get(DOOR, headers=AS_JSON).status_code == 401
    sign_in(client, make_user(role=Role.SYSTEM_ADMIN))
    assert client.get(DOOR).status_code == 403


def test_a_mark_lets_in_who_holds_it(client: FlaskClient, door: Any) -> None:
    door(requires(ONLY_ADMIN)(lambda: "masuk"))
    assert client.get(DOOR).headers["Location"].startswith("/masuk?next=")
    assert sign_in(client, make_user()).get(DOOR).status_code == 403
    assert sign_in(client, make_user(role=Role.SYSTEM_ADMIN)).get(DOOR).text == "masuk"


def test_a_permission_is_declared_once() -> None:
    with pytest.raises(ValueError, match="twice"):
        permission("proof.only_admin", {Role.LEARNER: Scope.SELF})


FAULTS = [
    (NotFound(), 404, "not_found"),
    (NotAllowed(), 403, "not_allowed"),
    (Invalid(fields={"nip": "Kurang dua angka."}), 422, "invalid"),
    (Conflict(), 409, "conflict"),
    (TooMany(), 429, "too_many"),
    (TooLarge(), 413, "too_large"),
    (DiskFull(), 507, "disk_full"),
    (Busy(), 503, "busy"),
    (OperationalError("SELECT 1", {}, Exception("gone")), 503, "database_unavailable"),
    (NoConnectionFree("pool"), 503, "database_unavailable"),
    (ZeroDivisionError("rahasia 199005172015031001"), 500, "fault"),
    (TooManyRequests("in English"), 429, "too_many_requests"),
]


def test_a_database_that_did_not_take_it_is_told_with_its_reason(client: FlaskClient, door: Any) -> None:
    def fail() -> str:
        raise Busy(code="database_locked")

    door(public(fail))
    with capture_logs() as lines:
        assert client.get(DOOR).status_code == 503
    assert [(line["event"], line["reason"]) for line in lines if line["log_level"] == "error"] == [("database_unavailable", "database_locked")]


@pytest.mark.parametrize(("fault", "status", "code"), FAULTS, ids=[type(f[0]).__name__ for f in FAULTS])
def test_each_error_has_a_face_for_people_and_one_for_programs(client: FlaskClient, door: Any, fault: Exception, status: int, code: str) -> None:
    def fail() -> str:
        raise fault

    door(public(fail))
    page = client.get(DOOR)
    assert page.status_code == status
    assert "<h1>" in page.text
    assert "rahasia" not in page.text
    assert "Traceback" not in page.text
    assert (f"Nomor kejadian: <code>{page.headers['X-Request-ID']}</code>" in page.text) == (status == 500)
    answer = client.get(DOOR, headers=AS_JSON)
    assert answer.status_code == status
    assert answer.json is not None
    assert answer.json["error"] == code
    assert len(answer.json["message"]) > 10
    assert "English" not in answer.json["message"]
    for response in (page, answer):
        assert response.headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
        assert response.headers["X-Request-ID"]
    if isinstance(fault, Invalid):
        assert answer.json["fields"] == {"nip": "Kurang dua angka."}


def test_english_readers_read_english(client: FlaskClient) -> None:
    client.set_cookie("bahasa", "en")
    assert "not found" in client.get("/tidak-ada", headers=AS_JSON).json["message"].lower()  # type: ignore[index]


def test_signing_in_leads_back_to_where_one_was(client: FlaskClient) -> None:
    assert client.get("/pemberitahuan?page=2").headers["Location"] == "/masuk?next=/pemberitahuan?page%3D2"
    sent = client.post("/pemberitahuan/bacaan", headers={"Referer": "http://localhost/pemberitahuan?page=3"})
    assert sent.headers["Location"] == "/masuk?next=/pemberitahuan"
    strange = client.post("/pemberitahuan/bacaan", headers={"Referer": "https://jahat.example/pemberitahuan"})
    assert strange.headers["Location"] == "/masuk?next=/"


def test_a_form_without_its_token_is_refused_in_words(client: FlaskClient) -> None:
    sign_in(client, make_user())
    client.application.config["WTF_CSRF_ENABLED"] = True
    try:
        answer = client.post("/pemberitahuan/bacaan")
        program = client.post("/pemberitahuan/bacaan", headers=AS_JSON)
    finally:
        client.application.config["WTF_CSRF_ENABLED"] = False
    assert answer.status_code == 400
    assert "Formulir ini sudah kedaluwarsa" in answer.text
    assert program.json == {"error": "stale_form", "message": program.json["message"]}  # type: ignore[index]


@pytest.mark.parametrize("path", ["/masuk", "/healthz", "/tidak-ada", "/static/dist/tidak-ada.js", "/socket.io/?EIO=4&transport=polling", "/static/dist/manifest.json"])
def test_every_answer_carries_the_security_headers(client: FlaskClient, path: str) -> None:
    headers = client.get(path, buffered=True).headers
    assert headers.getlist("Content-Security-Policy") == [CONTENT_SECURITY_POLICY]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert "Access-Control-Allow-Origin" not in headers
    assert "unsafe" not in CONTENT_SECURITY_POLICY


def test_pages_of_a_person_are_never_cached_by_others(client: FlaskClient) -> None:
    assert client.get("/pemberitahuan").headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize(("given", "kept"), [("abcdef-1234", True), ("a", False), ("x" * 65, False), ("<script>alert", False), ("a b c d e f g h", False)])
def test_a_request_keeps_a_sane_id_and_gets_one_otherwise(client: FlaskClient, given: str, kept: bool) -> None:
    assert (client.get("/healthz", headers={"X-Request-ID": given}).headers["X-Request-ID"] == given) == kept


# ---- health ----


def test_alive_is_not_ready_without_a_worker(client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"status": "alive"}
    answer = client.get("/readyz")
    assert answer.status_code == 503
    checks = {"database": True, "schema": True, "encoder": True, "storage": True, "worker": False}
    assert answer.json == {"status": "not_ready", "checks": checks, "warnings": []}


@pytest.mark.parametrize("proxied", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"])
def test_metrics_are_for_this_machine_alone(client: FlaskClient, proxied: str) -> None:
    assert "gurindam_requests_total" in client.get("/metrics").text
    assert client.get("/metrics", headers={proxied: "10.1.2.3"}).status_code == 404
    assert client.get("/metrics", environ_overrides={"REMOTE_ADDR": "10.1.2.3"}).status_code == 404


def test_with_a_token_metrics_are_for_who_shows_it(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    token = "x" * 20
    monkeypatch.setitem(client.application.config, "GURINDAM", replace(client.application.config["GURINDAM"], metrics_token=token))
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer " + "y" * 20}).status_code == 404
    there = client.get("/metrics", headers={"Authorization": f"Bearer {token}"}, environ_overrides={"REMOTE_ADDR": "10.1.2.3"})
    assert there.status_code == 200


def test_a_visitor_cannot_invent_metrics(client: FlaskClient) -> None:
    for word in ("AAAA", "BBBB"):
        client.open("/healthz", method=word)
    text = client.get("/metrics").text
    assert "AAAA" not in text
    assert 'method="other"' in text


# ---- sockets ----


class Room(GuardedNamespace):
    """A namespace of this file only."""

    @requires(SIGNED_IN)
    def on_greet(self, name: str) -> dict[str, str]:
        return {"hello": name}

    @requires(ONLY_ADMIN)
    def on_rule(self) -> str:
        return "ruled"

    @requires(SIGNED_IN)
    def on_refuse(self) -> None:
        raise Conflict("Sudah ditutup.")

    @requires(SIGNED_IN)
    def on_break(self) -> None:
        raise ZeroDivisionError("rahasia")

    def on_unmarked(self) -> str:
        return "in"


class ShutRoom(GuardedNamespace):
    def on_connect(self) -> None:
        raise NotFound


@pytest.fixture
def rooms(app: Flask) -> Iterator[None]:
    before = dict(socketio.server.namespace_handlers)
    socketio.on_namespace(Room("/uji"))
    socketio.on_namespace(ShutRoom("/uji-tutup"))
    yield
    socketio.server.namespace_handlers.clear()
    socketio.server.namespace_handlers.update(before)


def connect(client: FlaskClient, namespace: str = "/uji") -> Any:
    return socketio.test_client(client.application, namespace=namespace, flask_test_client=client)


def test_nobody_connects_unknown(client: FlaskClient, rooms: None) -> None:
    assert not connect(client).is_connected("/uji")


def test_a_room_may_refuse_whom_it_does_not_know(client: FlaskClient, rooms: None) -> None:
    assert not connect(sign_in(client, make_user()), "/uji-tutup").is_connected("/uji-tutup")


def test_each_event_checks_its_mark_and_a_refusal_is_an_answer(client: FlaskClient, rooms: None) -> None:
    learner = connect(sign_in(client, make_user()))

    def ask(event: str, *given: Any) -> Any:
        return learner.emit(event, *given, namespace="/uji", callback=True)

    assert learner.is_connected("/uji")
    assert ask("greet", "Siti") == {"hello": "Siti"}
    assert ask("rule")["error"] == "not_allowed"
    assert ask("unmarked")["error"] == "not_allowed"
    assert ask("refuse") == {"error": "conflict", "message": "Sudah ditutup."}
    assert [ask("greet", *parts)["error"] for parts in ((), ("a", "b"))] == ["invalid", "invalid"]
    broken = ask("break")
    assert broken["error"] == "fault"
    assert "rahasia" not in json.dumps(broken)
    assert learner.is_connected("/uji")


def test_a_session_that_was_ended_cannot_go_on_over_an_open_socket(client: FlaskClient, rooms: None) -> None:
    from app.kernel.db import transaction
    from app.people.sessions import end_sessions

    siti = make_user()
    socket = connect(sign_in(client, siti))
    with transaction():
        end_sessions(siti.id)
    assert socket.emit("greet", "Siti", namespace="/uji", callback=True)["error"] == SignInNeeded.code




@pytest.mark.parametrize("path", ["/kelola/pegawai/{}", "/kelola/unit/{}", "/media/aset/{}", "/kelola/slip/{}.pdf", "/penugasan/{}"])
def test_a_number_that_no_row_has_is_an_address_that_does_not_exist(client: FlaskClient, path: str) -> None:
    assert client.get(path.format(2**31)).status_code == 404
    assert client.get(path.format("9" * 30)).status_code == 404


def test_a_connection_that_runs_wild_is_refused_and_only_for_a_while(client: FlaskClient, rooms: None, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr("app.kernel.sockets.time", SimpleNamespace(monotonic=lambda: now))
    monkeypatch.setattr(Room, "most_events", 3)
    user = make_user()
    wild, calm = connect(sign_in(client, user)), connect(sign_in(client.application.test_client(), user))
    told = [wild.emit("greet", "Siti", namespace="/uji", callback=True) for _ in range(5)]
    assert [answer.get("error") for answer in told] == [None, None, None, "too_many", "too_many"]
    assert calm.emit("greet", "Siti", namespace="/uji", callback=True) == {"hello": "Siti"}
    now += 10
    assert wild.emit("greet", "Siti", namespace="/uji", callback=True) == {"hello": "Siti"}
