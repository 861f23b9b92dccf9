"""From temporary credentials to a signed resource request (RFC 5849 section 2)."""

from __future__ import annotations

import json

import pytest
from authlib.oauth1.rfc5849.errors import AccessDeniedError, InvalidTokenError, OAuth1Error
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from oauthstore_core.oauth2.management import delete_client, live_grants
from oauthstore_core.oauth2.resource_owner import ResourceOwner
from oauthstore_core.records import TokenState

from .conftest import pem_of
from .signer import Signer, request
from .world import ALICE, AUTHORIZE, CALLBACK, METHODS, NOW, World, authorization, with_token

BOB = ResourceOwner("bob")


def signer_of(world: World, method: str, key: RSAPrivateKey) -> Signer:
    """Return a client registered for one signature method."""
    if not method.startswith("RSA-"):
        return world.register(method=method)
    registered = world.register(rsa_public_key=pem_of(key))
    return Signer(registered.client_id, method=method, key=key)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("place", ["header", "query", "body"])
def test_a_client_gets_token_credentials_and_signs_with_them(
    world: World, method: str, place: str, private_key: RSAPrivateKey
) -> None:
    plain = signer_of(world, method, private_key)
    signer = Signer(plain.client_id, plain.client_secret, method=method, key=plain.key, place=place)

    token = world.issue(signer)
    found = world.validate(token.sign("POST", "https://api.example.com/x?a=1", NOW, body="b=2"))

    assert (found.client_id, found.subject) == (signer.client_id, "alice")
    assert found.user.get_user_id() == "alice"
    assert found.user.auth_time == ALICE.auth_time


def test_temporary_credentials_are_answered_as_the_rfc_says(world: World) -> None:
    answer = world.initiate(world.register())

    assert answer.status == 200
    assert set(answer.form) == {"oauth_token", "oauth_token_secret", "oauth_callback_confirmed"}
    assert answer.form["oauth_callback_confirmed"] == "true"
    assert answer.headers["content-type"] == "application/x-www-form-urlencoded"
    assert answer.headers["cache-control"] == "no-store"


def test_the_callback_hears_of_token_and_verifier_and_keeps_its_own_query(world: World) -> None:
    callback = "https://client.example/cb?state=a%20b%26c"
    temporary = world.begin(world.register(), oauth_callback=callback)

    answer = world.authorize(temporary)

    assert answer.status == 302
    location = answer.response.location or ""
    assert location.startswith(f"{callback}&oauth_token={temporary.token}&oauth_verifier=")


def test_a_client_without_callback_is_shown_the_verifier(world: World) -> None:
    temporary = world.begin(world.register(), oauth_callback="oob")

    answer = world.authorize(temporary)
    typed = f" {answer.response.body.decode().replace('-', '').lower()} "

    assert (answer.status, answer.response.location) == (200, None)
    assert world.exchange(temporary, typed).status == 200


def test_the_page_is_told_who_asks(world: World) -> None:
    signer = world.register()
    temporary = world.begin(signer)

    asked = world.server.check_authorization_request(authorization(temporary, "GET"))

    assert asked.client.client_name == "Printer"
    assert asked.credential.get_redirect_uri() == CALLBACK


def test_the_token_may_be_in_the_consent_form_too(world: World) -> None:
    temporary = world.begin(world.register())
    asked = authorization(temporary)
    repeated = request(
        "POST",
        f"{AUTHORIZE}?{asked.query_string}",
        body=f"oauth_token={temporary.token}&granted=yes".encode(),
        headers=[("Content-Type", "application/x-www-form-urlencoded")],
    )

    assert world.server.create_authorization_response(repeated, ALICE).status == 302


def test_another_token_in_the_consent_form_is_refused(world: World) -> None:
    shown, other = (world.begin(world.register()) for _ in range(2))
    forged = request(
        "POST",
        f"{AUTHORIZE}?oauth_token={shown.token}",
        body=f"oauth_token={other.token}".encode(),
        headers=[("Content-Type", "application/x-www-form-urlencoded")],
    )

    with pytest.raises(OAuth1Error, match="duplicated_oauth_protocol_parameter"):
        world.server.create_authorization_response(forged, ALICE)


# --- decided once ---


def test_only_the_first_decision_counts(world: World) -> None:
    temporary = world.begin(world.register())
    verifier = world.verifier(temporary)

    with pytest.raises(InvalidTokenError):
        world.authorize(temporary, BOB)
    with pytest.raises(InvalidTokenError):
        world.authorize(temporary, None)
    token = with_token(temporary, world.exchange(temporary, verifier))

    assert world.fetch(token).subject == "alice"


def test_a_denial_is_told_and_final(world: World) -> None:
    temporary = world.begin(world.register())

    told = world.authorize(temporary, None)

    assert (told.form["error"], told.form["oauth_token"]) == ("access_denied", temporary.token)
    with pytest.raises(InvalidTokenError):
        world.authorize(temporary)
    assert world.exchange(temporary, "guessed").outcome == (401, "invalid_token")


def test_a_denial_for_a_client_without_callback_is_shown(world: World) -> None:
    temporary = world.begin(world.register(), oauth_callback="oob")

    with pytest.raises(AccessDeniedError):
        world.authorize(temporary, None)
    with pytest.raises(InvalidTokenError):
        world.authorize(temporary)


def test_a_temporary_credential_ends_in_time(world: World) -> None:
    late, later = (world.begin(world.register()) for _ in range(2))
    verifier = world.verifier(late)

    world.clock.advance(world.settings.lifetimes.temporary_credential)

    with pytest.raises(InvalidTokenError):
        world.authorize(later)
    assert world.exchange(late, verifier).outcome == (401, "invalid_token")


# --- exchanged once ---


def test_a_second_exchange_revokes_what_the_first_gave(world: World) -> None:
    temporary = world.begin(world.register())
    verifier = world.verifier(temporary)
    token = with_token(temporary, world.exchange(temporary, verifier))

    assert world.exchange(temporary, verifier).outcome == (401, "invalid_token")
    assert not world.is_alive(token)


def test_the_same_request_again_is_a_replay_and_revokes_nothing(world: World) -> None:
    temporary = world.begin(world.register())
    asked = temporary.sign(
        "POST", f"{AUTHORIZE[:-9]}token", NOW, oauth_verifier=world.verifier(temporary)
    )
    token = with_token(temporary, world.send(asked))

    assert world.send(asked).outcome == (401, "invalid_nonce")
    assert world.is_alive(token)


def test_a_used_credential_with_a_wrong_verifier_revokes_nothing(world: World) -> None:
    temporary = world.begin(world.register())
    token = with_token(temporary, world.exchange(temporary, world.verifier(temporary)))

    assert world.exchange(temporary, "wrong").outcome == (400, "invalid_request")
    assert world.is_alive(token)


@pytest.mark.parametrize("verifier", ["wrong", "", None, "é", "x" * 5000])
def test_a_wrong_verifier_uses_nothing_up(world: World, verifier: str | None) -> None:
    temporary = world.begin(world.register())
    right = world.verifier(temporary)

    assert world.exchange(temporary, verifier).status == 400
    assert world.exchange(temporary, right).status == 200


def test_nobody_who_has_not_signed_learns_whether_a_verifier_is_right(world: World) -> None:
    temporary = world.begin(world.register())
    right = world.verifier(temporary)
    forger = Signer(temporary.client_id, "guessed", temporary.token)

    answers = {world.exchange(forger, each).outcome for each in (right, "wrong")}

    assert answers == {(401, "invalid_signature")}


def test_nothing_is_issued_for_somebody_who_is_gone() -> None:
    users: dict[str, object] = {"alice": ALICE}
    world = World(load_user=users.get)
    temporary = world.begin(world.register())
    verifier = world.verifier(temporary)

    users.clear()

    assert world.exchange(temporary, verifier).outcome == (401, "invalid_token")
    users["alice"] = ALICE
    assert world.exchange(temporary, verifier).status == 200


def test_a_used_credential_answers_for_its_use_for_a_day(world: World) -> None:
    temporary = world.begin(world.register())
    verifier = world.verifier(temporary)
    token = with_token(temporary, world.exchange(temporary, verifier))
    world.clock.advance(24 * 3600)
    world.stores.credentials.purge_credentials(world.clock.now(), 100)

    assert world.exchange(temporary, verifier).outcome == (401, "invalid_token")
    assert not world.is_alive(token)


def test_what_nobody_authorized_is_purged_after_a_day(world: World) -> None:
    world.begin(world.register())
    world.clock.advance(24 * 3600 + world.settings.lifetimes.temporary_credential)

    assert world.stores.credentials.purge_credentials(world.clock.now(), 100).count == 1


# --- the same grants as in OAuth 2 ---


def test_a_token_credential_is_a_grant_like_any_other(world: World) -> None:
    signer = world.register()
    token = world.issue(signer)

    (grant,) = live_grants(world.server, signer.client_id, "alice")

    assert (grant.keep_until, grant.granted_at) == (None, NOW)
    assert world.fetch(token).grant.grant_id == grant.grant_id


def test_a_token_credential_has_no_end_and_outlives_every_purge(world: World) -> None:
    token = world.issue(world.register())

    world.clock.advance(400 * 24 * 3600)
    now = world.clock.now()
    world.stores.tokens.purge_tokens(now, 100)
    world.stores.credentials.purge_credentials(now, 100)
    world.stores.nonces.purge_nonces(now, 100)

    assert world.is_alive(token)


def test_revoking_the_grant_ends_the_token(world: World) -> None:
    token = world.issue(world.register())

    world.server.revoke_grant(world.fetch(token).grant.grant_id)

    assert not world.is_alive(token)


def test_disconnecting_ends_the_token_and_what_was_being_authorized(world: World) -> None:
    signer = world.register()
    token, temporary = world.issue(signer), world.begin(signer)
    verifier = world.verifier(temporary)

    world.server.revoke_all(client_id=signer.client_id, subject="alice")
    world.clock.advance(world.settings.clock_skew + 1)

    assert not world.is_alive(token)
    assert world.exchange(temporary, verifier).outcome == (401, "invalid_token")


def test_deleting_the_client_ends_its_tokens(world: World) -> None:
    signer = world.register()
    token = world.issue(signer)

    assert delete_client(world.server, signer.client_id) == 1
    assert world.refusal(token.sign("GET", AUTHORIZE, NOW)) == (401, "invalid_client")


def test_a_revoked_grant_stays_revoked_when_the_client_is_registered_anew(world: World) -> None:
    signer = world.register(client_id="c", client_secret="s")
    token = world.issue(signer)

    delete_client(world.server, "c")
    world.register(client_id="c", client_secret="s")

    assert world.refusal(token.sign("GET", AUTHORIZE, NOW)) == (401, "invalid_token")


def test_what_the_store_has_of_a_token_is_its_digest_and_a_seal(world: World) -> None:
    signer = world.register()
    token = world.issue(signer)
    found = world.fetch(token)

    assert found.token.kind == "oauth1"
    assert found.token.state is TokenState.ACTIVE
    assert set(json.loads(found.token.payload)) == {"sealed_secret"}
    assert token.token_secret not in repr(found) + found.token.payload
