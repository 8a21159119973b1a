"""`flask worker`, `flask db upgrade|downgrade|draft|backup|restore`, `flask each "..." "..."`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from flask import Flask, current_app
from flask.cli import AppGroup

from app.kernel.db import Base, db

if TYPE_CHECKING:
    from alembic.config import Config

ROOT = Path(__file__).resolve().parents[2]
db_commands = AppGroup("db", help="The database: schema, backup, restore.")


# Alembic is loaded by the commands that need it: the web process and the worker never do.


def alembic_config() -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    return config


@db_commands.command("upgrade")
@click.argument("revision", default="head")
def upgrade(revision: str) -> None:
    """Bring the schema up to a revision (default: the newest)."""
    from alembic import command

    command.upgrade(alembic_config(), revision)


@db_commands.command("downgrade")
@click.argument("revision")
def downgrade(revision: str) -> None:
    """Take the schema down to a revision."""
    from alembic import command

    command.downgrade(alembic_config(), revision)


@db_commands.command("draft")
@click.argument("feature")
def draft(feature: str) -> None:
    """Print the operations that create a feature's tables, to be read and put into a migration."""
    from alembic.autogenerate import produce_migrations, render_python_code
    from alembic.migration import MigrationContext
    from alembic.operations.ops import DowngradeOps, UpgradeOps
    from sqlalchemy import create_engine

    mine = {m.class_.__table__.name for m in Base.registry.mappers if m.class_.__module__.startswith(f"app.{feature}.")}
    with create_engine("sqlite://").connect() as connection:
        made = produce_migrations(MigrationContext.configure(connection), Base.metadata)
    for title, kind, found in (("upgrade", UpgradeOps, made.upgrade_ops), ("downgrade", DowngradeOps, made.downgrade_ops)):
        assert found is not None
        code = render_python_code(kind(ops=[op for op in found.ops if getattr(op, "table_name", None) in mine]))
        code = code.replace("app.kernel.db.UtcDateTime(timezone=True)", "sa.DateTime(timezone=True)")
        code = code.replace("sa.JSON().with_variant(postgresql.JSONB(astext_type=Text()), 'postgresql')", "JSON_VALUE")
        body = [line for line in code.splitlines() if "### " not in line]
        click.echo("\n".join([f"def {title}() -> None:", *("    " + line.removeprefix("    ") for line in body), ""]))


@db_commands.command("backup")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--keep", type=click.IntRange(1), default=14, show_default=True, help="How many backups stay in the folder.")
def backup(folder: Path, keep: int) -> None:
    """Copy database and files into a new folder below FOLDER, while the product runs."""
    from app.kernel.backup import BackupFault, take_backup

    try:
        made = take_backup(folder.resolve(), keep)
    except BackupFault as fault:
        raise click.ClickException(str(fault)) from fault
    size = f"{made.database_bytes / 1e6:.1f} MB"
    click.echo(f"{made.path}: database {size}, {made.files} files, {made.copied} of them copied, the others linked")


@db_commands.command("restore")
@click.argument("path", type=click.Path(exists=True, file_okay=False, path_type=Path))
def restore(path: Path) -> None:
    """Put the backup at PATH back. The product must not run; the database that was there is kept beside it."""
    from app.kernel.backup import BackupFault, restore_backup

    try:
        done = restore_backup(path.resolve())
    except BackupFault as fault:
        raise click.ClickException(str(fault)) from fault
    click.echo(f"restored from {done.path}: {done.files} files in it. Next: flask --app wsgi db upgrade, then learning verify, then start")


@click.command("worker")
def worker() -> None:
    """Run the worker: mail, imports, publishing, encoding."""
    from app.kernel.worker import Worker

    Worker(current_app._get_current_object()).run()  # type: ignore[attr-defined]


@click.command("each")
@click.argument("commands", nargs=-1, required=True)
@click.pass_context
def each(context: click.Context, commands: tuple[str, ...]) -> None:
    """Run several commands in one process, each given as one argument; the first that fails ends it. What each prints is set apart by a
    line with a form feed."""
    group = context.find_root().command
    for line in commands:
        name, *arguments = shlex.split(line)
        with context.scope():
            found = group.get_command(context, name) if isinstance(group, click.Group) else None
            if found is None:
                raise click.UsageError(f"no such command: {name}")
            try:
                found.main(arguments, prog_name=f"flask {name}", standalone_mode=False, parent=context, obj=context.obj)
            except click.ClickException as refusal:
                refusal.show()
                sys.exit(refusal.exit_code)
            except SystemExit as end:
                if end.code:
                    raise
        click.echo("\f")


def init_app(app: Flask) -> None:
    app.cli.add_command(db_commands)
    app.cli.add_command(worker)
    app.cli.add_command(each)


__all__ = ["alembic_config", "db", "init_app"]
