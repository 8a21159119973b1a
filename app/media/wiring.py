"""Plugs the feature into the application."""

from flask import Flask

from app.media import captions_routes, jobs, presentation, sockets, work_routes  # noqa: F401  jobs and routes: imported for what they register
from app.media.routes import bp
from app.media.uploads import form, sample, tus
from app.media.uploads import jobs as _upload_jobs  # noqa: F401
from app.media.uploads.presentation import Uploader


def init_app(app: Flask) -> None:
    app.register_blueprint(bp)
    sockets.init_app(app)
    app.register_blueprint(tus.bp)
    app.register_blueprint(form.bp)
    if app.config["GURINDAM"].environment != "production":
        app.register_blueprint(sample.bp)
    app.jinja_env.globals["media_uploader"] = Uploader()
    app.jinja_env.globals["media_presentation"] = presentation
