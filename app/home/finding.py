"""The site search: courses for everybody, lessons and what is said in their videos for signed-in people, people for those who may see them.

A NIP is never searched here, because what is asked stands in the address; people are found by NIP on their own page, by POST.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from app.courses.transcripts import TRANSCRIPT
from app.kernel import search
from app.kernel.access import may
from app.kernel.db import db
from app.people import nip
from app.people.models import Employee, OrgUnit, User
from app.people.permissions import VIEW_PEOPLE
from app.people.queries import visible_user_ids

MOST_PEOPLE = 10
MOST_HITS = 30
MOST_PASSAGES, MOST_VIDEOS, MOST_MOMENTS = 40, 10, 3


@dataclass(frozen=True, slots=True)
class PersonHit:
    user_id: int
    full_name: str
    position: str
    unit: str


@dataclass(frozen=True, slots=True)
class Moment:
    """Words that were said at a second of a video."""

    second: int
    words: list[search.Segment]
    language: str


@dataclass(frozen=True, slots=True)
class VideoHit:
    """A video lesson in which it is said, with the moments that fit best, in their order."""

    lesson: str
    course: str
    path: str
    moments: list[Moment]


@dataclass(frozen=True, slots=True)
class Found:
    hits: list[search.Hit]
    videos: list[VideoHit]
    people: list[PersonHit]
    looked_like_number: bool

    @property
    def count(self) -> int:
        return len(self.hits) + len(self.videos) + len(self.people)


def find(viewer: Any, text: str) -> Found:
    if nip.is_like_number(text):
        return Found([], [], [], True)
    signed_in = bool(viewer.is_authenticated)
    visible = (search.PUBLIC, search.SIGNED_IN) if signed_in else (search.PUBLIC,)
    people = _find_people(viewer, text) if signed_in and may(VIEW_PEOPLE) else []
    for loosely in (False, True):  # what holds some of the words only when nothing holds all
        hits = search.search(text, besides=(TRANSCRIPT,), visibilities=visible, limit=MOST_HITS, loosely=loosely)
        spoken = search.search(text, kinds=(TRANSCRIPT,), visibilities=visible, limit=MOST_PASSAGES, loosely=loosely)
        if hits or spoken:
            break
    return Found(hits, _by_video(spoken), people, False)


def _by_video(spoken: list[search.Hit]) -> list[VideoHit]:
    """Passages gathered by their lesson, best lesson first."""
    videos: dict[int, VideoHit] = {}
    for hit in spoken:
        there = hit.locator
        if hit.object_id not in videos and len(videos) == MOST_VIDEOS:
            continue
        video = videos.setdefault(hit.object_id, VideoHit(there["lesson"], there["course"], there["path"], []))
        if len(video.moments) < MOST_MOMENTS:
            begin = max((begin for at, begin in there["moments"] if at <= hit.at), default=0)
            video.moments.append(Moment(int(begin), hit.snippet, there["language"]))
    for video in videos.values():
        video.moments.sort(key=lambda moment: moment.second)
    return list(videos.values())


def _find_people(viewer: User, text: str) -> list[PersonHit]:
    words = [word for word in re.findall(r"\w+", text.lower()) if len(word) > 1][:5]
    if not words:
        return []
    query = (
        select(User.id, User.full_name, Employee.position, OrgUnit.name)
        .join(Employee, Employee.user_id == User.id)
        .join(OrgUnit, OrgUnit.id == Employee.org_unit_id)
        .where(User.id.in_(visible_user_ids(viewer, VIEW_PEOPLE)))
        .order_by(User.full_name)
        .limit(MOST_PEOPLE)
    )
    for word in words:
        query = query.where(func.lower(User.full_name).contains(word, autoescape=True))
    return [PersonHit(*row) for row in db.session.execute(query)]
