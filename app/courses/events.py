"""What courses announce."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CourseVersionPublished:
    """A course got its next version, and learners see it from now on. `previous_version_id` is None for a new course."""

    course_id: int
    version_id: int
    previous_version_id: int | None
