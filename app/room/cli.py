"""`flask room ...`"""

from __future__ import annotations

import click
from flask.cli import AppGroup

from app.room.protocol import write_page, written

room_commands = AppGroup("room", help="The live room.")


@room_commands.command("protocol")
@click.option("--write", is_flag=True, help="Write them into the page.")
def print_protocol(write: bool) -> None:
    """Print the tables of docs/live-protocol.md, as the code has them."""
    if write:
        write_page()
    else:
        click.echo(written(), nl=False)
