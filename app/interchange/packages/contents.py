"""Looks into the files that lessons name: is each what its name says, and what does it add to the learning minutes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from flask_babel import gettext as _
from PIL import Image

from app.assessment.question_types import Question, reading_words
from app.courses.kinds import FileFacts
from app.interchange import gift
from app.interchange.packages.faults import Fault, Faults
from app.interchange.packages.files import AUDIO_ENDINGS, VIDEO_ENDINGS, PackagedFile, read_text
from app.media import documents
from app.media.captions import BadCaptions, parse_vtt
from app.media.intake import HEAD_BYTES, recognize
from app.media.models import AssetKind
from app.media.probe import probe_video
from app.media.refusals import Refused, reason

PICTURE_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP"}
MOST_PIXELS = 50_000_000
LARGEST_PICTURE = 10_000_000  # bytes
ENDINGS = {"video": (*VIDEO_ENDINGS, *AUDIO_ENDINGS), "captions": (".vtt",), "document": (".pdf",), "questions": (".gift",)}
VIDEO_SOURCE_ENDING = ".video.yaml"
# The container that each group of endings promises; a type that is in no group may have any of the endings.
CONTAINERS = {
    "video/mp4": (".mp4", ".m4v", ".mov", ".3gp", ".m4a"),
    "video/quicktime": (".mov", ".mp4", ".m4v"),
    "video/3gpp": (".3gp", ".mp4"),
    "video/x-matroska": (".mkv", ".webm"),
    "video/webm": (".webm", ".mkv"),
    "video/x-msvideo": (".avi",),
    "video/x-ms-asf": (".wmv",),
    "video/mpeg": (".mpg", ".mpeg"),
    "video/mp2t": (".ts",),
    "video/x-flv": (".flv",),
    "audio/mpeg": (".mp3",),
    "audio/mp4": (".m4a", ".mp4"),
    "audio/ogg": (".ogg",),
    "audio/flac": (".flac",),
    "audio/wav": (".wav",),
    "audio/aac": (".aac",),
}


@dataclass(frozen=True, slots=True)
class PictureFacts:
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class QuestionFile:
    questions: tuple[Question, ...]


class Contents:
    """The files of one package. Each is read once, however many lessons name it; what nobody names is told at the end."""

    def __init__(self, root: Path, files: Mapping[str, PackagedFile], faults: Faults):
        self.root, self.files, self.faults = root, files, faults
        self.used: set[str] = set()
        self.known: dict[str, FileFacts | None] = {}
        self.questions: dict[str, QuestionFile] = {}
        self.pictures: dict[str, PictureFacts] = {}
        self.warnings: list[Fault] = []

    def use(self, path: str) -> None:
        self.used.add(path)

    def exists(self, path: str, named_in: str, line: int) -> bool:
        if path in self.files:
            return True
        if path.startswith("/") or "\\" in path or ".." in path.split("/") or ":" in path:
            self.faults.add(named_in, line, _("%(path)s menunjuk ke luar paket.", path=path[:100]))
        elif twin := next((known for known in self.files if known.casefold() == path.casefold()), None):
            self.faults.add(named_in, line, _("%(path)s tidak ada; yang ada %(twin)s.", path=path, twin=twin))
        else:
            self.faults.add(named_in, line, _("Berkas %(path)s tidak ada di dalam paket.", path=path[:100]))
        return False

    def look_into(self, path: str, sort: str, named_in: str, line: int) -> FileFacts | None:
        """What a file adds, or None when it is missing or not what it should be, which is told."""
        if not self.exists(path, named_in, line):
            return None
        self.use(path)
        if not path.endswith(ENDINGS[sort]):
            self.faults.add(named_in, line, _("%(path)s bukan berkas %(ending)s.", path=path, ending=" / ".join(ENDINGS[sort])))
            return None
        if path not in self.known:
            readers: dict[str, Callable[[str], FileFacts | None]] = {
                "video": self._video,
                "captions": self._captions,
                "document": self._document,
                "questions": self._questions,
            }
            self.known[path] = readers[sort](path)
        return self.known[path]

    def _begins_with(self, path: str, signature: bytes, at: int = 0) -> bool:
        with (self.root / path).open("rb") as file:
            return file.read(at + len(signature))[at:] == signature

    def _video(self, path: str) -> FileFacts | None:
        with (self.root / path).open("rb") as file:
            container = recognize(file.read(HEAD_BYTES), AssetKind.VIDEO)
        if container is None:
            self.faults.add(path, 0, str(reason("NOT_A_VIDEO")))
            return None
        if not path.endswith(CONTAINERS.get(container, ENDINGS["video"])):
            wanted = " / ".join(CONTAINERS[container])
            self.faults.add(path, 0, _("Isi berkas ini tidak sesuai namanya; video ini berakhiran %(ending)s.", ending=wanted))
            return None
        try:
            return FileFacts("video", duration_seconds=probe_video(self.root / path).duration_seconds)
        except Refused as refused:
            self.faults.add(path, 0, str(reason(refused.code)))
            return None

    def _captions(self, path: str) -> FileFacts | None:
        text = read_text(self.root, path, self.faults)
        if text is None:
            return None
        try:
            cues = parse_vtt(text)
        except BadCaptions as bad:
            self.faults.add(path, bad.line, bad.message)
            return None
        return FileFacts("captions", duration_seconds=max(cue.end for cue in cues))

    def _document(self, path: str) -> FileFacts | None:
        if not self._begins_with(path, b"%PDF-"):
            self.faults.add(path, 0, _("Isi berkas ini bukan PDF, apa pun namanya."))
            return None
        try:
            _pages, words = documents.measure(self.root / path)
            return FileFacts("document", words=words)
        except Refused as refused:
            self.faults.add(path, 0, str(reason(refused.code)))
            return None

    def _questions(self, path: str) -> FileFacts | None:
        text = read_text(self.root, path, self.faults)
        if text is None:
            return None
        try:
            read = gift.parse_gift(text)
        except gift.GiftError as error:
            for problem in error.problems:
                self.faults.add(path, problem.line, gift.message(problem))
            return None
        self.warnings += [Fault(path, warning.line, gift.message(warning)) for warning in read.warnings]
        self.questions[path] = QuestionFile(read.questions)
        return FileFacts("questions", question_words=tuple(reading_words(question) for question in read.questions))

    def look_at_picture(self, path: str, named_in: str, line: int) -> None:
        if not self.exists(path, named_in, line):
            return
        self.use(path)
        if path in self.pictures:
            return
        expected = next((made for ending, made in PICTURE_FORMATS.items() if path.endswith(ending)), None)
        if expected is None:
            self.faults.add(named_in, line, _("%(path)s bukan berkas %(ending)s.", path=path, ending=" / ".join(PICTURE_FORMATS)))
            return
        if self.files[path].size > LARGEST_PICTURE:
            self.faults.add(path, 0, _("Terlalu besar: batasnya %(limit)s MB.", limit=f"{LARGEST_PICTURE / 1_000_000:g}"))
            return
        try:
            with Image.open(self.root / path, formats=[expected]) as picture:
                width, height = picture.size
                if width * height <= MOST_PIXELS:
                    picture.verify()
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
            self.faults.add(path, 0, _("Isi berkas ini bukan gambar %(format)s, apa pun namanya.", format=expected))
            return
        if width * height > MOST_PIXELS:
            self.faults.add(path, 0, str(reason("TOO_MANY_PIXELS")))
            return
        self.pictures[path] = PictureFacts(width, height)

    def tell_unused(self) -> None:
        """A file that nobody names is a fault; the source of a narrated video belongs to the video beside it."""
        for path in self.files:
            if path in self.used or self._made(path) in self.used:
                continue
            self.faults.add(path, 0, _("Berkas ini tidak dipakai oleh satu pelajaran pun."))

    def _made(self, path: str) -> str:
        """The video that a source file stands for: x.video.yaml and x.1.wav make x.mp4."""
        if path.endswith(VIDEO_SOURCE_ENDING):
            return path.removesuffix(VIDEO_SOURCE_ENDING) + ".mp4"
        if path.endswith(".wav"):
            stem, _dot, slide = path.removesuffix(".wav").rpartition(".")
            if slide.isdigit() and self._begins_with(path, b"RIFF"):
                return stem + ".mp4"
        return ""
