"""Changes a course's package as an author would: a line in course.yaml, a lesson's Markdown, a file in media/. Text that is not meant stays.

Everything here works on a folder that `write_current_package` wrote. Media in it may be linked to the storage, so files are added or
removed, and only text files are written anew.
"""

from __future__ import annotations

import json
import re
import shutil
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from app.interchange.packages.contents import CONTAINERS, VIDEO_SOURCE_ENDING
from app.interchange.packages.exporting import link_original
from app.interchange.packages.faults import Faults
from app.interchange.packages.fields import LANGUAGE, seconds
from app.interchange.packages.marked_yaml import MarkedList, MarkedMap, load
from app.interchange.packages.reader import COURSE_FILE
from app.kernel.storage import storage
from app.media.models import AssetKind, MediaAsset

KIND_OF = {AssetKind.VIDEO: "video", AssetKind.DOCUMENT: "document"}
LONGEST_NAME = 60
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Material:
    """A file of the library on its way into a package: the asset, a video's captions by language, and its length where one is known."""

    asset: MediaAsset
    captions: Mapping[str, str] = field(default_factory=dict)
    seconds: float | None = None

    @property
    def kind(self) -> str:
        return KIND_OF[AssetKind(self.asset.kind)]


@dataclass(frozen=True, slots=True)
class NewLesson:
    """A lesson as it was asked for. It stands in `module` behind the lesson with the key `after`, or first when that is empty."""

    key: str
    module: str
    after: str
    title: str
    notes: str
    legal_basis: tuple[str, ...]
    reviewed_on: date
    coverage: float | None = None


class PlaceGone(Exception):
    """The module, or the lesson to stand behind, is no longer in the course."""


def name_from(title: str, taken: Sequence[str] | set[str] = ()) -> str:
    """A key or a file's name from what people call a thing: a-z, 0-9 and -, not among those taken."""
    plain = unicodedata.normalize("NFKD", title.lower()).encode("ascii", "ignore").decode()
    base = "-".join(re.findall(r"[a-z0-9]+", plain))[:LONGEST_NAME].strip("-") or "materi"
    name, count = base, 2
    while name in taken:
        name, count = f"{base}-{count}", count + 1
    return name


def clean_text(text: str) -> str:
    """Text from a form as a package holds it: line feeds, no signs that cannot be seen, one line feed at the end."""
    lines = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return lines.strip("\n").rstrip() + "\n" if lines.strip() else ""


class PackageFolder:
    """A course's package, written out to be changed."""

    def __init__(self, root: Path):
        self.root = root
        self._faults = Faults()

    # ---- what is there ----

    @property
    def course(self) -> MarkedMap:
        found = load((self.root / COURSE_FILE).read_text(encoding="utf-8"), COURSE_FILE, self._faults)
        assert found is not None, "a published package can be read"
        return found

    def lesson_paths(self) -> list[str]:
        return [path for module in self.course["modules"] for path in module["lessons"]]

    def front(self, path: str) -> dict[str, Any]:
        """The front matter of a lesson."""
        text = (self.root / path).read_text(encoding="utf-8")
        found = load(text.split("\n---", 1)[0].removeprefix("---\n") + "\n", path, self._faults)
        assert found is not None, "a published package can be read"
        return found

    def _free_path(self, folder: str, stem: str, ending: str) -> str:
        taken = {place.name for place in (self.root / folder).glob("*")} if folder else {place.name for place in self.root.glob("*")}
        name, count = f"{stem}{ending}", 2
        while name in taken:
            name, count = f"{stem}-{count}{ending}", count + 1
        return f"{folder}/{name}" if folder else name

    # ---- what can be done ----

    def add_lesson(self, lesson: NewLesson, material: Material, same_file: str | None = None) -> str:
        """Put a new lesson in its place; return the path of its text. `same_file` is where the package holds this file already.

        Raises PlaceGone.
        """
        modules = self.course["modules"]
        module = next((one for one in modules if one["key"] == lesson.module), None)
        if module is None:
            raise PlaceGone
        paths: MarkedList = module["lessons"]
        place = 0
        if lesson.after:
            place = next((number for number, path in enumerate(paths, 1) if self.front(path)["key"] == lesson.after), 0)
            if not place:
                raise PlaceGone
        folder = str(paths[0]).rpartition("/")[0]
        path = self._free_path(folder, lesson.key, ".md")
        file = same_file or self._add_media(material.asset, lesson.key)
        captions = self._add_captions(file, material.captions)
        front = [
            "---",
            f"key: {_quoted(lesson.key)}",
            f"kind: {material.kind}",
            f"title: {json.dumps(lesson.title, ensure_ascii=False)}",
            f"legal_basis: [{', '.join(map(_quoted, lesson.legal_basis))}]",
            f"reviewed_on: {lesson.reviewed_on.isoformat()}",
            f"file: {_quoted(file)}",
        ]
        if captions:
            front.append(f"captions: {json.dumps(captions)}")
        if lesson.coverage is not None and material.kind == "video":
            front.append(f"coverage: {lesson.coverage:g}")
        self._write(path, "\n".join([*front, "---", lesson.notes]))
        self._name_lesson(modules.index(module), place, path)
        return path

    def replace_file(self, old_paths: set[str], material: Material, keep_captions: bool, reviewed_on: date) -> int:
        """Let another file take the place of one in every lesson that shows it; return how many lessons those are.

        The new file's captions come with it; without any, the old ones stay when `keep_captions`. Chapters that begin after its end go.
        """
        shown_in = [path for path in self.lesson_paths() if self.front(path).get("file") in old_paths]
        if not shown_in:
            return 0
        new = self._add_media(material.asset, Path(str(self.front(shown_in[0])["file"])).stem)
        captions = self._add_captions(new, material.captions)
        for path in shown_in:
            front = self.front(path)
            fields: dict[str, str | None] = {"file": new, "reviewed_on": reviewed_on.isoformat()}
            if captions:
                fields["captions"] = json.dumps(captions)
            elif not keep_captions:
                fields["captions"] = None
            if "chapters" in front and material.seconds is not None:
                fields["chapters"] = _chapters_before(front["chapters"], material.seconds)
            self._set_fields(path, fields)
        self._remove_unnamed(old_paths)
        return len(shown_in)

    def refresh_captions(self, captions_of: Mapping[str, Mapping[str, str]]) -> None:
        """Write captions as they are today, also in languages that were added since: `captions_of` holds them by the video's path."""
        for path in self.lesson_paths():
            front = self.front(path)
            file, named = str(front.get("file")), dict(front.get("captions") or {})
            today = captions_of.get(file, {})
            for language in named.keys() & today.keys():
                self._write(named[language], clean_text(today[language]))
            added = self._add_captions(file, {language: today[language] for language in today.keys() - named.keys()})
            if added:
                self._set_fields(path, {"captions": json.dumps(named | added)})

    # ---- how ----

    def _write(self, path: str, text: str) -> None:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")

    def _add_media(self, asset: MediaAsset, stem: str) -> str:
        path = self._free_path("media", name_from(stem), ending_of(asset))
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if not link_original(asset, place):
            with storage().open(asset.original_key) as source, place.open("xb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
        return path

    def _add_captions(self, file: str, captions: Mapping[str, str]) -> dict[str, str]:
        named = {}
        for language, content in sorted(captions.items()):
            if LANGUAGE.fullmatch(language):
                named[language] = f"{file.rpartition('.')[0]}.{language.lower()}.vtt"
                self._write(named[language], clean_text(content))
        return named

    def _name_lesson(self, module: int, place: int, path: str) -> None:
        """Name a lesson's text in course.yaml: one new line among the others, so that the author's own lines stay as they are."""
        file = self.root / COURSE_FILE
        text = file.read_text(encoding="utf-8")
        lessons: MarkedList = self.course["modules"][module]["lessons"]
        lines = text.split("\n")
        at = lessons.lines[max(0, place - 1)]  # counted from 1
        indent = re.match(r"(\s*)- ", lines[at - 1])
        if indent is not None and len(set(lessons.lines)) == len(lessons.lines) and str(lessons[max(0, place - 1)]) in lines[at - 1]:
            lines.insert(at if place else at - 1, f"{indent[1]}- {path}")
            file.write_text("\n".join(lines), encoding="utf-8")
            return
        course = yaml.safe_load(text)  # written in one line: then the whole is written anew
        course["modules"][module]["lessons"].insert(place, path)
        file.write_text(yaml.safe_dump(course, allow_unicode=True, sort_keys=False, width=10_000), encoding="utf-8")

    def _set_fields(self, path: str, fields: Mapping[str, str | None]) -> None:
        """Write fields of a lesson's front matter anew, each on one line; None removes one."""
        lines = (self.root / path).read_text(encoding="utf-8").split("\n")
        end = next(number for number, line in enumerate(lines[1:], 1) if line.rstrip() == "---")
        front, rest = lines[1:end], lines[end:]
        for name, value in fields.items():
            begin = next((number for number, line in enumerate(front) if line.startswith(f"{name}:")), None)
            if begin is not None:
                behind = begin + 1
                while behind < len(front) and (not front[behind].strip() or front[behind][0] in " \t-]}"):
                    behind += 1
                front[begin:behind] = [] if value is None else [f"{name}: {value}"]
            elif value is not None:
                front.append(f"{name}: {value}")
        self._write(path, "\n".join([lines[0], *front, *rest]))

    def _remove_unnamed(self, old_paths: set[str]) -> None:
        """Remove the file that was replaced, with what belongs to it: the source of a narrated video, captions that no lesson names now."""
        fronts = [self.front(path) for path in self.lesson_paths()]
        named = {str(front.get("file")) for front in fronts}
        named |= {path for front in fronts for path in (front.get("captions") or {}).values()}
        for old in old_paths - named:
            stem = old.rpartition(".")[0]
            (self.root / old).unlink()
            for beside in self.root.glob(f"{stem}.*"):
                path = beside.relative_to(self.root).as_posix()
                belongs = path == stem + VIDEO_SOURCE_ENDING or re.fullmatch(re.escape(stem) + r"\.(\d+\.wav|[a-z0-9-]+\.vtt)", path)
                if belongs and path not in named:
                    beside.unlink()


def _quoted(name: str) -> str:
    """A name as YAML says it, between quotation marks where it would otherwise be a number, a day, a truth or nothing: 2024, true, null."""
    plain = re.fullmatch(r"[a-z0-9/._-]+", name) is not None and yaml.safe_load(name) == name
    return name if plain else json.dumps(name, ensure_ascii=False)


def ending_of(asset: MediaAsset) -> str:
    """The ending that a file has in a package: its own where that says what it is."""
    if asset.kind == AssetKind.DOCUMENT:
        return ".pdf"
    known = CONTAINERS.get(asset.content_type, (".mp4",))
    own = Path(asset.original_name).suffix.lower()
    return own if own in known else known[0]


def _chapters_before(chapters: Sequence[Mapping[str, Any]], end: float) -> str | None:
    kept = [chapter for chapter in chapters if (at := seconds(chapter["at"])) is not None and at < end]
    written = [{"at": _clock(seconds(chapter["at"]) or 0), "title": chapter["title"]} for chapter in kept]
    return json.dumps(written, ensure_ascii=False) if written else None


def _clock(at: int) -> str:
    hours, rest = divmod(at, 3600)
    return f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"
