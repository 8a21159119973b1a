"""A thousand learners who report every 15 seconds what they watched, against a Flask view that does one INSERT on the same database.

`python -m bench.video_reports`; `run(work)` yields the figures. CPU is that of the server process for one report, both measured in turns.
The latency is that of an open loop: reports are due at evenly spread moments whether or not earlier ones were answered, and each is timed
from the moment it was due. Reports and inserts are sent by the same processes at the same pace.
"""

from __future__ import annotations

import http.client
import json
import queue
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import quantiles
from typing import Any

from bench import cpu
from bench.figures import HEADING, Figure, machine, rounds
from bench.instances import SET_UP, Instance, free_port, stop, wait_for

LEARNERS, EVERY_SECONDS, PACED_SECONDS = 1000, 15, 20
ROUNDS, PACED_ROUNDS, REQUESTS, WORKERS = 5, 3, 400, 12
CPU_BAR, P99_BAR = 2.0, 2.0
COURSE = "antikorupsi-gratifikasi"


def make_instance(folder: Path) -> Instance:
    """A city whose learners all sit in front of one video. The video itself is not needed: its length is."""
    city = Instance(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for arguments in (*SET_UP, ["demo", "city", "--asn", str(LEARNERS)]):
        city.flask(*arguments)
    city.flask("demo", "sessions", "--count", str(LEARNERS), "--out", str(folder / "sessions.jsonl"))
    return city


class Audience:
    """The learners, their sessions and sittings, and their next reports."""

    def __init__(self, city: Instance):
        lines = [json.loads(line) for line in (city.folder / "sessions.jsonl").read_text().splitlines()]
        self.people = list({line["user_id"]: line for line in lines}.values())
        connection = sqlite3.connect(city.database, timeout=15)
        lesson = connection.execute(
            "SELECT l.id, l.key, l.course_id FROM lesson_version lv JOIN lesson l ON l.id = lv.lesson_id "
            "JOIN course c ON c.current_version_id = lv.version_id WHERE c.slug = ? AND lv.kind = 'video' LIMIT 1",
            (COURSE,),
        ).fetchone()
        opened = (datetime.now(UTC) - timedelta(days=1)).strftime("%Y-%m-%d %H:%M:%S.%f")
        connection.execute("UPDATE media_asset SET state = 'READY', duration_seconds = 86000 WHERE kind = 'VIDEO'")
        connection.execute("DELETE FROM watched_span")
        connection.execute("DELETE FROM watch_clock")
        self.sittings = {}
        for person in self.people:
            made = connection.execute(
                "INSERT INTO viewing (user_id, lesson_id, course_id, opened_at, reported_at, claimed_ms, counted_ms, new_ms, reports) "
                "VALUES (?, ?, ?, ?, ?, 0, 0, 0, 0)",
                (person["user_id"], lesson[0], lesson[2], opened, opened),
            )
            self.sittings[person["user_id"]] = made.lastrowid
        connection.commit()
        connection.close()
        self.path = f"/kursus/{COURSE}/belajar/{lesson[1]}/tontonan/laporan"
        self.lesson_id = lesson[0]
        self.sent = dict.fromkeys(self.sittings, 0)
        self.turn = 0

    def next_reports(self, count: int) -> list[dict[str, Any]]:
        """The next reports, one person after the other: 15 seconds each, following the last."""
        return [self._next() for _ in range(count)]

    def _next(self) -> dict[str, Any]:
        person = self.people[self.turn % len(self.people)]
        self.turn += 1
        user_id = person["user_id"]
        number = self.sent[user_id] = self.sent[user_id] + 1
        start = (number - 1) * EVERY_SECONDS
        body = {
            "viewing": self.sittings[user_id], "number": number, "played": [[start, start + EVERY_SECONDS]], "rate": 1,
            "position": start + EVERY_SECONDS, "paused": False,
        }  # fmt: skip
        headers = {"Cookie": person["cookie"], "X-CSRFToken": person["csrf"], "Content-Type": "application/json", "Accept": "application/json"}
        return {"path": self.path, "headers": headers, "body": json.dumps(body)}


def inserts(count: int) -> list[dict[str, Any]]:
    return [{"path": "/one", "headers": {"Content-Type": "application/json"}, "body": json.dumps({"question": n, "response": "x" * 40})} for n in range(count)]


def paced(port: int, requests: list[dict[str, Any]], seconds: float) -> list[float]:
    """Send these evenly over so many seconds; how long after it was due each was answered, in milliseconds."""
    due: queue.SimpleQueue[tuple[float, dict[str, Any]] | None] = queue.SimpleQueue()
    took: list[float] = []
    faults: list[str] = []

    def work() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while (entry := due.get()) is not None:
            moment, asked = entry
            connection.request("POST", asked["path"], asked["body"], asked["headers"])
            answer = connection.getresponse()
            text = answer.read()
            took.append((time.perf_counter() - moment) * 1000)
            if answer.status != 200:
                faults.append(f"{answer.status}: {text[:200]!r}")
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    begun = time.perf_counter() + 0.05
    for place, asked in enumerate(requests):
        moment = begun + place * seconds / len(requests)
        time.sleep(max(0.0, moment - time.perf_counter()))
        due.put((moment, asked))
    for _ in workers:
        due.put(None)
    for worker in workers:
        worker.join()
    if faults:
        raise SystemExit(f"{len(faults)} reports were not answered as expected: {faults[0]}")
    return took


def p99(took: list[float]) -> float:
    return quantiles(took, n=100)[98]


def run(work: Path) -> Iterator[Figure]:
    city = make_instance(work / "reports")
    audience = Audience(city)
    web, reference_port = city.web(), free_port()
    reference = city.launch(sys.executable, "-m", "bench.reference", port=reference_port)
    try:
        wait_for(f"http://127.0.0.1:{reference_port}/one/{audience.people[0]['user_id']}", reference)

        def report() -> float:
            return cpu.cpu_per_request(web.pid, city.port, audience.next_reports(REQUESTS))

        def insert() -> float:
            return cpu.cpu_per_request(reference.pid, reference_port, inserts(REQUESTS))

        cpu.cpu_per_request(web.pid, city.port, audience.next_reports(len(audience.people)))  # everybody once: they report all day
        value, beside, ratio = rounds(cpu.interleaved(insert, {"report": report}, ROUNDS)["report"])
        yield Figure("a watch report, CPU", value, "ms", beside, ratio, CPU_BAR, note="one after the other")
        count = LEARNERS * PACED_SECONDS // EVERY_SECONDS
        measured = []
        for _ in range(PACED_ROUNDS):
            before = p99(paced(reference_port, inserts(count // 2), PACED_SECONDS / 2))
            reports = paced(city.port, audience.next_reports(count), PACED_SECONDS)
            after = p99(paced(reference_port, inserts(count // 2), PACED_SECONDS / 2))
            measured.append((p99(reports), (before + after) / 2))
        value, beside, ratio = rounds(measured)
        yield Figure("1,000 learners reporting every 15 s, p99", value, "ms", beside, ratio, P99_BAR, note=f"{count} reports in {PACED_SECONDS} s, {PACED_ROUNDS} times")
        counted = city.rows("SELECT sum(end_ms - start_ms) FROM watched_span WHERE lesson_id = ? AND layer = 1", audience.lesson_id)[0][0]
        claimed = sum(audience.sent.values()) * EVERY_SECONDS * 1000
        yield Figure("of what was reported, counted", 100 * counted / claimed, "%", bar=100, at_least=True, note=f"{sum(audience.sent.values())} reports")
    finally:
        stop(web, reference)


def main() -> int:
    print(f"{machine()}\n{HEADING}", flush=True)
    missed = 0
    with tempfile.TemporaryDirectory(prefix="gurindam-bench-") as folder:
        for figure in run(Path(folder)):
            print(figure.line(), flush=True)
            missed += figure.is_met is False
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
