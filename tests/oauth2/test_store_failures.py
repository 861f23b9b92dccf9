"""Security checklist rows 55 and 56: a store that fails at the k-th call of a flow."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import pytest

from oauthstore_core.errors import ConflictError, StoreTimeoutError, StoreUnavailableError
from oauthstore_core.memory import MemoryBackend

from .watched import FailingAt, WatchedBackend
from .world import Answer, Party, World, bearer, code_query

#: What was there before the flow: a code and tokens.
Given = Mapping[str, str]
Flow = Callable[[World, Party, Given], Answer]


def _resource(world: World, _: Party, given: Given) -> Answer:
    try:
        world.protector.validate(bearer(given["access_token"]))
    except Exception as error:  # noqa: BLE001 - whichever it is, it is answered
        return Answer(world.protector.create_error_response(error))  # type: ignore[arg-type]
    raise AssertionError("The store did not fail.")


FLOWS: dict[str, tuple[int, Flow]] = {
    "client_credentials": (2, lambda w, p, _: w.client_credentials(p)),
    "authorize": (2, lambda w, p, _: w.ask(code_query(p))),
    "authorization_code": (3, lambda w, p, given: w.redeem(p, given["code"])),
    "refresh_token": (3, lambda w, p, given: w.refresh(p, given["refresh_token"])),
    "introspect": (2, lambda w, p, given: w.introspect(p, given["access_token"])),
    "introspect_refresh": (2, lambda w, p, given: w.introspect(p, given["refresh_token"])),
    "revoke": (3, lambda w, p, given: w.revoke(p, given["access_token"])),
    "revoke_refresh": (3, lambda w, p, given: w.revoke(p, given["refresh_token"])),
    "resource": (1, _resource),
}
CALLS = [(name, k) for name, (calls, _) in FLOWS.items() for k in range(1, calls + 1)]
ERRORS = [StoreUnavailableError, StoreTimeoutError, ConflictError]


def _world() -> tuple[WatchedBackend, World, Party, Given]:
    backend = WatchedBackend(MemoryBackend())
    world = World(backend)
    party = world.register()
    return backend, world, party, {**world.issue(party), "code": world.code(party)}


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize(("flow", "k"), CALLS)
def test_row_55_a_store_that_fails_is_503_and_never_a_verdict(
    flow: str, k: int, error: type[Exception], *, after: bool
) -> None:
    backend, world, party, given = _world()

    with FailingAt(backend, k, error, after=after) as failing:
        answer = FLOWS[flow][1](world, party, given)

    assert failing.verb is not None
    assert answer.outcome == (503, "temporarily_unavailable")
    assert answer.headers["retry-after"] == "5"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.response.location is None
    assert not {"access_token", "active", "code"} & set(answer.json)


@pytest.mark.parametrize(("flow", "k"), CALLS)
def test_row_56_after_a_failed_call_the_flow_can_be_repeated(flow: str, k: int) -> None:
    backend, world, party, given = _world()
    with FailingAt(backend, k, StoreUnavailableError):
        FLOWS[flow][1](world, party, given)

    if flow == "resource":
        assert world.is_accepted(given["access_token"])
    else:
        assert FLOWS[flow][1](world, party, given).status in (200, 302)


def _live_access_tokens(backend: WatchedBackend) -> int:
    return len(backend._backend.tokens._grant_of)


@pytest.mark.parametrize(("flow", "k"), CALLS)
def test_row_56_a_failed_call_leaves_no_row(flow: str, k: int) -> None:
    backend, world, party, given = _world()
    before = _live_access_tokens(backend)

    with FailingAt(backend, k, StoreUnavailableError):
        FLOWS[flow][1](world, party, given)

    assert _live_access_tokens(backend) == before


def test_row_56_a_code_whose_redemption_s_answer_was_lost_is_lost_not_doubled() -> None:
    backend, world, party, given = _world()
    with FailingAt(backend, 3, StoreUnavailableError, after=True):
        world.redeem(party, given["code"])

    again = world.redeem(party, given["code"])

    assert again.outcome == (400, "invalid_grant")
    rows = backend._backend.tokens._rows.values()
    assert sum(row.grant.revoked_at is None for row in rows) == 1


def test_row_29_a_refresh_whose_answer_was_lost_succeeds_when_repeated() -> None:
    backend, world, party, given = _world()
    with FailingAt(backend, 3, StoreUnavailableError, after=True):
        world.refresh(party, given["refresh_token"])

    again = world.refresh(party, given["refresh_token"])

    assert again.status == 200
    assert world.is_accepted(again.json["access_token"])
    assert world.refresh(party, again.json["refresh_token"]).status == 200


def test_row_32_a_revocation_that_failed_says_so_and_can_be_repeated() -> None:
    backend, world, party, given = _world()
    with FailingAt(backend, 3, StoreUnavailableError):
        assert world.revoke(party, given["refresh_token"]).status == 503

    assert world.is_accepted(given["access_token"])
    assert world.revoke(party, given["refresh_token"]).status == 200
    assert not world.is_accepted(given["access_token"])


def test_row_55_a_failing_reuse_check_is_503_and_the_reuse_is_punished_later() -> None:
    backend, world, party, given = _world()
    tokens = world.redeem(party, given["code"]).json
    with FailingAt(backend, 4, StoreUnavailableError):
        # Client, code, redemption, then the revocation of what came of it.
        assert world.redeem(party, given["code"]).status == 503

    assert world.redeem(party, given["code"]).outcome == (400, "invalid_grant")
    assert not world.is_alive(tokens, party)


def test_row_25_what_a_store_s_error_says_reaches_no_client(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class ChattyError(StoreUnavailableError):
        def __str__(self) -> str:
            return "postgresql://user:password@host"

    backend, world, party, given = _world()
    with FailingAt(backend, 2, ChattyError):
        answer = world.introspect(party, given["access_token"])

    assert "password" not in json.dumps(answer.json) + caplog.text
