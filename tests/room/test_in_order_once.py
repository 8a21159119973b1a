"""Whatever happens in whatever order, everybody ends up with everything that was told to them, in order, once."""

from __future__ import annotations

from collections import deque
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.room.room import Part, Room
from app.room.streams import OwnLine, Stream
from app.webinars.participants import Participant
from app.webinars.permissions import ATTEND, MODERATE

TOLD, COUNT, TO_STAFF, TO_ONE = "people_counted", "people_counted", "removed_changed", "put_out"  # kinds that are declared; what they say is ours
KEPT = 4


class Record(Part):
    """What was told, as whole state: a line of entries, a count, what only the staff sees, and each person's own."""

    name = "record"

    def __init__(self, room: Room):
        super().__init__(room)
        self.entries: list[Any] = []
        self.count = 0
        self.for_staff: list[Any] = []
        self.of: dict[str, list[Any]] = {}

    def shown(self) -> Any:
        return {"entries": list(self.entries), "count": self.count}

    def shown_to_staff(self) -> Any:
        return list(self.for_staff)

    def own(self, person: Participant) -> Any:
        return list(self.of.get(person.key, ()))


class Browser:
    """Does what `client/parts/room.ts` does."""

    def __init__(self, room: Room, key: str, tab: int, *, staff: bool):
        self.room, self.tab = room, tab
        self.person = Participant(key, 1, None, key, "", frozenset({ATTEND.name, *([MODERATE.name] if staff else [])}))
        self.connection = 0
        self.here = False
        self.inbox: deque[tuple[str, Any]] = deque()
        self.epoch: str | None = None
        self.numbers: dict[str, int] = {}
        self.seen: dict[str, Any] = {}

    @property
    def name(self) -> str:
        return f"{self.person.key}-{self.tab}-{self.connection}"

    def come(self) -> None:
        """Join; when it has to wait for the beat, it is not there yet."""
        if self.here:
            return
        answer = self.room.welcome(self.person, dict(self.numbers) or None, self.epoch)
        if answer is None:
            return
        self.here = True
        self.room.enter(self.name, self.person)
        self.inbox.append(("joined", answer))

    def go(self) -> None:
        """The link is lost with everything that was under way."""
        if self.here:
            self.here = False
            self.room.leave(self.name, "lost")
            self.connection += 1
            self.inbox.clear()

    def take(self, most: int) -> None:
        for _ in range(min(most, len(self.inbox))):
            kind, body = self.inbox.popleft()
            getattr(self, f"_take_{kind}")(body)

    def _take_joined(self, answer: dict[str, Any]) -> None:
        self.epoch = answer["epoch"]
        if "state" in answer:
            state = answer["state"]
            self.numbers = dict(answer["numbers"])
            record = state["all"]["record"]
            self.seen = {**record, "staff": state.get("staff", {}).get("record", []), "own": list(answer["own"]["record"])}
            return
        for frame in answer["missed"]:
            self._take_frame(frame)
        for told in answer["missed_own"]:
            self._take_own(told)

    def _take_frame(self, frame: dict[str, Any]) -> None:
        assert frame["n"] <= self.numbers[frame["s"]] + 1, "a gap"
        if frame["n"] <= self.numbers[frame["s"]]:
            return
        self.numbers[frame["s"]] = frame["n"]
        for _kind, (what, value) in frame["c"]:
            if what == "count":
                self.seen["count"] = value
            else:
                self.seen[what] = [*self.seen[what], value]

    def _take_own(self, told: list[Any]) -> None:
        _kind, value, number = told
        if number > self.numbers["own"]:
            self.numbers["own"] = number
            self.seen["own"] = [*self.seen["own"], value]


def open_room(browsers: list[tuple[str, bool]]) -> tuple[Room, Record, list[Browser]]:
    room = Room(1, [Record])
    room.streams = {name: _forgetful(name) for name in room.streams}
    room.own_line = OwnLine()
    room.own_line._kept = deque(maxlen=KEPT)
    there = [Browser(room, key, tab, staff=staff) for tab, (key, staff) in enumerate(browsers)]

    def send(connections: Any, kind: str, body: Any, number: int) -> None:
        for browser in there:
            if browser.here and browser.name in connections:
                browser.inbox.append(("own", [kind, body, number]))

    room.send_numbered = send
    return room, room.part(Record), there


def _forgetful(name: str) -> Stream:
    stream = Stream(name)
    stream._kept = deque(maxlen=KEPT)
    return stream


def beat(room: Room, browsers: list[Browser]) -> None:
    for frame in room.frames():
        for browser in browsers:
            if browser.here and frame["s"] in room.streams_of(browser.person):
                browser.inbox.append(("frame", frame))
    room.keep_states()


def flood(room: Room, record: Record, browsers: list[Browser], turn: int, frames: int) -> None:
    """As many frames as are remembered, or a few more or less."""
    for more in range(frames):
        record.entries.append((turn, more))
        room.tell(TOLD, ("entries", (turn, more)))
        record.of.setdefault("u2", []).append((turn, more))
        room.tell_one("u2", TO_ONE, (turn, more))
        beat(room, browsers)


ACTS = st.lists(
    st.tuples(st.sampled_from(["tell", "count", "staff", "own", "away", "beat", "come", "go", "take", "take", "over"]), st.integers(0, 3)), max_size=60
)


@settings(max_examples=150, deadline=None)
@given(acts=ACTS)
def test_everybody_has_everything_in_order_once(acts: list[tuple[str, int]]) -> None:
    room, record, browsers = open_room([("u1", False), ("u2", False), ("u3", True), ("u1", False)])  # u1 twice: two tabs
    for turn, (act, number) in enumerate(acts):
        browser = browsers[number]
        if act == "tell":
            record.entries.append(turn)
            room.tell(TOLD, ("entries", turn))
        elif act == "count":
            record.count = turn
            room.put(COUNT, "count", ("count", turn))
        elif act == "staff":
            record.for_staff.append(turn)
            room.tell(TO_STAFF, ("staff", turn))
        elif act == "own":
            record.of.setdefault(browser.person.key, []).append(turn)
            room.tell_one(browser.person.key, TO_ONE, turn)
        elif act == "away":
            browser.come()
            browser.take(10_000)
            browser.go()
            flood(room, record, browsers, turn, KEPT - 1 + number)
            browser.come()
        elif act == "beat":
            beat(room, browsers)
        elif act == "over":
            beat(room, browsers)
            room.start_over()
        elif act == "take":
            browser.take(number + 1)
        else:
            getattr(browser, act)()
    for browser in browsers:
        browser.take(10_000)
        if browser.here and browser.epoch != room.epoch:  # as a gap would tell it
            browser.go()
    beat(room, browsers)
    for browser in browsers:
        browser.come()
        browser.take(10_000)
        assert browser.here
        expected = {"entries": record.entries, "count": record.count, "own": record.of.get(browser.person.key, [])}
        assert {name: browser.seen[name] for name in expected} == expected
        assert browser.seen["staff"] == (record.for_staff if browser.person.may(MODERATE) else [])


def test_a_frame_that_cannot_be_sent_costs_nobody_the_room() -> None:
    room, _record, browsers = open_room([("u1", False)])
    browsers[0].come()
    before = room.epoch
    room.tell(TOLD, ("entries", 1))
    room.frames()
    room.start_over()
    answer = room.welcome(browsers[0].person, {"all": 0, "own": 0}, before)
    assert answer is not None
    assert answer["state"]["all"]["record"]["entries"] == []
