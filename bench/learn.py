"""`make bench AREA=learn`: the figures of learning, each beside its reference and its bar.

BENCH_KEEP=<folder> keeps the instances for the next run (a city of 5,000 takes a minute to make); COLD=1 also times `make start` in a
clean clone; ROUNDS and REQUESTS change how often and how long is measured; ONLY=<cpu,queries,browser,memory,start> measures a part.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bench import browser, cpu
from bench.figures import HEADING, Figure, machine, rounds
from bench.instances import ROOT, Instance, free_port, make_base, make_city, stop, wait_for

COURSE = "antikorupsi-gratifikasi"
ROUNDS = int(os.environ.get("ROUNDS", "5"))
REQUESTS = int(os.environ.get("REQUESTS", "200"))
LEARNERS = 8
BARS = {"lesson: article": 6.0, "lesson: video": 6.0, "lesson: quiz": 6.0, "course": 6.0, "home": 8.0}
SAVE_BAR, QUERIES_BAR, KILOBYTES_BAR, REQUESTS_BAR = 3.0, 8, 150, 12


@dataclass(frozen=True, slots=True)
class Visitor:
    """A learner of the city who is in the middle of the course, with a session."""

    user_id: int
    cookie: str
    csrf: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Cookie": self.cookie, "Accept-Language": "id", "Accept": "text/html,application/xhtml+xml", "Accept-Encoding": "gzip, deflate, br, zstd"}


def lessons_of(city: Instance) -> dict[str, str]:
    """The address of the course's first article, video and quiz without a time limit."""
    found = {}
    for kind, test in (("article", "1"), ("video", "1"), ("quiz", "json_extract(lv.content, '$.purpose') = 'PRACTICE'")):
        key = city.rows(
            f"SELECT l.key FROM lesson_version lv JOIN lesson l ON l.id = lv.lesson_id JOIN course c ON c.current_version_id = lv.version_id "
            f"WHERE c.slug = ? AND lv.kind = ? AND {test} ORDER BY lv.position",
            COURSE,
            kind,
        )[0][0]
        found[kind] = key
    return found


def visitors_of(city: Instance, keys: dict[str, str], count: int = LEARNERS) -> list[Visitor]:
    """People who completed the video lesson and everything before it, so that all measured pages are open to them."""
    sessions = {line["user_id"]: line for line in map(json.loads, (city.folder / "sessions.jsonl").read_text().splitlines())}
    people = city.rows(
        "SELECT p.user_id FROM lesson_progress p JOIN lesson l ON l.id = p.lesson_id JOIN course c ON c.id = l.course_id "
        "WHERE c.slug = ? AND l.key IN (?, ?, ?) AND p.state = 'COMPLETED' GROUP BY p.user_id HAVING count(*) = 3 ORDER BY p.user_id",
        COURSE,
        *keys.values(),
    )
    found = [Visitor(user_id, sessions[user_id]["cookie"], sessions[user_id]["csrf"]) for (user_id,) in people if user_id in sessions]
    if not found:
        raise SystemExit(f"nobody in the city {city.folder.name} got as far as the measured lessons")
    return found[:count]


def pages_of(keys: dict[str, str]) -> dict[str, str]:
    return {f"lesson: {kind}": f"/kursus/{COURSE}/belajar/{key}" for kind, key in keys.items()} | {"course": f"/kursus/{COURSE}", "home": "/beranda"}


# ---- CPU per request ----


@contextmanager
def running(*processes: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        stop(*processes)


def figures_of_cpu(city: Instance, keys: dict[str, str]) -> Iterator[Figure]:
    web, reference_port = city.web(), free_port()
    reference = city.launch(sys.executable, "-m", "bench.reference", port=reference_port)
    with running(web, reference):
        visitors = visitors_of(city, keys)
        wait_for(f"http://127.0.0.1:{reference_port}/one/{visitors[0].user_id}", reference)
        one = partial(
            cpu.cpu_per_request, reference.pid, reference_port, [{"path": f"/one/{visitors[n % len(visitors)].user_id}"} for n in range(REQUESTS * 4)]
        )

        def page(path: str) -> float:
            asked = [{"path": path, "headers": visitors[n % len(visitors)].headers} for n in range(REQUESTS)]
            return cpu.cpu_per_request(web.pid, city.port, asked)

        for name, measured in cpu.interleaved(one, {name: partial(page, path) for name, path in pages_of(keys).items()}, ROUNDS).items():
            value, beside, ratio = rounds(measured)
            yield Figure(f"{name} page, CPU", value, "ms", beside, ratio, BARS[name])
        yield save_figure(city, web, reference, reference_port, keys["quiz"], least_answered(city, visitors))


def least_answered(city: Instance, visitors: list[Visitor]) -> Visitor:
    """An attempt takes so many answers and no more; a kept city has had some in earlier runs."""
    counted = "SELECT count(*) FROM quiz_answer a JOIN quiz_attempt t ON t.id = a.attempt_id WHERE t.user_id = ?"
    return min(visitors, key=lambda visitor: city.rows(counted, visitor.user_id)[0][0])


def save_figure(city: Instance, web: Any, reference: Any, reference_port: int, quiz_key: str, visitor: Visitor) -> Figure:
    attempt_id = start_attempt(city, quiz_key, visitor)
    answer = city.python("bench.inside", "answer", str(attempt_id))
    headers = visitor.headers | {"Content-Type": "application/json", "Accept": "application/json", "X-CSRFToken": visitor.csrf}

    def operations() -> list[Any]:
        client = uuid.uuid4().hex
        return [answer | {"client_id": client, "sequence": n, "answered_at": 1} for n in range(1, REQUESTS + 1)]

    def save() -> float:
        asked = [{"path": f"/kuis/percobaan/{attempt_id}/jawaban", "headers": headers, "body": json.dumps(body)} for body in operations()]
        return cpu.cpu_per_request(web.pid, city.port, asked)

    def insert() -> float:
        asked = [{"path": "/one", "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)} for body in operations()]
        return cpu.cpu_per_request(reference.pid, reference_port, asked)

    value, beside, ratio = rounds(cpu.interleaved(insert, {"save": save}, ROUNDS)["save"])
    return Figure("saving an answer, CPU", value, "ms", beside, ratio, SAVE_BAR)


class NotMeasured(Exception):
    """A figure cannot be had here; the text says why."""


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def start_attempt(city: Instance, quiz_key: str, visitor: Visitor) -> int:
    """Start the quiz as its button does; the attempt's id from where it leads."""
    quiz_id = city.rows("SELECT id FROM quiz WHERE key = ?", f"{COURSE}/{quiz_key}")[0][0]
    form = urllib.parse.urlencode({"csrf_token": visitor.csrf, "start_key": uuid.uuid4().hex}).encode()
    request = urllib.request.Request(f"{city.url}/kuis/{quiz_id}/percobaan", form, {"Cookie": visitor.cookie})
    try:
        urllib.request.build_opener(_Stay).open(request, timeout=30)
    except urllib.error.HTTPError as answer:
        found = re.search(r"/percobaan/(\d+)", answer.headers.get("Location") or "")
        if answer.code == 303 and found:
            return int(found.group(1))
        raise SystemExit(f"the quiz could not be started: {answer.code}") from answer
    raise SystemExit("the quiz could not be started")


# ---- queries, the wire, memory, start ----


def figures_of_queries(small: Instance, big: Instance, keys: dict[str, str]) -> Iterator[Figure]:
    counts = {}
    for city in (small, big):
        visitors = visitors_of(city, keys, 2)
        counted = city.python("bench.inside", "queries", json.dumps(pages_of(keys)), json.dumps([v.cookie for v in (visitors * 2)[:2]]))
        counts[city.folder.name] = {name: len(statements) for name, statements in counted.items()}
    at_small, at_big = counts.values()
    for name in at_big:
        note = "" if at_small[name] == at_big[name] else "DIFFERS between 50 and 5,000"
        yield Figure(f"{name} page, queries at 5,000 (beside: at 50)", at_big[name], "", at_small[name], None, QUERIES_BAR, note=note)


def figures_of_browser(city: Instance, keys: dict[str, str], work: Path) -> Iterator[Figure]:
    web = city.web()
    with running(web):
        visitor = visitors_of(city, keys, 1)[0]
        for name, path in pages_of(keys).items():
            if name.startswith("lesson"):
                kilobytes, count, kinds = browser.first_visit(city.url + path, visitor.cookie)
                parts = ", ".join(f"{kind.lower()} {size / 1000:.0f}" for kind, size in kinds.most_common())
                yield Figure(f"{name} page, first visit on the wire", kilobytes, "kB", bar=KILOBYTES_BAR, note=parts)
                yield Figure(f"{name} page, first visit, requests", count, "", bar=REQUESTS_BAR)
        for kind in ("article", "video"):
            scores = browser.lighthouse(f"{city.url}{pages_of(keys)[f'lesson: {kind}']}", visitor.cookie, work)
            if isinstance(scores, str):
                raise NotMeasured(scores)
            yield Figure(f"Lighthouse mobile, {kind}, performance", scores["performance"], "", bar=95, at_least=True)
            yield Figure(f"Lighthouse mobile, {kind}, accessibility", scores["accessibility"], "", bar=100, at_least=True)


def figures_of_memory(city: Instance, keys: dict[str, str]) -> Iterator[Figure]:
    processes = {"web": city.web(), "worker": city.worker(), "encoder": city.encoder()}
    with running(*processes.values()):
        for visitor in visitors_of(city, keys):
            for path in pages_of(keys).values():
                urllib.request.urlopen(urllib.request.Request(city.url + path, headers={"Cookie": visitor.cookie}), timeout=30).read()
        time.sleep(5)
        each = {name: cpu.memory_mb(process.pid) for name, process in processes.items()}
        yield Figure("memory of the running product (PSS), after visits", sum(each.values()), "MB", bar=250, note=", ".join(f"{name} {value:.0f}" for name, value in each.items()))


def seconds_to_start(root: Path, instance: Path) -> float:
    """From `make start` to its address on the screen."""
    port = free_port()
    env = {name: value for name, value in os.environ.items() if not name.startswith(("GURINDAM_", "MAKE"))}
    env |= {"PORT": str(port), "INSTANCE_PATH": str(instance), "HOST": "127.0.0.1"}
    started = time.monotonic()
    process = subprocess.Popen(["make", "-s", "start"], cwd=root, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "runs at" in line:
            seconds = time.monotonic() - started
            for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
                os.kill(int(child), 15)
            process.communicate(timeout=60)
            return seconds
    raise NotMeasured("make start did not start: " + (lines or ["no output"])[-1].strip())


def figures_of_start(work: Path) -> Iterator[Figure]:
    """With COLD=1 in a clean clone, where nothing is installed; else in this tree, where everything is."""
    instance, root = work / "started", ROOT
    shutil.rmtree(instance, ignore_errors=True)
    if os.environ.get("COLD") == "1":
        root = work / "clone"
        shutil.rmtree(root, ignore_errors=True)
        subprocess.run(["git", "clone", "-q", str(ROOT), str(root)], check=True)
        yield Figure("make start in a clean clone", seconds_to_start(root, instance), "s", note="cold: environment, packages, front end, courses")
    else:
        yield Figure("make start, tools there, new data", seconds_to_start(root, instance), "s")
    yield Figure("make start, a second time", seconds_to_start(root, instance), "s", note="warm")


def main() -> int:
    kept = os.environ.get("BENCH_KEEP")
    work = Path(kept or tempfile.mkdtemp(prefix="gurindam-bench-"))
    work.mkdir(parents=True, exist_ok=True)
    only = set(filter(None, os.environ.get("ONLY", "").split(",")))
    figures: list[Figure] = []
    print(machine(), flush=True)
    try:
        base = make_base(work / "base")
        small, _ = make_city(base, work / "city-50", 50)
        big, grown = make_city(base, work / "city-5000", 5000)
        keys = lessons_of(big)
        parts = {
            "cpu": lambda: figures_of_cpu(big, keys),
            "queries": lambda: figures_of_queries(small, big, keys),
            "browser": lambda: figures_of_browser(big, keys, work),
            "memory": lambda: figures_of_memory(big, keys),
            "start": lambda: figures_of_start(work),
        }
        print(HEADING, flush=True)
        if grown:
            events = big.rows("SELECT count(*) FROM learning_event")[0][0]
            figures.append(Figure("demo city of 5,000 ASN", grown, "s", bar=120, note=f"{events} events"))
            print(figures[-1].line(), flush=True)
        for name, measure in parts.items():
            if only and name not in only:
                continue
            try:
                for figure in measure():
                    figures.append(figure)
                    print(figure.line(), flush=True)
            except NotMeasured as reason:
                print(f"not measured: {reason}", flush=True)
    finally:
        if not kept:
            shutil.rmtree(work, ignore_errors=True)
    missed = [figure.name for figure in figures if figure.is_met is False]
    print(f"{machine()}\n{len(figures)} figures, {len(missed)} bars not met" + "".join(f"\n  {name}" for name in missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
