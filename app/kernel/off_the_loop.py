"""Work that would hold the event loop (a large copy, a digest, an fsync, hashing, a spreadsheet) is done in a native thread beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


def on_event_loop() -> bool:
    """Whether this is the web process, where one event loop serves everybody."""
    from gevent import monkey

    return monkey.is_module_patched("socket")


def off_the_loop(work: Callable[..., T], *arguments: Any) -> T:
    """The result of `work`, done in a native thread when there is a loop to be held up. It must not use the session, `g` or a greenlet's lock."""
    if not on_event_loop():
        return work(*arguments)
    from gevent import get_hub

    return get_hub().threadpool.apply(work, arguments)
