"""3,000 people vote within five seconds, and every total is exact: what each was answered, the rows, the count
that each viewer saw while the poll was open, and the result that each saw when a moderator closed it. VOTERS and VOTING_SECONDS change it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.cpu import cpu_seconds
from bench.figures import Figure
from bench.instances import Instance
from bench.live_fanout import allow_files, clients, find_node, server

VOTERS = int(os.environ.get("VOTERS", "3000"))
VOTING_SECONDS = float(os.environ.get("VOTING_SECONDS", "5"))
OPTIONS = 3


def run(work: Path) -> Iterator[Figure]:
    allow_files(VOTERS)
    node = find_node()
    instance = Instance(work / "instance")
    instance.env |= {"LIVE_SEATS": "100000"}
    (work / "instance").mkdir()
    instance.flask("db", "upgrade")
    room = instance.python("bench.live_inside", str(VOTERS), "suara")
    voted, spent, closed = _vote(instance, node, "product", room)
    if voted["refused"] or closed["error"]:
        raise SystemExit(f"refused: {voted['refused']} {closed['error']}")
    chosen = voted["chosen"]
    yield _exact("not acknowledged", VOTERS - voted["acknowledged"])
    yield _exact("rows beside the truth", _off(_rows(instance, room["poll"]), chosen))
    yield _exact("counts seen beside the truth", sum(abs(VOTERS - seen) for seen in voted["voters"]))
    wrong = sum(one["seen"] for one in closed["results"] if (one["counts"], one["voters"]) != (chosen, VOTERS))
    yield _exact("viewers with another result", wrong, f"each of {VOTERS} was shown {chosen}" if not wrong else f"{closed['results'][:3]}")
    beside, _spent, _closed = _vote(instance, node, "gathering", room)
    late, others = (one["seconds"] + one["behind"] for one in (voted, beside))
    yield Figure(f"{VOTERS} votes: from the first to the last answer", late, "s", others, late / others, note=f"beside Node that gathers and keeps nothing; CPU {spent:.1f} s")


def _vote(instance: Instance, node: str, name: str, room: dict[str, Any]) -> tuple[dict[str, Any], float, dict[str, Any]]:
    """What the client counted, the server's CPU, and what viewers were shown when the poll was closed."""
    with server(instance, node, name) as (process, port), clients(node) as ask:
        entered = ask({"do": "connect", "port": port, "tickets": room["tickets"]})
        if entered["connected"] != VOTERS:
            raise SystemExit(f"only {entered['connected']} of {VOTERS} came in: {entered['refused']}")
        spent = cpu_seconds(process.pid)
        voted = ask({"do": "vote", "seconds": VOTING_SECONDS, "poll": room["poll"], "options": OPTIONS})
        spent = cpu_seconds(process.pid) - spent
        closed = ask({"do": "close", "poll": room["poll"], "ticket": room["desk"]}) if name == "product" else {}
    return voted, spent, closed


def _exact(what: str, wrong: float, note: str = "") -> Figure:
    return Figure(f"{VOTERS} votes in {VOTING_SECONDS:g} s: {what}", wrong, "", bar=0, note=note)


def _rows(instance: Instance, poll: int) -> list[int]:
    found: dict[str, Any] = dict(instance.rows("SELECT choices, count(*) FROM room_poll_vote WHERE poll_id = ? GROUP BY choices", poll))
    return [found.get(f"[{option}]", 0) for option in range(OPTIONS)]


def _off(counted: list[int], chosen: list[int]) -> int:
    return sum(abs(a - b) for a, b in zip(counted, chosen, strict=True))
