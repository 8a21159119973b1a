"""Reads a package: everything in it, or everything that is wrong with it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from flask_babel import gettext as _

from app.assessment.rules import Purpose
from app.courses import kinds
from app.courses.kinds import FieldType, FileFacts, LessonKind, LessonSource
from app.courses.outline import FREE, LINEAR, LegalBasis
from app.interchange.packages import markdown
from app.interchange.packages.contents import Contents, PictureFacts, QuestionFile
from app.interchange.packages.faults import Fault, Faults, PackageRefused
from app.interchange.packages.fields import FieldReader
from app.interchange.packages.files import PackagedFile, list_files, read_text
from app.interchange.packages.markdown import Examined
from app.interchange.packages.marked_yaml import MarkedMap, load

FORMAT = 1
COURSE_FILE = "course.yaml"
RENDERING = 1  # raised when the same Markdown is to become other HTML, so that published texts are made anew
FORMS = ("E_LEARNING",)
COMPETENCY_GROUPS = ("TEKNIS", "MANAJERIAL", "SOSIAL_KULTURAL")
STATUSES = ("VERIFIED", "SECONDARY", "UNVERIFIED")
COURSE_FIELDS = frozenset(
    {
        "format",
        "slug",
        "title",
        "language",
        "summary",
        "outcomes",
        "jp",
        "form",
        "competency_group",
        "competency",
        "competency_level",
        "partner",
        "sequence",
        "prerequisites",
        "reviewed_on",
        "review_note",
        "legal_basis",
        "modules",
    }
)
LESSON_FIELDS = frozenset({"key", "kind", "title", "legal_basis", "reviewed_on", "requires"})
MOST_JP = 100


@dataclass(frozen=True, slots=True)
class PackagedLesson:
    path: str
    key: str
    kind: LessonKind
    title: str
    legal_basis: tuple[str, ...]
    reviewed_on: date
    requires: tuple[str, ...]
    body: str
    images: tuple[str, ...]
    source: LessonSource

    @property
    def minutes(self) -> float:
        return kinds.half_minutes(self.kind.minutes(self.source))


@dataclass(frozen=True, slots=True)
class PackagedModule:
    key: str
    title: str
    lessons: tuple[PackagedLesson, ...]

    @property
    def minutes(self) -> float:
        return sum(lesson.minutes for lesson in self.lessons)


@dataclass(frozen=True, slots=True)
class Package:
    """A course package without fault."""

    root: Path
    digest: str
    files: Mapping[str, PackagedFile]
    slug: str
    title: str
    language: str
    summary: str
    outcomes: tuple[str, ...]
    jp: int
    form: str
    competency_group: str
    competency: str
    competency_level: int
    partner: str
    sequence: str
    prerequisites: tuple[str, ...]
    reviewed_on: date
    review_note: str
    legal_basis: tuple[LegalBasis, ...]
    modules: tuple[PackagedModule, ...]
    questions: Mapping[str, QuestionFile]
    pictures: Mapping[str, PictureFacts]
    warnings: tuple[Fault, ...]

    @property
    def lessons(self) -> list[PackagedLesson]:
        return [lesson for module in self.modules for lesson in module.lessons]

    @property
    def minutes(self) -> float:
        return sum(lesson.minutes for lesson in self.lessons)


@dataclass(slots=True)
class Inventory:
    """What is in a package before anything of it was read, enough to know whether it changed."""

    root: Path
    files: dict[str, PackagedFile]
    faults: Faults

    @property
    def digest(self) -> str:
        """What the course would say: the files, and how they are turned into pages."""
        return hashlib.sha256(json.dumps([FORMAT, RENDERING, self._listed]).encode()).hexdigest()

    @property
    def files_digest(self) -> str:
        """The files alone: whether an author changed anything."""
        return hashlib.sha256(json.dumps(self._listed).encode()).hexdigest()

    @property
    def _listed(self) -> list[list[str]]:
        return [[file.path, file.sha256] for file in sorted(self.files.values(), key=lambda file: file.path)]


def take_inventory(root: Path) -> Inventory:
    faults = Faults()
    return Inventory(root, list_files(root, faults), faults)


def read_package(root: Path, name: str | None = None, inventory: Inventory | None = None) -> Package:
    """The package in a folder that goes by `name`. Raises PackageRefused with every fault found."""
    return _PackageReader(inventory or take_inventory(root), name).read()


class _PackageReader:
    def __init__(self, inventory: Inventory, name: str | None):
        self.inventory, self.root, self.name = inventory, inventory.root, name
        self.files, self.faults = inventory.files, inventory.faults
        self.contents = Contents(self.root, self.files, self.faults)
        self.keys: dict[str, str] = {}  # key to the lesson file that has it
        self.named: set[str] = set()  # lesson files that a module has
        self.module_lines: dict[str, int] = {}
        self.requires_of: dict[str, list[tuple[str, int]]] = {}
        self.links_of: dict[str, list[tuple[str, int]]] = {}

    def read(self) -> Package:
        if COURSE_FILE not in self.files:
            self.faults.add(COURSE_FILE, 0, _("Berkas course.yaml tidak ada."))
            raise PackageRefused(self.faults.found)
        self.contents.use(COURSE_FILE)
        text = read_text(self.root, COURSE_FILE, self.faults)
        source = load(text, COURSE_FILE, self.faults) if text is not None else None
        if source is None:
            raise PackageRefused(self.faults.found)
        course = FieldReader(source, COURSE_FILE, self.faults)
        values = self._course_values(course)
        legal_basis = self._legal_basis(course)
        modules = self._modules(course, {basis.id for basis in legal_basis})
        lessons = [lesson for module in modules for lesson in module.lessons]
        self._check_references(lessons)
        self._check_tests(course, modules)
        self.contents.tell_unused()
        if not self.faults.found:  # what could not be read has no minutes yet
            self._check_jp(course, values["jp"], sum(lesson.minutes for lesson in lessons))
        self.faults.refuse_if_any()
        return Package(
            root=self.root,
            digest=self.inventory.digest,
            files=self.files,
            legal_basis=legal_basis,
            modules=modules,
            questions=self.contents.questions,
            pictures=self.contents.pictures,
            warnings=tuple(self.contents.warnings),
            **values,
        )

    # ---- course.yaml ----

    def _course_values(self, course: FieldReader) -> dict[str, Any]:
        course.refuse_unknown(COURSE_FIELDS)
        course.whole("format", FORMAT, FORMAT)
        slug = course.key("slug")
        if slug and self.name is not None and slug != self.name:
            course.fault("slug", _("slug harus sama dengan nama foldernya, %(name)s.", name=self.name))
        prerequisites = tuple(text for text, _line in course.texts("prerequisites"))
        if slug and slug in prerequisites:
            course.fault("prerequisites", _("Kursus ini tidak dapat menjadi prasyarat bagi dirinya sendiri."))
        language = course.text("language", 8)
        if language and language not in markdown.LABELS:
            course.fault("language", _("language harus salah satu dari: %(choices)s.", choices=", ".join(markdown.LABELS)))
        return {
            "slug": slug,
            "title": course.text("title", 200),
            "language": language,
            "summary": course.text("summary", 1000),
            "outcomes": tuple(text for text, _line in course.texts("outcomes", 3, 6, 400)),
            "jp": course.whole("jp", 1, MOST_JP),
            "form": course.choice("form", FORMS),
            "competency_group": course.choice("competency_group", COMPETENCY_GROUPS),
            "competency": course.text("competency"),
            "competency_level": course.whole("competency_level", 1, 5),
            "partner": course.text("partner"),
            "sequence": course.choice("sequence", (LINEAR, FREE)),
            "prerequisites": prerequisites,
            "reviewed_on": course.day("reviewed_on"),
            "review_note": course.text("review_note", 1000),
        }

    def _legal_basis(self, course: FieldReader) -> tuple[LegalBasis, ...]:
        found: dict[str, LegalBasis] = {}
        for value, line in zip(*course.items("legal_basis", 0, 60), strict=True):
            if not isinstance(value, MarkedMap):
                self.faults.add(COURSE_FILE, line, _("Tiap dasar hukum memuat id, title, about, dan status."))
                continue
            entry = FieldReader(value, COURSE_FILE, self.faults)
            entry.refuse_unknown({"id", "title", "about", "status"})
            basis = LegalBasis(entry.key("id"), entry.text("title"), entry.text("about", 500), entry.choice("status", STATUSES))
            if basis.id in found:
                entry.fault("id", _("Kunci %(key)s sudah dipakai.", key=basis.id))
            found[basis.id] = basis
        return tuple(found.values())

    def _modules(self, course: FieldReader, laws: set[str]) -> tuple[PackagedModule, ...]:
        modules: dict[str, PackagedModule] = {}
        for value, line in zip(*course.items("modules", 1, 60), strict=True):
            if not isinstance(value, MarkedMap):
                self.faults.add(COURSE_FILE, line, _("Tiap modul memuat key, title, dan lessons."))
                continue
            entry = FieldReader(value, COURSE_FILE, self.faults)
            entry.refuse_unknown({"key", "title", "lessons"})
            key, title = entry.key("key"), entry.text("title", 200)
            if key in modules:
                entry.fault("key", _("Kunci %(key)s sudah dipakai.", key=key))
            lessons = [self._lesson(path, where, laws) for path, where in entry.texts("lessons", 1, 100)]
            modules[key] = PackagedModule(key, title, tuple(lesson for lesson in lessons if lesson is not None))
            self.module_lines[key] = line
        return tuple(modules.values())

    # ---- lessons ----

    def _lesson(self, path: str, named_on: int, laws: set[str]) -> PackagedLesson | None:
        if not self.contents.exists(path, COURSE_FILE, named_on):
            return None
        if not path.endswith(".md"):
            self.faults.add(COURSE_FILE, named_on, _("Pelajaran ditulis dalam berkas .md."))
            return None
        if path in self.named:
            self.faults.add(COURSE_FILE, named_on, _("Pelajaran %(path)s disebut dua kali.", path=path))
            return None
        self.named.add(path)
        self.contents.use(path)
        text = read_text(self.root, path, self.faults)
        if text is None:
            return None
        lines = text.split("\n")
        end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), None)
        if lines[0].rstrip() != "---" or end is None:
            self.faults.add(path, 1, _("Pelajaran diawali bagian depan di antara dua baris ---."))
            return None
        source = load("\n".join(lines[1:end]) + "\n", path, self.faults, first_line=2)
        if source is None:
            return None
        return self._lesson_of(path, FieldReader(source, path, self.faults), "\n".join(lines[end + 1 :]), end + 2, laws)

    def _lesson_of(self, path: str, front: FieldReader, body: str, body_line: int, laws: set[str]) -> PackagedLesson | None:
        key = front.key("key")
        if key in self.keys:
            front.fault("key", _("Kunci %(key)s sudah dipakai di %(path)s.", key=key, path=self.keys[key]))
        elif key:
            self.keys[key] = path
        kind = kinds.KINDS.get(front.choice("kind", tuple(kinds.KINDS)))
        title, reviewed_on = front.text("title", 200), front.day("reviewed_on")
        legal_basis = front.texts("legal_basis", 0, 30)
        for law, line in legal_basis:
            if law not in laws:
                self.faults.add(path, line, _("Dasar hukum %(key)s tidak ada di course.yaml.", key=law))
        requires = front.texts("requires", 0, 30) if "requires" in front.source else []
        self.requires_of[path] = requires
        if kind is None:
            return None
        front.refuse_unknown(LESSON_FIELDS | set(kind.fields))
        own, facts = self._own_fields(path, front, kind)
        examined = self._examine(path, body, body_line)
        source = LessonSource(own, examined.words, examined.practices, facts)
        for fault in kind.check(source):
            self.faults.add(path, front.source.line_of(fault.field) if fault.field else body_line, fault.message)
        return PackagedLesson(
            path=path,
            key=key,
            kind=kind,
            title=title,
            legal_basis=tuple(law for law, _line in legal_basis),
            reviewed_on=reviewed_on or date.min,
            requires=tuple(required for required, _line in requires),
            body=body,
            images=tuple(dict.fromkeys(image.target for image in examined.images)),
            source=source,
        )

    def _own_fields(self, path: str, front: FieldReader, kind: LessonKind) -> tuple[dict[str, Any], dict[str, FileFacts]]:
        own: dict[str, Any] = {}
        facts: dict[str, FileFacts] = {}
        for name, field in kind.fields.items():
            value = front.own_field(name, field)
            if value is None:
                continue
            own[name] = value
            if field.type in (FieldType.FILE, FieldType.FILES):
                for named in value.values() if isinstance(value, dict) else (value,):
                    found = self.contents.look_into(named, field.sort, path, front.source.line_of(name))
                    if found is not None:
                        facts[named] = found
        return own, facts

    def _examine(self, path: str, body: str, body_line: int) -> Examined:
        examined = markdown.examine(body)
        for line, message in examined.faults:
            self.faults.add(path, body_line + line, message)
        for image in examined.images:
            self.contents.look_at_picture(image.target, path, body_line + image.line)
        self.links_of[path] = [(link.target, body_line + link.line) for link in examined.lessons]
        return examined

    # ---- what only the whole can tell ----

    def _check_references(self, lessons: list[PackagedLesson]) -> None:
        places = {lesson.key: place for place, lesson in enumerate(lessons)}
        for path, links in self.links_of.items():
            for target, line in links:
                if target not in self.keys:
                    self.faults.add(path, line, _("Tautan lesson:%(key)s tidak menunjuk pelajaran di kursus ini.", key=target))
        for place, lesson in enumerate(lessons):
            for required, line in self.requires_of[lesson.path]:
                if required not in self.keys:
                    self.faults.add(lesson.path, line, _("requires menyebut %(key)s yang tidak ada di kursus ini.", key=required))
                elif places.get(required, -1) >= place:
                    self.faults.add(
                        lesson.path, line, _("requires hanya menyebut pelajaran sebelumnya; %(key)s datang sesudahnya.", key=required)
                    )

    def _check_tests(self, course: FieldReader, modules: tuple[PackagedModule, ...]) -> None:
        purposes = [lesson.source.fields.get("purpose") for module in modules for lesson in module.lessons]
        for purpose, name in ((Purpose.PRE_TEST, _("tes awal (PRE_TEST)")), (Purpose.POST_TEST, _("tes akhir (POST_TEST)"))):
            if purposes.count(purpose) != 1:
                course.fault(
                    "modules", _("Kursus memerlukan tepat satu %(name)s; ada %(count)s.", name=name, count=purposes.count(purpose))
                )
        for module in modules:
            if not any(lesson.source.fields.get("purpose") == Purpose.MODULE_QUIZ for lesson in module.lessons):
                self.faults.add(
                    COURSE_FILE, self.module_lines[module.key], _("Modul %(key)s belum memiliki kuis modul (MODULE_QUIZ).", key=module.key)
                )

    def _check_jp(self, course: FieldReader, jp: int | None, minutes: float) -> None:
        supported = kinds.whole_jp(minutes)
        if jp is not None and jp > supported:
            course.fault(
                "jp",
                _(
                    "JP yang tertulis %(jp)s, sedangkan materinya %(minutes)s menit: paling banyak %(supported)s JP (45 menit tiap JP).",
                    jp=jp,
                    minutes=f"{minutes:g}",
                    supported=supported,
                ),
            )
