"""Items: how they come in, who finds them, what they weigh, when they may go."""

import pytest
from sqlalchemy import select

from app.interchange.packages.exporting import export_course
from app.kernel.db import db, transaction
from app.kernel.errors import Conflict, Invalid, NotFound
from app.kernel.storage import storage
from app.kernel.worker import drain
from app.library import items, rights, usage
from app.library.models import AssetWeight, LibraryItem, LibraryReplacement
from app.media import rights as media_rights
from app.media.delivery import may_read
from app.media.models import AssetKind, AssetState, MediaAsset
from app.media.slots import allowances_of
from app.people.models import AuditEntry
from config import Settings
from tests.interchange.package_kit import good_package, write_package
from tests.library.kit import bring, import_course, make_pdf, make_picture, put_into_team
from tests.media.factories import again

READING = "01-awal/02-bacaan.md"


def seen(user):
    return {item.title for item in db.session.scalars(select(LibraryItem).where(rights.seen_by(user)))}


def course_with_picture(folder):
    from app.interchange.packages.publishing import import_package

    files = good_package() | {"media/peta.png": make_picture()}
    files[READING] = files[READING].replace(b"Ambil kertas.", b"![Peta](media/peta.png)")
    import_package(write_package(folder, files))
    return db.session.scalar(select(LibraryItem).where(LibraryItem.owner_id.is_(None)))


# ---- coming in ----


def test_an_upload_becomes_an_item_of_its_owner_and_their_unit(cast):
    item = bring(cast.bambang, make_pdf(), "SOP_loket 2026.pdf")
    assert (item.title, item.owner_id, item.unit_id) == ("SOP loket 2026", cast.bambang.id, cast.agency.id)


def test_the_same_file_of_two_people_is_two_items_of_one_file(cast):
    one, two = bring(cast.bambang, make_pdf(), "a.pdf"), bring(cast.citra, make_pdf(), "b.pdf")
    assert (one.id != two.id, one.asset_id == two.asset_id) == (True, True)


def test_bringing_a_file_again_keeps_the_item_that_is_there(cast):
    first = bring(cast.bambang, make_pdf(), "a.pdf")
    with transaction():
        items.describe_item(db.session.get_one(LibraryItem, first.id), "Prosedur", "penting")
    assert bring(cast.bambang, make_pdf(), "lain.pdf").title == "Prosedur"


def test_what_a_package_brings_belongs_to_nobody_in_person(cast, tmp_path):
    item = course_with_picture(tmp_path)
    assert (item.title, item.unit_id) == ("peta", None)
    assert [place.lesson for place in items.find_places([item.asset_id])[item.asset_id]] == ["Bacaan pertama"]


def test_a_file_with_no_name_left_still_has_a_title(app):
    assert items.title_from("_.pdf") == "_.pdf"
    assert len(items.title_from("a" * 300 + ".pdf")) == items.LONGEST_TITLE


# ---- who finds what ----


def test_each_finds_their_own_the_admin_those_of_the_agency_bkpsdm_all(cast):
    bring(cast.bambang, make_pdf("satu"), "bambang.pdf")
    bring(cast.citra, make_pdf("dua"), "citra.pdf")
    assert seen(cast.bambang) == {"bambang"}
    assert seen(cast.citra) == {"citra"}
    assert seen(cast.ridwan) == {"citra"}
    assert seen(cast.yulia) == {"bambang", "citra"}
    assert seen(cast.didi) == set()


def test_the_team_of_a_course_finds_its_files_and_answers_for_them_without_keeping_them(cast, tmp_path):
    item = course_with_picture(tmp_path)
    asset = db.session.get(MediaAsset, item.asset_id)
    assert seen(cast.bambang) == set()
    assert not media_rights.may_manage(cast.bambang, asset)
    put_into_team(cast.bambang)
    assert seen(cast.bambang) == {"peta"}
    assert media_rights.may_manage(cast.bambang, asset)
    assert may_read(cast.bambang, asset)
    assert rights.get_item(cast.bambang, item.id).id == item.id
    with pytest.raises(NotFound):
        rights.get_kept_item(cast.bambang, item.id)


def test_a_unit_admin_answers_for_files_of_the_agency_and_no_others(cast):
    inside, outside = bring(cast.citra, make_pdf("dua"), "citra.pdf"), bring(cast.bambang, make_pdf("satu"), "bambang.pdf")
    answers = [media_rights.may_manage(cast.ridwan, db.session.get(MediaAsset, item.asset_id)) for item in (inside, outside)]
    assert answers == [True, False]
    assert rights.get_kept_item(cast.ridwan, inside.id).id == inside.id


def test_a_second_owner_answers_for_the_shared_file_and_a_learner_never_does(cast):
    asset = db.session.get(MediaAsset, bring(cast.bambang, make_pdf(), "a.pdf").asset_id)
    bring(cast.citra, make_pdf(), "b.pdf")
    assert media_rights.may_manage(cast.citra, db.session.get(MediaAsset, asset.id))
    assert not rights.answers_for(cast.didi, asset.id)
    assert not may_read(cast.didi, db.session.get(MediaAsset, asset.id))


def test_a_copy_of_what_a_course_shows_gives_no_right_over_the_course(cast, tmp_path):
    """Otherwise whoever has the same file could rewrite the captions of a course whose team they are not in."""
    asset_id = course_with_picture(tmp_path).asset_id
    assert bring(cast.citra, make_picture(), "tiruan.png", AssetKind.IMAGE).asset_id == asset_id
    answers = [media_rights.may_manage(user, db.session.get(MediaAsset, asset_id)) for user in (cast.citra, cast.ridwan, cast.yulia)]
    assert answers == [False, False, True]
    assert may_read(cast.citra, db.session.get(MediaAsset, asset_id))
    put_into_team(cast.citra)
    assert media_rights.may_manage(cast.citra, db.session.get(MediaAsset, asset_id))


def test_who_brought_a_file_first_answers_for_it_wherever_it_is_shown(cast, tmp_path):
    first = bring(cast.citra, make_picture(), "asli.png", AssetKind.IMAGE)
    bring(cast.bambang, make_picture(), "tiruan.png", AssetKind.IMAGE)
    course_with_picture(tmp_path)
    answers = [media_rights.may_manage(user, db.session.get(MediaAsset, first.asset_id)) for user in (cast.citra, cast.ridwan, cast.bambang)]
    assert answers == [True, True, False]


# ---- naming ----


@pytest.mark.parametrize(("title", "note", "field"), [("  ", "", "title"), ("x" * 201, "", "title"), ("Judul", "x" * 2001, "note")])
def test_a_title_is_needed_and_nothing_is_endless(cast, title, note, field):
    item = bring(cast.bambang, make_pdf(), "a.pdf")
    with pytest.raises(Invalid) as refusal, transaction():
        items.describe_item(db.session.get_one(LibraryItem, item.id), title, note)
    assert set(refusal.value.fields) == {field}


# ---- room ----


def test_room_counts_a_file_once_with_what_was_made_of_it(app, cast):
    item = bring(cast.bambang, make_picture(), "peta.png", AssetKind.IMAGE)
    drain(app)
    asset, weight = again(item.asset_id), db.session.get(AssetWeight, item.asset_id)
    assert asset.state == AssetState.READY
    assert weight.made_bytes > 0
    used = usage.usage_of_person(cast.bambang)
    assert (used.used, used.files, used.limit) == (asset.byte_size + weight.made_bytes, 1, 20 * usage.GB)
    assert usage.weigh() == 0


def test_an_agency_counts_everything_below_it_and_the_same_file_once(cast):
    size = db.session.get(MediaAsset, bring(cast.citra, make_pdf(), "a.pdf").asset_id).byte_size
    bring(cast.ridwan, make_pdf(), "b.pdf")
    bring(cast.bambang, make_pdf("lain"), "c.pdf")
    found = usage.usage_of_agency(cast.citra)
    assert (found.name, found.used, found.files) == ("Dinas Kesehatan", size, 1)
    assert usage.usage_of_all().files == 2


def test_a_file_that_was_replaced_counts_as_long_as_it_is_kept(cast):
    old, new = bring(cast.bambang, make_pdf("lama"), "lama.pdf"), bring(cast.bambang, make_pdf("yang baru"), "baru.pdf")
    both = usage.usage_of_person(cast.bambang)
    with transaction():
        item, facts = db.session.get_one(LibraryItem, old.id), {"old_asset_id": old.asset_id, "new_asset_id": new.asset_id, "old_name": "lama.pdf"}
        db.session.delete(db.session.get_one(LibraryItem, new.id))
        db.session.flush()
        item.asset_id = new.asset_id
        db.session.add(LibraryReplacement(item_id=item.id, replaced_at=item.added_at, replaced_by_id=cast.bambang.id, **facts))
    assert usage.usage_of_person(cast.bambang) == both
    assert (usage.usage_of_agency(cast.bambang).used, usage.usage_of_all().used) == (both.used, both.used)
    assert usage.usage_of_person(cast.citra).used == 0


def test_the_tightest_room_is_what_may_still_come_in(app, cast, monkeypatch):
    size = db.session.get(MediaAsset, bring(cast.bambang, make_pdf(), "a.pdf").asset_id).byte_size
    left = [allowance.bytes_left for allowance in allowances_of(cast.bambang)]
    assert sorted(left) == [20 * usage.GB - size, 200 * usage.GB - size]
    assert not any(allowance.words for allowance in allowances_of(cast.bambang))
    tight = Settings.from_environment({"INSTANCE_PATH": app.instance_path, "MEDIA_QUOTA_PERSON_GB": "0", "MEDIA_QUOTA_UNIT_GB": "0"})
    monkeypatch.setitem(app.config, "GURINDAM", tight)
    assert [allowance.bytes_left for allowance in allowances_of(cast.bambang)] == [None, None]


def test_a_full_room_leaves_nothing(app, cast, monkeypatch):
    bring(cast.bambang, make_pdf(), "a.pdf")
    monkeypatch.setattr(usage, "GB", 1)
    assert [allowance.bytes_left for allowance in allowances_of(cast.bambang)] == [0, 0]
    assert [str(allowance.words).split(" memakai")[0] for allowance in allowances_of(cast.bambang)] == ["Anda", "BKPSDM"]


def test_a_partner_without_a_unit_has_only_their_own_room(cast):
    from app.kernel.access import Role
    from tests.people.factories import make_user

    partner = make_user("Dosen Mitra", role=Role.INSTRUCTOR)
    assert bring(partner, make_pdf(), "a.pdf").unit_id is None
    assert [allowance.bytes_left is None for allowance in allowances_of(partner)] == [False, True]


# ---- going ----


def remove(item, actor):
    with transaction():
        items.remove_item(db.session.get_one(LibraryItem, item.id), actor.id)


def test_the_last_item_takes_the_file_with_it(app, cast):
    item = bring(cast.bambang, make_pdf(), "a.pdf")
    key = db.session.get(MediaAsset, item.asset_id).original_key
    drain(app)
    before = usage.usage_of_person(cast.bambang).used
    remove(item, cast.bambang)
    assert (before > 0, usage.usage_of_person(cast.bambang).used) == (True, 0)
    assert db.session.get(MediaAsset, item.asset_id) is None
    drain(app)
    assert not storage().exists(key)
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "library.item_removed")).one()
    assert (entry.actor_id, entry.before["title"]) == (cast.bambang.id, "a")


def test_a_file_that_somebody_else_has_stays(app, cast):
    item = bring(cast.bambang, make_pdf(), "a.pdf")
    bring(cast.citra, make_pdf(), "b.pdf")
    remove(item, cast.bambang)
    assert db.session.get(MediaAsset, item.asset_id) is not None


def test_a_file_that_was_just_brought_in_again_keeps_its_bytes(app, cast):
    item = bring(cast.bambang, make_pdf(), "a.pdf")
    drain(app)
    remove(item, cast.bambang)
    bring(cast.citra, make_pdf(), "b.pdf")
    drain(app)
    asset = again(db.session.scalar(select(MediaAsset.id)))
    assert storage().exists(asset.original_key)
    assert asset.state == AssetState.READY


def test_a_file_that_a_lesson_shows_is_not_deleted_and_it_is_told_where(cast, tmp_path):
    item = course_with_picture(tmp_path)
    with pytest.raises(Conflict) as refusal:
        remove(item, cast.yulia)
    assert "Bacaan pertama (Kursus Kecil)" in str(refusal.value.message)
    assert db.session.get(LibraryItem, item.id) is not None


def test_a_file_of_an_old_version_leaves_the_library_and_stays_for_the_record(cast, tmp_path):
    from app.interchange.packages.publishing import import_package

    item = course_with_picture(tmp_path / "a")
    import_package(write_package(tmp_path / "b"))
    remove(item, cast.yulia)
    assert db.session.get(LibraryItem, item.id) is None
    assert db.session.get(MediaAsset, item.asset_id) is not None
    export_course("kursus-kecil", tmp_path / "out")


def test_a_file_that_could_not_be_prepared_is_dismissed(app, cast):
    item = bring(cast.bambang, b"%PDF-1.4\nrusak", "rusak.pdf")
    drain(app)
    assert again(item.asset_id).state == AssetState.FAILED
    remove(item, cast.bambang)
    assert db.session.get(MediaAsset, item.asset_id) is None


def test_a_file_in_work_is_canceled_and_goes(app, cast):
    item = bring(cast.bambang, make_pdf(), "a.pdf")
    assert db.session.get(MediaAsset, item.asset_id).is_in_work
    remove(item, cast.bambang)
    drain(app)
    assert db.session.get(MediaAsset, item.asset_id) is None


def test_a_course_without_files_adds_nothing(cast, tmp_path):
    import_course(tmp_path)
    assert seen(cast.yulia) == set()
