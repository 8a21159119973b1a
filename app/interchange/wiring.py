"""Plugs the feature into the application."""

from flask import Flask

from app.interchange.cli import content_commands


def init_app(app: Flask) -> None:
    app.cli.add_command(content_commands)
