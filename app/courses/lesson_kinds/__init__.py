"""The kinds of lesson, one file each."""

from app.courses import kinds
from app.courses.lesson_kinds.article import Article
from app.courses.lesson_kinds.document import Document
from app.courses.lesson_kinds.quiz import Quiz
from app.courses.lesson_kinds.video import Video


def register_all() -> None:
    for kind in (Article, Document, Video, Quiz):
        if kind.name not in kinds.KINDS:
            kinds.register(kind())
