"""Every page that has an address of its own is visited by somebody who may, looked at and photographed; new pages are in by default."""

from __future__ import annotations

from tests.e2e.watch import name_of, shoot

NOT_PAGES = {"kernel.healthz", "kernel.readyz", "kernel.metrics", "courses.courses_address", "home.manage"}  # the last two only lead on
SEEN_ELSEWHERE = ("ui_gallery.",)


def test_every_page(server, device):
    faults, devices = [], {}
    for place in server.backstage("pages"):
        if place["endpoint"] in NOT_PAGES or place["endpoint"].startswith(SEEN_ELSEWHERE):
            continue
        account = place["account"]
        if account not in devices:
            devices[account] = (device(), None)
            if account:
                devices[account][0].enter(f"{account}@demo.test")
            devices[account] = (devices[account][0], devices[account][0].page())
        visitor, page = devices[account]
        answer = visitor.context.request.get(place["path"])
        if answer.status != 200:
            faults.append(f"{place['path']} as {account or 'nobody'}: {answer.status}")
        elif "text/html" in answer.headers["content-type"]:
            page.goto(place["path"])
            try:
                shoot(page, f"{account or 'umum'}-{name_of(place['path'])}")
            except AssertionError as fault:
                faults.append(str(fault))
    assert not faults, "\n".join(faults)
