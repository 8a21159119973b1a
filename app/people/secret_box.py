"""Small secrets at rest (the TOTP seed), and keyed digests of codes and tokens, all from the installation's secret key.

Sealing is encrypt-then-MAC with HMAC-SHA256: the key stream is HMAC in counter mode under one derived key, the seal is an HMAC under
another. Both keys differ for each purpose, so a sealed value means nothing elsewhere.
"""

from __future__ import annotations

import base64
import hmac
import secrets

from flask import current_app

NONCE, SEAL = 16, 32


class Unsealable(ValueError):
    """The value was changed, or sealed under another secret key."""


def _key(purpose: str) -> bytes:
    secret = current_app.config["GURINDAM"].secret_key.encode()
    return hmac.digest(hmac.digest(b"gurindam people", secret, "sha256"), purpose.encode() + b"\x01", "sha256")


def _stream(key: bytes, nonce: bytes, length: int) -> bytes:
    blocks = (hmac.digest(key, nonce + counter.to_bytes(4, "big"), "sha256") for counter in range(-(-length // 32)))
    return b"".join(blocks)[:length]


def seal(purpose: str, plain: str) -> str:
    data, nonce = plain.encode(), secrets.token_bytes(NONCE)
    hidden = nonce + bytes(a ^ b for a, b in zip(data, _stream(_key(f"{purpose} stream"), nonce, len(data)), strict=True))
    return base64.urlsafe_b64encode(hidden + hmac.digest(_key(f"{purpose} seal"), hidden, "sha256")).decode()


def unseal(purpose: str, sealed: str) -> str:
    """Raises `Unsealable`."""
    try:
        raw = base64.urlsafe_b64decode(sealed.encode())
    except ValueError as error:
        raise Unsealable from error
    hidden, found = raw[:-SEAL], raw[-SEAL:]
    if len(hidden) < NONCE or not hmac.compare_digest(found, hmac.digest(_key(f"{purpose} seal"), hidden, "sha256")):
        raise Unsealable
    nonce, data = hidden[:NONCE], hidden[NONCE:]
    return bytes(a ^ b for a, b in zip(data, _stream(_key(f"{purpose} stream"), nonce, len(data)), strict=True)).decode()


def keyed_digest(purpose: str, text: str) -> str:
    """A digest that nobody without the secret key can compute; enough to find a random code or token again."""
    return hmac.digest(_key(f"{purpose} digest"), text.encode(), "sha256").hex()
