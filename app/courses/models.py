"""Courses, their published versions, modules and lessons."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base, day, intpk, json_list, json_object, line, moment, short


class Course(Base):
    """A course, whatever its versions say. `slug` is its address and the name of its package's folder."""

    __tablename__ = "course"

    id: Mapped[intpk]
    slug: Mapped[str] = mapped_column(String(80), unique=True)
    current_version_id: Mapped[int | None] = mapped_column(ForeignKey("course_version.id", use_alter=True), index=True)
    created_at: Mapped[moment]


class CourseVersion(Base):
    """The whole of a course as it was published once; it never changes. `digest` tells whether a package says anything new."""

    __tablename__ = "course_version"
    __table_args__ = (UniqueConstraint("course_id", "number"),)

    id: Mapped[intpk]
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"))
    number: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
    title: Mapped[line]
    summary: Mapped[str] = mapped_column(Text)
    outcomes: Mapped[json_list]
    jp: Mapped[int]
    form: Mapped[short]
    competency_group: Mapped[short]
    competency: Mapped[line]
    competency_level: Mapped[int]
    partner: Mapped[line]
    sequence: Mapped[short]
    prerequisites: Mapped[json_list]  # slugs of courses to complete first
    legal_basis: Mapped[json_list]  # {"id", "title", "about", "status"}, in the order of the package
    reviewed_on: Mapped[day]
    review_note: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(8))
    learning_minutes: Mapped[float]  # the sum of the lessons' half minutes
    lesson_count: Mapped[int]
    published_at: Mapped[moment]
    published_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))  # None: from the command line


class CourseModule(Base):
    """A chapter of one version."""

    __tablename__ = "course_module"
    __table_args__ = (UniqueConstraint("version_id", "key"), UniqueConstraint("version_id", "position"))

    id: Mapped[intpk]
    version_id: Mapped[int] = mapped_column(ForeignKey("course_version.id"))
    key: Mapped[short]
    position: Mapped[int]
    title: Mapped[line]


class Lesson(Base):
    """A lesson through all versions: what a person completed stays completed when its text is mended."""

    __tablename__ = "lesson"
    __table_args__ = (UniqueConstraint("course_id", "key"),)

    id: Mapped[intpk]
    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"))
    key: Mapped[short]


class LessonVersion(Base):
    """What a lesson says in one version of its course."""

    __tablename__ = "lesson_version"
    __table_args__ = (UniqueConstraint("version_id", "lesson_id"), UniqueConstraint("version_id", "position"))

    id: Mapped[intpk]
    version_id: Mapped[int] = mapped_column(ForeignKey("course_version.id"))
    module_id: Mapped[int] = mapped_column(ForeignKey("course_module.id"))
    lesson_id: Mapped[int] = mapped_column(ForeignKey("lesson.id"), index=True)
    position: Mapped[int]  # in the whole course, from 1
    kind: Mapped[short]
    title: Mapped[line]
    minutes: Mapped[float]  # learning minutes, in half minutes
    legal_basis: Mapped[json_list]  # ids from the version's legal basis
    reviewed_on: Mapped[date]
    requires: Mapped[json_list]  # keys of lessons to complete first, beyond the sequence
    body_markdown: Mapped[str] = mapped_column(Text)
    body_html: Mapped[str] = mapped_column(Text)  # clean: it went through kernel.html
    content: Mapped[json_object]  # what the kind needs, such as {"asset_id": 3} or {"quiz_version_id": 8}


class LessonAsset(Base):
    """A file of the media library that a lesson shows, so that who may see the lesson may have the file."""

    __tablename__ = "lesson_asset"

    lesson_version_id: Mapped[int] = mapped_column(ForeignKey("lesson_version.id"), primary_key=True)
    asset_id: Mapped[int] = mapped_column(ForeignKey("media_asset.id"), primary_key=True, index=True)


class CourseStaff(Base):
    """Who answers for a course and may see how its participants fare."""

    __tablename__ = "course_staff"
    __table_args__ = (Index("ix_course_staff_user_id", "user_id"),)

    course_id: Mapped[int] = mapped_column(ForeignKey("course.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    role: Mapped[short]  # INSTRUCTOR or EDITOR
    added_at: Mapped[moment]
