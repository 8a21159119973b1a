"""Where courses and lessons are found on the site. Texts, search and mail carry these before anybody makes a request."""


def course_path(slug: str) -> str:
    return f"/kursus/{slug}"


def lesson_path(slug: str, key: str) -> str:
    return f"/kursus/{slug}/belajar/{key}"


def picture_path(slug: str, asset_id: int) -> str:
    """A picture in a lesson's text: an address that stays, unlike the signed ones of `media`."""
    return f"/kursus/{slug}/gambar/{asset_id}"


def quiz_key(slug: str, lesson_key: str) -> str:
    """The name under which `assessment` knows the quiz of a lesson."""
    return f"{slug}/{lesson_key}"
