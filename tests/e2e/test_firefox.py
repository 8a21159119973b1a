"""The core path in Firefox ESR."""

from __future__ import annotations

import json
import subprocess

import browsers

from tests.e2e.product import ROOT
from tests.e2e.watch import SCREENS
from tests.needs import must_have

COURSE, ARTICLE, QUIZ = "keamanan-informasi", "menimbang-sebelum-membagi", "latihan-dasar"


def test_the_core_path_in_firefox(server):
    firefox = must_have(browsers.find_firefox(), "no Firefox on this machine, and only root may install one (FIREFOX_PATH can name one)")
    browsers.set_up_node_packages()
    email = server.new_learner()
    server.backstage("enrol", email, COURSE)
    server.backstage("complete_before", email, COURSE, QUIZ)
    SCREENS.mkdir(parents=True, exist_ok=True)
    facts = {
        "url": server.url, "email": email, "password": server.password, "course": COURSE, "article": ARTICLE, "quiz": QUIZ,
        "pictures": str(SCREENS),
    }  # fmt: skip
    done = subprocess.run(
        [browsers.node(), "firefox.mjs", firefox, json.dumps(facts)], cwd=ROOT / "tests" / "browser", capture_output=True, text=True, timeout=600, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    seen = json.loads(done.stdout)
    assert seen["faults"] == []
    assert seen["home"].endswith("/beranda")
    assert seen["course"] == "SPBE dan Keamanan Informasi untuk ASN"
    assert seen["article"] == "Menimbang sebelum membagi"
    assert seen["words"] > 300
    assert seen["saved"].startswith("Tersimpan ")
    assert len(server.backstage("answers", email, COURSE, QUIZ)) == 1
