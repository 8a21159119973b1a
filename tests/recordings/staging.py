"""A webinar that has been on air, for tests in a browser: two real takes a minute apart, and what was asked and said meanwhile."""

from __future__ import annotations

import shutil
from datetime import timedelta

from sqlalchemy import select

from app.kernel import clock
from app.kernel.db import db, transaction
from app.media.models import MediaAsset
from app.people.models import User
from app.recordings import making
from app.room.models import RoomIncident
from app.webinars.models import Webinar, WebinarState
from tests.recordings.factories import add_session, ask, poll, say, stay
from tests.recordings.takes import add_take, live_folder, live_stream, on_air
from tests.webinars.factories import make_webinar, register

TAKE_SECONDS = 14
PEOPLE = ("Raja Hamzah", "Nurul Aini", "Budi Santoso", "Dewi Lestari", "Encik Zulkifli", "Maria Simbolon")


def _user(email: str) -> User:
    return db.session.scalars(select(User).where(User.email == email)).unique().one()


def hold(title: str, slug: str, email: str, moderator: str) -> Webinar:
    """It is live, its stage has just fallen silent; the person was there for the first take."""
    user, staff = _user(email), _user(moderator)
    began = clock.now() - timedelta(seconds=150)
    webinar = on_air(
        make_webinar(staff, title=title, slug=slug, share_token=slug, starts_at=began, partner="Dinas Sosial Kota Tanjungpinang"), 150
    )
    register(webinar, user)
    folder = live_folder(webinar.id)
    shutil.rmtree(folder, ignore_errors=True)
    add_take(webinar, 1, 5, seconds=TAKE_SECONDS, runs=())
    add_take(webinar, 2, 60, seconds=TAKE_SECONDS, size="1280x720", runs=())
    (folder / "hls" / "finished").unlink()
    live_stream(webinar.id)
    (folder / "ended").unlink()
    _fill(webinar, user)
    return webinar


def _fill(webinar: Webinar, user: User) -> None:
    def minute(seconds: float) -> float:
        return seconds / 60

    add_session(webinar, "Sambutan dan tata tertib", minute(5), position=1)
    add_session(webinar, "Standar pelayanan yang ramah disabilitas", minute(62), position=2)
    ask(webinar, "Apa beda standar pelayanan dan maklumat pelayanan?", minute(8), staged=minute(14), key="satu", participant="g1")
    ask(
        webinar,
        "Apakah kelurahan wajib punya juru bahasa isyarat?",
        minute(50),
        staged=minute(68),
        key="dua",
        participant="g2",
        anonymous=True,
    )
    ask(
        webinar, "Di mana contoh maklumatnya?", minute(64), state="WRITTEN", key="tiga", participant="g3",
        answer_text="Ada di bahan halaman 7; salinannya dikirim lewat surel dinas.",
    )  # fmt: skip
    ask(webinar, "Kapan peraturan wali kotanya terbit?", minute(66), key="empat", participant="g4")
    for number, (at, text) in enumerate(
        ((6, "Selamat pagi dari Bintan"), (9, "Suaranya jelas"), (16, "Maklumat dipasang di loket, ya?"), (70, "Terima kasih, Bu"))
    ):
        say(webinar, text, minute(at), key=str(number), author_name=PEOPLE[number], author_unit="Kelurahan Penyengat")
    poll(
        webinar,
        "Apakah unit Anda sudah punya standar pelayanan?",
        ["Sudah", "Sedang disusun", "Belum"],
        [[0], [0], [1], [2], [0]],
        at=minute(63),
    )
    stay(webinar, f"u{user.id}", 0, minute(21), name=user.full_name, unit="Kelurahan Penyengat")
    for number, name in enumerate(PEOPLE):
        stay(
            webinar,
            f"g{number}",
            minute(10 * number),
            minute(80 + 10 * number),
            name=name,
            unit="Kelurahan Penyengat" if number % 2 else "Dinas Sosial",
        )
    with transaction() as session:
        session.add(RoomIncident(webinar_id=webinar.id, kind="restart", facts={"seconds": 12}, happened_at=clock.now()))


def hold_and_keep_pieced(title: str, slug: str, email: str, moderator: str) -> None:
    """It has ended and can be watched as it was live; nobody makes a better ladder of it."""
    webinar = hold(title, slug, email, moderator)
    with transaction() as session:
        row = session.get_one(Webinar, webinar.id)
        row.state, row.ended_at = WebinarState.ENDED, clock.now()
    better = making.make_anew
    making.make_anew = lambda _asset: None
    try:
        making.make_recording(webinar.id)
    finally:
        making.make_anew = better
    with transaction() as session:
        for asset in session.scalars(select(MediaAsset).where(MediaAsset.stage != "DONE", MediaAsset.state == "READY")):
            asset.asked += 1
