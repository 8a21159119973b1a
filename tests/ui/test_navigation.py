"""Ways in are shown to those who may take them."""

import pytest
from werkzeug.routing import BuildError

from app.kernel.access import PUBLIC
from app.ui.navigation import NavItem, nav_items, register_bell, register_nav_item, register_search, search_url, unread_count


def _labels(look, path="/", where="main"):
    with look.test_request_context(path):
        return [item.label for item in nav_items(where)]


def test_a_way_in_needs_the_permission_of_its_page(look):
    register_nav_item(look, NavItem("people", "Pegawai"))
    assert _labels(look) == []
    assert _labels(look, "/?as=learner") == []
    assert _labels(look, "/?as=unit_admin") == ["Pegawai"]


def test_order_and_place(look):
    register_nav_item(look, NavItem("page", "Kedua", order=20))
    register_nav_item(look, NavItem("page", "Pertama", order=10))
    register_nav_item(look, NavItem("page", "Kaki", where="footer"))
    assert _labels(look) == ["Pertama", "Kedua"]
    assert _labels(look, where="footer") == ["Kaki"]


def test_a_predicate_can_hide_it(look):
    register_nav_item(look, NavItem("page", "Tim", predicate=lambda: False))
    assert _labels(look) == []


def test_a_view_without_a_permission_is_never_shown(look):
    look.add_url_rule("/lupa", "forgotten", lambda: "")
    register_nav_item(look, NavItem("forgotten", "Lupa"))
    assert _labels(look, "/?as=system_admin") == []


def test_pages_within_count_as_here(look):
    register_nav_item(look, NavItem("page", "Kelola", permission=PUBLIC, within=("/kelola",)))
    with look.test_request_context("/kelola/pegawai"):
        assert nav_items()[0].current
    with look.test_request_context("/lain"):
        assert not nav_items()[0].current


def test_an_unknown_place_is_refused(look):
    with pytest.raises(ValueError, match="main"):
        register_nav_item(look, NavItem("page", "Beranda", where="atas"))


def test_a_way_to_nowhere_is_an_error(look):
    register_nav_item(look, NavItem("halaman_hilang", "Hilang"))
    with look.test_request_context("/"), pytest.raises(LookupError, match="halaman_hilang"):
        nav_items()


def test_the_bell_is_asked_once_in_a_request(look):
    asked = []
    register_bell(look, "page", lambda: asked.append(1) or 7)
    with look.test_request_context("/"):
        assert (unread_count(), unread_count()) == (7, 7)
    assert len(asked) == 1


def test_without_a_bell_nothing_is_unread(look):
    with look.test_request_context("/"):
        assert unread_count() == 0
        assert search_url() is None


def test_search_leads_to_the_registered_page(look):
    register_search(look, "page")
    with look.test_request_context("/"):
        assert search_url() == "/"
    register_search(look, "tidak_ada")
    with look.test_request_context("/"), pytest.raises(BuildError):
        search_url()
