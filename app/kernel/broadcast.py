"""Telling a thousand browsers the same thing without a thousand queues, and reading what browsers send within limits.

`broadcast(event, body, namespace, room)` tells everybody in a Socket.IO room. In the ordinary way each message is put into each browser's queue,
a greenlet of each is woken, and each frames the bytes for itself. Sent directly, the bytes are encoded and framed once and handed to the
operating system for every browser that is on a WebSocket with nothing else under way; whoever is busy, polling, changing to WebSocket or behind
gets it in the ordinary way. What the system took only a part of is finished by that browser's writer before anything else.

This file leans on what is private to the pinned versions of python-engineio, python-socketio, gevent-websocket and gevent, and nothing else does.
`use_lines(direct=False)` (LIVE_BROADCAST=stock) goes back to their own way of sending. Only the gevent server uses any of this.
"""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from typing import Any

import structlog

from app.kernel.sockets import socketio

log = structlog.get_logger()

SLICE_SECONDS = 0.008  # so long the loop is held before others have a turn
LOOK_EVERY = 32
MOST_WAITING = 400  # messages for one browser that takes none; it is let go, and catches up when it comes back
MOST_TEXT_BYTES = 100_000  # of one message: what is said in words is read sign by sign, pieces of video are not
TEXT, BINARY, CLOSE, PING, PONG, MORE = 1, 2, 8, 9, 10, 0
TOO_BIG, BAD_TEXT, BAD_FRAME = 1009, 1007, 1002

_direct = False
_lines: dict[str, Any] = {}  # by Engine.IO session: those on a WebSocket


def broadcast(event: str, body: Any, namespace: str, room: str) -> None:
    """Tell everybody in the room; yields to others now and then when they are many. `body` holds no bytes."""
    if _direct:
        _send_directly(event, body, namespace, room)
    else:
        socketio.emit(event, body, namespace=namespace, to=room)


def use_lines(direct: bool) -> None:
    """Have the gevent server's WebSockets read and written by `Line`."""
    global _direct
    server: Any = socketio.server  # pyright: ignore[reportAttributeAccessIssue]
    server.eio._async = server.eio._async | {"websocket": _line_class()}
    _direct = direct


def _send_directly(event: str, body: Any, namespace: str, room: str) -> None:
    from engineio.packet import MESSAGE, Packet
    from gevent import sleep

    server: Any = socketio.server  # pyright: ignore[reportAttributeAccessIssue]
    packet = Packet(MESSAGE, server.packet_class(data=[event, body], namespace=namespace).encode())
    framed = frame(str(packet.encode()).encode())
    begun = time.perf_counter()
    for turn, (_sid, session) in enumerate(list(server.manager.get_participants(namespace, room)), 1):
        line = _lines.get(session)
        if line is None or not line.send_now(framed):
            server._send_eio_packet(session, packet)
            if line is not None:
                line.let_go_when_behind()
        if turn % LOOK_EVERY == 0 and time.perf_counter() - begun > SLICE_SECONDS:
            sleep(0)
            begun = time.perf_counter()


def frame(message: bytes, kind: int = TEXT) -> bytes:
    """A whole message as one WebSocket frame of a server."""
    length = len(message)
    if length < 126:
        return bytes((0x80 | kind, length)) + message
    if length < 1 << 16:
        return bytes((0x80 | kind, 126)) + length.to_bytes(2, "big") + message
    return bytes((0x80 | kind, 127)) + length.to_bytes(8, "big") + message


def unmask(payload: bytes, mask: bytes) -> bytes:
    """What was sent under this mask."""
    count = len(payload)
    key = (mask * (count // 4 + 1))[:count]
    return (int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")).to_bytes(count, "big")


class BadFrame(Exception):
    """What came is no WebSocket message that we take; `code` says why to the other side."""

    def __init__(self, code: int):
        self.code = code
        super().__init__(code)


class Writing:
    """The sending side of one WebSocket. Its writer, its answers to pings and broadcasts take turns; each frame goes out whole."""

    def __init__(self, connection: Any, owner: Any):
        from gevent.lock import Semaphore

        self.connection, self.owner = connection, owner
        self.turn = Semaphore(1)
        self.rest = b""
        self.next_ping: Any = None

    def write(self, data: bytes) -> None:
        """Send this, after what is left of a direct frame. Waits for a slow browser."""
        with self.turn:
            rest, self.rest = self.rest, b""
            self.connection.sendall(rest + data)

    def send_now(self, framed: bytes) -> bool:
        """Hand a frame to the system when nothing else is under way; False when it has to go the ordinary way."""
        owner = self.owner
        if owner.closed or owner.closing or owner.upgrading or not owner.upgraded:
            return False
        if self.rest or self.turn.locked() or not owner.queue.empty():
            return False
        try:
            sent = self.connection._sock.send(framed)
        except OSError:  # it takes nothing now, or has gone: its reader or its writer will know
            return False
        if sent < len(framed):
            self.rest = framed[sent:]
            self._wake_writer()
        return True

    def schedule_ping(self) -> None:
        """What Engine.IO does after each answer to a ping, with a timer of the loop instead of a greenlet that sleeps for each browser."""
        from gevent import get_hub

        if not self.owner.last_ping:
            return
        self.owner.last_ping = None
        self.stop_pings()
        self.next_ping = get_hub().loop.timer(self.owner.server.ping_interval)
        self.next_ping.start(self._ping)

    def stop_pings(self) -> None:
        if self.next_ping is not None:
            self.next_ping.close()
            self.next_ping = None

    def _ping(self) -> None:
        """In the loop itself: must not wait for anything. Through the queue, because a writer that hears nothing from it for long gives up."""
        from engineio.packet import PING as ENGINE_PING
        from engineio.packet import Packet

        if not self.owner.closing and not self.owner.closed:
            self.owner.last_ping = time.time()
            self.owner.queue.put(Packet(ENGINE_PING))

    def _wake_writer(self) -> None:
        from engineio.packet import NOOP, Packet

        self.owner.queue.put(Packet(NOOP))

    def let_go_when_behind(self) -> None:
        if self.owner.queue.qsize() > MOST_WAITING and not self.owner.closed:
            log.info("browser_let_go", waiting=self.owner.queue.qsize())
            with suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)


class Reading:
    """The receiving side of one WebSocket: whole messages, none larger than `most` bytes and texts than `MOST_TEXT_BYTES`, whatever frames say."""

    def __init__(self, read: Any, pong: Any, most: int):
        self.read, self.pong, self.most = read, pong, most

    def message(self) -> str | bytes | None:
        """The next message; None when the other side says goodbye or has gone. Raises BadFrame."""
        pieces: list[bytes] = []
        begun = size = 0
        while True:
            kind, last, payload = self._frame(begun, size)
            if kind == CLOSE:
                return None
            if kind == PING:
                self.pong(payload)
            if kind in (PING, PONG):
                continue
            if (kind == MORE) == (not begun):
                raise BadFrame(BAD_FRAME)
            begun, size = begun or kind, size + len(payload)
            pieces.append(payload)
            if last:
                return self._whole(begun, b"".join(pieces))

    def _whole(self, kind: int, message: bytes) -> str | bytes:
        if kind == BINARY:
            return message
        try:
            return message.decode()
        except UnicodeDecodeError:
            raise BadFrame(BAD_TEXT) from None

    def _frame(self, begun: int, size: int) -> tuple[int, bool, bytes]:
        """The next frame, after `size` bytes of a message that began as this kind (0: none has)."""
        first, second = self._exactly(2)
        kind, last, length = first & 0x0F, bool(first & 0x80), second & 0x7F
        control = kind >= CLOSE
        if first & 0x70 or not second & 0x80 or kind not in (MORE, TEXT, BINARY, CLOSE, PING, PONG) or (control and (not last or length > 125)):
            raise BadFrame(BAD_FRAME)
        if length > 125:
            length = int.from_bytes(self._exactly(2 if length == 126 else 8), "big")
        most = self.most if (begun or kind) == BINARY else min(self.most, MOST_TEXT_BYTES)
        if not control and size + length > most:
            raise BadFrame(TOO_BIG)
        mask = self._exactly(4)
        return kind, last, unmask(self._exactly(length), mask)

    def _exactly(self, count: int) -> bytes:
        data = self.read(count)
        if len(data) != count:
            raise EOFError
        return data


def _line_class() -> type:
    from engineio.async_drivers.gevent import WebSocketWSGI

    class Line(WebSocketWSGI):  # type: ignore[misc, valid-type]
        """One WebSocket as python-engineio holds it."""

        def __init__(self, handler: Any, server: Any):
            super().__init__(handler, server)
            self.owner, self.most = handler.__self__, server.max_http_buffer_size

        def __call__(self, environ: Any, start_response: Any) -> Any:
            websocket = environ.get("wsgi.websocket")
            if websocket is None:
                return super().__call__(environ, start_response)
            writing = Writing(websocket.handler.socket, self.owner)
            websocket.raw_write = writing.write
            self.reading = Reading(websocket.raw_read, lambda said: writing.write(frame(said, PONG)), self.most)
            _lines[self.owner.sid] = writing
            if _direct:
                self.owner.schedule_ping = writing.schedule_ping
            try:
                return super().__call__(environ, start_response)
            finally:
                writing.stop_pings()
                _lines.pop(self.owner.sid, None)

        def wait(self) -> str | bytes | None:
            try:
                return self.reading.message()
            except BadFrame as bad:
                with suppress(OSError):
                    _lines[self.owner.sid].write(frame(bad.code.to_bytes(2, "big"), CLOSE))
            except (EOFError, OSError, ValueError):  # gone, or closed under the reader
                pass
            return None

    return Line

