"""`flask demo …`."""

from __future__ import annotations

import time
from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup

from app.demo import accounts as demo_accounts
from app.demo import city as demo_city
from app.demo import sessions as demo_sessions
from app.demo.accounts import DemoRefused

demo_commands = AppGroup("demo", help="Demo accounts and the demo city; never in production.")


@demo_commands.command("accounts")
def accounts() -> None:
    """Make one account for each role (once) and print how to sign in."""
    try:
        made = demo_accounts.make_accounts(current_app.config["GURINDAM"])
    except DemoRefused as refusal:
        raise click.ClickException(str(refusal)) from refusal
    roles, addresses = (max(len(text) for text in column) for column in zip(*((a.role, a.email) for a in made), strict=True))
    for account in made:
        click.echo(f"{account.role:<{roles}}  {account.email:<{addresses}}  {account.password or '(changed by its owner)'}")


@demo_commands.command("city")
@click.option("--asn", type=click.IntRange(1, demo_city.MOST_PEOPLE), default=5000, show_default=True, help="How many employees the city has.")
@click.option("--seed", type=int, default=1, show_default=True, help="The same seed makes the same people.")
def city(asn: int, seed: int) -> None:
    """Fill the installation with a believable city: people in every unit and a year of their learning. Nobody of them can sign in."""
    started = time.perf_counter()
    try:
        counts = demo_city.build_city(current_app.config["GURINDAM"], asn, seed, click.echo)
    except DemoRefused as refusal:
        raise click.ClickException(str(refusal)) from refusal
    click.echo(
        f"{counts['people']} people, {counts['enrolled']} of them learning: {counts['learning_event']} events, {counts['quiz_answer']} answers, "
        f"{counts['jp_credit']} courses completed, in {time.perf_counter() - started:.0f} s"
    )


@demo_commands.command("sessions")
@click.option("--count", type=click.IntRange(1, 100_000), required=True, help="How many sessions.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="Where to write them, one JSON object in a line.")
def sessions(count: int, out: Path) -> None:
    """Mint sessions of city learners for load tests. Whoever has the file is signed in as them: keep it as you keep a password."""
    try:
        demo_sessions.mint_sessions(current_app._get_current_object(), count, out)  # type: ignore[attr-defined]
    except DemoRefused as refusal:
        raise click.ClickException(str(refusal)) from refusal
    except OSError as error:
        raise click.ClickException(f"{out} cannot be written: {error.strerror}") from error
    click.echo(f"{count} sessions in {out}")
