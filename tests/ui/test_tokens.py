"""The style sheets keep their own rules."""

import re
from pathlib import Path

import pytest

CLIENT = Path("app/ui/client")
SHEETS = sorted(CLIENT.glob("**/*.css"))
TOKENS = (CLIENT / "styles" / "tokens.css").read_text()


def _values(block: str) -> dict[str, str]:
    return dict(re.findall(r"(--[\w-]+|color-scheme):\s*([^;]+);", block))


def _dark_blocks() -> list[dict[str, str]]:
    by_system = re.search(r":root:not\(\[data-theme\]\) \{(.*?)\}", TOKENS, re.S)
    by_choice = re.search(r'\n\[data-theme="dark"\] \{(.*?)\n\}', TOKENS, re.S)
    return [_values(found.group(1)) for found in (by_system, by_choice) if found]


def test_dark_by_system_and_dark_by_choice_are_the_same():
    by_system, by_choice = _dark_blocks()
    assert by_system == by_choice
    assert len(by_system) > 30


def test_dark_says_every_color_that_light_says():
    light = re.search(r':root, \[data-theme="light"\] \{(.*?)\n\}', TOKENS, re.S)
    assert light
    assert set(_values(light.group(1))) == set(_dark_blocks()[0])


@pytest.mark.parametrize("sheet", [s for s in SHEETS if s.name not in {"tokens.css", "print.css"}], ids=lambda s: s.name)
def test_raw_colors_stand_only_among_the_tokens(sheet):
    assert not re.findall(r"#[0-9a-fA-F]{3,8}\b|rgb\(|hsl\(", sheet.read_text())


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda s: s.name)
def test_every_variable_used_is_declared(sheet):
    declared = set(re.findall(r"(--[\w-]+):", "".join(s.read_text() for s in SHEETS)))
    assert set(re.findall(r"var\((--[\w-]+)", sheet.read_text())) <= declared


def _luminance(color: str) -> float:
    parts = [int(color.lstrip("#")[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def _contrast(one: str, other: str) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(
    ("text", "ground", "least"),
    [
        ("--ink", "--ground", 7),
        ("--ink-2", "--tint", 7),
        ("--ink-3", "--ground", 4.5),
        ("--ink-3", "--tint", 4.5),
        ("--ink-3", "--tint-2", 4.5),
        ("--on-hijau", "--hijau", 4.5),
        ("--hijau-ink", "--hijau-tint", 4.5),
        ("--kuning", "--slab", 4.5),
        ("--on-slab-2", "--slab", 4.5),
        ("--merah", "--merah-tint", 4.5),
        ("--jingga", "--jingga-tint", 4.5),
        ("--rule-2", "--ground", 3),
        ("--hijau-ink", "--tint-2", 3),
        ("--focus", "--ground", 3),
    ],
)
def test_contrast_holds_in_both_themes(text, ground, least):
    light = re.search(r':root, \[data-theme="light"\] \{(.*?)\n\}', TOKENS, re.S)
    assert light
    for theme in (_values(light.group(1)), _dark_blocks()[0]):
        assert _contrast(theme[text], theme[ground]) >= least
