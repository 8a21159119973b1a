"""What a browser sees: bytes and requests of a first visit, Lighthouse."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.instances import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
import browsers
import provision

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--no-first-run"]
MEDIA = ("/media/",)
PROJECT = ROOT / "bench"


def first_visit(url: str, cookie: str) -> tuple[float, int, Counter[str]]:
    """Kilobytes and requests on the wire of a first visit with an empty cache, without media; and the bytes by kind."""
    from playwright.sync_api import sync_playwright

    sizes: Counter[str] = Counter()
    kinds: dict[str, str] = {}
    count = 0
    name, value = cookie.split("=", 1)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browsers.find_chromium(), args=ARGUMENTS)
        context = browser.new_context(viewport={"width": 390, "height": 844}, locale="id-ID")
        context.add_cookies([{"name": name, "value": value, "url": url}])
        page = context.new_page()
        wire = context.new_cdp_session(page)
        wire.send("Network.enable")

        def sent(event: dict[str, Any]) -> None:
            if not event["request"]["url"].startswith(("data:", "blob:")):
                kinds[event["requestId"]] = "media" if is_media(event) else event["type"]

        def finished(event: dict[str, Any]) -> None:
            nonlocal count
            kind = kinds.get(event["requestId"], "media")
            if kind != "media":
                sizes[kind] += int(event["encodedDataLength"])
                count += 1

        wire.on("Network.requestWillBeSent", sent)
        wire.on("Network.loadingFinished", finished)
        page.goto(url, wait_until="networkidle")
        page.wait_for_timeout(500)
        browser.close()
    return sizes.total() / 1000, count, sizes


def is_media(event: dict[str, Any]) -> bool:
    return event["type"] == "Media" or urlsplit(event["request"]["url"]).path.startswith(MEDIA)


def lighthouse(url: str, cookie: str, work: Path) -> dict[str, float] | str:
    """Scores (0 to 100) of Lighthouse's mobile run by category; a sentence when it cannot be run here."""
    try:
        chromium = browsers.find_chromium()
        if not (PROJECT / "node_modules" / "lighthouse").is_dir():
            provision.run(
                [*provision.npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", str(PROJECT)],
                "Installing Lighthouse",
                env=provision.environment(),
                limit=600,
            )
    except provision.Stop as stop:
        return str(stop)
    headers = work / "headers.json"
    headers.write_text(json.dumps({"Cookie": cookie}))
    report = work / "lighthouse.json"
    done = subprocess.run(
        [
            browsers.node(), str(PROJECT / "node_modules" / "lighthouse" / "cli" / "index.js"), url, "--quiet", "--output=json",
            f"--output-path={report}", "--only-categories=performance,accessibility", f"--extra-headers={headers}",
            f"--chrome-flags=--headless=new {' '.join(ARGUMENTS)}", "--disable-full-page-screenshot",
        ],
        cwd=work, env=provision.environment() | {"CHROME_PATH": str(chromium)}, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    headers.unlink()
    if done.returncode != 0 or not report.exists():
        return f"Lighthouse failed: {(done.stderr.strip().splitlines() or ['no output'])[-1][:200]}"
    result = json.loads(report.read_text())
    return {name: category["score"] * 100 for name, category in result["categories"].items() if category["score"] is not None}
