"""What there is to learn: a course has versions that never change once published, a version has modules, a module has lessons.

A lesson keeps its identity (`Lesson`, found by its key) through all versions, because finished lessons and attempts hang on it; what
it says in one version is a `LessonVersion`. The outline of a version is read once and kept. Everything in here can exist without
anybody learning it; who takes a course, and how far they are, is `learning`'s.
"""
