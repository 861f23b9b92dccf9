"""A cache or a database that fails is 503 with Retry-After wherever it fails, never a verdict."""

# ruff: noqa: ANN401 - of Authlib, which declares no types

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest
from django.core.cache import caches
from django.db import InterfaceError, OperationalError
from django.test.utils import override_settings

from ..flask_oauth1.worlds import told
from .failing_cache import FailingCache
from .worlds import DjangoWorld, open_world

CACHES: Final = {
    "default": {"BACKEND": f"{FailingCache.__module__}.FailingCache", "LOCATION": "outages"}
}


class Given:
    """What was there before a flow."""

    def __init__(self, world: DjangoWorld) -> None:
        self.world = world
        self.token = world.token()
        self.undecided = world.temporary()
        self.decided = world.temporary()
        self.verifier = world.authorize(self.decided)

    def show(self) -> Any:
        return self.world.open(f"/oauth1/authorize?oauth_token={self.undecided.token}", "GET")

    def exchange(self) -> Any:
        return self.world.exchange(self.decided, self.verifier)


#: With the number of calls that each makes of the cache.
FLOWS: dict[str, tuple[int, Callable[[Given], Any]]] = {
    "initiate": (2, lambda given: given.world.initiate()),
    "page": (1, Given.show),
    "decision": (4, lambda given: given.world.decide(given.undecided)),
    "exchange": (5, Given.exchange),
    "resource": (1, lambda given: given.world.me(given.token)),
}
CALLS = [(flow, k) for flow, (calls, _) in FLOWS.items() for k in range(calls)]


@pytest.fixture(params=["cache, models", "cache"])
def given(request: pytest.FixtureRequest) -> Iterator[Given]:
    for world in open_world(request.param):
        with override_settings(CACHES=CACHES):
            caches["default"].clear()
            yield Given(world)
    FailingCache.left, FailingCache.failed = None, False


def _error_of(answer: Any) -> str:
    found: dict[str, str] = answer.json if answer.is_json else told(answer)
    return found["error"]


@pytest.mark.parametrize(("flow", "k"), CALLS)
def test_a_cache_that_fails_is_503_and_once_it_is_back_nothing_was_won_twice(
    given: Given, flow: str, k: int
) -> None:
    _, send = FLOWS[flow]
    FailingCache.left = k
    answer = send(given)
    FailingCache.left = None

    assert FailingCache.failed
    assert (answer.status_code, _error_of(answer)) == (503, "temporarily_unavailable")
    after = [given.exchange().status_code for _ in "ab"]
    assert after in ([200, 401], [401, 401])
    assert given.world.me(given.token).status_code == 200


@pytest.mark.parametrize(("flow", "calls"), [(flow, calls) for flow, (calls, _) in FLOWS.items()])
def test_a_flow_makes_no_call_of_the_cache_more(given: Given, flow: str, calls: int) -> None:
    FailingCache.left = calls

    answer = FLOWS[flow][1](given)

    assert not FailingCache.failed
    assert answer.status_code in {200, 302}


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
@pytest.mark.parametrize(
    ("flow", "part"),
    [
        ("initiate", "Client"),
        ("exchange", "Client"),
        ("exchange", "Token"),
        ("resource", "Client"),
        ("resource", "Token"),
    ],
)
def test_a_database_that_fails_is_503_with_retry_after(
    flow: str, part: str, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error("the server closed the connection unexpectedly")

    for world in open_world("cache, models"):
        given = Given(world)
        model = getattr(world.models, part)
        with monkeypatch.context() as patched:
            patched.setattr(model.objects, "get", fail)
            patched.setattr(model, "save", fail)
            answer = FLOWS[flow][1](given)

        assert (answer.status_code, _error_of(answer)) == (503, "temporarily_unavailable")
        assert answer.headers["Retry-After"] == "5"
        assert given.world.me(given.token).status_code == 200
