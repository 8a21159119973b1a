"""A browser reduced to its bytes: Engine.IO and Socket.IO spoken over plain sockets, so that a test can be slow, rude, or vanish at any moment."""

from __future__ import annotations

import base64
import http.client
import json
import os
import socket
import struct
import time
from typing import Any

PATH = "/socket.io/?EIO=4&transport="
TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


_opened: list[socket.socket] = []


def close_all() -> None:
    """At the end of a test."""
    while _opened:
        _opened.pop().close()


class Gone(Exception):
    """The server closed the connection; `code` is what its closing frame said, when it sent one."""

    def __init__(self, code: int | None = None):
        self.code = code
        super().__init__(code)


class Wire:
    """One WebSocket to `/room`."""

    def __init__(self, port: int, ticket: str | None = None, *, session: str | None = None, receive_buffer: int | None = None):
        self.socket = socket.socket()
        _opened.append(self.socket)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(20)
        self.socket.connect(("127.0.0.1", port))
        self.buffer = b""
        self.frames: list[dict[str, Any]] = []  # of the room, as they came
        self.own: list[Any] = []
        self.asked = 0
        self.pings, self.answering = 0, True
        self._shake_hands(port, f"&sid={session}" if session else "")
        if session is None:
            assert self.receive().startswith("0")
        if ticket is not None:
            self.refusal = self.enter(ticket)

    def _shake_hands(self, port: int, more: str) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {PATH}websocket{more} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Upgrade: websocket", "Connection: Upgrade"]
        self.socket.sendall("\r\n".join([*lines, f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", "", ""]).encode())
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        assert head.startswith(b"HTTP/1.1 101"), head

    # ---- WebSocket ----

    def send_frame(self, payload: bytes, kind: int = TEXT, last: bool = True, length: int | None = None) -> None:
        """`length` is what the frame says of itself, when that is to be a lie."""
        said = len(payload) if length is None else length
        head = bytes([kind | (0x80 if last else 0)])
        head += bytes([0x80 | said]) if said < 126 else b"\xfe" + struct.pack("!H", said) if said < 1 << 16 else b"\xff" + struct.pack("!Q", said)
        mask = os.urandom(4)
        key = (mask * (len(payload) // 4 + 1))[: len(payload)]
        masked = (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(len(payload), "big")
        self.socket.sendall(head + mask + masked)

    def send(self, message: str) -> None:
        self.send_frame(message.encode())

    def receive(self) -> str:
        """The next text; pings of Engine.IO are answered. Raises Gone, or TimeoutError."""
        while True:
            first, second = self._take(2)
            length = second & 0x7F
            if length > 125:
                length = int.from_bytes(self._take(2 if length == 126 else 8), "big")
            payload = self._take(length)
            kind = first & 0x0F
            if kind == CLOSE:
                raise Gone(int.from_bytes(payload[:2], "big") if payload else None)
            if kind == PONG:
                return "pong " + payload.decode()
            assert kind in (TEXT, BINARY), (first, second)
            if payload == b"2":
                self.pings += 1
                if self.answering:
                    self.send("3")
            elif payload != b"6":
                return payload.decode()

    def _take(self, count: int) -> bytes:
        while len(self.buffer) < count:
            self._more()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def _more(self) -> None:
        try:
            piece = self.socket.recv(1 << 18)
        except ConnectionError:
            raise Gone from None
        if not piece:
            raise Gone
        self.buffer += piece

    # ---- Socket.IO ----

    def enter(self, ticket: str) -> dict[str, Any] | None:
        """Connect to the namespace; what the server says when it refuses."""
        self.send("40/room," + json.dumps({"ticket": ticket}))
        answer = self.receive()
        return json.loads(answer.removeprefix("44/room,"))["data"] if answer.startswith("44") else None

    def ask(self, event: str, body: Any = None) -> Any:
        """Send an event and wait for its answer; what is told meanwhile is kept."""
        self.asked += 1
        number = self.asked
        self.send(f"42/room,{number}" + json.dumps([event] + ([] if body is None else [body])))
        while True:
            said = self.receive()
            if said.startswith(f"43/room,{number}["):
                answer = json.loads(said.removeprefix(f"43/room,{number}"))
                return answer[0] if answer else None
            self._keep(said)

    def listen(self, seconds: float) -> None:
        """Keep what comes for so long."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                self._keep(self.receive())
            except TimeoutError:
                break
            except BlockingIOError:
                break
        self.socket.settimeout(20)

    def wait_for(self, number: int, stream: str = "all") -> None:
        """Keep what comes until this frame of a stream has."""
        while not any(frame["s"] == stream and frame["n"] >= number for frame in self.frames):
            self._keep(self.receive())

    def _keep(self, said: str) -> None:
        if said.startswith("42/room,"):
            event, body = json.loads(said.removeprefix("42/room,"))
            (self.frames if event == "frame" else self.own).append(body)
        elif said.startswith("41/room"):
            raise Gone

    def numbers(self, stream: str = "all") -> list[int]:
        return [frame["n"] for frame in self.frames if frame["s"] == stream]

    def cut(self) -> None:
        """Vanish without a word."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


class Poller:
    """A browser behind a proxy that lets no WebSocket through."""

    def __init__(self, port: int, ticket: str | None = None):
        self.port = port
        self.waiting: list[str] = []
        self.frames: list[dict[str, Any]] = []
        self.session = json.loads(self._request("GET")[0][1:])["sid"]
        if ticket is not None:
            self.post("40/room," + json.dumps({"ticket": ticket}))
            assert self.receive().startswith("40/room")

    def _request(self, method: str, body: str | None = None) -> list[str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=40)
        address = PATH + "polling" + (f"&sid={self.session}" if hasattr(self, "session") else "")
        connection.request(method, address, body)
        answer = connection.getresponse()
        said = answer.read().decode()
        connection.close()
        if answer.status != 200:
            raise Gone(answer.status)
        return said.split("\x1e") if method == "GET" else []

    def post(self, message: str) -> None:
        self._request("POST", message)

    def receive(self) -> str:
        while True:
            while not self.waiting:
                self.waiting = self._request("GET")
            said = self.waiting.pop(0)
            if said == "2":
                self.post("3")
            elif said != "6":
                return said

    def ask(self, event: str, body: Any = None) -> Any:
        self.post("42/room,7" + json.dumps([event] + ([] if body is None else [body])))
        while not (said := self.receive()).startswith("43/room,7["):
            self.keep(said)
        return json.loads(said.removeprefix("43/room,7"))[0]

    def keep(self, said: str) -> None:
        if said.startswith("42/room,"):
            event, body = json.loads(said.removeprefix("42/room,"))
            if event == "frame":
                self.frames.append(body)

    def wait_for(self, number: int) -> None:
        while not any(frame["n"] >= number for frame in self.frames):
            self.keep(self.receive())

    def upgrade(self) -> Wire:
        """Begin to change to WebSocket: the probe is answered, the last word not yet said."""
        wire = Wire(self.port, session=self.session)
        wire.send("2probe")
        assert wire.receive() == "3probe"
        return wire
