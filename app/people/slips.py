"""Activation slips: one sheet of codes for the people of a unit who never signed in, printed by one admin, gone after a week."""

from __future__ import annotations

import io
import json
import secrets
from datetime import timedelta
from pathlib import Path

import segno
import typst
from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import delete, insert, select

from app.kernel import clock, jobs
from app.kernel.access import Role
from app.kernel.db import db, transaction
from app.kernel.errors import NotFound
from app.kernel.storage import storage
from app.people import audit, codes
from app.people import nip as nip_rules
from app.people.models import AccessCode, CodePurpose, Employee, OrgUnit, RoleGrant, SlipBatch, User
from app.people.permissions import ISSUE_CODES, RESCUABLE
from app.people.queries import changed_rows, get_user, get_visible_unit, unit_ids_below
from app.people.secret_box import keyed_digest
from app.ui.formats import waktu

TEMPLATE = Path(__file__).parent / "data" / "slip.typ"
KEPT = timedelta(days=7)
AT_ONCE = 50


def request_slips(unit_id: int, actor_id: int) -> SlipBatch:
    """Ask for the slips of a unit and everything below it. Call inside `transaction()`."""
    now = clock.now()
    batch = SlipBatch(org_unit_id=unit_id, issued_by_id=actor_id, state="waiting", created_at=now, expires_at=now + KEPT)
    db.session.add(batch)
    db.session.flush()
    job = jobs.enqueue("people.print_slips", batch_id=batch.id)
    batch.job_id = job.id if job else None
    audit.note(actor_id, "people.slips_requested", ("org_unit", unit_id), after={"batch_id": batch.id})
    return batch


def list_slips(unit_id: int, actor_id: int) -> list[SlipBatch]:
    """The slips this person printed for the unit, the latest first."""
    query = select(SlipBatch).where(SlipBatch.org_unit_id == unit_id, SlipBatch.issued_by_id == actor_id)
    return list(db.session.scalars(query.order_by(SlipBatch.id.desc()).limit(10)))


def get_own_slips(batch_id: int, actor_id: int) -> SlipBatch:
    """A finished sheet, for the one who asked for it and while it is kept; otherwise NotFound."""
    batch = db.session.get(SlipBatch, batch_id)
    if batch is None or batch.issued_by_id != actor_id or batch.state != "ready" or batch.expires_at <= clock.now() or batch.storage_key is None:
        raise NotFound
    return batch


def people_without_access(unit_id: int, actor: User) -> list[tuple[int, str, str | None, str | None, str]]:
    """Who of the unit never set a password: id, name, NIP, e-mail, unit. Accounts stronger than the actor's are left out."""
    allowed = {role for held in actor.roles for role in RESCUABLE.get(held, ())}
    strong = select(RoleGrant.user_id).where(RoleGrant.role.in_([role.value for role in Role if role not in allowed]))
    query = (
        select(User.id, User.full_name, Employee.nip, User.email, OrgUnit.name)
        .join(Employee, Employee.user_id == User.id)
        .join(OrgUnit, OrgUnit.id == Employee.org_unit_id)
        .where(
            User.password_hash.is_(None),
            User.disabled_at.is_(None),
            Employee.active,
            Employee.nip.is_not(None) | User.email.is_not(None),
            OrgUnit.id.in_(unit_ids_below({unit_id})),
            User.id.not_in(strong),
        )
        .order_by(OrgUnit.path, User.full_name, User.id)
    )
    return [tuple(row) for row in db.session.execute(query)]  # type: ignore[misc]


def _give_up(batch_id: int, reason: str) -> None:
    with transaction():
        batch = db.session.get(SlipBatch, batch_id)
        if batch is not None:
            batch.state = "failed"


@jobs.job("people.print_slips", most_tries=3, on_failure=_give_up)
def print_slips(batch_id: int) -> None:
    """Issue the codes and print the sheet. Starting again issues new codes, and the sheet shows those."""
    batch = db.session.get(SlipBatch, batch_id)
    if batch is None or batch.state != "waiting":
        return
    actor, unit_id, job_id = get_user(batch.issued_by_id), batch.org_unit_id, batch.job_id
    try:
        get_visible_unit(actor, ISSUE_CODES, unit_id)  # who asked for them may look after another unit by now
    except NotFound:
        db.session.rollback()
        _give_up(batch_id, "no longer theirs")
        return
    people, actor_id, locale = people_without_access(unit_id, actor), actor.id, actor.locale or "id"
    db.session.rollback()
    slips, until = [], clock.now() + codes.FROM_ADMIN
    for start in range(0, len(people), AT_ONCE):
        some = people[start : start + AT_ONCE]
        made = {person[0]: codes.make_code() for person in some}
        with transaction():
            changed_rows(delete(AccessCode).where(AccessCode.user_id.in_(made), AccessCode.used_at.is_(None)))
            db.session.execute(
                insert(AccessCode),
                [
                    {
                        "user_id": user_id,
                        "purpose": CodePurpose.ACTIVATION,
                        "code_digest": keyed_digest("access code", f"{user_id}:{code}"),
                        "issued_by_id": actor_id,
                        "issued_at": clock.now(),
                        "expires_at": until,
                    }
                    for user_id, code in made.items()
                ],
            )
        for user_id, name, nip, email, unit in some:
            identifier = nip_rules.grouped(nip) if nip else email
            slips.append({"name": name, "unit": unit, "identifier": identifier, "code": codes.written(made[user_id])})
        if job_id is not None:
            jobs.report_progress(job_id, done=start + len(some), total=len(people))
    key = None
    if slips:
        key = f"slips/{secrets.token_hex(16)}.pdf"
        with force_locale(locale):
            storage().put(key, io.BytesIO(_pdf(slips, waktu(until), locale)))
    with transaction():
        batch = db.session.get(SlipBatch, batch_id)
        assert batch is not None
        batch.state, batch.people, batch.storage_key = "ready", len(slips), key
        audit.note(actor_id, "people.codes_issued", ("org_unit", unit_id), after={"batch_id": batch_id, "people": len(slips)})


def _pdf(slips: list[dict[str, str | None]], until: str, language: str) -> bytes:
    settings = current_app.config["GURINDAM"]
    address = f"{settings.base_url}/masuk/kode"
    data = {
        "name": settings.name,
        "organization": settings.organization,
        "address": address,
        "language": language,
        "qr": segno.make(address, micro=False).svg_inline(border=0),
        "people": slips,
        "words": {
            "title": _("Lembar aktivasi"),
            "identifier": _("NIP atau surel"),
            "code": _("Kode aktivasi, sekali pakai"),
            "open": _("Buka"),
            "until": _("Berlaku sampai %(time)s. Jangan difoto atau diteruskan.", time=until),
            "footer": _("Serahkan langsung kepada orangnya. Musnahkan lembar yang tersisa."),
        },
    }
    return typst.compile(TEMPLATE.read_bytes(), format="pdf", sys_inputs={"data": json.dumps(data)})  # type: ignore[return-value]


@jobs.job("people.forget_slips", every=timedelta(hours=1))
def forget_slips() -> None:
    """Sheets whose week is over are deleted."""
    old = db.session.execute(select(SlipBatch.id, SlipBatch.storage_key).where(SlipBatch.expires_at <= clock.now(), SlipBatch.state != "expired")).all()
    db.session.rollback()
    for batch_id, key in old:
        if key:
            storage().delete(key)
        with transaction():
            batch = db.session.get(SlipBatch, batch_id)
            if batch is not None:
                batch.state, batch.storage_key = "expired", None
