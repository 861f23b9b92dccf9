"""Security checklist row 1: redirect URIs."""

from __future__ import annotations

import pytest

from oauthstore_core.oauth2.redirect_uris import is_loopback_host, matches, problem_with
from oauthstore_core.oauth2.redirect_uris import with_parameters as with_

from .world import CALLBACK, World

REGISTERED = [CALLBACK, "http://127.0.0.1/cb?x=1", "http://[::1]:9/", "com.example.app:/cb"]


@pytest.mark.parametrize("uri", REGISTERED)
def test_row_1_what_is_registered_matches(uri: str) -> None:
    assert matches(uri, REGISTERED)


@pytest.mark.parametrize(
    "uri",
    [
        "https://client.example/cb/",
        "https://client.example/cb?",
        "https://client.example/cb?x",
        "https://client.example/cb#",
        "https://client.example/cb#f",
        "https://client.example/CB",
        "https://client.example/c%62",
        "https://client.example/x/../cb",
        "https://client.example//cb",
        "https://CLIENT.example/cb",
        "https://client.example:443/cb",
        "https://client.example:8443/cb",
        "https://client.example./cb",
        "https://client.example@evil.example/cb",
        "https://evil.example@client.example/cb",
        "https://client.example\\@evil.example/cb",
        "https://client.example/cb%0A",
        "https://client.example/cb\n",
        "https://client.example/c\tb",
        " https://client.example/cb",
        "https://client.example/cb ",
        "http://client.example/cb",
        "HTTPS://client.example/cb",
        "//client.example/cb",
        "client.example/cb",
        "com.example.app:/cb2",
        "com.example.app://cb",
        "javascript:alert(1)",
        "",
    ],
)
def test_row_1_what_differs_in_one_character_does_not_match(uri: str) -> None:
    assert not matches(uri, REGISTERED)


@pytest.mark.parametrize(
    "uri", ["http://127.0.0.1:1/cb?x=1", "http://127.0.0.1:65535/cb?x=1", "http://[::1]/"]
)
def test_row_1_on_loopback_the_port_may_differ(uri: str) -> None:
    assert matches(uri, REGISTERED)


@pytest.mark.parametrize(
    "uri",
    [
        "http://127.0.0.1:80",
        "http://127.0.0.1:80/cb",
        "http://127.0.0.1:80/cb?x=1#",
        "http://127.0.0.1:80/cb?x=1#f",
        "http://127.0.0.1:80/cb?x=1?",
        "http://127.0.0.1:80/cb?x=1&y",
        "http://127.0.0.1:80/cb?x=%31",
        "http://127.0.0.1:80/cb;p?x=1",
        "http://127.0.0.1:65536/cb?x=1",
        "http://127.0.0.1:-1/cb?x=1",
        "http://127.0.0.1:8 0/cb?x=1",
        "http://127.0.0.1:80@evil.example/cb?x=1",
        "http://evil.example:80@127.0.0.1/cb?x=1",
        "http://127.0.0.1:80\\@evil.example/cb?x=1",
        "http://127.0.0.1:80/\tcb?x=1",
        "http://127.0.0.1:80/cb?x=1\n",
        "http://127.0.0.2/cb?x=1",
        "http://localhost/cb?x=1",
        "https://127.0.0.1/cb?x=1",
        "http://127.0.0.1.evil.example/cb?x=1",
        "http://127.1/cb?x=1",
        "http://[::1]:1",
        "http://[::1",
    ],
)
def test_row_1_on_loopback_nothing_but_the_port_may_differ(uri: str) -> None:
    assert not matches(uri, REGISTERED)


def test_row_1_a_registered_port_elsewhere_is_fixed() -> None:
    assert not matches("https://client.example:1/cb", ["https://client.example:2/cb"])


@pytest.mark.parametrize(
    "uri",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "vbscript:x",
        "app:/cb",
        "http://client.example/cb",
        "http://127.0.0.1.evil.example/cb",
        "https://",
        "https:///cb",
        "https://a@b.example/",
        "https://b.example/#f",
        "https://b.example/#",
        "https://b.example/é",
        "https://b.example/\r\nSet-Cookie:x",
        "https://b.example/a b",
        'https://b.example/"',
        "https://b.example\\@evil.example/",
        "https://b.example:99999/",
        "https://[::1/",
        "https://b.example/" + "x" * 2048,
        "cb",
        "",
    ],
)
def test_row_40_what_is_no_safe_redirect_uri_cannot_be_registered(uri: str) -> None:
    assert problem_with(uri) is not None


@pytest.mark.parametrize("uri", [*REGISTERED, "https://c.example/cb?a=%FF&b", "http://localhost/"])
def test_row_40_a_safe_redirect_uri_can_be_registered(uri: str) -> None:
    assert problem_with(uri) is None


@pytest.mark.parametrize(
    ("uri", "added"),
    [
        ("https://c.example/cb", "https://c.example/cb?code=x"),
        ("https://c.example/cb?a=b%20c&d", "https://c.example/cb?a=b%20c&d&code=x"),
        ("https://c.example/cb?sig=%FF%2f;p", "https://c.example/cb?sig=%FF%2f;p&code=x"),
        ("https://c.example/cb?", "https://c.example/cb?code=x"),
        ("com.example.app:/cb", "com.example.app:/cb?code=x"),
        ("https://c.example/cb#token=y", "https://c.example/cb#token=y&code=x"),
    ],
)
def test_parameters_are_added_and_all_else_is_kept_to_the_letter(uri: str, added: str) -> None:
    assert with_(uri, [("code", "x")]) == added


@pytest.mark.parametrize("uri", ["https://c.example/cb?sig=%FF%2f&flag", "com.example.app:/cb?x"])
def test_row_1_the_answer_goes_to_the_redirect_uri_as_it_is_registered(
    world: World, uri: str
) -> None:
    party = world.register(redirect_uris=[uri])

    for user in ({}, {"user": None}):
        answer = world.authorize(party, redirect_uri=uri, **user)  # type: ignore[arg-type]
        assert (answer.response.location or "").startswith(uri + "&")


@pytest.mark.parametrize("port", [1, 8080, 65535])
def test_row_1_a_native_app_gets_its_code_at_the_port_that_it_listens_on(
    world: World, port: int
) -> None:
    party = world.register_public(redirect_uris=["http://127.0.0.1/cb"])
    uri = f"http://127.0.0.1:{port}/cb"

    answer = world.authorize(party, redirect_uri=uri)

    assert (answer.response.location or "").startswith(uri + "?code=")
    assert world.redeem(party, answer.code, redirect_uri=uri).status == 200


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.10", "::1"])
def test_this_machine_is_loopback(host: str) -> None:
    assert is_loopback_host(host)


@pytest.mark.parametrize(
    "host", ["LOCALHOST", "localhost.evil.example", "10.0.0.1", "0.0.0.1", "2130706433", "", None]
)
def test_no_other_host_is_loopback(host: str | None) -> None:
    assert not is_loopback_host(host)
