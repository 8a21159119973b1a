"""Addresses of the built front end: what Vite wrote, by the name a template uses.

A file that lies directly in `app/<feature>/client/` is called `<feature>/<file>`, such as `ui/base.css` or `media/player.ts`. Its
address carries a digest of its content, so browsers may keep it for good.
"""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from typing import Any

from flask import current_app
from markupsafe import Markup

BASE = "/static/dist/"
MANIFEST = Path(__file__).parent / "static" / "dist" / "manifest.json"


class AssetsMissing(RuntimeError):
    """The front end was not built, or a template names a file that is not part of it."""


class Assets:
    """The manifest of one build, read once."""

    def __init__(self, manifest: Path = MANIFEST):
        self.manifest = manifest
        self._icons: dict[tuple[str, str], Markup] = {}

    @cached_property
    def entries(self) -> dict[str, Any]:
        try:
            return json.loads(self.manifest.read_text())
        except FileNotFoundError:
            raise AssetsMissing("The front end has not been built yet. Run: npm ci && npm run build") from None

    def entry(self, name: str) -> dict[str, Any]:
        feature, _, file = name.partition("/")
        key = f"app/{feature}/client/{file}"
        if key not in self.entries:
            raise AssetsMissing(f"The build has no {name!r}: is there a file {key}, and was `npm run build` run after adding it?")
        return self.entries[key]

    def address(self, name: str) -> str:
        """The address of one file, such as `/static/dist/ui-base-Cx1.css` for `ui/base.css`."""
        return BASE + self.entry(name)["file"]

    def companion(self, name: str, extension: str) -> str:
        """The first file of this kind that `name` brings along, such as the font of a style sheet."""
        for file in self.entry(name).get("assets", []):
            if file.endswith(extension):
                return BASE + file
        raise AssetsMissing(f"{name!r} brings no {extension} file along")

    def icon(self, name: str, css_class: str = "") -> Markup:
        """One sign of the sprite, decorative. Kept once made: a page shows dozens."""
        key = (name, css_class)
        if key not in self._icons:
            classes = f"i {css_class}" if css_class else "i"
            self._icons[key] = Markup('<svg class="{}" aria-hidden="true"><use href="{}#i-{}"/></svg>').format(
                classes, self.address("ui/icons.svg"), name
            )
        return self._icons[key]

    def named_icon(self, name: str, label: str, css_class: str = "") -> Markup:
        """One sign of the sprite that says something; `label` says what."""
        classes = f"i {css_class}" if css_class else "i"
        return Markup('<svg class="{}" role="img" aria-label="{}"><use href="{}#i-{}"/></svg>').format(
            classes, label, self.address("ui/icons.svg"), name
        )

    def imports(self, name: str) -> list[str]:
        """Addresses of the modules that a script loads at once, in the order found, each once."""
        found: dict[str, None] = {}
        waiting = list(self.entry(name).get("imports", []))
        while waiting:
            chunk = self.entries[waiting.pop(0)]
            if (address := BASE + chunk["file"]) not in found:
                found[address] = None
                waiting += chunk.get("imports", [])
        return list(found)

    def styles(self, name: str) -> list[str]:
        """Style sheets that a script or the modules it loads ask for."""
        found: dict[str, None] = {}
        waiting, seen = [self.entry(name)], set()
        while waiting:
            chunk = waiting.pop(0)
            found |= dict.fromkeys(BASE + file for file in chunk.get("css", []))
            for key in chunk.get("imports", []):
                if key not in seen:
                    seen.add(key)
                    waiting.append(self.entries[key])
        return list(found)


def _assets() -> Assets:
    return current_app.extensions["gurindam_assets"]


def asset(name: str) -> str:
    return _assets().address(name)


def plain_icon(name: str, css_class: str = "") -> Markup:
    return _assets().icon(name, css_class)


def draw_icon(name: str, label: Any = None, css_class: str = "", **more: str) -> Markup:
    """What components/icon.html calls `icon`; its third argument is named `class` there. Not a macro, because pages show dozens."""
    css_class = more.get("class", css_class)
    return _assets().named_icon(name, label, css_class) if label else _assets().icon(name, css_class)


def font_address() -> str:
    """The typeface's one file, for preloading."""
    return _assets().companion("ui/base.css", ".woff2")


def style(name: str) -> Markup:
    """The link to one style sheet, for `{% block styles %}`."""
    return Markup('<link rel="stylesheet" href="{}">').format(asset(name))


def script(name: str) -> Markup:
    """One script as a module, with the modules and style sheets it needs, for `{% block scripts %}`."""
    assets = _assets()
    parts = [Markup('<link rel="stylesheet" href="{}">').format(address) for address in assets.styles(name)]
    parts += [Markup('<link rel="modulepreload" href="{}">').format(address) for address in assets.imports(name)]
    parts.append(Markup('<script type="module" src="{}"></script>').format(assets.address(name)))
    return Markup("\n").join(parts)
