"""`flask people …`."""

from __future__ import annotations

from pathlib import Path

import click
from flask.cli import AppGroup

from app.kernel.access import Role
from app.kernel.db import transaction
from app.kernel.errors import DomainError
from app.people import passwords, seeding, services

people_commands = AppGroup("people", help="Accounts, units, roles.")


@people_commands.command("create-admin")
@click.option("--name", prompt="Full name", help="As it is shown on screen.")
@click.option("--email", prompt="E-mail", help="Used to sign in.")
@click.password_option("--password", envvar="GURINDAM_ADMIN_PASSWORD", help="At least 12 characters; better typed at the prompt than given here.")
def create_admin(name: str, email: str, password: str) -> None:
    """Make the first system admin of an installation."""
    faults = passwords.password_faults(password, full_name=name, email=email)
    if faults:
        raise click.ClickException("; ".join(str(fault) for fault in faults))
    password_hash = passwords.hash_password(password)
    try:
        with transaction():
            user = services.create_user(
                name, email=email, password_hash=password_hash, must_change_password=False, roles=(Role.LEARNER, Role.SYSTEM_ADMIN, Role.TRAINING_ADMIN)
            )
    except DomainError as refusal:
        raise click.ClickException("; ".join([str(refusal.message), *(str(text) for text in refusal.fields.values())])) from refusal
    click.echo(f"account {user.id} is a system admin; sign in with {user.email}")


@people_commands.command("seed-units")
@click.argument("path", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def seed_units(path: Path | None) -> None:
    """Add the units of Kota Tanjungpinang, or of a YAML file of the same shape. Running it again adds nothing."""
    added = seeding.seed_units(path or seeding.TANJUNGPINANG)
    click.echo(f"{added} units added")
