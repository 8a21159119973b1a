"""Puts an organization's structure into an empty installation, from a file beside the code or one of the operator's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from sqlalchemy import select

from app.kernel.db import db, transaction
from app.people.models import OrgUnit
from app.people.units import add_unit

AT_ONCE = 20  # units in one transaction
TANJUNGPINANG = Path(__file__).parent / "data" / "tanjungpinang.yaml"


def seed_units(path: Path = TANJUNGPINANG) -> int:
    """Add the units whose code is not there yet; what people changed since stays as it is. Returns how many were added.

    Call outside `transaction()`. The file is YAML: `valid_from` and a `tree` of units with `code`, `name`, `kind`, `units`.
    """
    with path.open(encoding="utf-8") as file:
        data = yaml.safe_load(file)
    known = {code: unit_id for code, unit_id in db.session.execute(select(OrgUnit.code, OrgUnit.id))}  # noqa: C416
    absent = [placed for placed in _flat(data["tree"]) if placed.node["code"] not in known]
    db.session.rollback()
    for start in range(0, len(absent), AT_ONCE):
        with transaction():
            for node, above, position in absent[start : start + AT_ONCE]:
                unit = add_unit(
                    name=node["name"], kind=node["kind"], code=node["code"], parent_id=known[above] if above else None, valid_from=data["valid_from"],
                    position=position,
                )  # fmt: skip
                known[node["code"]] = unit.id
    return len(absent)


class _Placed(NamedTuple):
    node: dict[str, Any]
    above: str | None  # the parent's code
    position: int


def _flat(node: dict[str, Any], above: str | None = None, position: int = 1) -> Iterator[_Placed]:
    """The units of a tree, each parent before its children."""
    yield _Placed(node, above, position)
    for place, child in enumerate(node.get("units", []), 1):
        yield from _flat(child, node["code"], place)
