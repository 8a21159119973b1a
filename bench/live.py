"""`make bench AREA=live`: the figures of the live room, each beside its reference and its bar.

Its parts are modules of their own with a `run`. ONLY=<fanout,votes,media> measures some; what else can be changed is told at the head of each.
"""

from __future__ import annotations

import sys

from bench.parts import run_parts

PARTS = ("fanout", "votes", "media")

if __name__ == "__main__":
    sys.exit(run_parts("live", PARTS))
