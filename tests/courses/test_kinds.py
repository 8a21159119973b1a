"""Learning minutes and what the kinds of lesson refuse; docs/content-format.md."""

import pytest

from app.courses import kinds, lesson_kinds
from app.courses.kinds import FileFacts, LessonSource, half_minutes, whole_jp


@pytest.fixture(autouse=True)
def registered():
    lesson_kinds.register_all()


def minutes(kind, **source):
    return kinds.get_kind(kind).minutes(LessonSource(**({"fields": {}} | source)))


def fields_at_fault(kind, **source):
    return [fault.field for fault in kinds.get_kind(kind).check(LessonSource(**({"fields": {}} | source)))]


def test_an_article_is_read_at_150_words_a_minute_and_practiced_as_stated():
    assert minutes("article", words=300) == 2
    assert minutes("article", words=300, practices=1, fields={"practice_minutes": 10}) == 12


def test_a_video_counts_its_duration_and_its_reading_text():
    files = {"media/x.mp4": FileFacts("video", duration_seconds=90)}
    assert minutes("video", words=150, fields={"file": "media/x.mp4"}, files=files) == 2.5


def test_a_document_counts_the_words_of_its_text_layer():
    files = {"media/x.pdf": FileFacts("document", words=1500)}
    assert minutes("document", fields={"file": "media/x.pdf"}, files=files) == 10


def test_a_quiz_counts_its_words_and_a_minute_for_each_question():
    files = {"k.gift": FileFacts("questions", question_words=(75, 75))}
    assert minutes("quiz", words=150, fields={"questions": "k.gift", "practice_minutes": 5}, files=files) == 9


@pytest.mark.parametrize(("exact", "rounded"), [(2.49, 2.0), (2.5, 2.5), (2.999, 2.5), (3.0, 3.0), (0.49, 0.0)])
def test_lessons_are_rounded_down_to_the_half_minute(exact, rounded):
    assert half_minutes(exact) == rounded


@pytest.mark.parametrize(("total", "jp"), [(44.5, 0), (45, 1), (89.5, 1), (90, 2)])
def test_jp_are_whole_hours_of_45_minutes(total, jp):
    assert whole_jp(total) == jp


def test_a_scanned_document_is_refused():
    assert fields_at_fault("document", fields={"file": "x.pdf"}, files={"x.pdf": FileFacts("document", words=0)}) == ["file"]


def test_an_empty_article_is_refused():
    assert fields_at_fault("article", words=0) == [None]


def test_practice_minutes_without_a_practice_are_refused():
    assert fields_at_fault("article", words=10, fields={"practice_minutes": 5}) == ["practice_minutes"]


@pytest.mark.parametrize(
    ("fields", "at_fault"),
    [
        ({"purpose": "PRE_TEST", "passing_score": 70}, ["passing_score"]),
        ({"purpose": "PRACTICE", "passing_score": 0, "feedback": "EACH", "practice_minutes": 5}, []),
        ({"purpose": "POST_TEST", "passing_score": 0}, ["passing_score"]),
        ({"purpose": "MODULE_QUIZ", "passing_score": 70, "feedback": "EACH"}, ["feedback"]),
        ({"purpose": "MODULE_QUIZ", "passing_score": 70, "practice_minutes": 5}, ["practice_minutes"]),
    ],
)
def test_what_a_quiz_says_must_fit_its_purpose(fields, at_fault):
    assert fields_at_fault("quiz", fields=fields) == at_fault


def test_captions_and_chapters_end_with_the_video():
    files = {"x.mp4": FileFacts("video", duration_seconds=60), "x.vtt": FileFacts("captions", duration_seconds=62.1)}
    fields = {"file": "x.mp4", "captions": {"id": "x.vtt"}, "chapters": [{"at": 60, "title": "Akhir"}]}
    assert fields_at_fault("video", fields=fields, files=files) == ["captions", "chapters"]
    files["x.vtt"] = FileFacts("captions", duration_seconds=61.9)  # a last caption may stand a little longer, as in the editor
    assert fields_at_fault("video", fields=fields, files=files) == ["chapters"]


def test_two_kinds_cannot_share_a_name():
    with pytest.raises(ValueError, match="article"):
        kinds.register(lesson_kinds.Article())


def test_an_unknown_kind_is_no_kind():
    with pytest.raises(LookupError):
        kinds.get_kind("scorm")
