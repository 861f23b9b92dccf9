"""Grants on the admin pages, in a store of each kind: whose they are, and taking them back."""

from __future__ import annotations

import re

import pytest

from oauthstore_core.digests import digest, fingerprint
from oauthstore_core.oauth2.registration import Registration

from .desk import Desk


def _grant_ids(desk: Desk) -> list[str]:
    server = desk.site.server
    return [
        grant.grant_id for grant in server.stores.tokens.list_grants(None, None, None, 99).items
    ]


def _revoke_links(page: str) -> list[str]:
    return [
        link.replace("&amp;", "&")
        for link in re.findall(r'href="/admin/oauthstore/([^"]+)" class="deletelink"', page)
    ]


@pytest.fixture
def client(any_desk: Desk) -> Registration:
    return any_desk.site.register(client_name="Album")


def test_a_grant_is_listed_by_its_fingerprint_and_revoked(
    any_desk: Desk, client: Registration
) -> None:
    tokens = any_desk.site.issue(client, scope="profile")
    kept = any_desk.site.issue(client, scope="mail")

    page = any_desk.get("grant/").text
    grants = {each: fingerprint(digest(each)) for each in _grant_ids(any_desk)}
    assert all(f"<code>{shown}</code>" in page for shown in grants.values())
    assert not any(each in page for each in grants)
    assert "alice" in page
    pages = {each: any_desk.get(each).text for each in _revoke_links(page)}
    (link,) = [each for each, asked in pages.items() if "<td>profile</td>" in asked]
    asked = any_desk.get(link)
    assert (asked.status_code, "Revoke this grant" in asked.text) == (200, True)
    assert len(_grant_ids(any_desk)) == 2

    assert any_desk.post(link).location == "/admin/oauthstore/grant/"

    assert "1 grant was revoked" in any_desk.said()
    assert any_desk.site.ask("/profile", tokens["access_token"]).status_code == 401
    assert any_desk.site.refresh(client, tokens["refresh_token"]).json["error"] == "invalid_grant"
    assert any_desk.site.ask("/mail", kept["access_token"]).status_code == 200
    assert any_desk.post(link).status_code == 302
    assert "not live any more" in any_desk.said()


@pytest.mark.parametrize("query", ["subject=alice", "client_id={}", "subject=alice&client_id={}"])
def test_all_grants_of_a_person_or_a_client_are_revoked_with_codes_on_their_way(
    any_desk: Desk, client: Registration, query: str
) -> None:
    site, query = any_desk.site, query.format(client.client.client_id)
    tokens = [site.issue(client, scope="profile")["access_token"] for _ in range(2)]
    code = site.code(client)
    listed = any_desk.get(f"grant/?{query}").text
    assert len(_revoke_links(listed)) == 2

    asked = any_desk.get(f"grant/revoke/?{query}")
    assert asked.status_code == 200
    assert len(_grant_ids(any_desk)) == 2
    any_desk.post(f"grant/revoke/?{query}")

    assert "2 grants were revoked" in any_desk.said()
    assert [site.ask("/profile", token).status_code for token in tokens] == [401, 401]
    late = site.redeem(client, code)
    assert (late.status_code, late.json["error"]) == (400, "invalid_grant")
    assert "None." in any_desk.get(f"grant/?{query}").text


def test_the_grants_of_others_stay(any_desk: Desk, client: Registration) -> None:
    other = any_desk.site.register()
    token = any_desk.site.issue(other, scope="profile")["access_token"]
    any_desk.site.issue(client)

    any_desk.post(f"grant/revoke/?client_id={client.client.client_id}")
    any_desk.post("grant/revoke/?subject=bob")

    assert any_desk.site.ask("/profile", token).status_code == 200


def test_grants_are_listed_some_at_a_time_and_found_from_the_page_that_was_seen(
    any_desk: Desk, client: Registration, monkeypatch: pytest.MonkeyPatch
) -> None:
    from oauthstore_core.integrations.django.admin import GrantAdmin  # noqa: PLC0415

    monkeypatch.setattr(GrantAdmin, "list_per_page", 2)
    for _ in range(5):
        any_desk.site.issue(client)

    links, query = list[str](), ""
    while True:
        page = any_desk.get(f"grant/{query}").text
        links += _revoke_links(page)
        found = re.search(r'href="(\?[^"]+)" rel="next"', page)
        if found is None:
            break
        query = found[1]

    assert len(set(links)) == 5
    assert not any(each in query for each in _grant_ids(any_desk))
    for link in links:
        any_desk.post(link)
    assert _grant_ids(any_desk) == []


def test_nothing_is_revoked_for_nobody_in_particular(desk: Desk) -> None:
    client = desk.site.register()
    desk.site.issue(client)

    for query in ("", "?client_id=&subject=", "?client_id=%00", "?subject=a%00"):
        assert desk.post(f"grant/revoke/{query}").location == "/admin/oauthstore/grant/"

    assert len(_grant_ids(desk)) == 1


@pytest.mark.parametrize("handle", ["0" * 64, "x", "%00", "..", "a" * 5000])
def test_a_grant_that_there_is_not_is_told_and_nothing_is_revoked(desk: Desk, handle: str) -> None:
    desk.site.issue(desk.site.register())

    answer = desk.post(f"grant/{handle}/delete/")

    assert answer.status_code in {302, 404}
    assert len(_grant_ids(desk)) == 1


def test_a_grant_of_one_client_is_not_found_among_another_s(desk: Desk) -> None:
    mine, other = desk.site.register(), desk.site.register()
    desk.site.issue(mine)
    (grant_id,) = _grant_ids(desk)

    desk.post(f"grant/{digest(grant_id)}/delete/?client_id={other.client.client_id}")

    assert len(_grant_ids(desk)) == 1


def test_a_user_name_leads_to_the_subject(desk: Desk) -> None:
    desk.site.issue(desk.site.register())

    assert desk.get("grant/?user=alice&client_id=c").location == (
        "/admin/oauthstore/grant/?client_id=c&subject=alice"
    )
    assert desk.get("grant/?user=%3Cnobody%3E").location == "/admin/oauthstore/grant/"
    assert "&lt;nobody&gt;" in desk.browser.get("/admin/").text


def test_a_client_s_own_grant_has_no_subject(desk: Desk) -> None:
    client = desk.site.register()
    assert desk.site.token(client, "client_credentials").status_code == 200

    page = desk.get(f"grant/?client_id={client.client.client_id}").text

    assert "the client itself" in page
    desk.post(_revoke_links(page)[0])
    assert _grant_ids(desk) == []


def test_an_expired_grant_is_not_listed(desk: Desk) -> None:
    client = desk.site.register()
    desk.site.issue(client)
    desk.site.server.clock.advance(400 * 24 * 3600)

    assert "None." in desk.get("grant/").text


def test_there_is_nothing_to_add_or_to_change_about_a_grant(desk: Desk) -> None:
    assert desk.get("grant/add/").status_code == 404
    assert desk.get(f"grant/{'0' * 64}/change/").status_code == 404
    assert "grant/add" not in desk.browser.get("/admin/").text
