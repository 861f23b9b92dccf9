"""Security checklist rows 3 to 7, 57: redeeming an authorization code."""

from __future__ import annotations

from typing import Any

import pytest

from .world import ALICE, CALLBACK, NOW, SCOPE, VERIFIER, World

OTHER_VERIFIER = "other-" + "w" * 40


def test_a_code_is_redeemed_for_an_access_and_a_refresh_token(world: World) -> None:
    party = world.register()

    answer = world.redeem(party, world.code(party))

    assert answer.status == 200
    assert answer.headers == {
        "content-type": "application/json",
        "cache-control": "no-store",
        "pragma": "no-cache",
    }
    assert set(answer.json) == {
        *("access_token", "token_type", "expires_in", "refresh_token", "scope")
    }
    assert answer.json["token_type"] == "Bearer"
    assert answer.json["expires_in"] == 3600
    assert answer.json["scope"] == SCOPE
    assert world.is_accepted(answer.json["access_token"])


def test_a_public_client_redeems_a_code_by_its_name_and_verifier(world: World) -> None:
    party = world.register_public()

    assert world.is_accepted(world.issue(party)["access_token"])


def test_a_client_without_the_grant_type_refresh_token_gets_none(world: World) -> None:
    party = world.register(grant_types=["authorization_code"])

    assert "refresh_token" not in world.issue(party)


def test_row_4_presenting_a_code_again_kills_its_tokens(world: World) -> None:
    party = world.register()
    code = world.code(party)
    tokens = world.redeem(party, code).json

    again = world.redeem(party, code)

    assert again.outcome == (400, "invalid_grant")
    assert not world.is_alive(tokens, party)


def test_row_4_so_does_presenting_it_after_its_end(world: World) -> None:
    party = world.register()
    code = world.code(party)
    tokens = world.redeem(party, code).json
    world.clock.advance(1800)

    assert world.redeem(party, code).outcome == (400, "invalid_grant")
    assert not world.is_alive(tokens, party)


def test_row_4_and_the_tokens_that_were_refreshed_meanwhile(world: World) -> None:
    party = world.register()
    code = world.code(party)
    first = world.redeem(party, code).json
    second = world.refresh(party, first["refresh_token"]).json

    world.redeem(party, code)

    assert not world.is_alive(second, party)


def test_row_4_another_grant_of_the_same_client_and_user_lives_on(world: World) -> None:
    party = world.register()
    bystander = world.issue(party)
    code = world.code(party)
    world.redeem(party, code)
    world.redeem(party, code)

    assert world.is_accepted(bystander["access_token"])


WRONG = [
    ({"redirect_uri": CALLBACK + "2"}, "invalid_grant"),
    ({"redirect_uri": ""}, "invalid_grant"),
    ({"redirect_uri": CALLBACK + '"'}, "invalid_request"),
    ({"code_verifier": OTHER_VERIFIER}, "invalid_grant"),
    ({"code_verifier": ""}, "invalid_request"),
    ({"code_verifier": "short"}, "invalid_request"),
    ({"code_verifier": VERIFIER + "\n"}, "invalid_grant"),
    ({"code_verifier": VERIFIER + "é"}, "invalid_request"),
    ({"code_verifier": "v" * 129}, "invalid_request"),
]


@pytest.mark.parametrize(("changes", "error"), WRONG)
def test_row_5_a_code_is_bound_to_redirect_uri_and_challenge(
    world: World, changes: dict[str, Any], error: str
) -> None:
    party = world.register()
    code = world.code(party)

    refused = world.redeem(party, code, **changes)

    assert refused.outcome == (400, error)
    # It was no presentation: the code is still good, once.
    assert world.redeem(party, code).status == 200


@pytest.mark.parametrize(("changes", "error"), WRONG)
def test_row_5_only_a_presentation_that_passes_the_checks_counts_as_reuse(
    world: World, changes: dict[str, Any], error: str
) -> None:
    party = world.register()
    code = world.code(party)
    tokens = world.redeem(party, code).json

    assert world.redeem(party, code, **changes).outcome == (400, error)
    assert world.is_accepted(tokens["access_token"])


def test_row_5_a_code_is_bound_to_its_client(world: World) -> None:
    party, thief, public = world.register(), world.register(), world.register_public()
    code = world.code(party)

    assert world.redeem(thief, code).outcome == (400, "invalid_grant")
    assert world.redeem(public, code).outcome == (400, "invalid_grant")
    tokens = world.redeem(party, code).json
    assert world.redeem(thief, code).outcome == (400, "invalid_grant")
    assert world.is_accepted(tokens["access_token"])


def test_row_5_an_unknown_and_another_client_s_code_are_answered_alike(world: World) -> None:
    party, thief = world.register(), world.register()

    foreign, unknown = world.redeem(thief, world.code(party)), world.redeem(thief, "unknown")

    assert foreign.response.body == unknown.response.body
    assert foreign.response.headers == unknown.response.headers


@pytest.mark.parametrize(("age", "status"), [(0, 200), (59, 200), (60, 400), (61, 400)])
def test_row_5_a_code_lives_60_seconds_and_is_expired_in_the_60th(
    world: World, age: int, status: int
) -> None:
    party = world.register()
    code = world.code(party)
    world.clock.advance(age)

    assert world.redeem(party, code).status == status


def test_row_57_an_expired_code_is_invalid_grant_and_kills_nothing(world: World) -> None:
    party = world.register()
    tokens = world.issue(party)
    code = world.code(party)
    world.clock.advance(60)

    assert world.redeem(party, code).outcome == (400, "invalid_grant")
    assert world.is_accepted(tokens["access_token"])


def test_row_7_a_code_without_challenge_cannot_come_about(world: World) -> None:
    party = world.register()

    absent = world.authorize(party, code_challenge=None, code_challenge_method=None)
    plain = world.authorize(party, code_challenge=VERIFIER, code_challenge_method="plain")

    assert absent.error == plain.error == "invalid_request"


@pytest.mark.parametrize("code", ["", "rt_x.y", "a" * 60_000, "é", "$ne", "' OR 1=1 --"])
def test_row_44_what_is_no_code_is_refused(world: World, code: str) -> None:
    answer = world.redeem(world.register(), code)

    assert answer.outcome == (400, "invalid_grant" if code else "invalid_request")


def test_row_16_a_repeated_parameter_is_refused_at_the_token_endpoint(world: World) -> None:
    party = world.register()
    code = world.code(party)
    body = f"grant_type=authorization_code&code={code}&code=x".encode()

    assert world.post_token(body, party.headers).outcome == (400, "invalid_request")
    assert world.redeem(party, code).status == 200


@pytest.mark.parametrize("body", [b"", b"grant_type=", b"code=x", b"grant_type"])
def test_a_request_without_grant_type_is_invalid(world: World, body: bytes) -> None:
    answer = world.post_token(body, world.register().headers)

    assert answer.outcome == (400, "invalid_request")
    assert answer.json["error_description"] == "Missing 'grant_type' in request."


def test_a_client_may_not_use_a_grant_type_that_it_lost(world: World) -> None:
    party = world.register(grant_types=["client_credentials"])

    assert world.redeem(party, "x").outcome == (400, "unauthorized_client")
    assert world.refresh(party, "x").outcome == (400, "unauthorized_client")


def test_neither_a_refresh_token_nor_an_access_token_is_a_code(world: World) -> None:
    party = world.register()
    tokens = world.issue(party)

    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert world.redeem(party, token).outcome == (400, "invalid_grant")
    assert world.is_alive(tokens, party)


def test_a_user_who_is_gone_gets_no_tokens(world: World) -> None:
    users = {"alice": ALICE}
    departing = World(world.backend, clock=world.clock, load_user=users.get)
    party = departing.register()
    tokens, code = departing.issue(party), departing.code(party)
    users.clear()

    assert departing.redeem(party, code).outcome == (400, "invalid_grant")
    assert departing.refresh(party, tokens["refresh_token"]).outcome == (400, "invalid_grant")


def test_row_32_a_consent_before_the_revocation_of_everything_gives_no_tokens(
    world: World,
) -> None:
    party = world.register()
    code = world.code(party)
    world.server.revoke_all(subject="alice")

    assert world.redeem(party, code).outcome == (400, "invalid_grant")
    world.clock.advance(2)
    assert world.redeem(party, world.code(party)).status == 200


def test_row_26_scope_that_is_registered_later_does_not_widen_a_consent(world: World) -> None:
    party = world.register(scope="")
    tokens, code = world.issue(party, scope=None), world.code(party, scope=None)
    world.change(party, scope="admin")

    redeemed = world.redeem(party, code).json
    refreshed = world.refresh(party, tokens["refresh_token"]).json

    assert "scope" not in redeemed
    assert "scope" not in refreshed


def test_the_tokens_of_a_code_are_the_user_s(world: World) -> None:
    party = world.register()
    tokens = world.issue(party)

    claims = world.introspect(party, tokens["access_token"]).json

    assert (claims["sub"], claims["iat"], claims["exp"]) == ("alice", NOW, NOW + 3600)
