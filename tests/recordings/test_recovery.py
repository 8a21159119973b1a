"""A worker that is killed while it makes a recording, at whatever moment, leaves the way open for the next one."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest
from sqlalchemy import func, select

from app.courses.models import Course, CourseVersion
from app.kernel.db import db
from app.kernel.storage import storage
from app.media.intake import temporary_folder
from app.media.models import MediaAsset
from app.recordings import making
from app.recordings.models import Recording, RecordingState
from tests.conftest import child_environment
from tests.recordings.takes import add_take, end, on_air
from tests.webinars.factories import make_webinar

MAKE = "from app.factory import create_app; from config import Settings; from app.recordings.making import make_recording; import sys\n"
MAKE += (
    "app = create_app(Settings.from_environment())\nwith app.app_context(): print('begun', flush=True); make_recording(int(sys.argv[1]))"
)
PAUSES_SECONDS = (0.05, 0.4, 0.9, 1.6, 2.6)


@pytest.mark.ffmpeg
@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="kills processes")
def test_killed_at_many_moments_it_is_one_recording_in_the_end(app):
    webinar = on_air(make_webinar())
    add_take(webinar, 1, 5)
    add_take(webinar, 2, 20, seconds=4)
    end(webinar)
    for pause in PAUSES_SECONDS:
        worker = subprocess.Popen(
            [sys.executable, "-c", MAKE, str(webinar.id)], env=child_environment(app), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        with worker:
            assert worker.stdout is not None
            assert worker.stdout.readline() == b"begun\n"
            time.sleep(pause)
            worker.send_signal(signal.SIGKILL)
    making.make_recording(webinar.id)
    db.session.rollback()
    db.session.expire_all()
    recording = db.session.get_one(Recording, webinar.id)
    assert recording.state == RecordingState.READY
    assert sum(part[3] for part in recording.parts) == pytest.approx(10_000, abs=300)
    (asset,) = db.session.scalars(select(MediaAsset)).all()
    assert storage().folders(asset.place) == [str(asset.generation)]
    assert len(storage().folders("media/" + asset.sha256[:2])) == 1
    assert [db.session.scalar(select(func.count()).select_from(table)) for table in (Course, CourseVersion)] == [1, 1]
    assert not list(temporary_folder().glob("recording-*"))
