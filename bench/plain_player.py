"""The reference for watching: hls.js as a careful page would tune it (as measured best in the spike), on the same stream, and nothing else."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

from bench.instances import ROOT

TUNED = "{ liveSyncDuration: 2, liveMaxLatencyDuration: 5, maxLiveSyncPlaybackRate: 1.1, lowLatencyMode: true, maxBufferLength: 6, backBufferLength: 10 }"
ENTRY = f"""import Hls from 'hls.js';
export function play(address) {{
  const video = document.body.appendChild(document.createElement('video'));
  video.dataset.picture = '';
  const hls = (window.hls = new Hls({TUNED}));
  hls.on(Hls.Events.ERROR, (_event, {{ fatal, type }}) => {{
    if (fatal && type === Hls.ErrorTypes.MEDIA_ERROR) hls.recoverMediaError();
    else if (fatal) setTimeout(() => {{ hls.loadSource(address); hls.startLoad(); }}, 1500);
  }});
  hls.on(Hls.Events.MANIFEST_PARSED, () => video.play());
  hls.loadSource(address);
  hls.attachMedia(video);
}}"""
BUILD = (
    "import('vite').then(({ build }) => build({ configFile: false, logLevel: 'error', root: process.cwd(), build: { outDir: process.argv[1],"
    " emptyOutDir: false, lib: { entry: process.argv[2], formats: ['es'], fileName: 'plain' } } }))"
)


def build_player(folder: Path) -> Path:
    """As one module that a page can load."""
    entry = ROOT / "build" / "plain-entry.js"  # beside node_modules, where `hls.js` is found
    entry.parent.mkdir(exist_ok=True)
    entry.write_text(ENTRY)
    subprocess.run(["node", "-e", BUILD, str(folder), str(entry)], cwd=ROOT, check=True, timeout=180)
    entry.unlink()
    return next(folder.glob("plain.*js"))


class PlainViewer:
    """Somebody who watches with it. `page` has one `video[data-picture]`, as the product's page has."""

    def __init__(self, chromium: Any, module: Path, url: str, address: str):
        self.context = chromium.new_context(bypass_csp=True)
        self.context.route("**/uji/plain.js", lambda route: route.fulfill(path=str(module), content_type="text/javascript"))
        self.page = self.context.new_page()
        self.page.goto(f"{url}/healthz")
        self.page.evaluate("async (address) => (await import('/uji/plain.js')).play(address)", address)

    def behind_ms(self) -> float | None:
        """By the clock in the picture."""
        from tests.stage.broadcast import READ_CLOCK

        return self.page.evaluate(READ_CLOCK)

    def position(self) -> float:
        return self.page.evaluate("document.querySelector('video[data-picture]').currentTime")
