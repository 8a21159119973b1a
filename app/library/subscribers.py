"""What the library does when something happened below it."""

from __future__ import annotations

from app.courses.events import CourseVersionPublished
from app.kernel import events, jobs
from app.library import items
from app.library.jobs import WEIGH
from app.media.events import AssetReady, UploadFinished


def add_item_on_upload(event: UploadFinished) -> None:
    items.add_item(event.user_id, event.asset_id, event.name)


def add_items_on_publication(event: CourseVersionPublished) -> None:
    items.add_items_of_version(event.version_id)


def weigh_on_ready(event: AssetReady) -> None:
    jobs.enqueue(WEIGH, asset_id=event.asset_id)


def subscribe() -> None:
    events.on(UploadFinished, add_item_on_upload)
    events.on(CourseVersionPublished, add_items_on_publication)
    events.on(AssetReady, weigh_on_ready)
