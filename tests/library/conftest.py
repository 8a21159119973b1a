"""The cast for every test of the library."""

import pytest

from tests.interchange.package_kit import make_video
from tests.library.kit import Cast, make_cast


@pytest.fixture
def cast(app) -> Cast:
    return make_cast()


@pytest.fixture(scope="session")
def video(tmp_path_factory) -> bytes:
    """Two seconds of a test picture."""
    return make_video(tmp_path_factory.mktemp("video") / "t.mp4")


@pytest.fixture(scope="session")
def longer_video(tmp_path_factory) -> bytes:
    return make_video(tmp_path_factory.mktemp("video") / "lebih.mp4", 4)
