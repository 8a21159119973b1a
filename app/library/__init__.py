"""The media library: what a person or a unit brought in, where it is used, and how it becomes a lesson.

A `LibraryItem` is a person's handle on a file; the bytes are shared (`media`). What the studio does to a course (`CourseChange`) is done to
its package: the current one is written out, edited as text, checked and published as the next version, by the worker. So a course always
comes out of the product as it went in, and nobody loses progress.
"""
