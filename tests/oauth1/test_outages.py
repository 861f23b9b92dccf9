"""A store that fails at the k-th call of a flow: 503 with Retry-After, never a verdict."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from authlib.oauth1.rfc5849.errors import OAuth1Error

from oauthstore_core.errors import ConflictError, StoreTimeoutError, StoreUnavailableError
from oauthstore_core.memory import MemoryBackend
from oauthstore_core.oauth1.server import AuthorizationServer
from oauthstore_core.settings import Settings

from ..oauth2.watched import FailingAt, WatchedBackend
from .signer import Signer
from .world import NOW, RESOURCE, Answer, World, authorization


class Given:
    """What was there before a flow."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.signer = world.register()
        self.token = world.issue(self.signer)
        self.undecided = world.begin(self.signer)
        self.decided = world.begin(self.signer)
        self.verifier = world.verifier(self.decided)


def resource(given: Given) -> Answer:
    asked = given.token.sign("GET", RESOURCE, NOW)
    try:
        given.world.validate(asked)
    except OAuth1Error as error:
        return Answer(given.world.protector.create_error_response(error, asked))
    raise AssertionError("The store did not fail.")


def decide(given: Given) -> Answer:
    """The view shows what is raised; here it is answered as the other endpoints are."""
    try:
        return given.world.authorize(given.undecided)
    except OAuth1Error as error:
        return Answer(given.world.server.handle_error_response(error))


def check(given: Given) -> Answer:
    asked = authorization(given.undecided, "GET")
    try:
        given.world.server.check_authorization_request(asked)
    except OAuth1Error as error:
        return Answer(given.world.server.handle_error_response(error))
    raise AssertionError("The store did not fail.")


FLOWS: dict[str, tuple[int, Callable[[Given], Answer]]] = {
    "initiate": (3, lambda given: given.world.initiate(given.signer)),
    "check": (2, check),
    "decide": (2, decide),
    "exchange": (4, lambda given: given.world.exchange(given.decided, given.verifier)),
    "resource": (3, resource),
}
CALLS = [(name, k) for name, (calls, _) in FLOWS.items() for k in range(1, calls + 1)]
ERRORS = [StoreUnavailableError, StoreTimeoutError, ConflictError]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize(("flow", "k"), CALLS)
def test_row_55_a_store_that_fails_is_503_and_never_a_verdict(
    flow: str, k: int, error: type[Exception], *, after: bool
) -> None:
    backend = WatchedBackend(MemoryBackend())
    given = Given(World(backend))

    with FailingAt(backend, k, error, after=after) as failing:
        answer = FLOWS[flow][1](given)

    assert failing.verb is not None
    assert answer.status == 503
    assert b"temporarily_unavailable" in answer.response.body
    assert answer.headers["retry-after"] == "5"
    assert answer.headers["cache-control"] == "no-store"
    assert b"oauth_token_secret" not in answer.response.body


@pytest.mark.parametrize(("flow", "k"), CALLS)
def test_row_56_what_failed_before_it_was_done_can_be_done_again(flow: str, k: int) -> None:
    backend = WatchedBackend(MemoryBackend())
    given = Given(World(backend))
    with FailingAt(backend, k, StoreUnavailableError):
        FLOWS[flow][1](given)

    if flow == "resource":
        assert given.world.is_alive(given.token)
    elif flow == "check":
        asked = authorization(given.undecided)
        assert given.world.server.check_authorization_request(asked).client
    else:
        assert FLOWS[flow][1](given).status in (200, 302)


def test_an_exchange_whose_answer_was_lost_and_that_is_asked_again_leaves_nothing_alive() -> None:
    """Nobody knows who heard the first answer."""
    backend = WatchedBackend(MemoryBackend())
    given = Given(World(backend))
    with FailingAt(backend, 4, StoreUnavailableError, after=True):
        given.world.exchange(given.decided, given.verifier)

    again = given.world.exchange(given.decided, given.verifier)

    assert again.outcome == (401, "invalid_token")


def test_a_key_that_opens_nothing_is_an_outage_and_no_verdict() -> None:
    backend = MemoryBackend()
    token = World(backend).issue(signer := World(backend).register())
    other = World(backend, settings={"secret_keys": ["another-secret-key-of-40-characters-0002"]})

    assert other.initiate(signer).outcome == (503, "temporarily_unavailable")
    assert other.refusal(token.sign("GET", RESOURCE, NOW)) == (503, "temporarily_unavailable")


def test_a_retired_key_opens_what_it_sealed() -> None:
    backend = MemoryBackend()
    world = World(backend)
    token = world.issue(world.register())
    keys = ["another-secret-key-of-40-characters-0002", world.settings.secret_keys[0]]
    later = World(backend, settings={"secret_keys": keys})

    assert later.is_alive(token)
    assert later.initiate(Signer(token.client_id, token.client_secret)).status == 200


def test_a_server_without_an_issuer_is_refused() -> None:
    with pytest.raises(ValueError, match="issuer"):
        AuthorizationServer(Settings(secret_keys=("k" * 40,)), World().stores)
