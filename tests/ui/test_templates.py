"""Every template of the product keeps the rules of composing a page."""

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

from tests.ui.conftest import make_look

UI = Path("app/ui")
TEMPLATES = sorted(Path("app").glob("*/templates/**/*.html"))
COMPONENTS = sorted((UI / "templates" / "components").glob("*.html"))
ERRORS = (400, 401, 403, 404, 405, 409, 413, 422, 429, 500, 503, 507)


def _name(path: Path) -> str:
    return str(path).split("/templates/", 1)[1]


@pytest.mark.parametrize("template", TEMPLATES, ids=_name)
def test_nothing_inline(template):
    text = re.sub(r"\{#.*?#\}", "", template.read_text(), flags=re.S)
    assert not re.search(r"<style\b|\sstyle=|\son[a-z]+=|<script(?![^>]*\bsrc=)|javascript:", text)


@pytest.mark.parametrize("template", TEMPLATES, ids=_name)
def test_every_macro_imported_is_used_and_exists(template):
    text = template.read_text()
    for source, names in re.findall(r'\{%-?\s*from "([^"]+)" import ([^%]+?)(?:with context\s*)?-?%\}', text):
        for name in (part.split(" as ")[-1].strip() for part in names.split(",")):
            assert len(re.findall(rf"\b{name}\b", text)) > 1, f"{name} is imported and not used"
        origin = next((t for t in TEMPLATES if _name(t) == source), None)
        assert origin is not None, f"{source} does not exist"
        for name in (part.split(" as ")[0].strip() for part in names.split(",")):
            assert re.search(rf"macro {name}\(|set {name} = ", origin.read_text()), f"{source} has no macro {name}"


def _own_names(text: str) -> set[str]:
    imported = [names for _source, names in re.findall(r'\{%-?\s*from "([^"]+)" import ([^%]+?)(?:with context\s*)?-?%\}', text)]
    mine = {part.split(" as ")[-1].strip() for names in imported for part in names.split(",")}
    return mine | set(re.findall(r"macro (\w+)\(", text)) | set(re.findall(r"\bset (\w+)", text)) | set(re.findall(r"\bfor (\w+)", text))


@pytest.mark.parametrize("template", TEMPLATES, ids=_name)
def test_every_macro_used_is_imported_here(template):
    """Not by the template it extends, from which it may go any day."""
    text = re.sub(r"\{#.*?#\}", "", template.read_text(), flags=re.S)
    macros = {name for other in TEMPLATES for name in re.findall(r"macro (\w+)\(", other.read_text())}
    everywhere = {"lesson_law", "outline_module", "whereabouts", "course_part", "note_mold", "next_step"}  # given to every template under the name of the macro they draw
    called = set(re.findall(r"(?:\{\{-?|\{%-?\s*call(?:\([^)]*\))?|[(,~])\s*(\w+)\(", text))
    assert not (called & macros) - everywhere - _own_names(text)


@pytest.mark.parametrize("template", TEMPLATES, ids=_name)
def test_icons_exist(template):
    known = set(re.findall(r'id="i-([\w-]+)"', (UI / "client" / "icons.svg").read_text()))
    text = template.read_text()
    used = set(re.findall(r'\bicon\("([\w-]+)"', text)) | set(re.findall(r'\bicon_(?:name|end)="([\w-]+)"', text))
    assert used <= known


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda c: c.stem)
def test_the_catalogue_names_every_macro(component):
    readme = (UI / "README.md").read_text()
    public = [name for name in re.findall(r"macro (\w+)\(", component.read_text()) if not name.startswith("_")]
    shared = {"described_by", "field_error", "field_label", "toast_region", "toast", "main_nav", "menu_ways", "theme_choice", "language_choice"}
    assert all(f"`{name}(" in readme or f" `{name}(" in readme for name in set(public) - shared)


def _texts_of(feature: Path) -> set[str]:
    found: set[str] = set()
    for path in [*feature.glob("**/*.html"), *feature.glob("**/*.py")]:
        method = "jinja2" if path.suffix == ".html" else "python"
        for _, text, *_rest in extract_from_file(method, str(path), keywords={"_": None, "_l": None, "gettext": None, "ngettext": (1, 2)}):
            found.add(text[0] if isinstance(text, tuple) else text)
    return found


def test_every_text_of_the_look_has_its_english():
    with (UI / "translations/en/LC_MESSAGES/messages.po").open("rb") as file:
        catalogue = read_po(file, locale="en")
    known = {m.id if isinstance(m.id, str) else m.id[0] for m in catalogue if m.id and m.string}
    assert _texts_of(UI) == known


@pytest.mark.parametrize("status", ERRORS)
def test_error_pages_say_what_happened_and_what_to_do(look, status):
    with look.test_request_context("/"):
        page = look.jinja_env.get_template(f"errors/{status}.html").render(message="Baris 14: <b>NIP</b> 17 digit.")
    assert "Baris 14: &lt;b&gt;NIP&lt;/b&gt; 17 digit." in page
    assert f">{status}<" in page
    assert "<h1></h1>" not in page
    assert page.count("btn-primary") == 1


def test_the_gallery_shows_every_component(look):
    page = (UI / "templates/ui/_gallery_theme.html").read_text()
    part_of_layouts = {"connection", "flash", "nav", "preferences", "toast", "icon"}
    assert {c.stem for c in COMPONENTS} - set(re.findall(r'from "components/(\w+)\.html"', page)) <= part_of_layouts


def test_the_gallery_opens(look):
    client = look.test_client()
    for path in ("/_ui", "/_ui/latihan", "/_ui/cetak"):
        assert client.get(path).status_code == 200
    assert client.get("/_ui/galat/404").status_code == 404
    assert client.get("/_ui/galat/418").status_code == 404


def test_the_gallery_is_not_there_in_production():
    assert make_look("production").test_client().get("/_ui").status_code == 404
