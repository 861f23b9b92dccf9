"""Security checklist rows 17 to 21: who a request at the token endpoint is from."""

from __future__ import annotations

import json
from dataclasses import replace
from urllib.parse import quote_plus

import pytest

from oauthstore_core.oauth2 import clients
from oauthstore_core.oauth2.clients import verify_secret
from oauthstore_core.sealing import KeyRing

from .world import NOW, SECRET_KEY, Party, World, basic, raw_basic

CC = {"grant_type": "client_credentials"}
REFUSAL = b'{"error":"invalid_client","error_description":"Client authentication failed."}'
ODD = ["a:b", "100%", "a+b", "x&y=z", "with space", "%41", "naïve \N{KEY}", '"\\', "~!@#$^*()"]


def test_row_17_parameters_and_credentials_in_the_query_do_not_count(world: World) -> None:
    party = world.register()
    query = f"client_id={party.client_id}&client_secret={party.client_secret}"

    in_query = world.post_token(b"", query=f"grant_type=client_credentials&{query}")
    half = world.post_token(CC, query=query)
    scoped = world.post_token(CC, party.headers, query="scope=profile&grant_type=x")

    assert in_query.outcome == (400, "invalid_request")
    assert half.outcome == (401, "invalid_client")
    assert scoped.json["scope"] == "profile email"


def test_row_17_only_a_form_is_read(world: World) -> None:
    party = world.register()
    as_json = json.dumps(CC).encode()

    answer = world.post_token(as_json, {**party.headers, "Content-Type": "application/json"})

    assert answer.outcome == (400, "invalid_request")
    assert "application/x-www-form-urlencoded" in answer.json["error_description"]


def test_row_18_two_methods_in_one_request_are_refused(world: World) -> None:
    party = world.register()
    assert party.client_secret is not None
    twice = {**CC, "client_id": party.client_id, "client_secret": party.client_secret}

    assert world.post_token(twice, party.headers).outcome == (400, "invalid_request")


def test_row_18_two_clients_in_one_request_are_refused(world: World) -> None:
    party, other = world.register(), world.register()

    named = world.post_token({**CC, "client_id": other.client_id}, party.headers)
    same = world.post_token({**CC, "client_id": party.client_id}, party.headers)

    assert named.outcome == (400, "invalid_request")
    assert same.status == 200


@pytest.mark.parametrize("registered", ["client_secret_basic", "client_secret_post"])
def test_row_18_only_the_registered_method_counts(world: World, registered: str) -> None:
    party = world.register(token_endpoint_auth_method=registered)
    assert party.client_secret is not None
    form = {**CC, "client_id": party.client_id, "client_secret": party.client_secret}

    with_basic, with_post = world.post_token(CC, party.headers), world.post_token(form)

    right, wrong = (with_basic, with_post) if registered.endswith("c") else (with_post, with_basic)
    assert right.status == 200
    assert (wrong.status, wrong.response.body) == (401, REFUSAL)


def test_row_18_a_confidential_client_does_not_get_by_with_its_name(world: World) -> None:
    party = world.register()

    answer = world.post_token({**CC, "client_id": party.client_id})

    assert answer.outcome == (401, "invalid_client")


def test_row_18_a_public_client_that_sends_a_secret_is_refused(world: World) -> None:
    public = world.register_public()
    form = {"grant_type": "refresh_token", "refresh_token": "rt_x", "client_id": public.client_id}

    assert world.post_token({**form, "client_secret": "guess"}).outcome == (401, "invalid_client")
    assert world.post_token(form, basic(public.client_id, "guess")).error == "invalid_client"
    assert world.post_token(form).outcome == (400, "invalid_grant")


@pytest.mark.parametrize("secret", ODD)
def test_row_19_basic_credentials_are_form_decoded(world: World, secret: str) -> None:
    party = world.register(client_id='odd: 100%+"id"', client_secret=secret)

    assert world.post_token(CC, basic(party.client_id, secret)).status == 200


@pytest.mark.parametrize("secret", ["a+b", "100%41"])
def test_row_19_basic_credentials_that_were_not_encoded_are_other_credentials(
    world: World, secret: str
) -> None:
    party = world.register(client_secret=secret)

    answer = world.post_token(CC, raw_basic(f"{party.client_id}:{secret}".encode()))

    assert answer.outcome == (401, "invalid_client")


@pytest.mark.parametrize(
    "header",
    [
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic YWJj",
        "Basic " + "A" * 70_000,
        "Basic \xff\xfe",
        "Bearer abc",
        "Digest username=x",
        raw_basic(b"\xff\xfe:secret")["Authorization"],
        raw_basic(b"id:%FF")["Authorization"],
        raw_basic(b"id:%ED%A0%80")["Authorization"],
        raw_basic(b"no-colon")["Authorization"],
        raw_basic(b":secret")["Authorization"],
        raw_basic(b"id:")["Authorization"],
        raw_basic(b"id:se\x00cret")["Authorization"],
        raw_basic(b"id:secret")["Authorization"] + ", " + raw_basic(b"id:other")["Authorization"],
    ],
)
def test_row_21_a_malformed_header_is_answered_like_a_wrong_one(world: World, header: str) -> None:
    answer = world.post_token(CC, {"Authorization": header})

    assert (answer.status, answer.response.body) == (401, REFUSAL)
    assert answer.headers["www-authenticate"].startswith('Basic realm="')


def test_row_20_unknown_client_and_wrong_secret_are_answered_alike(world: World) -> None:
    party = world.register()

    unknown = world.post_token(CC, basic("nobody", "wrong"))
    wrong = world.post_token(CC, basic(party.client_id, "wrong"))

    assert unknown.response.headers == wrong.response.headers
    assert unknown.response.body == wrong.response.body == REFUSAL
    assert unknown.status == wrong.status == 401


def test_row_20_unknown_client_and_wrong_secret_cost_the_same_comparisons(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, compared = World(), []
    party = world.register()
    compare = clients.digests_equal
    monkeypatch.setattr(clients, "digests_equal", lambda a, b: compared.append(a) or compare(a, b))

    world.post_token(CC, basic("nobody", "wrong"))
    unknown = len(compared)
    world.post_token(CC, basic(party.client_id, "wrong"))

    assert unknown == len(compared) - unknown == 1


def test_a_client_without_any_secret_cannot_authenticate_with_one(world: World) -> None:
    party = world.register()
    stored = world.stores.clients.query_client(party.client_id)
    assert stored is not None
    bare = json.dumps({**json.loads(stored.payload), "secret_digests": []})
    world.stores.clients.save_client(replace(stored, payload=bare))

    # What is compared with where there is no client.
    answer = world.post_token(CC, basic(party.client_id, "no such client"))

    assert answer.outcome == (401, "invalid_client")


def test_an_algorithm_that_is_not_known_verifies_nothing() -> None:
    ring, secret = KeyRing([SECRET_KEY]), "plain"
    plain = [{"algorithm": "none", "digest": secret}, {"algorithm": "", "digest": secret}]

    assert not verify_secret(ring, secret, plain)


def test_the_digest_of_one_algorithm_is_not_taken_for_the_other_s() -> None:
    ring = KeyRing([SECRET_KEY])
    keyed = ring.keyed_digests(clients.SECRET_PURPOSE, "imported")[0]

    assert verify_secret(ring, "imported", [{"algorithm": "hmac-sha-256", "digest": keyed}])
    assert not verify_secret(ring, "imported", [{"algorithm": "sha-256", "digest": keyed}])
    assert not verify_secret(ring, keyed, [{"algorithm": "hmac-sha-256", "digest": keyed}])


def test_an_imported_secret_outlives_the_rotation_of_the_key_ring(world: World) -> None:
    party = world.register(client_secret="weak")
    newer = "second-secret-key-of-forty-characters-002"

    rotated = World(world.backend, secret_keys=[newer, SECRET_KEY])
    retired = World(world.backend, secret_keys=[newer])

    assert rotated.client_credentials(party).status == 200
    assert retired.client_credentials(party).outcome == (401, "invalid_client")


def test_row_24_an_imported_secret_is_stored_under_a_key_a_generated_one_as_digest(
    world: World,
) -> None:
    imported, generated = world.register(client_secret="weak"), world.register()

    for party, algorithm in ((imported, "hmac-sha-256"), (generated, "sha-256")):
        stored = world.stores.clients.query_client(party.client_id)
        assert stored is not None
        assert party.client_secret is not None
        assert party.client_secret not in stored.payload
        assert json.loads(stored.payload)["secret_digests"][0]["algorithm"] == algorithm


def test_two_secrets_may_overlap(world: World) -> None:
    old, new = world.register(), world.register()
    stored = [world.stores.clients.query_client(party.client_id) for party in (old, new)]
    assert stored[0] is not None
    assert stored[1] is not None
    payloads = [json.loads(client.payload) for client in stored if client is not None]
    payloads[0]["secret_digests"] += payloads[1]["secret_digests"]
    world.stores.clients.save_client(replace(stored[0], payload=json.dumps(payloads[0])))

    assert world.client_credentials(old).status == 200
    assert world.client_credentials(Party(old.client_id, new.client_secret)).status == 200


def test_row_57_a_client_is_expired_at_its_last_second(world: World) -> None:
    party = world.register()
    stored = world.stores.clients.query_client(party.client_id)
    assert stored is not None
    world.stores.clients.save_client(replace(stored, expires_at=NOW + 10))

    world.clock.advance(9)
    before = world.client_credentials(party).outcome
    world.clock.advance(1)

    assert before == (200, None)
    assert world.client_credentials(party).outcome == (401, "invalid_client")
    assert world.authorize(party).outcome == (400, "invalid_client")


@pytest.mark.parametrize("name", ["$ne", '{"$ne": null}', "[$gt]", "a" * 70_000, "*", "x'--"])
def test_row_45_a_client_id_is_a_string_whatever_it_looks_like(world: World, name: str) -> None:
    world.register()

    assert world.post_token(CC, basic(name, "wrong")).response.body == REFUSAL
    assert world.post_token({**CC, "client_id": name}).response.body == REFUSAL


def test_row_45_a_parameter_with_an_operator_in_its_name_is_another_parameter(
    world: World,
) -> None:
    party = world.register()
    name = quote_plus("client_secret[$ne]")

    answer = world.post_token(
        f"grant_type=client_credentials&client_id={party.client_id}&{name}=x".encode()
    )

    assert answer.outcome == (401, "invalid_client")
