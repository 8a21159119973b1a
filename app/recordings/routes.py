"""The page of a webinar that has ended, and the summary for whoever organized it."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, jsonify, redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user

from app.kernel import jobs
from app.kernel.access import public, requires
from app.kernel.db import db, transaction
from app.kernel.errors import Conflict, NotFound
from app.learning import services
from app.learning.kinds import video
from app.learning.permissions import LEARN
from app.people.sessions import viewer
from app.recordings import missed
from app.recordings import summary as summaries
from app.recordings.jobs import MAKE
from app.recordings.models import Recording, RecordingState
from app.recordings.parts import parts_of
from app.ui.formats import angka
from app.webinars import queries as webinars
from app.webinars import visitors
from app.webinars.models import Webinar, WebinarState
from app.webinars.permissions import SEE_REPORT

bp = Blueprint("recordings", __name__, template_folder="templates")


def _ended(slug: str) -> Webinar:
    webinar = webinars.get_webinar(slug)
    if webinar.state != WebinarState.ENDED:
        raise NotFound
    return webinar


def _ready(webinar: Webinar) -> Recording:
    recording = db.session.get(Recording, webinar.id)
    if recording is None or recording.state != RecordingState.READY:
        raise NotFound
    return recording


@bp.get("/webinar/<slug>/rekaman")
@public
def state(slug: str) -> Any:
    """How far the recording is, for the page that waits for it. Who may not see that page finds nothing."""
    webinar = _ended(slug)
    if not current_user.is_authenticated and visitors.current_participant(webinar) is None:
        raise NotFound
    recording = db.session.get(Recording, webinar.id)
    word = recording.state if recording else RecordingState.MAKING
    return jsonify(state=word, words=STATE_WORDS[RecordingState(word)]())


STATE_WORDS = {
    RecordingState.MAKING: lambda: _("Rekaman sedang disiapkan dari siaran langsungnya, biasanya kurang dari semenit."),
    RecordingState.READY: lambda: _("Rekaman siap ditonton."),
    RecordingState.FAILED: lambda: _("Rekaman webinar ini belum berhasil disiapkan. Penyelenggara dapat memintanya disiapkan lagi."),
    RecordingState.NOTHING: lambda: _("Webinar ini tidak direkam: tidak ada yang tampil di panggung."),
}


@bp.post("/webinar/<slug>/rekaman/catat-tontonan")
@requires(LEARN)
def start(slug: str) -> Any:
    """From now on what this person watches of the recording is written down, as in any course."""
    webinar = _ended(slug)
    course = missed.course_of(_ready(webinar))
    with transaction():
        services.enrol(viewer(), course)
        services.open_lesson(current_user.id, course, course.lessons[0])
    flash(_("Tontonan Anda dicatat mulai sekarang."), "success")
    return redirect(url_for("webinars.webinar_page", slug=slug))


@bp.post("/webinar/<slug>/rekaman/catat-jp")
@requires(LEARN)
def write_down(slug: str) -> Any:
    """The minutes that were missed and have been watched become JP, by the person's own decision. Conflict when they are not enough."""
    webinar = _ended(slug)
    recording = _ready(webinar)
    course = missed.course_of(recording)
    person = visitors.current_participant(webinar)
    if person is None or person.user_id != current_user.id:
        raise NotFound
    once, _again = video.watched_layers(current_user.id, course.lessons[0])
    presence = missed.presence_of(webinar.id, person.key, parts_of(recording.parts), once)
    user_id = current_user.id
    with transaction():
        jp = missed.write_down(user_id, course, presence)
    flash(ngettext("%(jp)s JP tercatat sebagai e-learning.", "%(jp)s JP tercatat sebagai e-learning.", jp, jp=angka(jp)), "success")
    return redirect(url_for("webinars.webinar_page", slug=slug))


@bp.get("/kelola/webinar/<slug>/ringkasan")
@requires(SEE_REPORT)
def summary(slug: str) -> Any:
    webinar = webinars.get_webinar_for(current_user, SEE_REPORT, slug)
    if webinar.state != WebinarState.ENDED:
        raise NotFound
    return render_template("recordings/summary.html", **summaries.gather(webinar))


@bp.post("/kelola/webinar/<slug>/rekaman/ulang")
@requires(SEE_REPORT)
def make_again(slug: str) -> Any:
    """Ask for a recording that failed once more. Conflict for any other."""
    webinar = webinars.get_webinar_for(current_user, SEE_REPORT, slug)
    with transaction() as session:
        recording = session.get(Recording, webinar.id, with_for_update=True)
        if recording is None or recording.state != RecordingState.FAILED:
            raise Conflict(_("Rekaman ini tidak sedang gagal."), code="not_failed")
        recording.state = RecordingState.MAKING
        jobs.enqueue(MAKE, webinar_id=webinar.id)
    flash(_("Rekaman diminta disiapkan lagi."), "success")
    return redirect(url_for(".summary", slug=slug))
