"""The stage where it is harder: every voice carried by a TURN server, because no direct way is open; and a speaker who comes with Firefox.

The TURN server is coturn with `use-auth-secret`, as docs/operator.md says, so that its credentials are those that the product makes.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from playwright.sync_api import Page

from tests.e2e.conftest import browsers
from tests.e2e.product import ROOT, die_with_parent
from tests.ports import free_port
from tests.proofs.live_acts import told, within

SECRET = "only-for-this-proof"

# No way but the relay, whatever the page asks for; and the connections, to be asked which way they took.
ONLY_RELAYED = """(() => {
  const Real = window.RTCPeerConnection;
  window.links = [];
  window.RTCPeerConnection = class extends Real {
    constructor(settings) {
      super({ ...settings, iceTransportPolicy: 'relay' });
      window.links.push(this);
    }
  };
})();"""
WAYS = """async () => {
  const ways = [];
  for (const link of window.links) {
    const stats = await link.getStats();
    const pairs = [...stats.values()].filter((one) => one.type === 'candidate-pair' && one.nominated && one.bytesReceived > 0);
    for (const pair of pairs) ways.push(stats.get(pair.localCandidateId).candidateType);
  }
  return ways;
}"""


@contextmanager
def turn_server(folder: Path) -> Iterator[dict[str, str]]:
    """A TURN server of our own while the proof lasts; the product's settings that name it. Without coturn no settings, which is told."""
    program = browsers.find_turnserver()
    told("a TURN server is here", program is not None, "" if program else "coturn is missing, and only root may install it")
    if program is None:
        yield {}
        return
    port = free_port()
    arguments = [
        "-n", "--no-cli", "--no-tls", "--no-dtls", "--fingerprint", "--use-auth-secret", f"--static-auth-secret={SECRET}", "--realm=gurindam.test",
        "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", f"--listening-port={port}", "--allow-loopback-peers", f"--pidfile={folder}/turn.pid",
        f"--userdb={folder}/turn.db", "--log-file=stdout", "--simple-log",
    ]  # fmt: skip
    with (folder / "turn.log").open("wb") as log:
        process = subprocess.Popen([program, *arguments], cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=die_with_parent)
    try:
        yield {"TURN_URL": f"turn:127.0.0.1:{port}?transport=tcp", "TURN_SECRET": SECRET}
    finally:
        process.terminate()
        process.wait(20)


def told_relayed(speakers: list[Page]) -> None:
    """Every link of these browsers went over the TURN server."""
    found = [speaker.evaluate(WAYS) for speaker in speakers]
    told("each link of the stage goes over the TURN server", all(ways and set(ways) == {"relay"} for ways in found), str(found))


class FirefoxSpeaker:
    """A speaker in Firefox with a made-up camera, who is checked, waits, speaks, and says what they saw of the others."""

    def __init__(self, address: str, others: list[str]):
        program = browsers.find_firefox()
        told("a Firefox is here", program is not None)
        assert program
        browsers.set_up_node_packages()
        command: list[Any] = [browsers.node(), "firefox_speaker.mjs", program, json.dumps({"address": address, "others": others})]
        self.process = subprocess.Popen(
            command, cwd=ROOT / "tests" / "browser", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent
        )

    def next_fact(self) -> dict[str, Any]:
        """What they say next: one line of JSON for each step."""
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, "Firefox ended before it had said everything"
        return json.loads(line)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_reason: object) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        ended = within(60, lambda: self.process.poll() is not None) is not None
        told("Firefox ends without a fault", ended and self.process.returncode == 0, str(self.process.returncode))
        if not ended:
            self.process.terminate()
