from __future__ import annotations

from tests.room.conftest import _fresh_rooms  # noqa: F401  no room of another test
