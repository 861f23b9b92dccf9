"""Who may do what: superusers all, others of the staff by permission, and nobody else."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ..django_oauth2.people import find_person
from .desk import ADDED, Desk

#: Each page with the permission that it needs.
PAGES = {
    "client/": "view_client",
    "client/album/change/": "view_client",
    "client/album/history/": "view_client",
    "client/add/": "add_client",
    "client/add/oauth1/": "add_client",
    "client/album/rotate/": "change_client",
    "client/album/delete/": "delete_client",
    "grant/": "view_grant",
    "grant/revoke/?subject=alice": "delete_grant",
    f"grant/{'0' * 64}/delete/": "delete_grant",
}
PERMISSIONS = sorted({*PAGES.values(), "change_client"})


@pytest.mark.parametrize("permission", PERMISSIONS)
def test_staff_comes_to_the_pages_of_its_permission_and_no_other(
    desk: Desk, permission: str
) -> None:
    desk.add()
    staff = Desk(desk.site, permission)

    answers = {page: staff.get(page).status_code for page in PAGES}

    held = {permission} | ({"view_client"} if permission == "change_client" else set())
    allowed = {page for page, needed in PAGES.items() if needed in held}
    assert {page for page, status in answers.items() if status != 403} == allowed


@pytest.mark.parametrize("permission", PERMISSIONS)
def test_staff_does_what_its_permission_says_and_nothing_else(desk: Desk, permission: str) -> None:
    desk.add()
    desk.site.issue(desk.site.register())
    staff = Desk(desk.site, permission)

    done = {
        "add_client": staff.add(client_id="new"),
        "change_client": staff.change("album", client_name="Changed"),
        "rotate": staff.rotate("album"),
        "delete_grant": staff.post("grant/revoke/?subject=alice"),
        "delete_client": staff.post(staff.client("album", "delete")),
    }

    wanted = {permission} | ({"rotate"} if permission == "change_client" else set())
    assert {name for name, answer in done.items() if answer.status_code != 403} == wanted & set(
        done
    )
    stores = desk.site.server.stores
    assert (stores.clients.query_client("new") is not None) == (permission == "add_client")
    assert (stores.clients.query_client("album") is None) == (permission == "delete_client")
    assert (not stores.tokens.list_grants(None, None, None, 9).items) == (
        permission == "delete_grant"
    )


def test_who_may_only_look_gets_no_form_and_no_way_to_change_anything(desk: Desk) -> None:
    desk.add()
    desk.site.issue(desk.site.register())
    staff = Desk(desk.site, "view_client", "view_grant")

    pages = [staff.get(page).text for page in ("client/", "client/album/change/", "grant/")]

    for page in pages:
        content = page.partition('id="content"')[2]
        assert set(re.findall(r'<input type="submit" ([^>]*)>', content)) <= {'value="Search"'}
        assert "/delete/" not in content
        assert "/rotate/" not in content
        assert "/add/" not in content
    assert "https://album.example/callback" in pages[1]
    assert "profile" in pages[1]


def test_the_index_shows_what_somebody_may_see(desk: Desk) -> None:
    def seen(staff: Desk) -> set[str]:
        page = staff.browser.get("/admin/").text
        return {
            name for name in ("client/", "client/add/", "grant/") if f'oauthstore/{name}"' in page
        }

    assert seen(desk) == {"client/", "client/add/", "grant/"}
    assert seen(Desk(desk.site, "view_grant")) == {"grant/"}
    assert seen(Desk(desk.site, "add_client")) == {"client/add/"}
    assert seen(Desk(desk.site, "x")) == set()


@pytest.mark.parametrize("kind", ["nobody", "customer", "inactive"])
def test_who_is_not_of_the_staff_is_sent_to_the_sign_in(desk: Desk, kind: str) -> None:
    desk.add()
    browser = desk.browser
    if kind == "nobody":
        browser.client.logout()
    else:
        person: Any = find_person("root")
        person.is_staff, person.is_active = kind == "inactive", kind != "inactive"
        person.save()

    answers = [browser.get(f"/admin/oauthstore/{page}") for page in PAGES]
    answers += [browser.post(f"/admin/oauthstore/{page}", data=ADDED) for page in PAGES]

    person = find_person("root")
    person.is_active = True
    person.save()
    assert {answer.status_code for answer in answers} == {302}
    assert all("/admin/login/?next=" in (answer.location or "") for answer in answers)
    assert desk.stored("album").version == 1


def test_at_a_site_of_the_project_s_own_all_addresses_are_its_own(
    desk: Desk,
) -> None:
    from django.contrib.admin import AdminSite  # noqa: PLC0415 - once it is installed
    from django.urls import path  # noqa: PLC0415

    from oauthstore_core.integrations.django.admin import ClientAdmin  # noqa: PLC0415
    from oauthstore_core.integrations.django.models import Client  # noqa: PLC0415

    operators = AdminSite(name="operators")
    operators.register(Client, ClientAdmin)
    desk.browser._urls.urlpatterns.append(path("operators/", operators.urls))
    desk.add()

    for page in ("client/", "client/add/", "client/album/change/", "client/album/rotate/"):
        answer = desk.browser.get(f"/operators/oauthstore/{page}")
        assert answer.status_code == 200
        assert '="/admin/' not in answer.text
    moved = desk.browser.post("/operators/oauthstore/client/album/delete/").location
    assert moved == "/operators/oauthstore/client/"
