"""`make bench AREA=video`: the figures of video, each beside its reference and its bar.

Its parts are modules of their own with a `run`: the ladder, delivery, honest watching, reports of many. ONLY=<ladder,delivery,watching,reports>
measures some; what else can be changed is told at the head of each.
"""

from __future__ import annotations

import sys

from bench.parts import run_parts

PARTS = ("ladder", "delivery", "watching", "reports")

if __name__ == "__main__":
    sys.exit(run_parts("video", PARTS))
