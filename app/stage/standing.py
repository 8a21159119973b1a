"""What moderators decided about the stage and no row of its own tells: the layout, who may come by voice, who was removed. Kept with the room's
state, so that a restart of the web process changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

SIDE_BY_SIDE, SLIDES_AND_FACES, ONE = "side_by_side", "slides_and_faces", "one"
LAYOUTS = (SIDE_BY_SIDE, SLIDES_AND_FACES, ONE)


@dataclass(frozen=True, slots=True)
class Standing:
    layout: str = SLIDES_AND_FACES
    invited: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()

    @classmethod
    def read(cls, kept: dict[str, Any]) -> Standing:
        """As an earlier process wrote it down; a layout that there is no more is the usual one."""
        layout = kept.get("layout")
        return cls(layout if layout in LAYOUTS else SLIDES_AND_FACES, frozenset(kept.get("invited", ())), frozenset(kept.get("removed", ())))

    def written(self) -> dict[str, Any]:
        return {"layout": self.layout, "invited": sorted(self.invited), "removed": sorted(self.removed)}

    def laid_out(self, layout: str) -> Standing:
        return replace(self, layout=layout)

    def inviting(self, key: str, invited: bool = True) -> Standing:
        return replace(self, invited=self.invited | {key} if invited else self.invited - {key})

    def removing(self, key: str) -> Standing:
        return replace(self.inviting(key, False), removed=self.removed | {key})

    def readmitting(self, key: str) -> Standing:
        return replace(self, removed=self.removed - {key})
