"""A link like that of a phone in a kecamatan office: every byte from the server comes later, and now and then, by a seed, nothing passes at all.

The kernel of the machine needs no part in it. What waits during a stall passes at once afterwards, as it does when a cell comes back.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
import time
from dataclasses import dataclass, field

PIECE = 64 << 10


@dataclass(frozen=True, slots=True)
class Pattern:
    """`calm` and `stall`: shortest and longest, in seconds, one after the other."""

    delay: float = 0.2
    calm: tuple[float, float] = (5.0, 13.0)
    stall: tuple[float, float] = (1.0, 3.0)
    seed: int = 1

    def stalls(self, seconds: float) -> list[tuple[float, float]]:
        """When the link stands still, counted from its beginning."""
        chance, now, found = random.Random(self.seed), 0.0, []
        while now < seconds:
            begun = now + chance.uniform(*self.calm)
            now = begun + chance.uniform(*self.stall)
            found.append((begun, now))
        return found

    def __str__(self) -> str:
        return f"{self.delay * 1000:.0f} ms later, still for {self.stall[0]:g}-{self.stall[1]:g} s after {self.calm[0]:g}-{self.calm[1]:g} s, seed {self.seed}"


@dataclass
class StallingLink:
    """Passes TCP on to a port of this machine. `begin()` starts the stalls."""

    port: int
    pattern: Pattern
    url: str = ""
    stalls: list[tuple[float, float]] = field(default_factory=list)  # by time.monotonic()

    def start(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.ready = threading.Event()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()
        self.ready.wait(10)

    def begin(self, seconds: float) -> None:
        now = time.monotonic()
        self.stalls = [(now + begun, now + ended) for begun, ended in self.pattern.stalls(seconds) if begun < seconds]

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)

    def _serve(self) -> None:
        asyncio.set_event_loop(self.loop)
        server = self.loop.run_until_complete(asyncio.start_server(self._pass_on, "127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self.ready.set()
        self.loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(self.loop):
            task.cancel()
        self.loop.run_until_complete(asyncio.sleep(0.1))
        self.loop.close()

    async def _pass_on(self, near_in: asyncio.StreamReader, near_out: asyncio.StreamWriter) -> None:
        far_in, far_out = await asyncio.open_connection("127.0.0.1", self.port)
        with contextlib.suppress(asyncio.CancelledError):  # the link is stopped while somebody still watches
            await asyncio.gather(self._carry(near_in, far_out, 0.0), self._carry(far_in, near_out, self.pattern.delay))

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, delay: float) -> None:
        held: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        passing = asyncio.ensure_future(self._let_out(held, target))
        with contextlib.suppress(OSError):
            while data := await source.read(PIECE):
                held.put_nowait((time.monotonic() + delay, data))
        held.put_nowait((time.monotonic() + delay, b""))
        await passing

    async def _let_out(self, held: asyncio.Queue[tuple[float, bytes]], target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while True:
                due, data = await held.get()
                while (wait := max(due, self._still_until()) - time.monotonic()) > 0:
                    await asyncio.sleep(wait)
                if not data:
                    break
                target.write(data)
                await target.drain()
        target.close()

    def _still_until(self) -> float:
        now = time.monotonic()
        return next((ended for begun, ended in self.stalls if begun <= now < ended), 0.0)
