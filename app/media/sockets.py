"""Live progress of files that are being prepared: namespace `/media`.

    browser → server   subscribe [3, 8]      the answer: {"assets": [<standing>, ...]} of those this person may see
    server → browser   progress <standing>   whenever one of them has changed

A standing is `presentation.describe_work`: stage, percent, seconds left, and the words for it in the person's language. A subscription
holds for ten minutes and is renewed by subscribing again, so that whoever was signed out hears nothing more. The web process looks at the
database once a second, and only while somebody listens; the worker knows nothing of this.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any

import structlog
from flask import Flask, request
from flask_babel import force_locale, get_locale
from flask_login import current_user
from flask_socketio import join_room, leave_room
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app.kernel.access import SIGNED_IN, requires
from app.kernel.db import db
from app.kernel.errors import Invalid
from app.kernel.sockets import GuardedNamespace, socketio
from app.media import delivery, presentation, rights
from app.media.models import MediaAsset

NAMESPACE = "/media"
LOOK_EVERY_SECONDS = 1
HOLDS_SECONDS = 600
MOST_WATCHED = 100
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Subscription:
    """What one browser listens to, in which language, and until when."""

    asset_ids: frozenset[int]
    language: str
    until: float


class Watch:
    """Looks at the watched assets as long as there are any, and tells their rooms what changed."""

    def __init__(self, app: Flask):
        self.app = app
        self.subscriptions: dict[str, Subscription] = {}
        self.told: dict[int, tuple[Any, ...]] = {}
        self.lock = threading.Lock()
        self.running = False

    def add(self, browser: str, subscription: Subscription) -> None:
        with self.lock:
            self.subscriptions[browser] = subscription
            begin, self.running = not self.running, True
        if begin:
            socketio.start_background_task(self.run)

    def remove(self, browser: str) -> Subscription | None:
        return self.subscriptions.pop(browser, None)

    def run(self) -> None:
        while True:
            with self.lock:
                self._forget_old()
                if not self.subscriptions:
                    self.running = False
                    self.told.clear()
                    return
            try:
                with self.app.app_context():
                    self.look()
            except SQLAlchemyError as error:
                log.warning("progress_not_read", reason=str(error))
            socketio.sleep(LOOK_EVERY_SECONDS)

    def _forget_old(self) -> None:
        now = time.monotonic()
        for browser, subscription in list(self.subscriptions.items()):
            if subscription.until < now:
                del self.subscriptions[browser]
                for asset_id in subscription.asset_ids:
                    socketio.server.leave_room(browser, room_of(asset_id, subscription.language), namespace=NAMESPACE)  # type: ignore[union-attr]

    def look(self) -> None:
        """Read the watched assets once and tell those that changed."""
        listening = {(asset_id, s.language) for s in list(self.subscriptions.values()) for asset_id in s.asset_ids}
        watched = {asset_id for asset_id, _language in listening}
        rows = db.session.scalars(select(MediaAsset).where(MediaAsset.id.in_(watched)).execution_options(populate_existing=True)).all()
        changed = []
        for asset in rows:
            standing = _standing(asset)
            if self.told.get(asset.id) not in (None, standing):
                for language in {language for asset_id, language in listening if asset_id == asset.id}:
                    with force_locale(language):
                        changed.append((room_of(asset.id, language), presentation.describe_work(asset)))
            self.told[asset.id] = standing
        db.session.remove()
        for room, standing in changed:
            socketio.emit("progress", standing, namespace=NAMESPACE, to=room)


def _standing(asset: MediaAsset) -> tuple[Any, ...]:
    return asset.state, asset.stage, asset.percent, asset.seconds_left, asset.is_watchable, asset.generation


def room_of(asset_id: int, language: str) -> str:
    return f"asset-{asset_id}-{language}"


class MediaNamespace(GuardedNamespace):
    """The events of browsers that watch files being prepared. A page subscribes when its files change, and every ten minutes."""

    most_events, in_seconds = 20, 20.0

    def __init__(self, watch: Watch):
        super().__init__(NAMESPACE)
        self.watch = watch

    @requires(SIGNED_IN)
    def on_subscribe(self, asked: Any) -> dict[str, Any]:
        """Listen to these assets in place of those before. What this person may not see is left out without a word."""
        if not isinstance(asked, list) or len(asked) > MOST_WATCHED or not all(type(one) is int and 0 < one < 2**31 for one in asked):
            raise Invalid
        assets = [
            asset
            for asset in db.session.scalars(select(MediaAsset).where(MediaAsset.id.in_(asked)))
            if delivery.may_read(current_user, asset) or rights.may_manage(current_user, asset)
        ]
        browser, language = _browser(), str(get_locale() or "id")
        self._leave(browser)
        for asset in assets:
            join_room(room_of(asset.id, language))
            self.watch.told.setdefault(asset.id, _standing(asset))
        if assets:
            self.watch.add(browser, Subscription(frozenset(asset.id for asset in assets), language, time.monotonic() + HOLDS_SECONDS))
        return {"assets": [presentation.describe_work(asset) for asset in assets]}

    def on_disconnect(self, reason: Any = None) -> None:
        self.watch.remove(_browser())

    def _leave(self, browser: str) -> None:
        before = self.watch.remove(browser)
        for asset_id in before.asset_ids if before else ():
            leave_room(room_of(asset_id, before.language))  # type: ignore[union-attr]


def _browser() -> str:
    return request.sid  # type: ignore[attr-defined]


def init_app(app: Flask) -> None:
    socketio.on_namespace(MediaNamespace(Watch(app)))
