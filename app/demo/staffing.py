"""Who works where in the demo city: N people over the seeded units, with posts, numbers, grades, supervisors and roles. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random

from app.demo.names import MAN, WOMAN, make_name, with_titles
from app.kernel.access import Role
from app.people.models import EmploymentType, PositionType

TEAM_SIZE = 12  # beyond it a unit has team leads between its head and its people


@dataclass(frozen=True, slots=True)
class Unit:
    """A seeded unit, as far as staffing needs to know it."""

    id: int
    code: str
    name: str
    kind: str
    parent_id: int | None


@dataclass(frozen=True, slots=True)
class Post:
    """A job that exists in a kind of office. `grades` of a PNS in it; `degrees` its holder writes behind the name."""

    position: str
    type: PositionType
    grades: tuple[str, ...]
    degrees: tuple[tuple[str, ...], ...] = ((),)
    tier: str | None = None


@dataclass(slots=True)
class Resident:
    """One ASN of the city. `user_id` is given before anything is written, so that supervisors can be named at once."""

    user_id: int
    full_name: str
    nip: str
    employment_type: EmploymentType
    grade_code: str | None
    post: Post
    unit: Unit
    since: date
    roles: set[Role] = field(default_factory=lambda: {Role.LEARNER})
    supervisor_id: int | None = None
    came_from: tuple[Unit, str, date] | None = None


# How many people a unit has, relative to the others.
_WEIGHT_OF_CODE = {
    "TPI": 0.0, "TPI-DISDIK": 60.0, "TPI-DINKES": 26.0, "TPI-RSUD": 22.0, "TPI-SATPOLPP": 9.0, "TPI-PERKIM": 7.0, "TPI-DLH": 6.0,
    "TPI-DISHUB": 5.0, "TPI-DAMKAR": 5.0, "TPI-PUPR": 5.0, "TPI-SETDA": 0.6, "TPI-BKPSDM": 0.6, "TPI-BPKAD": 4.0, "TPI-BPPRD": 4.0,
}  # fmt: skip
_WEIGHT_OF_KIND = {"badan": 2.8, "dinas": 3.2, "inspektorat": 2.8, "sekretariat": 1.6, "bagian": 0.9, "bidang": 1.2, "kecamatan": 1.5, "kelurahan": 0.9}

_FIRST = ("III/a", "III/b")
_SECOND = ("III/c", "III/d")
_THIRD = ("IV/a", "IV/b")
_STAFF = ("II/b", "II/c", "II/d", "III/a", "III/b")
_CLERK = ("I/d", "II/a", "II/b", "II/c")
_LAW = (("S.H.",), ("S.Sos.",), ("S.IP.",), ("S.A.P.",), ("S.E.",))
_MASTER = (("S.Sos.", "M.Si."), ("S.E.", "M.M."), ("S.H.", "M.H."), ("S.STP.", "M.Si."), ("S.IP.", "M.A.P."))
_DIPLOMA = (("A.Md.",), ())


def _functional(position: str, degrees: tuple[tuple[str, ...], ...]) -> tuple[Post, ...]:
    tiers = (("Ahli Pertama", _FIRST), ("Ahli Muda", _SECOND), ("Ahli Madya", _THIRD))
    return tuple(Post(position, PositionType.FUNGSIONAL, grades, degrees, tier) for tier, grades in tiers)


_OFFICE = (
    Post("Penelaah Teknis Kebijakan", PositionType.PELAKSANA, ("III/a", "III/b", "III/c"), _LAW),
    Post("Penata Layanan Operasional", PositionType.PELAKSANA, ("III/a", "III/b"), _LAW),
    Post("Pengolah Data dan Informasi", PositionType.PELAKSANA, _STAFF, _DIPLOMA),
    Post("Pengelola Layanan Operasional", PositionType.PELAKSANA, _STAFF, _DIPLOMA),
    Post("Pengadministrasi Perkantoran", PositionType.PELAKSANA, _CLERK),
    Post("Operator Layanan Operasional", PositionType.PELAKSANA, _CLERK),
    *_functional("Analis Kebijakan", _LAW)[:2],
    *_functional("Perencana", (("S.E.",), ("S.T.",)))[:2],
    *_functional("Pranata Komputer", (("S.Kom.",), ("S.T.",)))[:1],
    *_functional("Arsiparis", (("S.A.P.",), ("S.I.P.",)))[:1],
)
_POSTS = {
    "TPI-DISDIK": (*_functional("Guru", (("S.Pd.",), ("S.Pd.I.",), ("S.Pd.", "Gr."))) * 4, *_OFFICE[3:6]),
    "TPI-DINKES": (
        *_functional("Perawat", (("S.Kep.", "Ns."), ("A.Md.Kep.",)))[:2] * 2,
        *_functional("Bidan", (("A.Md.Keb.",), ("S.Keb.",)))[:2] * 2,
        *_functional("Dokter", (("dr.",),))[:1],
        *_functional("Penyuluh Kesehatan Masyarakat", (("S.K.M.",),))[:2],
        *_functional("Sanitarian", (("S.K.L.",), ("A.Md.K.L.",)))[:1],
        *_OFFICE[3:6],
    ),
    "TPI-RSUD": (
        *_functional("Perawat", (("S.Kep.", "Ns."), ("A.Md.Kep.",)))[:2] * 4,
        *_functional("Bidan", (("A.Md.Keb.",), ("S.Keb.",)))[:2],
        *_functional("Apoteker", (("S.Farm.", "Apt."),))[:2],
        *_functional("Pranata Laboratorium Kesehatan", (("A.Md.A.K.",),))[:1],
        *_OFFICE[3:6],
    ),
    "TPI-SATPOLPP": (Post("Polisi Pamong Praja", PositionType.FUNGSIONAL, _STAFF, _DIPLOMA, "Terampil"),) * 3 + _OFFICE[3:6],
    "TPI-DAMKAR": (Post("Pemadam Kebakaran", PositionType.FUNGSIONAL, _STAFF, _DIPLOMA, "Terampil"),) * 3 + _OFFICE[3:6],
    "TPI-INSPEKTORAT": (*_functional("Auditor", (("S.E.", "Ak."), ("S.E.",))), *_OFFICE[:4]),
}
_HEADS = {
    "TPI-SETDA": Post("Sekretaris Daerah", PositionType.JPT, ("IV/d",), _MASTER),
    "TPI-SETWAN": Post("Sekretaris DPRD", PositionType.JPT, ("IV/c",), _MASTER),
    "TPI-INSPEKTORAT": Post("Inspektur", PositionType.JPT, ("IV/c",), _MASTER),
    "TPI-RSUD": Post("Direktur", PositionType.ADMINISTRATOR, ("IV/b",), (("M.K.M.",),)),
    "TPI-BKPSDM-SEK": Post("Sekretaris Badan", PositionType.ADMINISTRATOR, ("IV/a",), _MASTER),
    "TPI-BKPSDM-BANGKOM": Post("Kepala Bidang Pengembangan Kompetensi Aparatur", PositionType.ADMINISTRATOR, ("IV/a",), _MASTER),
}


def head_post(unit: Unit) -> Post:
    """Who leads a unit, by its kind."""
    if unit.code in _HEADS:
        return _HEADS[unit.code]
    if unit.kind == "kelurahan":
        return Post(unit.name.replace("Kelurahan", "Lurah"), PositionType.PENGAWAS, ("III/c", "III/d"), _MASTER + _LAW)
    if unit.kind == "kecamatan":
        return Post(unit.name.replace("Kecamatan", "Camat"), PositionType.ADMINISTRATOR, ("IV/a",), _MASTER)
    if unit.kind in ("bagian", "bidang"):
        return Post(f"Kepala {unit.name}", PositionType.ADMINISTRATOR, ("IV/a",), _MASTER)
    return Post(f"Kepala {unit.kind.capitalize()}", PositionType.JPT, ("IV/b", "IV/c"), _MASTER)


_LEAD = Post("Ketua Tim Kerja", PositionType.FUNGSIONAL, _SECOND, _LAW, "Ahli Muda")
_PERSONNEL = Post("Kepala Subbagian Umum dan Kepegawaian", PositionType.PENGAWAS, ("III/d",), _LAW)


def share_out(units: Sequence[Unit], people: int) -> dict[int, int]:
    """How many people each unit has: by weight, everybody placed, and with enough people no office is empty."""
    weights = {unit.id: _WEIGHT_OF_CODE.get(unit.code, _WEIGHT_OF_KIND.get(unit.kind, 1.0)) for unit in units}
    open_units = [unit.id for unit in units if weights[unit.id]]
    least = 1 if people >= len(open_units) else 0
    rest, whole = people - least * len(open_units), sum(weights.values())
    exact = {unit_id: least + rest * weights[unit_id] / whole for unit_id in open_units}
    counts = {unit_id: int(share) for unit_id, share in exact.items()}
    by_remainder = sorted(open_units, key=lambda unit_id: (counts[unit_id] - exact[unit_id], unit_id))
    for unit_id in by_remainder[: people - sum(counts.values())]:
        counts[unit_id] += 1
    return counts


class Staffing:
    """Fills the offices, one after the other, from the top of the tree down."""

    def __init__(self, units: Sequence[Unit], first_user_id: int, taken_nips: set[str], heads_there: Mapping[int, int], today: date, rng: Random):
        self.units = {unit.id: unit for unit in units}
        self.next_id, self.taken, self.today, self.rng = first_user_id, set(taken_nips), today, rng
        self.heads = dict(heads_there)  # unit id to the user id of whoever leads it already
        self.serials: dict[str, int] = {}
        self.residents: list[Resident] = []

    def fill(self, people: int) -> list[Resident]:
        """Everybody, supervisors before the people they supervise."""
        counts = share_out(list(self.units.values()), people)
        for unit_id, count in counts.items():
            if count:
                self._staff(self.units[unit_id], count)
        supervising = {resident.supervisor_id for resident in self.residents}
        for resident in self.residents:
            if resident.user_id in supervising:
                resident.roles.add(Role.SUPERVISOR)
        return self.residents

    def _staff(self, unit: Unit, count: int) -> None:
        above = self._head_above(unit)
        if unit.id not in self.heads:
            head = self._hire(unit, head_post(unit), above)
            if head.post.type == PositionType.JPT:
                head.roles.add(Role.EXECUTIVE)
            self.heads[unit.id], count = head.user_id, count - 1
        if count >= 4 and unit.kind in ("dinas", "badan", "kecamatan", "satuan", "rsud", "inspektorat", "sekretariat"):
            self._hire(unit, _PERSONNEL, self.heads[unit.id]).roles.add(Role.UNIT_ADMIN)
            count -= 1
        superior, left = self.heads[unit.id], 0
        posts = _POSTS.get(unit.code, _OFFICE)
        big = count > TEAM_SIZE
        for _person in range(count):
            if big and left == 0:
                superior, left = self._hire(unit, _LEAD, self.heads[unit.id]).user_id, TEAM_SIZE
            else:
                self._hire(unit, self.rng.choice(posts), superior)
                left -= 1

    def _head_above(self, unit: Unit) -> int | None:
        parent_id = unit.parent_id
        while parent_id is not None:
            if parent_id in self.heads:
                return self.heads[parent_id]
            parent_id = self.units[parent_id].parent_id
        return None

    def _hire(self, unit: Unit, post: Post, supervisor_id: int | None) -> Resident:
        rng = self.rng
        gender = rng.choice((MAN, WOMAN))
        managerial = post.type in (PositionType.JPT, PositionType.ADMINISTRATOR, PositionType.PENGAWAS) or post is _LEAD
        kind = EmploymentType.PNS if managerial else self._employment(post)
        appointed = self._appointed(kind, post)
        born = self._born(appointed, post)
        since = max(appointed, self.today - timedelta(days=rng.randrange(60, 3000)))
        resident = Resident(
            user_id=self.next_id,
            full_name=self._full_name(post, gender),
            nip=self._number(kind, born, appointed, gender),
            employment_type=kind,
            grade_code=self._grade(kind, post),
            post=post,
            unit=unit,
            since=since,
            supervisor_id=supervisor_id,
        )
        if since > appointed + timedelta(days=365) and rng.random() < 0.3:
            former = rng.choice([other for other in self.units.values() if other.id != unit.id and other.parent_id is not None])
            resident.came_from = (former, "Pengelola Layanan Operasional", max(appointed, since - timedelta(days=rng.randrange(300, 2500))))
        self.next_id += 1
        self.residents.append(resident)
        return resident

    def _employment(self, post: Post) -> EmploymentType:
        kinds = [EmploymentType.PNS, EmploymentType.CPNS, EmploymentType.PPPK, EmploymentType.PPPK_PW]
        clerical = post.type == PositionType.PELAKSANA
        return self.rng.choices(kinds, [0.42, 0.02, 0.26, 0.30] if clerical else [0.62, 0.03, 0.31, 0.04])[0]

    def _appointed(self, kind: EmploymentType, post: Post) -> date:
        """The first day in service. Higher posts take longer; the part-time contracts all began in 2025."""
        rng, year = self.rng, self.today.year
        if kind == EmploymentType.PPPK_PW:
            return date(2025, rng.randrange(1, 10), 1)
        if kind == EmploymentType.PPPK:
            return date(rng.choice((2021, 2022, 2022, 2023, 2024, 2024)), rng.randrange(1, 13), 1)
        if kind == EmploymentType.CPNS:
            return date(year - 1, rng.randrange(3, 7), 1)
        served = {PositionType.JPT: (24, 31), PositionType.ADMINISTRATOR: (16, 27), PositionType.PENGAWAS: (10, 22)}.get(post.type, (3, 26))
        return date(year - rng.randrange(*served), rng.choice((1, 2, 3, 3, 4, 12)), 1)

    def _born(self, appointed: date, post: Post) -> date:
        oldest = self.today.year - 58
        age = self.rng.randrange(22, 33) if post.degrees != ((),) else self.rng.randrange(19, 31)
        return date(max(oldest, appointed.year - age), self.rng.randrange(1, 13), self.rng.randrange(1, 29))

    def _number(self, kind: EmploymentType, born: date, appointed: date, gender: int) -> str:
        """A NIP or NI PPPK of the usual layout (`people.nip`) that nobody has or had."""
        middle = f"{appointed:%Y%m}" if kind in (EmploymentType.PNS, EmploymentType.CPNS) else f"{appointed:%Y}21"
        stem = f"{born:%Y%m%d}{middle}{gender}"
        while True:
            serial = self.serials[stem] = self.serials.get(stem, 0) + 1
            nip = f"{stem}{serial:03}"
            if nip not in self.taken:
                self.taken.add(nip)
                return nip

    def _grade(self, kind: EmploymentType, post: Post) -> str:
        if kind in (EmploymentType.PNS, EmploymentType.CPNS):
            return self.rng.choice(post.grades)
        return "IX" if post.type == PositionType.FUNGSIONAL or post.degrees == _LAW else self.rng.choice(("V", "V", "VII"))

    def _full_name(self, post: Post, gender: int) -> str:
        name = make_name(self.rng, gender)
        degrees = self.rng.choice(post.degrees)
        if degrees == ("dr.",):
            return f"dr. {name}"
        front = "Hj. " if gender == WOMAN and self.rng.random() < 0.05 else ""
        return front + with_titles(self.rng, name, degrees, 0.06 if gender == MAN else 0.0)
