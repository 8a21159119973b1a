"""The studio's pages: who gets in, what is refused in words, what each costs."""

import pytest
from sqlalchemy import select

from app.kernel.access import Scope
from app.kernel.db import db, transaction
from app.kernel.worker import drain
from app.library import changes, usage
from app.library.models import ChangeState, CourseChange, LibraryItem
from app.library.routes import find_way
from app.media.models import AssetKind, AssetState, MediaAsset
from app.media.permissions import MANAGE_MEDIA
from tests.library.kit import SLUG, bring, import_course, make_pdf, make_picture, make_ready, put_into_team
from tests.media.factories import again
from tests.media.test_uploads import begin, begun, send
from tests.people.factories import sign_in

JSON = {"Accept": "application/json"}


@pytest.fixture
def course(cast, tmp_path):
    import_course(tmp_path / "paket")
    put_into_team(cast.bambang)
    return cast


def change_of(item, user, **facts):
    with transaction() as session:
        change = CourseChange(kind="LESSON", item_id=item.id, asked_by_id=user.id, asked_at=item.added_at, title="Berkas", wish={"slug": SLUG, "title": "Judul"})
        for name, value in ({"results": [], "faults": [], "state": ChangeState.WAITING} | facts).items():
            setattr(change, name, value)
        session.add(change)
    return change.id


# ---- who gets in ----


def doors(item, change_id):
    page = f"/studio/media/{item.id}"
    return [
        ("get", page),
        ("post", page),
        ("post", f"{page}/hapus"),
        ("get", f"{page}/asli"),
        ("get", f"{page}/materi"),
        ("post", f"{page}/materi"),
        ("get", f"{page}/ganti"),
        ("post", f"{page}/ganti"),
        ("get", f"/studio/perubahan/{change_id}"),
    ]


def knock(client, all_doors):
    return [getattr(client, method)(path).status_code for method, path in all_doors]


def test_another_instructor_and_another_agencys_admin_find_nothing(client, course):
    item = bring(course.bambang, make_pdf(), "a.pdf")
    all_doors = doors(item, change_of(item, course.bambang))
    for outsider in (course.citra, course.ridwan):
        sign_in(client, outsider)
        assert knock(client, all_doors) == [404] * len(all_doors)
    assert db.session.get(LibraryItem, item.id) is not None


def test_a_learner_does_not_get_in_at_all(client, course):
    item = bring(course.bambang, make_pdf(), "a.pdf")
    sign_in(client, course.didi)
    all_doors = [("get", "/studio"), ("get", "/studio/media"), *doors(item, change_of(item, course.bambang))]
    assert knock(client, all_doors) == [403] * len(all_doors)
    assert "/studio" not in client.get("/beranda").text


def test_nobody_without_an_account_gets_in(client, course):
    assert client.get("/studio/media", headers=JSON).status_code == 401


def test_the_team_sees_a_file_of_its_course_and_changes_nothing_of_it(client, cast, tmp_path):
    from tests.library.test_items import course_with_picture

    item = course_with_picture(tmp_path)
    put_into_team(cast.bambang)
    sign_in(client, cast.bambang)
    page = client.get(f"/studio/media/{item.id}")
    assert (page.status_code, "Hapus dari pustaka" in page.text) == (200, False)
    kept = [door for door in doors(item, 0)[1:8] if "materi" not in door[1]]
    assert knock(client, kept) == [404] * len(kept)


@pytest.mark.ffmpeg
def test_the_team_may_replace_a_packages_video_when_all_courses_that_show_it_are_theirs(client, cast, tmp_path, video):
    from app.interchange.packages.publishing import import_package
    from tests.interchange.package_kit import CAPTIONS, with_video, write_package

    import_course(tmp_path / "paket", video)
    item = db.session.scalars(select(LibraryItem)).one()
    sign_in(client, cast.bambang)
    assert client.get(f"/studio/media/{item.id}/ganti").status_code == 404
    put_into_team(cast.bambang)
    assert client.get(f"/studio/media/{item.id}/ganti").status_code == 200
    assert "Ganti berkas" in client.get(f"/studio/media/{item.id}").text
    files = with_video(video, CAPTIONS)
    files["course.yaml"] = files["course.yaml"].replace(b"slug: kursus-kecil", b"slug: kursus-lain")
    import_package(write_package(tmp_path / "lain", files, "kursus-lain"))
    assert client.get(f"/studio/media/{item.id}/ganti").status_code == 404
    assert client.post(f"/studio/media/{item.id}/ganti", data={"new": item.id}).status_code == 404
    assert "Ganti berkas" not in client.get(f"/studio/media/{item.id}").text


def test_the_admin_of_the_agency_and_bkpsdm_keep_a_file_too(client, course):
    item = bring(course.citra, make_pdf(), "a.pdf")
    for person in (course.ridwan, course.yulia):
        sign_in(client, person)
        assert client.post(f"/studio/media/{item.id}", data={"title": f"Oleh {person.id}", "note": "catatan"}).status_code == 303
        assert again(item.asset_id) is not None
        assert db.session.get(LibraryItem, item.id).title == f"Oleh {person.id}"


def test_the_studio_stands_in_the_navigation_of_those_who_may(client, course):
    for person, shown in ((course.bambang, True), (course.ridwan, True), (course.yulia, True), (course.didi, False)):
        sign_in(client, person)
        assert ('href="/studio"' in client.get("/beranda").text) is shown
        assert (person.scope_for(MANAGE_MEDIA) is not None) is shown
    assert course.ridwan.scope_for(MANAGE_MEDIA) == Scope.UNIT


# ---- the list ----


def test_an_empty_library_says_what_to_do(client, cast):
    sign_in(client, cast.bambang)
    assert "Pustaka Anda masih kosong" in client.get("/studio/media").text
    assert "Belum ada kursus dalam asuhan Anda" in client.get("/studio").text


def test_the_list_is_searched_and_filtered(client, cast):
    bring(cast.bambang, make_pdf("satu"), "SOP_loket.pdf")
    bring(cast.bambang, make_picture(), "denah.png", AssetKind.IMAGE)
    broken = bring(cast.bambang, make_pdf("dua"), "edaran.pdf")
    with transaction():
        asset = db.session.get_one(MediaAsset, broken.asset_id)
        asset.state, asset.failure_code = AssetState.FAILED, "PASSWORD"
    sign_in(client, cast.bambang)

    def titles(query):
        page = client.get(f"/studio/media?{query}").text
        return {title for title in ("SOP loket", "denah", "edaran") if f">{title}</a>" in page}

    assert titles("") == {"SOP loket", "denah", "edaran"}
    assert titles("cari=sop+lok") == {"SOP loket"}
    assert titles("cari=100%25") == set()
    assert titles("jenis=dokumen") == {"SOP loket", "edaran"}
    assert titles("keadaan=gagal") == {"edaran"}
    assert titles("keadaan=disiapkan") == {"SOP loket", "denah"}
    assert titles("keadaan=siap&jenis=video") == set()
    assert titles("jenis=apa&keadaan=saja&unit=x&page=999") == {"SOP loket", "denah", "edaran"}
    assert "dikunci dengan kata sandi" in client.get("/studio/media?keadaan=gagal").text


def test_only_those_with_units_see_owners_and_units(client, cast):
    bring(cast.citra, make_pdf(), "a.pdf")
    sign_in(client, cast.ridwan)
    page = client.get("/studio/media").text
    assert ("Citra Dewi" in page, "Puskesmas Kota" in page, "Dinas Kesehatan memakai" in page) == (True, True, True)
    sign_in(client, cast.citra)
    assert "Semua unit" not in client.get("/studio/media").text


def test_room_is_told_before_anything_is_uploaded(client, cast, monkeypatch):
    bring(cast.bambang, make_pdf(), "a.pdf")
    monkeypatch.setattr(usage, "GB", 1)
    sign_in(client, cast.bambang)
    page = client.get("/studio/media").text
    assert "dari 20 byte" in page
    assert "Hampir penuh" in page


def test_pages_cost_the_same_however_many_items_there_are(client, course, count_queries):
    sign_in(client, course.bambang)
    item = bring(course.bambang, make_pdf("0"), "0.pdf")
    make_ready(bring(course.bambang, make_picture(), "p.png", AssetKind.IMAGE).asset_id, renditions={"pictures": [{"path": "a.webp", "width": 80, "height": 60}]})
    pages = ("/studio", "/studio/media", f"/studio/media/{item.id}", f"/studio/media/{item.id}/materi?kursus={SLUG}", f"/studio/media/{item.id}/ganti")

    def costs():
        found = []
        for page in pages:
            count_queries.clear()
            assert client.get(page).status_code == 200
            found.append(len(count_queries))
        return found

    costs()
    before = costs()
    for number in range(1, 12):
        bring(course.bambang, make_pdf(str(number)), f"{number}.pdf")
    assert costs() == before
    assert max(before) <= 22


# ---- one item ----


def test_a_bad_title_stays_in_its_field_with_the_reason(client, cast):
    item = bring(cast.bambang, make_pdf(), "a.pdf")
    sign_in(client, cast.bambang)
    answer = client.post(f"/studio/media/{item.id}", data={"title": " ", "note": "<b>catatan</b>"})
    assert answer.status_code == 422
    assert "Isi judulnya" in answer.text
    assert "&lt;b&gt;catatan&lt;/b&gt;" in answer.text


def test_the_original_comes_back_as_a_download_and_never_as_a_page(client, cast):
    content = make_pdf()
    item = bring(cast.bambang, content, "SOP.pdf")
    sign_in(client, cast.bambang)
    answer = client.get(f"/studio/media/{item.id}/asli")
    assert answer.data == content
    assert answer.headers["Content-Disposition"] == "attachment; filename=SOP.pdf"
    assert answer.content_type == "application/octet-stream"
    answer.close()


def test_deleting_what_is_used_is_refused_in_words(client, cast, tmp_path):
    from tests.library.test_items import course_with_picture

    item = course_with_picture(tmp_path)
    sign_in(client, cast.yulia)
    assert "Hapus dari pustaka" not in client.get(f"/studio/media/{item.id}").text
    assert client.post(f"/studio/media/{item.id}/hapus").headers["Location"] == f"/studio/media/{item.id}"
    assert "Masih dipakai, jadi tidak dihapus: Bacaan pertama" in client.get(f"/studio/media/{item.id}").text


def test_deleting_leads_back_to_the_library(client, cast):
    item = bring(cast.bambang, make_pdf(), "a.pdf")
    sign_in(client, cast.bambang)
    assert client.post(f"/studio/media/{item.id}/hapus").headers["Location"] == "/studio/media"
    assert client.get(f"/studio/media/{item.id}").status_code == 404


def test_a_way_is_shown_only_when_it_leads_somewhere(app):
    with app.test_request_context():
        assert find_way("/studio/media") == "/studio/media"
        assert find_way("/media/aset/1/batal", "POST") == "/media/aset/1/batal"
        assert find_way("/media/aset/1/tidak-ada", "POST") is None
        assert find_way("/studio/tidak-ada") is None


def test_work_can_be_stopped_and_asked_for_again_from_the_page(client, cast):
    item = bring(cast.bambang, make_pdf(), "a.pdf")
    sign_in(client, cast.bambang)
    page = f"/studio/media/{item.id}"
    assert f'action="/media/aset/{item.asset_id}/batal"' in client.get(page).text
    assert client.post(f"/media/aset/{item.asset_id}/batal", data={"next": page}).headers["Location"] == page
    assert client.post(f"/media/aset/{item.asset_id}/batal", data={"next": page}).headers["Location"] == page
    assert "tidak sedang disiapkan" in client.get(page).text
    assert f'action="/media/aset/{item.asset_id}/ulangi"' in client.get(page).text
    sign_in(client, cast.citra)
    assert client.post(f"/media/aset/{item.asset_id}/ulangi").status_code == 404


# ---- making a lesson, replacing ----


def lesson_form(**fields):
    return {"kursus": SLUG, "place": "awal/bacaan", "title": "SOP loket", "notes": "", "coverage": "90"} | fields


def test_a_lesson_is_asked_for_and_the_page_waits_for_it(client, course):
    item = bring(course.bambang, make_pdf(), "a.pdf")
    sign_in(client, course.bambang)
    form = client.get(f"/studio/media/{item.id}/materi").text
    assert "sesudah: Bacaan pertama" in form
    assert "terbit sebagai versi 2" in form
    answer = client.post(f"/studio/media/{item.id}/materi", data=lesson_form(legal_basis="uu-25-2009"))
    address = answer.headers["Location"]
    assert "sedang disusun" in client.get(address).text
    assert client.get(address, headers=JSON).json == {"state": "WAITING"}
    changes.carry_out(db.session.scalar(select(CourseChange.id)))
    db.session.rollback()
    preview = f"/studio/kursus/{SLUG}/sop-loket"
    assert preview in client.get(address).text
    assert "Tidak ada yang dihitung" in client.get(preview).text
    assert client.get(f"/studio/kursus/{SLUG}/kuis-awal").status_code == 200
    assert client.get(f"/studio/kursus/{SLUG}/tidak-ada").status_code == 404
    assert client.get("/kursus/kursus-kecil").text.count("SOP loket") >= 1
    assert "SOP loket" in client.get(f"/studio/media/{item.id}").text


def test_faults_of_the_form_stand_at_their_fields_and_nothing_typed_is_lost(client, course):
    item = bring(course.bambang, make_pdf(), "a.pdf")
    sign_in(client, course.bambang)
    answer = client.post(f"/studio/media/{item.id}/materi", data=lesson_form(place="lain/x", title="", notes="# Besar", legal_basis="uu-25-2009"))
    assert answer.status_code == 422
    for said in ("Pilih tempatnya di dalam kursus.", "Isi judulnya", "Baris 1:", "# Besar", 'value="uu-25-2009" checked'):
        assert said in answer.text


def test_what_was_typed_comes_back_after_a_refusal(client, course):
    item = bring(course.bambang, make_pdf(), "a.pdf")
    wish = {"slug": SLUG, "module": "awal", "after": "bacaan", "title": "Judul saya", "notes": "Catatan saya.\n", "coverage": 90, "legal_basis": ["uu-25-2009"]}
    change_id = change_of(item, course.bambang, state=ChangeState.REFUSED, wish=wish, faults=[{"path": "01/a.md", "line": 7, "message": "Salah.", "lesson": "Judul saya"}])
    sign_in(client, course.bambang)
    told = client.get(f"/studio/perubahan/{change_id}").text
    form = f"/studio/media/{item.id}/materi?kursus={SLUG}&amp;perubahan={change_id}"
    assert (form in told, "Materi Judul saya" in told, "01/a.md" in told) == (True, True, False)
    page = client.get(form.replace("&amp;", "&")).text
    for said in ('value="Judul saya"', "Catatan saya.", 'value="awal/bacaan" selected', 'value="uu-25-2009" checked'):
        assert said in page
    other = bring(course.bambang, make_pdf("lain"), "b.pdf")
    assert client.get(f"/studio/media/{other.id}/materi?kursus={SLUG}&perubahan={change_id}").status_code == 404
    foreign = change_of(item, course.yulia, wish=wish)
    assert client.get(f"/studio/media/{item.id}/materi?kursus={SLUG}&perubahan={foreign}").status_code == 404


def test_another_course_keeps_what_was_typed(client, course, tmp_path):
    from app.interchange.packages.publishing import import_package
    from tests.interchange.package_kit import good_package, write_package

    files = good_package()
    files["course.yaml"] = files["course.yaml"].replace(b"slug: kursus-kecil", b"slug: kursus-lain").replace(b"title: Kursus Kecil", b"title: Kursus Lain")
    import_package(write_package(tmp_path / "lain", files, "kursus-lain"))
    put_into_team(course.bambang, "kursus-lain")
    item = bring(course.bambang, make_pdf(), "a.pdf")
    sign_in(client, course.bambang)
    changed = lesson_form(title="Judul saya", notes="Catatan saya.", kursus_lain="kursus-lain", ganti_kursus="1")
    page = client.post(f"/studio/media/{item.id}/materi", data=changed)
    assert page.status_code == 200
    for said in ('name="kursus" value="kursus-lain"', 'value="Judul saya"', "Catatan saya."):
        assert said in page.text
    assert 'value="awal/bacaan" selected' not in page.text
    assert db.session.scalar(select(CourseChange.id)) is None
    assert client.post(f"/studio/media/{item.id}/materi", data=changed | {"kursus_lain": "tidak-ada"}).status_code == 404


def test_who_is_further_on_in_a_sequence_is_told_of_beforehand(client, course):
    from app.courses.queries import get_current_outline
    from app.learning import services as learning

    item = bring(course.bambang, make_pdf(), "a.pdf")
    sign_in(client, course.bambang)
    form, said = f"/studio/media/{item.id}/materi?kursus={SLUG}", "harus menyelesaikan materi ini dulu"
    assert said not in client.get(form).text
    with transaction():
        learning.enrol(db.session.merge(course.didi), get_current_outline(SLUG))
    assert said in client.get(form).text


def test_a_pdf_without_text_is_told_before_anything_is_asked_for(client, course):
    item = bring(course.bambang, make_pdf(" "), "pindai.pdf")
    make_ready(item.asset_id, words=0, pages=1, renditions={"pages": [[{"path": "1.webp", "width": 80, "height": 60}]]})
    sign_in(client, course.bambang)
    page = client.get(f"/studio/media/{item.id}").text
    assert ("tanpa lapisan teks" in page, "Jadikan materi" in page) == (True, False)
    assert "tanpa lapisan teks" in client.get(f"/studio/media/{item.id}/materi?kursus={SLUG}").text
    answer = client.post(f"/studio/media/{item.id}/materi", data=lesson_form())
    assert (answer.status_code, db.session.scalar(select(CourseChange.id))) == (409, None)


def test_a_replacement_that_was_refused_is_chosen_again(client, cast):
    item, new, third = (bring(cast.bambang, make_pdf(name), f"{name}.pdf") for name in ("lama", "baru", "lain"))
    sign_in(client, cast.bambang)
    assert f'value="{new.id}" checked' in client.get(f"/studio/media/{item.id}/ganti?pilih={new.id}").text
    assert "checked" not in client.get(f"/studio/media/{item.id}/ganti?pilih={item.id}").text
    assert f'value="{third.id}"' in client.get(f"/studio/media/{item.id}/ganti").text


def test_a_course_of_another_team_is_not_found(client, course):
    item = bring(course.citra, make_pdf(), "a.pdf")
    sign_in(client, course.citra)
    assert client.get(f"/studio/media/{item.id}/materi?kursus={SLUG}").status_code == 404
    assert client.post(f"/studio/media/{item.id}/materi", data=lesson_form()).status_code == 404
    assert client.get(f"/studio/kursus/{SLUG}/bacaan").status_code == 404
    assert "Belum ada kursus dalam asuhan Anda" in client.get(f"/studio/media/{item.id}/materi").text


def test_a_replacement_tells_beforehand_what_happens(client, course):
    item, new = bring(course.bambang, make_pdf("lama"), "lama.pdf"), bring(course.bambang, make_pdf("baru"), "baru.pdf")
    foreign = bring(course.citra, make_pdf("lain"), "lain.pdf")
    sign_in(client, course.bambang)
    page = client.get(f"/studio/media/{item.id}/ganti").text
    assert ("Yang terjadi setelah Anda mengganti" in page, ">lain<" in page) == (True, False)
    assert client.post(f"/studio/media/{item.id}/ganti", data={}).status_code == 422
    assert client.post(f"/studio/media/{item.id}/ganti", data={"new": foreign.id}).status_code == 404
    assert client.post(f"/studio/media/{item.id}/ganti", data={"new": item.id}).status_code == 422
    assert client.post(f"/studio/media/{item.id}/ganti", data={"new": new.id}).status_code == 303


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"state": ChangeState.REFUSED, "faults": [{"path": "course.yaml", "line": 9, "message": "JP yang tertulis 9."}]}, "JP yang tertulis 9."),
        ({"state": ChangeState.FAILED}, "Tidak berhasil dikerjakan."),
        ({"state": ChangeState.DONE, "results": [{"slug": SLUG, "title": "Kursus", "number": 3, "key": "sop"}]}, "/studio/kursus/kursus-kecil/sop"),
        ({"state": ChangeState.DONE, "kind": "REPLACEMENT", "wish": {}}, "Berkasnya sudah diganti."),
    ],
)
def test_what_came_of_a_change_is_said(client, course, facts, said):
    item = bring(course.bambang, make_pdf(), "a.pdf")
    sign_in(client, course.bambang)
    page = client.get(f"/studio/perubahan/{change_of(item, course.bambang, **facts)}")
    assert said in page.text
    assert client.get("/studio/perubahan/999999").status_code == 404


# ---- bringing in ----


def test_the_server_refuses_what_goes_beyond_the_room_and_takes_what_fits(app, client, cast, monkeypatch):
    content = make_pdf()
    sign_in(client, cast.bambang)
    monkeypatch.setattr(usage, "GB", len(content) // 20)
    refused = begin(client, len(content) + 20)
    assert (refused.status_code, refused.json["error"]) == (413, "QUOTA")
    assert "Ruang yang tersisa untuk Anda" in client.get("/studio/media").text
    address = begun(client, len(content) // 20 * 20)
    assert address
    monkeypatch.undo()
    whole = begun(client, len(content), name="SOP loket.pdf", fingerprint="b" * 64)
    assert send(client, whole, 0, content).status_code == 204
    drain(app)
    db.session.rollback()
    item = db.session.scalars(select(LibraryItem)).one()
    assert (item.owner_id, item.title, again(item.asset_id).state) == (cast.bambang.id, "SOP loket", AssetState.READY)


def test_the_same_content_once_more_is_told_by_its_name_there(app, client, cast):
    item = bring(cast.bambang, content := make_pdf(), "SOP loket.pdf")
    sign_in(client, cast.bambang)
    address = begun(client, len(content), name="salinan.pdf")
    send(client, address, 0, content)
    drain(app)
    told = client.get(address, headers=JSON).json
    assert (told["home"], told["known_before"]) == ({"title": "SOP loket", "address": f"/studio/media/{item.id}"}, True)


def test_content_that_only_others_had_becomes_an_item_of_ones_own(app, client, cast):
    bring(cast.yulia, content := make_pdf(), "SOP.pdf")
    sign_in(client, cast.bambang)
    address = begun(client, len(content), name="milik saya.pdf")
    send(client, address, 0, content)
    drain(app)
    told = client.get(address, headers=JSON).json
    assert (told["home"]["title"], told["known_before"]) == ("milik saya", False)


def test_the_captions_page_leads_back_to_its_file(client, cast):
    item = bring(cast.bambang, b"\x00\x00\x00\x18ftypisom" + bytes(100), "rapat.mp4", AssetKind.VIDEO)
    sign_in(client, cast.bambang)
    for page in (f"/studio/takarir/{item.asset_id}", f"/studio/takarir/{item.asset_id}/id"):
        assert f'href="/studio/media/{item.id}"' in client.get(page).text
