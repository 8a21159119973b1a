"""One room as the encoder sees it: its takes one after the other, each run after the other until the take is made, and the one stream of all."""

from __future__ import annotations

import os
import time
from pathlib import Path

from app.stage import layout
from app.stage.encoder import merging
from app.stage.encoder.index import TakeIndex
from app.stage.encoder.ladders import ladders
from app.stage.encoder.pace import Pace
from app.stage.encoder.runs import Made, Run
from app.stage.encoder.saying import say
from app.stage.layout import RUNGS, Note, Take
from app.stage.matroska import Cluster

ALMOST_MS = 60  # a segment may end so much before the cluster with the next key frame
PAUSES_SECONDS = (0.0, 0.0, 0.5, 1.0, 2.0, 5.0)  # before the next run, after so many that made nothing
LOWERED, RAISED = "quality_lowered", "quality_raised"
LOOK_AGAIN_SECONDS = 0.5
MOST_FAILURES = 8  # of a take that has ended: what then still fails is left out of the stream, not of the recording


class Room:
    """`tick` does what is due and never waits."""

    def __init__(self, folder: Path):
        self.folder, self.hls = folder, folder / "hls"
        self.hls.mkdir(exist_ok=True)
        folders = sorted((entry for entry in os.scandir(self.hls) if entry.is_dir()), key=lambda entry: [int(n) for n in entry.name.split("-")])
        self.made = [made for entry in folders if (made := Made.recall(Path(entry.path)))]
        for made in self.made:
            made.settle()
        self.run: Run | None = None
        self.take: Take | None = None
        self.index: TakeIndex | None = None
        self.failures, self.not_before = 0, 0.0
        self.pace = Pace(1, step=self.made[-1].step if self.made else 0)
        self.bandwidths = dict(merging.FIRST_BANDWIDTH)
        self.published = ""
        if self.made:
            self.publish()

    # ---- what is to be done ----

    @property
    def is_ended(self) -> bool:
        return (self.folder / "ended").exists()

    @property
    def is_finished(self) -> bool:
        return (self.hls / "finished").exists()

    def next_take(self) -> tuple[Take, Path] | None:
        return next(((take, folder) for take, folder in layout.takes_of(self.folder) if not self._done(take).exists()), None)

    def _done(self, take: Take) -> Path:
        return self.hls / f"take-{take.number}.done"

    def tick(self, may_start: bool) -> None:
        if self.run is not None:
            self._look_after(self.run)
        if self.run is None and time.monotonic() >= self.not_before:
            self._go_on(may_start)

    def _go_on(self, may_start: bool) -> None:
        found = self.next_take()
        if found is not None:
            if may_start:
                self._start(*found)
        elif self.is_ended and not self.is_finished:
            self.publish()
            (self.hls / "finished").touch()
            say("live_stream_finished", room=self.folder.name)

    # ---- runs ----

    def _start(self, take: Take, folder: Path) -> None:
        if self.take is None or self.take.number != take.number:
            self._let_go()
            self.take, self.index, self.failures = take, TakeIndex(folder, folder / take.raw_name), 0
        index = self.index
        assert index is not None
        earlier = [made for made in self.made if made.take == take.number]
        place, start_ms = 0, 0
        if earlier:
            index.catch_up_wholly()
            cluster = self._where_to_go_on(max(made.end_ms for made in earlier), index)
            if cluster is None:
                self._wait_for_more(take)
                return
            place, start_ms = cluster.at, cluster.ms
        steps = ladders(take.copies_picture)
        self.pace.begin(len(steps))
        made = Made.begin(self.hls, take, len(earlier) + 1, start_ms, self.pace.step)
        self.made.append(made)
        self.run = Run(made, index, folder, place, steps[made.step])
        say("live_run_started", room=self.folder.name, take=take.number, run=made.run, at_ms=start_ms, step=made.step)

    def _where_to_go_on(self, end_ms: int, index: TakeIndex) -> Cluster | None:
        """Where the segments end; beyond that when the last runs came no further, once more from the same place when nothing lies beyond."""
        beyond = index.start_after(end_ms + (self.failures - 1) * 1000) if self.failures else None
        if beyond is None and self.failures > 1 and self._has_ended():
            return None
        return beyond or index.start_for(end_ms + ALMOST_MS) or index.start_after(-1)

    def _has_ended(self) -> bool:
        """Whether the take at work grows no more."""
        known = layout.read_take(self.folder / "takes" / str(self.take.number)) if self.take else None
        return known is not None and known.ended

    def _look_after(self, run: Run) -> None:
        gone = run.has_gone
        if run.collect():
            self.publish()
        if not gone:
            self._keep_pace(run)
            return
        self._end(run)
        if run.hung and not run.index.garbage:
            self._tell_step(run.made, self.pace.lower(time.monotonic()))
        assert self.take is not None
        if run.child.returncode == 0 and run.fed_wholly:
            self._finish(self.take)
        else:
            self.failures = 0 if self._came_further(run.made) else self.failures + 1
            self._fail(self.take, run.complaint())

    def _keep_pace(self, run: Run) -> None:
        """Go on with less than this machine was asked for when it is too slow for that, and with more after a calm while."""
        run.index.catch_up()
        step = self.pace.look(time.monotonic(), run.index.newest_ms, run.made.end_ms)
        if step != run.made.step:
            self._end(run)
            self._tell_step(run.made, step)

    def _tell_step(self, made: Made, step: int) -> None:
        if step == made.step:
            return
        kind, behind_ms = (LOWERED if step > made.step else RAISED), self.index.newest_ms - made.end_ms if self.index else 0
        layout.add_note(self.folder, Note(kind, round(time.time() * 1000), {"take": made.take, "step": step}))
        say(f"live_{kind}", room=self.folder.name, take=made.take, step=step, behind_ms=behind_ms)

    def _end(self, run: Run) -> None:
        run.stop()
        run.made.settle()
        self.run = None

    def _came_further(self, made: Made) -> bool:
        before = [other.end_ms for other in self.made if other.take == made.take and other is not made]
        return made.end_ms > max([made.start_ms, *before]) + ALMOST_MS

    def _fail(self, take: Take, complaint: str) -> None:
        self.not_before = time.monotonic() + PAUSES_SECONDS[min(self.failures, len(PAUSES_SECONDS) - 1)]
        say("live_run_failed", room=self.folder.name, take=take.number, failures=self.failures, reason=complaint[-300:])
        if self.failures >= MOST_FAILURES and self._has_ended():
            self._finish(take)

    def _wait_for_more(self, take: Take) -> None:
        """There is no key frame that has not been tried. A browser that was lost as it began leaves such a take: the next one must not wait for it."""
        self.not_before = time.monotonic() + LOOK_AGAIN_SECONDS
        if self._has_ended():
            say("live_take_left_out", room=self.folder.name, take=take.number)
            self._finish(take)

    def _finish(self, take: Take) -> None:
        self._done(take).touch()
        self._let_go()

    def _let_go(self) -> None:
        if self.index is not None:
            self.index.close()
        self.take = self.index = None

    def stop(self) -> None:
        if self.run is not None:
            self._end(self.run)
            self.publish()
        self._let_go()

    # ---- the stream ----

    def publish(self) -> None:
        """Write the playlists that viewers read."""
        parts = [made.part for made in self.made]
        ended = self.is_ended and self.run is None and self.next_take() is None
        for rung in RUNGS:
            text = merging.playlist(parts, rung, ended)
            if text is None:
                return
            layout.write_whole(self.hls / f"{rung}.m3u8", text)
        whole = [part for part in parts if part.is_whole]
        if self.published != whole[-1].folder:
            self._write_master(whole[-1])
            self.published = whole[-1].folder

    def _write_master(self, part: merging.Part) -> None:
        for rung in part.rungs:
            sizes = [((self.hls / part.folder / rung / one.name).stat().st_size, one.seconds) for one in part.segments[rung][:5]]
            measured = max(round(size * 8 / max(seconds, 0.1)) for size, seconds in sizes)
            self.bandwidths[rung] = max(measured, merging.FIRST_BANDWIDTH[rung] // 2)
        size = self.index.size if self.index is not None else (1280, 720)
        layout.write_whole(self.hls / "master.m3u8", merging.master(self.bandwidths, size))
