"""The servers by which the browsers of the stage find each other, with credentials that end."""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import replace
from typing import Any

from flask import Flask

from app.kernel import clock
from app.stage.ice import VALID_SECONDS, ice_servers


def test_nothing_is_set_and_nothing_is_offered(app: Flask) -> None:
    assert ice_servers(app.config["GURINDAM"], "s1") == []


def test_turn_gets_credentials_that_end_and_never_the_secret(app: Flask, at: Any) -> None:
    at(2026, 11, 30, 9, 0)
    settings = replace(app.config["GURINDAM"], stun_url="stun:a:3478", turn_url="turns:b:443?transport=tcp", turn_secret="rahasia")
    stun, turn = ice_servers(settings, "s1")
    assert stun == {"urls": "stun:a:3478"}
    until, who = turn["username"].split(":")
    assert (int(until), who) == (int(clock.now().timestamp()) + VALID_SECONDS, "s1")
    expected = hmac.new(b"rahasia", turn["username"].encode(), hashlib.sha1).digest()
    assert base64.b64decode(turn["credential"]) == expected
    assert "rahasia" not in str(turn)


def test_servers_of_the_operators_choice_are_passed_on(app: Flask) -> None:
    settings = replace(app.config["GURINDAM"], live_ice_servers=({"urls": "stun:c:3478"},))
    assert ice_servers(settings, "s1") == [{"urls": "stun:c:3478"}]
