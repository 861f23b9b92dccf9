"""Secrets that overlap, and metadata that changes; tokens that were issued stay."""

from __future__ import annotations

from typing import Any

import pytest

from oauthstore_core.errors import ConflictError
from oauthstore_core.oauth2.client_changes import RotatedSecret, rotate_secret, update_client
from oauthstore_core.oauth2.registration import (
    InvalidClientMetadataError,
    InvalidRedirectUriError,
    Registration,
)
from oauthstore_core.records import Client

from .world import CALLBACK, NOW, Party, World

DAY = 24 * 60 * 60


def stored(world: World, party: Party) -> Client:
    found = world.stores.clients.query_client(party.client_id)
    assert found is not None
    return found


def rotate(world: World, party: Party, overlap: int = DAY) -> RotatedSecret:
    client = stored(world, party)
    return rotate_secret(world.stores.clients, client, clock=world.clock, overlap=overlap)


def update(world: World, party: Party, changes: dict[str, Any], **options: Any) -> Registration:
    client = stored(world, party)
    return update_client(world.stores.clients, client, changes, clock=world.clock, **options)


def with_secret(party: Party, rotated: RotatedSecret) -> Party:
    return Party(party.client_id, rotated.registration.client_secret)


def test_the_secret_before_works_until_the_told_second_and_not_at_it(world: World) -> None:
    old = world.register()
    rotated = rotate(world, old)
    new = with_secret(old, rotated)

    world.clock.advance(DAY - 1)
    before = world.client_credentials(old).status
    world.clock.advance(1)

    assert rotated.previous_expires_at == NOW + DAY
    assert before == 200
    assert world.client_credentials(old).outcome == (401, "invalid_client")
    assert world.client_credentials(new).status == 200


def test_without_an_overlap_the_secret_before_ends_at_once(world: World) -> None:
    old = world.register()
    rotated = rotate(world, old, overlap=0)

    assert rotated.previous_expires_at is None
    assert world.client_credentials(old).status == 401
    assert world.client_credentials(with_secret(old, rotated)).status == 200


def test_at_most_two_secrets_are_valid(world: World) -> None:
    first = world.register()
    second = with_secret(first, rotate(world, first))
    third = with_secret(first, rotate(world, first))

    statuses = [world.client_credentials(party).status for party in (first, second, third)]

    assert statuses == [401, 200, 200]


def test_an_imported_secret_overlaps_too(world: World) -> None:
    old = world.register(client_secret="weak")
    new = with_secret(old, rotate(world, old))

    assert [world.client_credentials(party).status for party in (old, new)] == [200, 200]


def test_row_24_a_rotated_secret_is_nowhere_stored(world: World) -> None:
    party = world.register()
    rotated = rotate(world, party)
    secret = rotated.registration.client_secret

    assert secret
    assert secret not in stored(world, party).payload + repr(rotated)


def test_of_two_rotations_that_meet_one_changes_nothing(world: World) -> None:
    party = world.register()
    read = stored(world, party)
    rotated = rotate(world, party)

    with pytest.raises(ConflictError):
        rotate_secret(world.stores.clients, read, clock=world.clock, overlap=DAY)

    assert world.client_credentials(with_secret(party, rotated)).status == 200
    assert world.client_credentials(party).status == 200


def test_a_public_client_has_no_secret_to_rotate(world: World) -> None:
    with pytest.raises(InvalidClientMetadataError, match="public client"):
        rotate(world, world.register_public())


def test_what_is_not_named_stays(world: World) -> None:
    party = world.register(client_name="Before", client_uri="https://client.example")

    changed = update(world, party, {"client_name": "After", "client_uri": None}).information()

    assert changed["client_name"] == "After"
    assert "client_uri" not in changed
    assert changed["redirect_uris"] == [CALLBACK]
    assert world.client_credentials(party).status == 200


def test_the_response_types_follow_the_grant_types(world: World) -> None:
    party = world.register()

    changed = update(world, party, {"grant_types": ["client_credentials"]}).information()

    assert changed["response_types"] == []
    assert world.client_credentials(party).status == 200


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"redirect_uris": ["http://evil.example/cb"]}, InvalidRedirectUriError),
        ({"redirect_uris": None}, InvalidRedirectUriError),
        ({"scope": '"'}, InvalidClientMetadataError),
        ({"grant_types": ["password"]}, InvalidClientMetadataError),
        ({"client_secret": "x"}, InvalidClientMetadataError),
    ],
)
def test_what_cannot_be_registered_cannot_be_changed_to(
    world: World, changes: dict[str, Any], error: type[Exception]
) -> None:
    party = world.register()
    before = stored(world, party)

    with pytest.raises(error):
        update(world, party, changes)

    assert stored(world, party) == before


def test_a_client_that_becomes_confidential_gets_a_secret_and_loses_it_again(
    world: World,
) -> None:
    public = world.register_public()

    made = update(world, public, {"token_endpoint_auth_method": "client_secret_basic"})
    again = update(world, public, {"client_name": "x"})
    unmade = update(world, public, {"token_endpoint_auth_method": "none"})

    assert made.client_secret
    assert again.client_secret is None
    assert unmade.client_secret is None
    assert "secret_digests" not in unmade.client.payload


def test_a_resource_server_that_is_one_no_more_has_no_resources(world: World) -> None:
    party = world.register()
    update(world, party, {}, resource_server=True, resources=["urn:a:b"])

    with pytest.raises(InvalidClientMetadataError):
        update(world, party, {}, resource_server=False, resources=["urn:a:b"])
    changed = update(world, party, {}, resource_server=False)

    assert "urn:a:b" not in changed.client.payload
