"""`flask learning verify|rebuild|anchor`."""

from __future__ import annotations

import sys

import click
from flask.cli import AppGroup

from app.kernel.db import db, transaction
from app.learning import evidence
from app.learning import rebuild as rebuilding

learning_commands = AppGroup("learning", help="Evidence, progress and JP.")


@learning_commands.command("verify")
def verify() -> None:
    """Check every person's chain of evidence, and the anchors. Ends with 1 when anything is wrong."""
    try:
        anchors = evidence.read_anchors()
    except evidence.BrokenAnchors as broken:
        click.echo(f"anchors: line {broken.line} does not follow from the line before")
        sys.exit(1)
    people = sorted(set(evidence.people_with_chains()) | set(anchors))
    faults = [fault for person in people for fault in evidence.verify(person, anchors)]
    for fault in faults:
        click.echo(f"person {fault.person_id}, event {fault.sequence}: {fault.kind}")
    click.echo(f"{len(people)} chains, {len(faults)} faults")
    sys.exit(1 if faults else 0)


@learning_commands.command("rebuild")
@click.option("--dry-run", is_flag=True, help="Only tell what would change.")
def rebuild(dry_run: bool) -> None:
    """Derive progress and JP anew from the evidence; tells what differed."""
    total = 0
    people = evidence.people_with_chains()
    for person in people:
        if dry_run:
            changed = rebuilding.differences(person)
            db.session.rollback()
        else:
            with transaction():
                changed = rebuilding.rebuild(person)
        total += len(changed)
        for what in changed:
            click.echo(f"person {person}: {what}")
    click.echo(f"{len(people)} people, {total} differences{' (nothing written)' if dry_run else ''}")


@learning_commands.command("anchor")
def anchor() -> None:
    """Append the heads that moved to the anchor file now (the worker does it daily)."""
    click.echo(f"{evidence.anchor_heads()} heads anchored")
