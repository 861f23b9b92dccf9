"""Audiences where tokens are judged: at a protected resource, and by introspection."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from authlib.oauth2 import OAuth2Error

from oauthstore_core.backends import Backend
from oauthstore_core.http import HttpRequest
from oauthstore_core.oauth2.registration import InvalidClientMetadataError
from oauthstore_core.oauth2.resource import ResourceProtector, Scopes

from .world import Answer, Party, World, bearer

API = "https://api.example.com"
MAIL = "https://mail.example.com/v1"
INACTIVE = b'{"active":false}'


@pytest.fixture
def world(backend: Backend) -> World:
    return World(backend, resources=[API, MAIL])


def _protector(world: World, resource: str | None = API) -> ResourceProtector:
    return ResourceProtector(world.stores, world.clock, resource=resource)


def _refusal(protector: ResourceProtector, request: HttpRequest, scopes: Scopes = None) -> Answer:
    with pytest.raises(OAuth2Error) as caught:
        protector.validate(request, scopes)
    return Answer(protector.create_error_response(caught.value))


def _token(world: World, *resources: str, scope: str = "profile email") -> str:
    token: str = world.issue(world.register(), resource=resources, scope=scope)["access_token"]
    return token


# --- the protector ---


@pytest.mark.parametrize("resources", [(API,), (MAIL, API)])
def test_a_token_that_names_the_resource_is_accepted(
    world: World, resources: tuple[str, ...]
) -> None:
    token = _protector(world).validate(bearer(_token(world, *resources)), "profile")

    assert token.audience == resources


@pytest.mark.parametrize("resources", [(MAIL,), ()], ids=["another's", "nobody's"])
def test_a_token_that_does_not_name_the_resource_is_an_invalid_token(
    world: World, resources: tuple[str, ...]
) -> None:
    foreign = _refusal(_protector(world), bearer(_token(world, *resources)))
    unknown = _refusal(_protector(world), bearer("unknown"))

    assert foreign.outcome == (401, "invalid_token")
    assert foreign.headers == unknown.headers
    assert foreign.json == unknown.json


def test_the_audience_is_judged_before_the_scope(world: World) -> None:
    request = bearer(_token(world, MAIL, scope="email"))

    assert _refusal(_protector(world), request, "profile").outcome == (401, "invalid_token")


def test_the_operator_is_told_that_the_token_was_for_another_resource(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="oauthstore.refusals")

    _refusal(_protector(world), bearer(_token(world, MAIL)))

    assert "the token does not name this resource" in caplog.text


@pytest.mark.parametrize("resources", [(API,), (MAIL, API), ()])
def test_a_protector_without_resource_accepts_every_token(
    world: World, resources: tuple[str, ...]
) -> None:
    assert _protector(world, None).validate(bearer(_token(world, *resources)))


def test_a_narrowed_token_is_refused_where_its_grant_would_do(world: World) -> None:
    party = world.register()
    code = world.code(party, resource=[API, MAIL])
    token = world.redeem(party, code, resource=MAIL).json["access_token"]

    assert _refusal(_protector(world), bearer(token)).status == 401
    assert _protector(world, MAIL).validate(bearer(token))


@pytest.mark.parametrize("resource", ["", "api", "https://", f"{API}#x", "https://bücher.example"])
def test_a_protector_s_resource_is_an_absolute_uri(world: World, resource: str) -> None:
    with pytest.raises(ValueError, match="protector of the resource"):
        _protector(world, resource)


# --- scopes, as Authlib's protector takes them ---


@pytest.mark.parametrize(
    ("scopes", "reaches"),
    [
        (None, True),
        ("", True),
        ([], True),
        ("profile", True),
        ("admin", False),
        ("email profile", True),
        ("profile admin", False),
        (["admin", "profile"], True),
        (["admin", "profile email"], True),
        (["admin", "profile admin"], False),
        (("admin",), False),
        (lambda held: "admin" not in held, True),
        (lambda held: held >= {"profile", "email"}, True),
        (lambda held: "prof" in held, False),
        (lambda held: len(held) > 2, False),
    ],
)
def test_entries_are_alternatives_their_words_are_all_needed_and_a_function_decides(
    world: World, scopes: Scopes, *, reaches: bool
) -> None:
    request = bearer(_token(world, API))

    if reaches:
        assert _protector(world).validate(request, scopes)
    else:
        assert _refusal(_protector(world), request, scopes).outcome == (403, "insufficient_scope")


def test_a_function_that_refuses_names_no_scope_in_the_challenge(world: World) -> None:
    answer = _refusal(_protector(world), bearer(_token(world, API)), lambda _: False)

    assert answer.headers["www-authenticate"] == (
        'Bearer realm="oauthstore", error="insufficient_scope"'
    )


def test_a_function_is_not_asked_about_a_token_that_is_not_valid(world: World) -> None:
    asked: list[Collection[str]] = []
    token = _token(world, API)
    world.clock.advance(3600)

    _refusal(_protector(world), bearer(token), lambda held: not asked.append(held))

    assert asked == []


# --- introspection ---


@pytest.mark.parametrize(
    ("resources", "audience"), [((API,), API), ((API, MAIL), [API, MAIL]), ((), None)]
)
def test_introspection_tells_the_audience(
    world: World, resources: tuple[str, ...], audience: str | list[str] | None
) -> None:
    party = world.register()
    tokens = world.issue(party, resource=resources)

    assert world.introspect(party, tokens["access_token"]).json.get("aud") == audience
    assert "aud" not in world.introspect(party, tokens["refresh_token"]).json


def _learns(world: World, resource_server: Party, *resources: str) -> bool:
    answer = world.introspect(resource_server, _token(world, *resources))
    active: bool = answer.json["active"]
    assert active or answer.response.body == INACTIVE
    return active


def test_row_33_a_resource_server_learns_of_the_tokens_that_name_it(world: World) -> None:
    mail = world.register(resource_server=True, resources=[MAIL])

    assert _learns(world, mail, MAIL)
    assert _learns(world, mail, API, MAIL)
    assert not _learns(world, mail, API)


def test_row_33_a_token_that_names_no_resource_is_for_every_resource_server(world: World) -> None:
    mail = world.register(resource_server=True, resources=[MAIL])

    assert _learns(world, mail)


def test_row_33_a_resource_server_without_resources_learns_of_every_access_token(
    world: World,
) -> None:
    anywhere = world.register(resource_server=True)

    assert _learns(world, anywhere, API)
    assert _learns(world, anywhere, MAIL)


def test_a_token_s_own_client_may_know_whatever_it_is_for(world: World) -> None:
    party = world.register(resource_server=True, resources=[MAIL])
    token = world.issue(party, resource=API)["access_token"]

    assert world.introspect(party, token).json["aud"] == API


def test_being_a_resource_gives_a_client_no_right_to_introspect(world: World) -> None:
    with pytest.raises(InvalidClientMetadataError, match="resource server"):
        world.register(resources=[MAIL])


def test_metadata_cannot_make_a_client_the_server_of_a_resource(world: World) -> None:
    party = world.register()
    world.change(party, resources=[MAIL], resource_server=True)

    assert not _learns(world, party, MAIL)


@pytest.mark.parametrize("resource", ["", "api", f"{MAIL}#x", 'https://x/"', "https://é.example"])
def test_a_resource_server_s_resources_are_absolute_uris(world: World, resource: str) -> None:
    with pytest.raises(InvalidClientMetadataError, match="resource"):
        world.register(resource_server=True, resources=[resource])
