"""A recording as rows: what pages need, without a single file."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from app.attendance.models import Stay
from app.kernel import clock
from app.kernel.db import db, transaction
from app.media.models import AssetKind, AssetState, MediaAsset, Stage
from app.recordings import lesson, parts, story
from app.recordings.models import Recording, RecordingState
from app.room.models import PollState, QuestionState, RoomMessage, RoomPoll, RoomPollVote, RoomQuestion, RoomSlideTurn
from app.webinars.models import AgendaItem, Webinar, WebinarMaterial, WebinarState
from tests.webinars.factories import make_webinar

RENDITIONS = {
    "master": "master.m3u8",
    "rungs": [{"name": "360p", "path": "360p/index.m3u8", "width": 640, "height": 360, "bytes": 1000}],
    "audio": {"path": "audio/index.m3u8", "bytes": 100},
    "sounds": [],
    "small": None,
    "sprite": None,
}


def make_ended(*moderators: Any, minutes: float = 100, **values: Any) -> Webinar:
    """It went on air at 09.00 of its day and ended after so many minutes."""
    began = values.pop("live_at", clock.now() - timedelta(minutes=minutes + 30))
    ended = began + timedelta(minutes=minutes)
    return make_webinar(*moderators, state=WebinarState.ENDED, starts_at=began, live_at=began, ended_at=ended, **values)


def make_asset(seconds: float, digest: str = "a", **values: Any) -> MediaAsset:
    known: dict[str, Any] = {
        "kind": AssetKind.VIDEO, "sha256": digest * 64, "original_name": "rekaman.mp4", "byte_size": 1000, "content_type": "video/mp4",
        "state": AssetState.READY, "stage": Stage.DONE, "percent": 100, "generation": 1, "attempt": 1, "duration_seconds": seconds,
        "width": 640, "height": 360, "renditions": RENDITIONS, "poster": "poster.jpg", "is_watchable": True,
        "created_at": clock.now(), "ready_at": clock.now(),
    }  # fmt: skip
    with transaction() as session:
        asset = MediaAsset(**known | values)
        session.add(asset)
    return asset


def make_recording(webinar: Webinar, *takes: tuple[int, float, float], digest: str = "a") -> Recording:
    """Takes are (number, minutes after going live, minutes); without any the whole webinar is one."""
    assert webinar.live_at is not None
    assert webinar.ended_at is not None
    whole = (webinar.ended_at - webinar.live_at).total_seconds() / 60
    began = webinar.live_at.timestamp()
    laid = parts.laid_out((number, began + after * 60, round(length * 60_000)) for number, after, length in takes or ((1, 0, whole),))
    asset = make_asset(parts.length_ms(laid) / 1000, digest)
    told = story.read(webinar.id, laid)
    prepared = lesson.prepare(webinar.id, told, parts.length_ms(laid) / 1000)
    db.session.rollback()
    with transaction() as session:
        course_id = lesson.publish(prepared, asset.id, None)
        recording = Recording(
            webinar_id=webinar.id, state=RecordingState.READY, asset_id=asset.id, course_id=course_id, attempt=1,
            parts=[[p.take, p.started_at, p.offset_ms, p.duration_ms] for p in laid],
            chapters=[[c.seconds, c.title, c.sort.name] for c in told.chapters],
            begun_at=clock.now(), ready_at=clock.now(),
        )  # fmt: skip
        session.add(recording)
    return recording


def stay(webinar: Webinar, key: str, begin: float, end: float | None, name: str = "Siti Rahmah", unit: str = "Dinas Contoh") -> None:
    """In the room from one minute of the webinar to another."""
    assert webinar.live_at is not None
    joined = webinar.live_at + timedelta(minutes=begin)
    left = None if end is None else webinar.live_at + timedelta(minutes=end)
    user_id = int(key[1:]) if key.startswith("u") else None
    with transaction() as session:
        session.add(
            Stay(
                webinar_id=webinar.id,
                participant=key,
                user_id=user_id,
                full_name=name,
                unit_name=unit,
                joined_at=joined,
                seen_at=left or joined + timedelta(minutes=5),
                left_at=left,
                ended_by="LEFT" if left else None,
            )
        )


def ask(webinar: Webinar, text: str, at: float, staged: float | None = None, **values: Any) -> RoomQuestion:
    assert webinar.live_at is not None
    asked = webinar.live_at + timedelta(minutes=at)
    known: dict[str, Any] = {
        "participant": "u1", "key": text[:40], "author_name": "Siti Rahmah", "author_unit": "Dinas Contoh",
        "state": QuestionState.APPROVED if staged is None else QuestionState.ANSWERED,
        "staged_at": None if staged is None else webinar.live_at + timedelta(minutes=staged),
    }  # fmt: skip
    with transaction() as session:
        question = RoomQuestion(webinar_id=webinar.id, text=text, asked_at=asked, **known | values)
        session.add(question)
    return question


def say(webinar: Webinar, text: str, at: float, **values: Any) -> RoomMessage:
    assert webinar.live_at is not None
    known: dict[str, Any] = {"participant": "u1", "key": text[:40], "author_name": "Budi Santoso", "author_unit": "Bappeda"}
    with transaction() as session:
        message = RoomMessage(webinar_id=webinar.id, text=text, said_at=webinar.live_at + timedelta(minutes=at), **known | values)
        session.add(message)
    return message


def poll(webinar: Webinar, text: str, options: list[str], choices: list[list[int]], at: float = 5, round: int = 1) -> RoomPoll:
    assert webinar.live_at is not None
    opened = webinar.live_at + timedelta(minutes=at)
    with transaction() as session:
        row = RoomPoll(
            webinar_id=webinar.id, key=text[:40], kind="SINGLE", text=text, options=options, right=[], state=PollState.CLOSED, round=round, created_at=opened,
            opened_at=opened, closed_at=opened,
        )  # fmt: skip
        session.add(row)
        session.flush()
        session.add_all(
            RoomPollVote(poll_id=row.id, round=round, participant=f"u{number}", choices=chosen, voted_at=opened)
            for number, chosen in enumerate(choices)
        )
    return row


def turn_slides(webinar: Webinar, title: str, *turns: tuple[float, int]) -> WebinarMaterial:
    assert webinar.live_at is not None
    asset = make_asset(0, digest="d", kind=AssetKind.DOCUMENT, renditions={"pages": []}, pages=12, duration_seconds=None)
    with transaction() as session:
        material = WebinarMaterial(webinar_id=webinar.id, asset_id=asset.id, title=title, is_slides=True)
        session.add(material)
        session.flush()
        session.add_all(
            RoomSlideTurn(
                webinar_id=webinar.id, material_id=material.id, page=page, turned_by="s1", turned_at=webinar.live_at + timedelta(minutes=at)
            )
            for at, page in turns
        )
    return material


def add_session(webinar: Webinar, title: str, at: float, minutes: int = 30, position: int = 1) -> AgendaItem:
    assert webinar.live_at is not None
    with transaction() as session:
        item = AgendaItem(
            webinar_id=webinar.id,
            position=position,
            title=title,
            starts_at=webinar.live_at + timedelta(minutes=at),
            minutes=minutes,
            kind="TALK",
        )
        session.add(item)
    return item
