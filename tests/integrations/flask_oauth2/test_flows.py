"""Every flow over Flask, as its clients and people see it."""

from __future__ import annotations

import json

import pytest

from oauthstore_core.testing.clock import FakeClock

from ..opened import CLIENT, ask, told
from .site import CALLBACK, Site, decide


def test_the_code_flow_gives_tokens_that_reach_a_protected_route(site: Site) -> None:
    client = site.register()

    tokens = site.issue(client)

    assert tokens["token_type"] == "Bearer"
    assert (tokens["scope"], tokens["expires_in"]) == ("profile", 3600)
    assert site.ask("/profile", tokens["access_token"]).json == {"sub": "alice", "scope": "profile"}


def test_a_public_client_needs_no_secret(site: Site) -> None:
    client = site.register(**CLIENT)

    tokens = site.issue(client)

    assert site.refresh(client, tokens["refresh_token"]).status_code == 200


def test_a_code_is_good_once_and_its_reuse_revokes_what_came_of_it(site: Site) -> None:
    client = site.register()
    code = site.code(client)
    tokens = site.redeem(client, code).json

    again = site.redeem(client, code)

    assert (again.status_code, again.json["error"]) == (400, "invalid_grant")
    assert site.ask("/profile", tokens["access_token"]).status_code == 401


def test_a_refresh_token_rotates_and_its_reuse_revokes_the_grant(site: Site) -> None:
    client = site.register()
    first = site.issue(client)
    second = site.refresh(client, first["refresh_token"]).json
    site.server.clock.advance(60)  # past the grace

    again = site.refresh(client, first["refresh_token"])

    assert second["refresh_token"] != first["refresh_token"]
    assert (again.status_code, again.json["error"]) == (400, "invalid_grant")
    assert not site.is_active(client, second["access_token"])
    assert site.refresh(client, second["refresh_token"]).status_code == 400


def test_within_the_grace_the_same_answer_comes_again(site: Site) -> None:
    client = site.register()
    first = site.issue(client)

    answers = [site.refresh(client, first["refresh_token"]).json for _ in range(2)]

    assert answers[0] == answers[1]


def test_a_client_s_own_token_has_no_subject_and_is_not_refreshed(site: Site) -> None:
    client = site.register()

    answer = site.token(client, "client_credentials", scope="mail").json

    assert "refresh_token" not in answer
    assert site.ask("/function", answer["access_token"]).json == {"sub": None, "scope": "mail"}


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
def test_a_revoked_token_is_inactive_and_a_refresh_token_takes_its_grant(
    site: Site, kind: str
) -> None:
    client = site.register()
    tokens = site.issue(client)
    assert site.is_active(client, tokens[kind])

    answer = site.revoke(client, tokens[kind])

    assert answer.status_code == 200
    assert not site.is_active(client, tokens["access_token"])
    assert site.is_active(client, tokens["refresh_token"]) is (kind == "access_token")


def test_a_token_ends_when_its_time_is_over(site: Site) -> None:
    client = site.register()
    token = site.issue(client)["access_token"]
    assert isinstance(site.server.clock, FakeClock)

    site.server.clock.advance(3601)

    assert site.ask("/profile", token).status_code == 401
    assert not site.is_active(client, token)


def test_a_denial_tells_the_client_with_its_state_and_the_issuer(site: Site) -> None:
    client = site.register()

    answer = decide(site.browser, ask(client.client.client_id), "deny")

    assert answer.location.startswith(CALLBACK + "?")
    assert told(answer.location) == {
        "error": "access_denied",
        "error_description": "The resource owner or authorization server denied the request",
        "state": "xyz",
        "iss": "http://localhost/oauth",
    }


def test_the_question_names_client_scope_and_account(site: Site) -> None:
    client = site.register(client_name="Album")

    page = site.browser.get(ask(client.client.client_id)).text

    assert all(text in page for text in ("Album", "See your name", "alice"))


def test_who_is_not_signed_in_is_told_so(site: Site) -> None:
    client = site.register()

    answer = site.app.test_client().get(ask(client.client.client_id))

    assert answer.status_code == 403


def test_a_form_that_another_person_was_shown_decides_nothing(site: Site) -> None:
    client = site.register()
    url = ask(client.client.client_id)
    other = site.app.test_client()
    other.get("/login/bob")
    page = site.browser.get(url).text
    token = page.partition('name="csrf"')[2].partition('value="')[2].partition('"')[0]
    assert token

    answer = other.post(url, data={"csrf": token, "decision": "allow"})

    assert answer.status_code in (400, 403)
    assert answer.location is None


def test_the_metadata_lies_at_the_root_and_says_what_is_served(site: Site) -> None:
    metadata = site.browser.get("/.well-known/oauth-authorization-server/oauth").json

    assert metadata["issuer"] == "http://localhost/oauth"
    assert metadata["token_endpoint"] == "http://localhost/oauth/token"
    assert metadata["grant_types_supported"] == [
        "authorization_code",
        "refresh_token",
        "client_credentials",
    ]
    assert metadata["response_types_supported"] == ["code"]
    assert metadata["response_modes_supported"] == ["query"]
    assert metadata["code_challenge_methods_supported"] == ["S256"]
    assert metadata["scopes_supported"] == ["profile", "mail"]


def test_answers_are_json_that_no_cache_keeps(site: Site) -> None:
    client = site.register()

    answer = site.token(client, "client_credentials", scope="mail")

    assert answer.mimetype == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert json.loads(answer.text)["scope"] == "mail"
