"""`flask content check|import|export`: course packages from the command line."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from flask.cli import AppGroup
from flask_babel import gettext as _
from sqlalchemy import select

from app.courses.kinds import whole_jp
from app.courses.models import Course
from app.interchange.packages.exporting import export_course
from app.interchange.packages.faults import PackageRefused
from app.interchange.packages.files import opened
from app.interchange.packages.publishing import StudioIsAhead, import_package
from app.interchange.packages.reader import COURSE_FILE, Package, read_package
from app.kernel.db import db
from app.kernel.errors import DomainError
from app.ui.formats import angka
from config import ROOT

CONTENT = ROOT / "content"
content_commands = AppGroup("content", help="Course packages (docs/content-format.md).")
packages = click.argument("packages", nargs=-1, type=click.Path(path_type=Path))
all_of_them = click.option("--all", "everything", is_flag=True, help="Every package below content/.")


@content_commands.command("check")
@packages
@all_of_them
def check(packages: Sequence[Path], everything: bool) -> None:
    """Read packages and say what is wrong with them, with file and line. Exit code 1 when anything is."""
    refused = 0
    for path in _chosen(packages, everything):
        try:
            with opened(path) as (root, name):
                _describe(read_package(root, name), path)
        except PackageRefused as error:
            refused += 1
            _tell(path, error)
    sys.exit(1 if refused else 0)


@content_commands.command("import")
@packages
@all_of_them
@click.option("--over-studio", is_flag=True, help="Take the package's content even where the studio has published since.")
def import_(packages: Sequence[Path], everything: bool, over_studio: bool) -> None:
    """Publish packages (folders or .zip). A package that did not change changes nothing. Exit code 1 when one was refused.

    A course that was edited in the studio keeps that, and it is told; with --all this is no failure, because the product starts with it.
    """
    refused = 0
    for path in _chosen(packages, everything):
        try:
            done = import_package(path, over_studio=over_studio)
        except PackageRefused as error:
            refused += 1
            _tell(path, error)
            continue
        except StudioIsAhead as ahead:
            refused += not everything
            click.echo(str(ahead.message), err=True)
            continue
        if done.changed:
            click.echo(_("%(slug)s: terbit sebagai versi %(number)s, %(jp)s JP.", slug=done.slug, number=done.number, jp=done.jp))
        else:
            click.echo(_("%(slug)s: tidak berubah, tetap versi %(number)s.", slug=done.slug, number=done.number))
    sys.exit(1 if refused else 0)


@content_commands.command("export")
@click.argument("slugs", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every published course.")
@click.option("--to", "target", required=True, type=click.Path(path_type=Path), help="A folder, or a file ending in .zip for one course.")
def export(slugs: Sequence[str], everything: bool, target: Path) -> None:
    """Write published courses back as packages, byte for byte as they were imported. Nothing is overwritten."""
    if everything:
        slugs = list(db.session.scalars(select(Course.slug).where(Course.current_version_id.is_not(None)).order_by(Course.slug)))
    if not slugs or (target.suffix == ".zip" and len(slugs) > 1):
        raise click.UsageError(_("Sebut kursusnya, atau pakai --all dengan sebuah folder."))
    for slug in slugs:
        try:
            click.echo(export_course(slug, target))
        except DomainError as error:
            raise click.ClickException(f"{slug}: {error.message}") from error


def _chosen(packages: Sequence[Path], everything: bool) -> Iterator[Path]:
    if everything:
        yield from sorted(path for path in CONTENT.iterdir() if (path / COURSE_FILE).is_file())
    elif not packages:
        raise click.UsageError(_("Sebut paketnya, atau pakai --all."))
    yield from packages


def _tell(path: Path, error: PackageRefused) -> None:
    for fault in error.faults:
        click.echo(f"{path / fault.path}:{fault.line or 1}: {fault.message}" if fault.path else f"{path}: {fault.message}", err=True)
    click.echo(
        _("%(name)s: %(count)s hal perlu diperbaiki; tidak ada yang diterbitkan.", name=path.name, count=len(error.faults)), err=True
    )


def _describe(package: Package, path: Path) -> None:
    """What the package holds, module by module, so that an author sees where its JP comes from."""
    click.echo(f"{package.slug}: {package.title}")
    for module in package.modules:
        words = sum(lesson.source.words for lesson in module.lessons)
        said = _(
            "%(lessons)s materi, %(words)s kata, %(minutes)s menit", lessons=len(module.lessons), words=words, minutes=angka(module.minutes)
        )
        click.echo(f"  {module.key}: {said}")
    for warning in package.warnings:
        click.echo(_("  periksa %(place)s: %(message)s", place=f"{path / warning.path}:{warning.line}", message=warning.message))
    click.echo(
        _(
            "  %(minutes)s menit belajar mendukung %(jp)s JP; tertulis %(stated)s JP.",
            minutes=angka(package.minutes),
            jp=whole_jp(package.minutes),
            stated=package.jp,
        )
    )
