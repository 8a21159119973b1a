"""The web process that users run: `python -m app.serve`. One gevent loop for pages and Socket.IO."""

from gevent import monkey

monkey.patch_all()

import errno
import gc
import io
import os
import socket
import sys
import time
from contextlib import suppress
from typing import Any

from gevent import signal_handler, sleep, spawn
from gevent.event import Event
from gevent.pywsgi import WSGIServer
from gevent.socket import wait_write
from geventwebsocket.handler import WebSocketHandler

from app.factory import create_app
from app.kernel.file_body import PIECE, FileBody
from config import BadSettings, Settings

STALLED_SECONDS = 60  # a browser that takes nothing for so long has gone
SILENT_SECONDS = 60  # one that says nothing for so long, between two requests or within one, as well
SLOWEST_BYTES = 500  # a second: whoever sends a request more slowly than that, in all, is not waited for
SENT_AT_ONCE = 1 << 16
ENDING_SECONDS = 10  # what is being answered when the server is told to end may take so long; `make start` waits for 15
YOUNG_OBJECTS = 10_000  # made between two searches for garbage; Python's 700 cost 7 % of the CPU with 500 browsers
FIRST_HANDED_SOCKET = 3  # sd_listen_fds(3)


class Incoming(io.RawIOBase):
    """What one connection sends. Nobody holds a connection by sending next to nothing: the time spent waiting for a request is counted against
    what came of it. A WebSocket is `endless`; of it only silence is counted (Socket.IO asks every 25 s whether the other side is there)."""

    def __init__(self, connection: Any):
        self.connection, self.waited, self.taken, self.endless = connection, 0.0, 0, False

    def readable(self) -> bool:
        return True

    def begin_anew(self) -> None:
        self.waited, self.taken, self.endless = 0.0, 0, False

    def readinto(self, buffer: Any) -> int:
        begun = time.monotonic()
        count = self.connection.recv_into(buffer)  # raises TimeoutError after SILENT_SECONDS
        self.waited += time.monotonic() - begun
        self.taken += count
        if not self.endless and self.waited > SILENT_SECONDS + self.taken / SLOWEST_BYTES:
            raise TimeoutError("the request comes too slowly")
        return count


class Handler(WebSocketHandler):
    """Sends files from the kernel's cache to the socket, without their bytes passing through Python; others are served between the pieces."""

    server: Any
    environ: Any
    response_headers: Any
    rfile: Any

    def __init__(self, connection: Any, address: Any, server: Any):
        super().__init__(connection, address, server)
        self.rfile.close()
        self.incoming = Incoming(connection)
        self.rfile = io.BufferedReader(self.incoming)

    def get_environ(self) -> dict[str, Any]:
        """Names the connection, so that a request can end one that fell silent (`media.uploads.files`)."""
        return super().get_environ() | {"gurindam.connection": self.socket}

    def handle_one_request(self) -> Any:
        try:
            return super().handle_one_request()
        finally:
            self.server.unasked.discard(self)
            self.server.answered(self)

    def read_requestline(self) -> str:
        self.server.unasked.add(self)
        line = super().read_requestline()
        self.incoming.begin_anew()
        self.server.unasked.discard(self)
        self.server.answering.add(self)
        return line

    def handle_one_response(self) -> None:
        if self.environ["REQUEST_METHOD"] == "GET" and self.environ["PATH_INFO"].startswith("/socket.io/"):
            self.server.answered(self)  # a WebSocket, or a poll that waits for news: they end when the process does
            self.incoming.endless = "HTTP_UPGRADE" in self.environ
        super().handle_one_response()

    def finalize_headers(self) -> None:
        super().finalize_headers()
        if self.server.ending and not self.connection_upgraded:
            self.response_headers.append((b"Connection", b"close"))
            self.close_connection = True

    def _sendall(self, data: Any) -> None:
        for start in range(0, len(data), SENT_AT_ONCE):
            piece = data[start : start + SENT_AT_ONCE]
            try:
                self.socket.sendall(piece)
            except TimeoutError as error:
                raise ConnectionResetError(errno.ECONNRESET, "the other side takes nothing") from error
            self.response_length += len(piece)

    def process_result(self) -> None:
        if not isinstance(self.result, FileBody):
            super().process_result()
            return
        self.write(b"")  # the headers
        at, end, file, to = self.result.begin, self.result.begin + self.result.count, self.result.file.fileno(), self.socket.fileno()
        while at < end:
            try:
                sent = os.sendfile(to, file, at, min(PIECE, end - at))
            except BlockingIOError:
                wait_write(to, timeout=STALLED_SECONDS, timeout_exc=ConnectionResetError(errno.ECONNRESET, "the other side takes nothing"))
                continue
            if sent == 0:  # the file became shorter than what the headers promised
                self.close_connection = True
                return
            at += sent
            self.response_length += sent
            sleep(0)


class Server(WSGIServer):
    """gevent's WSGI server sets no TCP_NODELAY: small keep-alive answers would wait for the peer's acknowledgement. And told to end, it would
    cut what it is answering."""

    handler_class = Handler

    def __init__(self, *args: Any, **options: Any):
        self.unasked: set[Handler] = set()  # connections that wait for their next request
        self.answering: set[Handler] = set()
        self.ending = False
        self.calm = Event()
        super().__init__(*args, **options)

    def handle(self, client_socket: Any, address: Any) -> None:
        client_socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client_socket.settimeout(SILENT_SECONDS)
        super().handle(client_socket, address)

    def answered(self, handler: Handler) -> None:
        self.answering.discard(handler)
        if self.ending and not self.answering:
            self.calm.set()

    def end(self) -> None:
        """Begin nothing new, let what is being answered come to its end, then stop. Told twice, stop at once."""
        if not self.ending:
            self.ending = True
            self.stop_accepting()
            for handler in list(self.unasked):
                with suppress(OSError, AttributeError):  # it may be closing already
                    handler.socket.shutdown(socket.SHUT_RD)  # what it has already sent is still read and answered
            if self.answering:
                self.calm.wait(ENDING_SECONDS)
        self.stop()


def listener(settings: Settings) -> Any:
    """Where to listen: the socket that systemd holds for us (deploy/systemd/gurindam-web.socket), on which visitors wait while the product is
    started anew, or one of our own."""
    if os.environ.get("LISTEN_PID") == str(os.getpid()) and os.environ.get("LISTEN_FDS") == "1":
        return socket.socket(fileno=FIRST_HANDED_SOCKET)
    return settings.host, settings.port


def main() -> int:
    import signal

    from app.kernel.broadcast import use_lines
    from app.kernel.health import watch_the_loop
    from app.kernel.sockets import let_strangers_go

    try:
        settings = Settings.from_environment()
    except BadSettings as bad:
        for fault in bad.faults:
            print(f"gurindam: {fault}", file=sys.stderr)
        return 2
    app = create_app(settings, async_mode="gevent")
    use_lines(direct=settings.live_broadcast == "direct")
    server = Server(listener(settings), app, log=None, error_log=None)
    try:
        server.start()
    except OSError as error:
        print(f"gurindam: cannot listen on {settings.host}:{settings.port}: {error.strerror}", file=sys.stderr)
        return 3
    gc.freeze()  # what was loaded stays: looking through it for garbage, again and again, would stop the loop for 50 ms
    gc.set_threshold(YOUNG_OBJECTS)
    spawn(watch_the_loop)
    spawn(let_strangers_go)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal_handler(number, server.end)
    print(f"gurindam: listening on http://{settings.host}:{server.server_port}", file=sys.stderr, flush=True)
    server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
