"""YAML that remembers its lines: what `safe_load` reads, as maps and lists that know where each part stands.

Anchors, aliases, tags, merge keys, doubled keys and deep nesting are refused, because a reviewer would not see what they do.
"""

from __future__ import annotations

from typing import Any

import yaml
from flask_babel import gettext as _

from app.interchange.packages.faults import Faults

LARGEST = 200_000  # characters
DEEPEST = 12


class MarkedMap(dict[str, Any]):
    """`line` is where the map begins; `lines` where each key stands."""

    line: int
    lines: dict[str, int]

    def line_of(self, key: str) -> int:
        return self.lines.get(key, self.line)


class MarkedList(list[Any]):
    """`lines` is where each item stands."""

    line: int
    lines: list[int]


def load(text: str, path: str, faults: Faults, first_line: int = 1) -> MarkedMap | None:
    """The map that a YAML text is, or None after telling why it is none. `first_line` is where the text begins in its file."""
    if len(text) > LARGEST:
        faults.add(path, first_line, _("Bagian YAML ini terlalu panjang."))
        return None
    try:
        if not _is_plain(text, path, faults, first_line):
            return None
        loader = yaml.SafeLoader(text)
        try:
            node = loader.get_single_node()
            if not isinstance(node, yaml.MappingNode):
                faults.add(path, first_line, _("Di sini diharapkan daftar `nama: isi`."))
                return None
            return _Reader(loader, path, faults, first_line).map(node)
        finally:
            loader.dispose()
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        faults.add(path, first_line + (mark.line if mark else 0), _("YAML tidak dapat dibaca: %(problem)s", problem=problem))
        return None


def _is_plain(text: str, path: str, faults: Faults, first_line: int) -> bool:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = first_line + event.start_mark.line
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            faults.add(path, line, _("Jangkar dan alias YAML (& dan *) tidak dipakai; tulis isinya, atau beri tanda kutip."))
            return False
        if getattr(event, "tag", None):
            faults.add(path, line, _("Tag YAML (!) tidak dipakai; beri tanda kutip bila tanda seru bagian dari teks."))
            return False
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            depth += 1
            if depth > DEEPEST:
                faults.add(path, line, _("YAML bersarang terlalu dalam."))
                return False
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            depth -= 1
    return True


class _Reader:
    def __init__(self, loader: yaml.SafeLoader, path: str, faults: Faults, first_line: int):
        self.loader, self.path, self.faults, self.first_line = loader, path, faults, first_line

    def value(self, node: yaml.Node) -> Any:
        if isinstance(node, yaml.MappingNode):
            return self.map(node)
        if isinstance(node, yaml.SequenceNode):
            made = MarkedList(self.value(item) for item in node.value)
            made.line, made.lines = self.line(node), [self.line(item) for item in node.value]
            return made
        try:
            return self.loader.construct_object(node)
        except (ValueError, OverflowError):
            self.faults.add(self.path, self.line(node), _("%(value)s bukan tanggal atau angka yang benar.", value=node.value[:40]))
            return None

    def map(self, node: yaml.MappingNode) -> MarkedMap:
        made = MarkedMap()
        made.line, made.lines = self.line(node), {}
        for key_node, value_node in node.value:
            line = self.line(key_node)
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag != "tag:yaml.org,2002:str":
                self.faults.add(self.path, line, _("Nama isian harus berupa teks."))
                continue
            if key_node.value in made:
                self.faults.add(self.path, line, _("Isian %(name)s ditulis dua kali.", name=key_node.value))
                continue
            made[key_node.value] = self.value(value_node)
            made.lines[key_node.value] = line
        return made

    def line(self, node: yaml.Node) -> int:
        return self.first_line + node.start_mark.line
