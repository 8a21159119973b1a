"""What is wrong with a package, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _

from app.kernel.errors import DomainError


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing to mend. `path` is from the package's root (empty: the package as a whole), `line` counts from 1 (0: the whole file)."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return ":".join([part for part in (self.path, str(self.line or "")) if part] + [f" {self.message}"]).strip()


class PackageRefused(DomainError):
    """The package cannot be used; nothing of it was published. `faults` are in the order of files and lines."""

    status, code = 422, "package_refused"

    def __init__(self, faults: Sequence[Fault]):
        self.faults = sorted(set(faults))
        first = self.faults[0]
        super().__init__(
            _("Paket ini belum dapat dipakai: %(first)s (%(count)s hal perlu diperbaiki)", first=str(first), count=len(self.faults))
        )


class Faults:
    """Collects faults while a package is read, so that an author learns of all of them at once."""

    MOST = 200  # more would only be scrolled past

    def __init__(self) -> None:
        self.found: list[Fault] = []

    def add(self, path: str, line: int, message: str) -> None:
        if len(self.found) < self.MOST:
            self.found.append(Fault(path, line, message))

    def refuse_if_any(self) -> None:
        """Raises PackageRefused when something was found."""
        if self.found:
            raise PackageRefused(self.found)
