"""A weak link between a browser and the product: slow, and cut whenever a test wants."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
import time
from urllib.parse import urlsplit

PIECE = 64 << 10


class WeakLink:
    """Passes TCP on to the product. `cut()` breaks all connections as a dead radio does, `down()` also refuses new ones."""

    def __init__(self, url: str, bytes_per_second: float = 0):
        parts = urlsplit(url)
        self.target = (parts.hostname or "127.0.0.1", parts.port or 80)
        self.bytes_per_second = bytes_per_second
        self.server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.server.getsockname()[1]}"
        self.cuts, self.passed = 0, 0
        self._is_down = False
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self) -> None:
        self.cuts += 1
        with self._guard:
            broken, self._open = self._open, set()
        for end in broken:
            with contextlib.suppress(OSError):  # a reset, not a polite end
                end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            with contextlib.suppress(OSError):
                end.close()

    def down(self) -> None:
        self._is_down = True
        self.cut()

    def up(self) -> None:
        self._is_down = False

    def close(self) -> None:
        self.down()
        self.server.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self.server.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(self.target, timeout=5)
            except OSError:
                near.close()
                continue
            if self._is_down:
                near.close()
                far.close()
                continue
            with self._guard:
                self._open |= {near, far}
            threading.Thread(target=self._pass_on, args=(near, far), daemon=True).start()

    def _pass_on(self, near: socket.socket, far: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError):
            while True:
                for end in select.select([near, far], [], [])[0]:
                    data = end.recv(PIECE)
                    if not data:
                        raise OSError
                    (far if end is near else near).sendall(data)
                    self.passed += len(data)
                    if end is near and self.bytes_per_second:
                        time.sleep(len(data) / self.bytes_per_second)
        with self._guard:
            self._open -= {near, far}
        for end in (near, far):
            with contextlib.suppress(OSError):
                end.close()
