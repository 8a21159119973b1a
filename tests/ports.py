"""Ports for the servers that tests start."""

from __future__ import annotations

import secrets
import socket
from pathlib import Path

LOWEST = 20_000


def free_port() -> int:
    """A port nobody listens on, below those the system lends to outgoing connections: it would lend one of them away before a server is up."""
    while True:
        port = LOWEST + secrets.randbelow(_first_lent() - LOWEST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


def _first_lent() -> int:
    told = Path("/proc/sys/net/ipv4/ip_local_port_range")
    first = int(told.read_text().split()[0]) if told.is_file() else 49_152  # IANA's
    return first if first > LOWEST + 1000 else 65_536
