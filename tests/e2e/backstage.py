"""What a test may do behind the running product's back: move the clock of the evidence, look into the rows, make people.

A process of its own, on the same instance, because no address of the product does any of this. It reads one JSON list a line, the name
of a function below and its arguments, and answers with one line; every change goes through the product's own services and `transaction()`.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sys
import time
import traceback
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask.sessions import SecureCookieSessionInterface
from sqlalchemy import func, select

from app.assessment import services as assessment
from app.assessment.models import EntryKind, Quiz, QuizAnswer, QuizAttempt
from app.assessment.question_types import solution, type_of
from app.assessment.quizzes import get_attempt_facts
from app.attendance.models import AttendanceResult, CheckIn, CheckInAnswer, Stay
from app.courses.queries import get_current_outline
from app.demo.accounts import CAST, SHOWN
from app.factory import create_app
from app.kernel import clock
from app.kernel.access import PUBLIC, Role, permission_of
from app.kernel.db import db, transaction
from app.kernel.jobs import Job, JobState
from app.kernel.storage import storage
from app.learning import services as learning
from app.learning import watching
from app.learning.kinds import video
from app.learning.models import Enrollment, JpCredit, LearningEvent, LessonProgress, WatchedSpan
from app.media.models import MediaAsset
from app.media.uploads.models import MediaUpload
from app.people import passwords, services, sessions
from app.people.models import Employee, User
from app.room.models import RoomPoll, RoomPollVote, RoomQuestion
from app.stage import layout
from app.stage.models import StageTake
from app.webinars import links
from app.webinars import services as webinars
from app.webinars.models import (
    AgendaItem,
    RegistrationState,
    Webinar,
    WebinarMaterial,
    WebinarRegistration,
    WebinarSpeaker,
    WebinarStaff,
    WebinarState,
)
from app.webinars.queries import find_webinar
from app.webinars.services import end_webinar
from config import Settings
from tests.recordings import staging


def _user(email: str) -> User:
    return db.session.scalars(select(User).where(User.email == email)).unique().one()


def _lesson_id(slug: str, key: str) -> int:
    return get_current_outline(slug).lesson(key).lesson_id


def make_learner(email: str, full_name: str, password: str) -> None:
    """An account of no unit, allowed to learn and nothing else."""
    password_hash = passwords.hash_password(password)
    with transaction():
        services.create_user(full_name, email=email, password_hash=password_hash, must_change_password=False, roles=(Role.LEARNER,))


def cookie_for(email: str) -> dict[str, str]:
    """A new session of a person, as the cookie their browser would hold."""
    with transaction():
        token = sessions.start_session(_user(email).id, False, "127.0.0.1", "e2e")
    signer = SecureCookieSessionInterface().get_signing_serializer(APP)
    assert signer is not None
    return {"name": APP.config["SESSION_COOKIE_NAME"], "value": str(signer.dumps({sessions.TOKEN_KEY: token}))}


def plan_stage(title: str, moderator: str, speakers: list[str]) -> dict[str, Any]:
    """A webinar that begins in ten minutes, with its moderator and the personal links of its speakers."""
    now = clock.now()
    with transaction() as session:
        known: dict[str, Any] = {"form": "SEMINAR", "jp": 2, "state": WebinarState.PUBLISHED, "created_at": now, "published_at": now}
        starts_at, slug = now + timedelta(minutes=10), f"panggung-{secrets.token_hex(4)}"
        webinar = Webinar(slug=slug, title=title, starts_at=starts_at, ends_at=starts_at + timedelta(hours=2), share_token=slug, **known)
        session.add(webinar)
        session.flush()
        session.add(WebinarStaff(webinar_id=webinar.id, user_id=_user(moderator).id, role="MODERATOR"))
        paths = [_speaker_path(webinar, position, name) for position, name in enumerate(speakers)]
        return {"id": webinar.id, "slug": slug, "speakers": paths}


def _speaker_path(webinar: Webinar, position: int, name: str) -> str:
    secret, now = links.make_secret(), clock.now()
    db.session.add(
        WebinarSpeaker(
            webinar_id=webinar.id, full_name=name, institution="Dinas Sosial", position=position,
            link_digest=links.digest_of(secret), link_made_at=now, link_ends_at=links.ends_at(webinar),
        )
    )
    return links.speaker_path(secret)


def takes_of(webinar_id: int) -> list[dict[str, Any]]:
    """What the composing browsers have sent, take by take: the bytes that are on the disk."""
    rows = db.session.scalars(select(StageTake).where(StageTake.webinar_id == webinar_id).order_by(StageTake.number)).all()
    found = []
    for row in rows:
        raw = list(storage().local_path(layout.take_key(webinar_id, row.number)).glob("raw.*"))
        found.append({"composer": row.composer, "bytes": sum(path.stat().st_size for path in raw), "mime_type": row.mime_type})
    return found


def revoke_sessions(email: str) -> int:
    with transaction():
        return sessions.end_sessions(_user(email).id)


def nip_of(email: str) -> str:
    return db.session.scalars(select(Employee.nip).join(User, User.id == Employee.user_id).where(User.email == email)).one()


def outline(slug: str) -> list[dict[str, Any]]:
    """The lessons of a course in order."""
    return [
        {"key": lesson.key, "kind": lesson.kind, "title": lesson.title, "module": lesson.module_key, "minutes": lesson.minutes}
        for lesson in get_current_outline(slug).lessons
    ]


def enrol(email: str, slug: str) -> None:
    with transaction():
        learning.enrol(_user(email), get_current_outline(slug))


def read_long_enough(email: str, slug: str, key: str, minutes: float = 60) -> int:
    """Move back the moment a text was first opened."""
    with transaction():
        row = db.session.scalars(
            select(LessonProgress).where(LessonProgress.user_id == _user(email).id, LessonProgress.lesson_id == _lesson_id(slug, key))
        ).one()
        row.started_at -= timedelta(minutes=minutes)
        return row.id


def complete_before(email: str, slug: str, key: str | None = None, days_ago: int = 0) -> int:
    """Complete every lesson that stands before the given one (without one: all), a module a day so that the day's cap holds nothing back."""
    outline, user_id, done = get_current_outline(slug), _user(email).id, 0
    with transaction():
        for lesson in outline.lessons:
            if lesson.key == key:
                break
            moment = clock.now() - timedelta(days=max(0, days_ago - lesson.module_position))
            learning.open_lesson(user_id, outline, lesson)
            done += learning.complete_lesson(user_id, outline, lesson, happened_at=moment)
    return done


def progress(email: str, slug: str) -> dict[str, Any]:
    user_id, course = _user(email).id, get_current_outline(slug)
    keys = {lesson.lesson_id: lesson.key for lesson in course.lessons}
    rows = db.session.scalars(select(LessonProgress).where(LessonProgress.user_id == user_id, LessonProgress.course_id == course.course_id))
    return {keys[row.lesson_id]: {"state": row.state, "position": row.position} for row in rows}


def watched_seconds(email: str, slug: str, key: str) -> float:
    """The union of the seconds that were played, as the server counts them."""
    total = db.session.scalar(
        select(func.sum(WatchedSpan.end_ms - WatchedSpan.start_ms)).where(
            WatchedSpan.user_id == _user(email).id, WatchedSpan.lesson_id == _lesson_id(slug, key), WatchedSpan.layer == 1
        )
    )
    return (total or 0) / 1000


def watch_nearly_enough(email: str, slug: str, key: str) -> int:
    """The end of a video was watched, but for a second of what completes its lesson; the seconds of the beginning are missing."""
    course = get_current_outline(slug)
    lesson = course.lesson(key)
    whole = video.duration_ms(lesson)
    start = whole - watching.needed_ms(whole, lesson.content["coverage"]) + 1000
    with transaction():
        db.session.add(WatchedSpan(user_id=_user(email).id, lesson_id=lesson.lesson_id, layer=1, start_ms=start, end_ms=whole))
    return start


def enrollments(email: str) -> int:
    return db.session.scalar(select(func.count()).select_from(Enrollment).where(Enrollment.user_id == _user(email).id)) or 0


def credits(email: str) -> list[int]:
    return list(db.session.scalars(select(JpCredit.jp).where(JpCredit.user_id == _user(email).id)))


def events(email: str) -> list[str]:
    """The evidence of a person in order, as verb and kind of object."""
    rows = db.session.scalars(select(LearningEvent).where(LearningEvent.person_id == _user(email).id).order_by(LearningEvent.sequence))
    return [f"{row.verb} {row.object_type}" for row in rows]


def _attempt(email: str, slug: str, key: str) -> QuizAttempt:
    query = select(QuizAttempt).join(Quiz, Quiz.id == QuizAttempt.quiz_id)
    return db.session.scalars(
        query.where(QuizAttempt.user_id == _user(email).id, Quiz.key == f"{slug}/{key}").order_by(QuizAttempt.number.desc()).limit(1)
    ).one()


def attempts(email: str, slug: str, key: str) -> int:
    query = select(func.count()).select_from(QuizAttempt).join(Quiz, Quiz.id == QuizAttempt.quiz_id)
    return db.session.scalar(query.where(QuizAttempt.user_id == _user(email).id, Quiz.key == f"{slug}/{key}")) or 0


def attempt(email: str, slug: str, key: str) -> dict[str, Any]:
    row = _attempt(email, slug, key)
    return {"id": row.id, "state": row.state, "percent": row.percent, "passed": row.passed}


def solutions(email: str, slug: str, key: str) -> list[dict[str, Any]]:
    """The right response to each question of the newest attempt, as its fields want it, in the order in which it is asked."""
    facts, found = get_attempt_facts(_attempt(email, slug, key).id), []
    for place in range(1, len(facts.order) + 1):
        question = facts.question(place)
        right = solution(question, facts.options.get(facts.order[place - 1]))
        found.append({"place": place, "key": facts.order[place - 1], "type": type_of(question).name, "response": _RESPONSES[type_of(question).name](right)})
    return found


_RESPONSES: dict[str, Callable[[Any], Any]] = {
    "single_choice": lambda right: right["option_ids"][0],
    "multiple_choice": lambda right: right["option_ids"],
    "true_false": lambda right: right["option_ids"][0],
    "short_answer": lambda right: right["answers"][0],
    "numerical": lambda right: right["answers"][0]["value"],
    "matching": lambda right: {pair["left_id"]: pair["right_id"] for pair in right["pairs"]},
    "ordering": lambda right: right["item_ids"],
}


def start_attempt_ending(email: str, slug: str, key: str, seconds: float) -> int:
    """An attempt whose time is over in so many seconds. The deadline is set before the product has read it: it keeps it for good."""
    user = _user(email)
    quiz_id = db.session.scalars(select(Quiz.id).where(Quiz.key == f"{slug}/{key}")).one()
    with transaction():
        row = assessment.start_attempt(user, quiz_id, "e2e")
        row.deadline_at = clock.now() + timedelta(seconds=seconds)
        return row.id


def answers(email: str, slug: str, key: str) -> list[dict[str, Any]]:
    """Every answer of the newest attempt as it arrived."""
    rows = db.session.scalars(
        select(QuizAnswer).where(QuizAnswer.attempt_id == _attempt(email, slug, key).id, QuizAnswer.kind == EntryKind.ANSWER).order_by(QuizAnswer.id)
    )
    return [{"question": r.question_key, "response": r.response, "sequence": r.client_sequence, "late": r.is_late, "client": r.client_id} for r in rows]


def pages() -> list[dict[str, str]]:
    """Every address that can be visited as it stands, and a demo account that may: the humblest one."""
    found = []
    for rule in APP.url_map.iter_rules():
        needed = permission_of(APP, rule.endpoint)
        if rule.arguments or "GET" not in (rule.methods or ()) or needed is None:
            continue
        accounts = [person.account for person in CAST if person.role in needed.grants or Role.LEARNER in needed.grants]
        humble = "" if needed is PUBLIC else next((name for name in SHOWN if name in accounts), "")
        found.append({"endpoint": rule.endpoint, "path": rule.rule, "account": humble})
    return sorted(found, key=lambda page: (page["account"], page["path"]))


def asset_of(slug: str, key: str) -> int:
    """The video or document of a lesson of the current version."""
    return int(get_current_outline(slug).lesson(key).content["asset_id"])


def unfinished_jobs() -> dict[str, int]:
    """Jobs that wait, run or failed, by state; those of the timetable that are due later do not count."""
    rows = db.session.execute(
        select(Job.state, func.count()).where(Job.state != JobState.DONE, Job.run_after <= clock.now()).group_by(Job.state)
    ).all()
    return dict(rows)  # type: ignore[arg-type]


def uploads_of(email: str) -> list[dict[str, Any]]:
    """What a person has uploaded, oldest first, with the digest of what lies in the storage."""
    rows = db.session.execute(
        select(MediaUpload, MediaAsset)
        .outerjoin(MediaAsset, MediaAsset.id == MediaUpload.asset_id)
        .where(MediaUpload.user_id == _user(email).id)
        .order_by(MediaUpload.id)
    )
    found = []
    for upload, asset in rows:
        stored = None
        if asset is not None:
            with storage().open(asset.original_key) as file:
                stored = hashlib.file_digest(file, "sha256").hexdigest()
        facts = {"id": upload.public_id, "name": upload.name, "state": upload.state, "offset": upload.byte_offset}
        found.append(facts | {"told_sha256": upload.told_sha256, "sha256": stored})
    db.session.rollback()
    return found


def upload_of(email: str) -> dict[str, Any]:
    """The newest upload of a person."""
    return (uploads_of(email) or [{"id": None, "name": "", "state": "", "offset": -1, "told_sha256": None, "sha256": None}])[-1]


def hold_webinar(title: str, slug: str, email: str, moderator: str) -> None:
    """A webinar that is live, with two takes behind it, in which this person was registered."""
    staging.hold(title, slug, email, moderator)


def hold_webinar_kept_pieced(title: str, slug: str, email: str, moderator: str) -> None:
    staging.hold_and_keep_pieced(title, slug, email, moderator)


def close_webinar(slug: str) -> None:
    """Its moderator ends it."""
    webinar = find_webinar(slug)
    assert webinar is not None
    with transaction():
        end_webinar(webinar.id)


APP = create_app(Settings.from_environment())


def make_talk(slug: str, title: str, moderator: str, attending: list[str]) -> dict[str, Any]:
    """A webinar that began a moment ago, with an agenda, slides whose pages are drawn, a moderator and people who attend."""
    now = clock.now()
    with transaction() as session:
        webinar = Webinar(
            slug=slug, title=title, summary="Melayani semua orang dengan cara yang sama baiknya.", form="SEMINAR", jp=2, starts_at=now, ends_at=now + timedelta(hours=2),
            state=WebinarState.PUBLISHED, share_token=slug, created_at=now, published_at=now, guests_welcome=True, refused_words=["bodoh"],
            slow_mode_seconds=45,
        )  # fmt: skip
        session.add(webinar)
        session.flush()
        session.add(WebinarStaff(webinar_id=webinar.id, user_id=_user(moderator).id, role="MODERATOR"))
        session.add(WebinarSpeaker(webinar_id=webinar.id, full_name="Raja Fatimah", institution="Dinas Sosial"))
        for position, name in enumerate(("Lima pertanyaan sebelum membantu", "Loket, tinggi meja, dan antrean"), start=1):
            starts_at = now + timedelta(minutes=45 * (position - 1))
            session.add(AgendaItem(webinar_id=webinar.id, position=position, title=name, starts_at=starts_at, minutes=45))
        for email in attending:
            session.add(WebinarRegistration(webinar_id=webinar.id, user_id=_user(email).id, state=RegistrationState.REGISTERED, registered_at=now, seated_at=now))
        session.add(WebinarMaterial(webinar_id=webinar.id, asset_id=_make_slides(session, slug, now), title="Lima pertanyaan", is_slides=True))
        webinars.go_live(webinar.id)
    return {"id": webinar.id}


def _make_slides(session: Any, slug: str, now: Any) -> int:
    """A document whose pages were drawn, as the worker leaves it."""
    from PIL import Image, ImageDraw

    asset = MediaAsset(
        kind="DOCUMENT", sha256=hashlib.sha256(slug.encode()).hexdigest(), original_name="slide.pdf", byte_size=1_800_000, content_type="application/pdf",
        state="READY", pages=3, created_at=now, ready_at=now, generation=1,
    )  # fmt: skip
    session.add(asset)
    folder = Path(APP.instance_path) / "files" / asset.place / "1"
    folder.mkdir(parents=True, exist_ok=True)
    pages = []
    for number in range(1, 4):
        pictures = []
        for wide in (800, 1600):
            picture = Image.new("RGB", (wide, wide * 9 // 16), "white")
            ImageDraw.Draw(picture).text((wide // 10, wide // 8), f"Halaman {number}: apakah Anda ingin dibantu?", fill="black", font_size=wide // 28)
            name = f"{number:04}-{wide}.webp"
            picture.save(folder / name, "WEBP")
            pictures.append({"path": name, "width": wide, "height": wide * 9 // 16})
        pages.append(pictures)
    asset.renditions = {"pages": pages}
    session.flush()
    return asset.id


def talk_rows(slug: str) -> dict[str, Any]:
    """What of a webinar's talk is in the rows."""
    db.session.rollback()
    webinar = db.session.scalars(select(Webinar).where(Webinar.slug == slug)).one()
    questions = db.session.scalars(select(RoomQuestion).where(RoomQuestion.webinar_id == webinar.id).order_by(RoomQuestion.id))
    votes = db.session.scalar(select(func.count()).select_from(RoomPollVote).join(RoomPoll).where(RoomPoll.webinar_id == webinar.id))
    chat = [webinar.chat_open, webinar.slow_mode_seconds]
    return {"questions": [[one.text, one.state, one.author_name] for one in questions], "poll_votes": votes, "state": webinar.state, "chat": chat}


def make_live_webinar(slug: str, title: str, moderator: str, attending: list[str]) -> int:
    """A webinar of two hours that is on air, without check-ins drawn beforehand; its number."""
    now = clock.now()
    with transaction() as session:
        webinar = Webinar(
            slug=slug, title=title, form="SEMINAR", jp=2, starts_at=now, ends_at=now + timedelta(hours=2), state=WebinarState.PUBLISHED,
            share_token=slug, created_at=now, published_at=now, checkin_count=0,
        )  # fmt: skip
        session.add(webinar)
        session.flush()
        session.add(WebinarStaff(webinar_id=webinar.id, user_id=_user(moderator).id, role="MODERATOR"))
        for email in attending:
            session.add(WebinarRegistration(webinar_id=webinar.id, user_id=_user(email).id, state=RegistrationState.REGISTERED, registered_at=now, seated_at=now))
        webinars.go_live(webinar.id)
        return webinar.id


def open_long_checkin(slug: str) -> None:
    """A check-in that stays open for ten minutes, long enough to be photographed."""
    with transaction() as session:
        webinar_id = session.scalars(select(Webinar.id).where(Webinar.slug == slug)).one()
        session.add(CheckIn(webinar_id=webinar_id, number=1, due_at=clock.now(), opened_at=clock.now(), closes_at=clock.now() + timedelta(minutes=10)))


def _attendance_rows(slug: str, email: str) -> tuple[int, list[Any]]:
    db.session.rollback()
    webinar_id = db.session.scalars(select(Webinar.id).where(Webinar.slug == slug)).one()
    return webinar_id, list(db.session.scalars(select(Stay).where(Stay.webinar_id == webinar_id, Stay.user_id == _user(email).id)))


def attendance_of(slug: str, email: str) -> dict[str, int]:
    """How many stays and answered check-ins one person has."""
    webinar_id, stays = _attendance_rows(slug, email)
    answers = select(func.count()).select_from(CheckInAnswer).join(CheckIn).where(CheckIn.webinar_id == webinar_id)
    return {"stays": len(stays), "answers": db.session.scalar(answers.where(CheckInAnswer.participant == f"u{_user(email).id}")) or 0}


def _wait(reached: Callable[[], object]) -> None:
    give_up = time.monotonic() + 60
    while not reached():
        assert time.monotonic() < give_up
        time.sleep(0.2)
        db.session.rollback()


def wait_for_stay(slug: str, email: str) -> None:
    _wait(lambda: _attendance_rows(slug, email)[1])


def end_webinar_after(slug: str, email: str, minutes: int, present: int) -> None:
    """End it as if it had been on air for so many minutes, of which one person was there from the start for so many."""
    _wait(lambda: all(stay.left_at for stay in _attendance_rows(slug, email)[1]))
    webinar_id, stays = _attendance_rows(slug, email)
    began = clock.now() - timedelta(minutes=minutes)
    with transaction() as session:
        session.get_one(Webinar, webinar_id).live_at = began
        for stay in stays:
            stay.joined_at, stay.left_at, stay.seen_at = began, began + timedelta(minutes=present), began + timedelta(minutes=present)
        webinars.end_webinar(webinar_id)
        session.get_one(Webinar, webinar_id).ended_at = began + timedelta(minutes=minutes)


def wait_for_results(slug: str) -> None:
    _wait(lambda: db.session.scalar(select(func.count(AttendanceResult.id)).join(Webinar).where(Webinar.slug == slug)))


FUNCTIONS = {name: thing for name, thing in list(globals().items()) if callable(thing) and getattr(thing, "__module__", "") == __name__ and name[0] != "_"}


def main() -> None:
    for line in sys.stdin:
        name, *arguments = json.loads(line)
        with APP.app_context():
            try:
                answer: dict[str, Any] = {"result": FUNCTIONS[name](*arguments)}
            except Exception:
                answer = {"error": traceback.format_exc()}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
