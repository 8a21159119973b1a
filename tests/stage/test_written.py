"""The composing browser knows how far its recorder has come, from the recording itself."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.stage.broadcast import ROOT
from tests.stage.recordings import H264, VP8, recording

pytestmark = pytest.mark.ffmpeg

READ = """
import { readFileSync } from 'node:fs';
const { Written } = await import(process.argv[1]);
const [content, size] = [readFileSync(process.argv[2]), Number(process.argv[3])];
const written = new Written();
const told = [];
for (let at = 0; at < content.length; at += size) {
  written.feed(content.subarray(at, at + size));
  told.push(written.ms);
}
console.log(JSON.stringify(told));
"""
PACE = """
const { Pace } = await import(process.argv[1]);
let now = 0;
globalThis.performance = { now: () => now };
const pace = new Pace();
const told = [];
const draw = (until, ms) => { for (; now < until; now += 50) { if (pace.mayDraw) pace.drew(); if (ms !== null && now % 250 === 0) pace.wrote(now + ms); } };
draw(2000, -100);
told.push(pace.lagMs < 400);
draw(5000, null);
told.push(pace.lagMs);
draw(11000, null);
told.push(pace.lagMs);
pace.wrote(10900);
told.push(pace.wasHeld() && !pace.wasHeld() && pace.mayDraw);
pace.restart();
told.push(pace.lagMs);
const begun = now;
let drawn = 0;
for (; now < begun + 11000; now += 50) if (pace.mayDraw) { pace.drew(); drawn += 1; }
told.push(drawn);
pace.wrote(0);
told.push(pace.lagMs);
console.log(JSON.stringify(told));
"""


def run(folder: Path, module: str, script: str, *arguments: str) -> list[float | None]:
    build = (
        "import('vite').then(({ build }) => build({ configFile: false, logLevel: 'error', root: process.cwd(), build: { outDir: process.argv[1],"
        " emptyOutDir: false, lib: { entry: process.argv[2], formats: ['es'], fileName: 'built' } } }))"
    )
    subprocess.run(["node", "-e", build, str(folder), str(ROOT / "app/stage/client/take" / module)], cwd=ROOT, check=True, timeout=120)
    built = next(folder.glob("built.*js")).rename(folder / "built.mjs")
    done = subprocess.run(["node", "--input-type=module", "-e", script, str(built), *arguments], capture_output=True, text=True, check=True, timeout=60)
    return json.loads(done.stdout)


@pytest.mark.parametrize("kind", [H264, VP8])
@pytest.mark.parametrize("size", [1, 1000, 20_000])
def test_the_moment_of_the_last_picture(tmp_path: Path, kind: str, size: int) -> None:
    content = tmp_path / "content"
    content.write_bytes(recording(kind)[: 60_000 if size == 1 else None])
    told = run(tmp_path, "written.ts", READ, str(content), str(size))
    assert told[0] is None or size != 1  # the head of the file
    moments = [ms for ms in told if ms is not None]
    assert moments == sorted(moments)
    if size != 1:
        assert 5900 <= moments[-1] <= 6000  # six seconds at 20 frames a second


def test_frames_are_held_while_the_recorder_is_behind(tmp_path: Path) -> None:
    keeps_up, behind, stuck, goes_on, anew, drawn, first = run(tmp_path, "pace.ts", PACE)
    assert keeps_up
    assert behind is not None
    assert stuck is not None
    assert 900 <= behind <= 1200  # no more frames than these wait for the encoder
    assert stuck >= 3000  # one frame now and then, to see whether it lives
    assert goes_on
    assert anew == 0
    assert drawn is not None
    assert 40 <= drawn <= 45, "two seconds of pictures, then one now and then, for a recorder that writes nothing at all"
    assert first == 0
