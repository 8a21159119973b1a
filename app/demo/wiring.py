"""Plugs the feature into the application."""

from flask import Flask

from app.demo.cli import demo_commands


def init_app(app: Flask) -> None:
    app.cli.add_command(demo_commands)
