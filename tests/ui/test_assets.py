"""Templates name files; the build says where they are."""

import json

import pytest

from app.ui.assets import Assets, AssetsMissing

MANIFEST = {
    "app/media/client/player.ts": {"file": "media-player-1.js", "imports": ["_a.js"], "css": ["player-1.css"]},
    "_a.js": {"file": "a-1.js", "imports": ["_b.js", "app/media/client/player.ts"], "css": ["a-1.css"]},
    "_b.js": {"file": "b-1.js", "imports": ["_a.js"]},
    "app/ui/client/base.css": {"file": "ui-base-1.css", "assets": ["picture-1.svg", "font-1.woff2"]},
}


@pytest.fixture
def assets(tmp_path):
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps(MANIFEST))
    return Assets(manifest)


def test_a_name_becomes_the_hashed_address(assets):
    assert assets.address("ui/base.css") == "/static/dist/ui-base-1.css"


def test_the_font_is_found_through_its_sheet(assets):
    assert assets.companion("ui/base.css", ".woff2") == "/static/dist/font-1.woff2"


def test_every_module_is_preloaded_once_even_in_a_ring(assets):
    assert assets.imports("media/player.ts") == ["/static/dist/a-1.js", "/static/dist/b-1.js", "/static/dist/media-player-1.js"]


def test_sheets_asked_for_by_modules_come_along(assets):
    assert assets.styles("media/player.ts") == ["/static/dist/player-1.css", "/static/dist/a-1.css"]


def test_an_unknown_name_says_where_the_file_should_be(assets):
    with pytest.raises(AssetsMissing, match=r"app/media/client/plyer\.ts"):
        assets.address("media/plyer.ts")


def test_a_missing_build_says_how_to_make_it(tmp_path):
    with pytest.raises(AssetsMissing, match="npm run build"):
        Assets(tmp_path / "none.json").address("ui/base.css")
