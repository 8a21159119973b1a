"""People and units as tables that can be imported again: importing what was exported changes nothing."""

from __future__ import annotations

import time

from sqlalchemy import Select, select
from sqlalchemy.orm import aliased

from app.kernel.db import db
from app.people import nip as nip_rules
from app.people.import_rules import PEOPLE_COLUMNS, UNIT_COLUMNS
from app.people.models import Employee, OrgUnit, User
from app.people.queries import in_tree_order

AT_ONCE = 200  # rows between two chances for others


def people_table(user_ids: Select[int]) -> tuple[list[str], list[list[str]]]:
    """ASN among these ids; one query. NIP in groups, because a spreadsheet rounds eighteen digits."""
    boss, boss_work = aliased(User), aliased(Employee)
    found = db.session.execute(
        select(
            User.id,
            User.full_name,
            User.email,
            Employee.nip,
            Employee.employment_type,
            Employee.grade_code,
            Employee.position,
            Employee.position_type,
            Employee.position_tier,
            OrgUnit.code,
            boss_work.nip,
            boss.email,
            Employee.active,
        )
        .join(Employee, Employee.user_id == User.id)
        .join(OrgUnit, OrgUnit.id == Employee.org_unit_id)
        .outerjoin(boss, boss.id == Employee.supervisor_id)
        .outerjoin(boss_work, boss_work.user_id == boss.id)
        .where(User.id.in_(user_ids))
        .order_by(OrgUnit.path, User.full_name, User.id)
        .execution_options(yield_per=AT_ONCE)
    )
    rows: list[list[str]] = []
    for user_id, name, email, nip, kind, grade, position, position_type, tier, code, boss_nip, boss_email, active in found:
        chief = nip_rules.grouped(boss_nip) if boss_nip else boss_email
        texts = [str(user_id), name, email, nip_rules.grouped(nip), kind, grade, position, position_type, tier, code, chief, "ya" if active else "tidak", ""]
        rows.append([text or "" for text in texts])
        if len(rows) % AT_ONCE == 0:
            time.sleep(0)  # let the event loop answer others
    return list(PEOPLE_COLUMNS), rows


def units_table() -> tuple[list[str], list[list[str]]]:
    """All units that have not ended, parents before children."""
    units = in_tree_order(list(db.session.scalars(select(OrgUnit).where(OrgUnit.valid_to.is_(None)))))
    codes = {unit.id: unit.code for unit in units}
    rows = [[u.code, u.name, u.kind, codes.get(u.parent_id or 0, ""), u.valid_from.isoformat()] for u in units]
    return list(UNIT_COLUMNS), rows
