"""Security checklist rows 26 to 30: refreshing, with rotation, reuse and the grace."""

from __future__ import annotations

import pytest

from oauthstore_core.oauth2.handles import parse_refresh_handle

from .world import NOW, World

DAY = 24 * 60 * 60


def test_a_refresh_gives_new_tokens_of_the_same_scope(world: World) -> None:
    party = world.register()
    first = world.issue(party)

    answer = world.refresh(party, first["refresh_token"])

    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json.keys() == first.keys()
    assert answer.json["scope"] == first["scope"]
    assert answer.json["access_token"] != first["access_token"]
    assert answer.json["refresh_token"] != first["refresh_token"]
    assert world.is_accepted(answer.json["access_token"])


def test_row_27_a_public_client_gets_a_rotated_token_too(world: World) -> None:
    party = world.register_public()
    first = world.issue(party)

    second = world.refresh(party, first["refresh_token"]).json

    assert second["refresh_token"] != first["refresh_token"]


@pytest.mark.parametrize("public", [True, False], ids=["public", "confidential"])
def test_row_27_another_client_s_refresh_token_is_refused_and_nothing_is_revoked(
    world: World, *, public: bool
) -> None:
    party = world.register()
    thief = world.register_public() if public else world.register()
    first = world.issue(party)
    second = world.refresh(party, first["refresh_token"]).json

    for stolen in (first, second):
        assert world.refresh(thief, stolen["refresh_token"]).outcome == (400, "invalid_grant")
    assert world.is_alive(second, party)


def test_row_29_within_the_grace_the_very_same_answer_comes_again(world: World) -> None:
    party = world.register()
    first = world.issue(party)["refresh_token"]
    second = world.refresh(party, first)
    world.clock.advance(9)

    again = world.refresh(party, first)

    assert again.status == 200
    assert again.response.body == second.response.body
    assert again.response.headers == second.response.headers


@pytest.mark.parametrize("age", [10, 11, 3600])
def test_row_28_after_the_grace_an_old_token_kills_the_family(world: World, age: int) -> None:
    party = world.register()
    first = world.issue(party)
    second = world.refresh(party, first["refresh_token"]).json
    world.clock.advance(age)

    assert world.refresh(party, first["refresh_token"]).outcome == (400, "invalid_grant")
    assert not world.is_accepted(first["access_token"])
    assert not world.is_alive(second, party)


def test_row_28_without_grace_the_first_reuse_kills_the_family(world: World) -> None:
    strict = World(world.backend, clock=world.clock, reuse_grace=0)
    party = strict.register()
    first = strict.issue(party)
    second = strict.refresh(party, first["refresh_token"]).json

    assert strict.refresh(party, first["refresh_token"]).outcome == (400, "invalid_grant")
    assert not strict.is_alive(second, party)


def test_row_28_the_grace_is_for_the_immediate_predecessor_only(world: World) -> None:
    party = world.register()
    first = world.issue(party)["refresh_token"]
    second = world.refresh(party, first).json["refresh_token"]
    third = world.refresh(party, second).json

    assert world.refresh(party, first).outcome == (400, "invalid_grant")
    assert not world.is_alive(third, party)


def test_row_28_any_generation_is_recognised_however_often_was_rotated(world: World) -> None:
    party = world.register()
    token = oldest = world.issue(party)["refresh_token"]
    for _ in range(8):
        world.clock.advance(DAY)
        tokens = world.refresh(party, token).json
        token = tokens["refresh_token"]

    assert world.refresh(party, oldest).outcome == (400, "invalid_grant")
    assert not world.is_alive(tokens, party)


def test_row_28_a_made_up_token_of_a_known_family_is_reuse(world: World) -> None:
    party = world.register()
    tokens = world.issue(party)
    handle = parse_refresh_handle(tokens["refresh_token"])
    assert handle is not None

    made_up = f"rt_{handle.family}.guess"

    assert world.refresh(party, made_up).outcome == (400, "invalid_grant")
    assert not world.is_alive(tokens, party)


def test_row_29_the_grace_never_answers_for_what_is_revoked(world: World) -> None:
    party = world.register()
    first = world.issue(party)["refresh_token"]
    second = world.refresh(party, first).json["refresh_token"]
    world.revoke(party, second)

    assert world.refresh(party, first).outcome == (400, "invalid_grant")


def test_row_26_scope_can_be_narrowed_and_the_family_keeps_its_own(world: World) -> None:
    party = world.register()
    first = world.issue(party)

    narrow = world.refresh(party, first["refresh_token"], scope="email").json
    wide = world.refresh(party, narrow["refresh_token"]).json

    assert narrow["scope"] == "email"
    assert world.introspect(party, narrow["access_token"]).json["scope"] == "email"
    assert wide["scope"] == "profile email"


@pytest.mark.parametrize(
    "scope", ["admin", "email admin", "email profile", " ", "\t", "\xa0", "\x1c", "email\tprofile"]
)
def test_row_26_scope_is_never_widened(world: World, scope: str) -> None:
    party = world.register()
    tokens = world.issue(party, scope="email")
    world.change(party, scope="profile email admin")

    answer = world.refresh(party, tokens["refresh_token"], scope=scope)

    assert answer.outcome == (400, "invalid_scope")
    assert world.refresh(party, tokens["refresh_token"]).json["scope"] == "email"


def test_row_26_scope_that_the_client_lost_is_not_refreshed(world: World) -> None:
    party = world.register()
    tokens = world.issue(party)
    world.change(party, scope="email")

    assert world.refresh(party, tokens["refresh_token"]).outcome == (400, "invalid_scope")
    assert world.refresh(party, tokens["refresh_token"], scope="email").json["scope"] == "email"


def test_row_30_a_family_ends_absolutely_however_often_it_is_refreshed(world: World) -> None:
    party = world.register()
    token = world.issue(party)["refresh_token"]
    for _ in range(8):
        world.clock.advance(11 * DAY)
        token = world.refresh(party, token).json["refresh_token"]

    world.clock.advance(2 * DAY - 1)
    token = world.refresh(party, token).json["refresh_token"]
    world.clock.advance(1)

    assert world.refresh(party, token).outcome == (400, "invalid_grant")


@pytest.mark.parametrize(("idle", "status"), [(30 * DAY - 1, 200), (30 * DAY, 400)])
def test_row_30_a_token_that_is_not_used_for_30_days_ends(
    world: World, idle: int, status: int
) -> None:
    party = world.register()
    token = world.issue(party)["refresh_token"]
    world.clock.advance(idle)

    assert world.refresh(party, token).status == status


def test_expires_in_is_true_near_the_end_of_the_grant(world: World) -> None:
    short = World(
        world.backend,
        clock=world.clock,
        lifetimes={"refresh_token_absolute": 1000, "refresh_token_idle": 1000},
    )
    party = short.register()
    token = short.issue(party)["refresh_token"]
    short.clock.advance(900)

    tokens = short.refresh(party, token).json
    claims = short.introspect(party, tokens["access_token"]).json

    assert claims["exp"] == NOW + 900 + tokens["expires_in"]
    assert 100 <= tokens["expires_in"] <= 101
    short.clock.advance(tokens["expires_in"] - 1)
    assert short.is_accepted(tokens["access_token"])
    short.clock.advance(1)
    assert not short.is_accepted(tokens["access_token"])


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "rt_",
        "rt_short.secret",
        "rt_" + "f" * 22,
        "rt_" + "f" * 22 + ".",
        "rt_" + "f" * 22 + ".s\n",
        "rt_" + "f" * 22 + "." + "s" * 513,
        "RT_" + "f" * 22 + ".s",
        "a" * 60_000,
        '{"$ne": null}',
        "\N{KEY}",
    ],
)
def test_row_44_what_has_not_the_shape_of_a_refresh_token_is_refused(
    world: World, token: str
) -> None:
    assert world.refresh(world.register(), token).outcome == (400, "invalid_grant")


def test_an_access_token_is_no_refresh_token(world: World) -> None:
    party = world.register()
    tokens = world.issue(party)

    assert world.refresh(party, tokens["access_token"]).outcome == (400, "invalid_grant")
    assert world.refresh(party, "").outcome == (400, "invalid_request")
    assert world.is_alive(tokens, party)


def test_row_27_a_deleted_client_s_tokens_are_dead_even_if_it_is_registered_again(
    world: World,
) -> None:
    party = world.register_public(client_id="app")
    tokens = world.issue(party)
    world.stores.clients.delete_client("app")
    world.server.revoke_all(client_id="app")
    world.register_public(client_id="app")

    assert not world.is_alive(tokens, party)
