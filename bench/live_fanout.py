"""The fan-out of one room in one process, beside Node's socket.io server under the same client in the same run.

VIEWERS=500,1000,2000 says how many; SECONDS=25 how long each is measured: the time between two pings, which otherwise fall into it or not. The
mixed traffic is ten source events a second: six lines of chat of about 130 bytes, four votes. The product writes each to the disk before it tells
it; the reference keeps nothing. Node tells each event as it comes; a second reference, told for comparison only, gathers as the product does.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.cpu import cpu_seconds, memory_mb
from bench.figures import Figure
from bench.instances import ROOT, Instance, free_port, stop, wait_for

NODE = ROOT / "bench" / "live_node"
VIEWERS = [int(count) for count in os.environ.get("VIEWERS", "500,1000,2000").split(",")]
SECONDS = int(os.environ.get("SECONDS", "25"))
RATE = 10
BAR, TICK_MS = 0.8, 250
FILES = 20_000
PATIENCE = 300


class NotMeasured(Exception):
    pass


def run(work: Path) -> Iterator[Figure]:
    allow_files(max(VIEWERS))
    node = find_node()
    instance = Instance(work / "instance")
    instance.env |= {"LIVE_SEATS": "100000"}
    (work / "instance").mkdir()
    instance.flask("db", "upgrade")
    for viewers in VIEWERS:
        yield from fan_out(instance, node, viewers)


# ---- fan-out ----


def fan_out(instance: Instance, node: str, viewers: int) -> Iterator[Figure]:
    room = instance.python("bench.live_inside", str(viewers), f"beban-{viewers}")
    told = {}
    for name in ("reference", "gathering", "stock", "product"):
        with server(instance, node, name) as (process, port), clients(node) as ask:
            told[name] = measure(ask, process, port, room, viewers)
    mine, node_, gathering, stock = told["product"], told["reference"], told["gathering"], told["stock"]
    cpu, beside = mine["cpu"], node_["cpu"]
    yield Figure(f"{viewers} viewers: CPU per viewer and event", cpu, "µs", beside, cpu / beside, BAR, note=f"Node that gathers: {gathering['cpu']:.2f}; LIVE_BROADCAST=stock: {stock['cpu']:.2f}")
    late = mine["p99"] - node_["p99"]
    note = f"{mine['p99']:.0f} ms against {node_['p99']:.0f} ms; medians {mine['p50']:.0f}, {node_['p50']:.0f}; Node that gathers {gathering['p99']:.0f}"
    yield Figure(f"{viewers} viewers: p99 delivery beyond Node's", late, "ms", bar=TICK_MS, note=note)
    yield Figure(f"{viewers} viewers: memory of each", mine["memory"], "kB", note=f"Node: {node_['memory']:.0f}, less than its garbage hides")
    wrong = mine["wrong"]
    yield Figure(f"{viewers} viewers: lines lost, doubled, out of order", wrong, "", bar=0, note=f"of {mine['lines']} deliveries")


def measure(ask: Any, process: subprocess.Popen[bytes], port: int, room: dict[str, Any], viewers: int) -> dict[str, float]:
    before = memory_mb(process.pid)
    entered = ask({"do": "connect", "port": port, "tickets": room["tickets"]})
    if entered["connected"] != viewers:
        raise SystemExit(f"only {entered['connected']} of {viewers} came in: {entered['refused']}")
    memory = (memory_mb(process.pid) - before) * 1000 / viewers
    ask({"do": "talk", "seconds": 2, "rate": RATE, "poll": room["poll"]})  # warm
    spent = cpu_seconds(process.pid)
    said = ask({"do": "talk", "seconds": SECONDS, "rate": RATE, "poll": room["poll"]})
    spent = cpu_seconds(process.pid) - spent
    if said["refused"]:
        raise SystemExit(f"events were refused: {set(said['refused'])}")
    wrong = abs(said["sent"] * viewers - said["lines"]) + said["doubles"] + said["gaps"]
    return {
        "cpu": spent * 1e6 / (viewers * said["events"]), "p50": said["p50"], "p99": said["p99"], "memory": memory, "wrong": wrong, "lines": said["lines"],
    }  # fmt: skip


# ---- processes ----


@contextmanager
def server(instance: Instance, node: str, name: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    port = free_port()
    if name in ("product", "stock"):
        instance.env["LIVE_BROADCAST"] = "stock" if name == "stock" else "direct"
        process = instance.launch(sys.executable, "-m", "app.serve", port=port)
        wait_for(f"http://127.0.0.1:{port}/healthz", process, PATIENCE)
    else:
        instance.env["GATHER"] = "1" if name == "gathering" else "0"
        process = instance.launch(node, str(NODE / "reference.mjs"), port=port)
        wait_for(f"http://127.0.0.1:{port}/", process)
    try:
        yield process, port
    finally:
        stop(process)


@contextmanager
def clients(node: str) -> Iterator[Any]:
    process = subprocess.Popen([node, str(NODE / "client.mjs")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(command: dict[str, Any]) -> dict[str, Any]:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(command) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if not line:
            raise SystemExit("the load client has ended")
        return json.loads(line)

    try:
        yield ask
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(20)


def find_node() -> str:
    sys.path.insert(0, str(ROOT / "scripts"))
    import provision

    if not (NODE / "node_modules" / "socket.io").is_dir():
        install = [*provision.npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", str(NODE)]
        provision.run(install, "Installing the reference", env=provision.environment(), limit=600)
    found = next((Path(folder) / "node" for folder in provision.environment()["PATH"].split(os.pathsep) if (Path(folder) / "node").exists()), None)
    if found is None:
        raise NotMeasured("no Node here")
    return str(found)


def allow_files(viewers: int) -> None:
    """Each viewer is an open file in the server and in the client."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if wanted < viewers + 500:
        raise NotMeasured(f"this machine allows {hard} open files; {viewers} viewers need more")
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
