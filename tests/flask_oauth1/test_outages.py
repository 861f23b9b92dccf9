"""A store that fails is 503 with Retry-After wherever it fails, never a verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from werkzeug.test import TestResponse

from oauthstore_core.backends import BackendPlugin
from oauthstore_core.errors import ConflictError, StoreTimeoutError, StoreUnavailableError
from oauthstore_core.memory import MemoryBackend
from oauthstore_core.plugins import register_backend

from ..oauth2.watched import FailingAt, WatchedBackend
from .signing import Signer
from .site import Site, make_site
from .worlds import told

ROLES = ("clients", "tokens", "credentials", "nonces")


class Given:
    """What was there before a flow."""

    def __init__(self, new_site: Callable[..., Site]) -> None:
        self.site = new_site(store="watched://")
        self.client = self.site.register()
        self.token = self.site.token(self.client)
        self.undecided: Signer = self.site.temporary(self.client)
        self.decided: Signer = self.site.temporary(self.client)
        self.verifier = self.site.verifier(self.decided)


#: With the number of calls that each makes.
FLOWS: dict[str, tuple[int, Callable[[Given], TestResponse]]] = {
    "initiate": (3, lambda given: given.site.initiate(given.client)),
    "page": (2, lambda given: given.site.page(given.undecided)),
    "exchange": (4, lambda given: given.site.exchange(given.decided, given.verifier)),
    "resource": (3, lambda given: given.site.me(given.token)),
}
CALLS = [(flow, k) for flow, (calls, _) in FLOWS.items() for k in range(1, calls + 1)]


@pytest.fixture
def new_site() -> Callable[..., Site]:
    """Return what makes an application."""
    return make_site


@pytest.fixture
def backend() -> Iterator[WatchedBackend]:
    watched = WatchedBackend(MemoryBackend())
    plugin = BackendPlugin("watched", ROLES, watched.capabilities, lambda *_: watched)
    with register_backend(plugin):
        yield watched


@pytest.mark.parametrize("error", [StoreUnavailableError, StoreTimeoutError, ConflictError])
@pytest.mark.parametrize(("flow", "k"), CALLS)
def test_a_store_that_fails_is_503_with_retry_after(
    backend: WatchedBackend,
    new_site: Callable[..., Site],
    flow: str,
    k: int,
    error: type[Exception],
) -> None:
    given = Given(new_site)

    with FailingAt(backend, k, error) as failing:
        answer = FLOWS[flow][1](given)

    assert failing.verb is not None
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    if flow == "page":
        assert answer.mimetype == "text/html"
    else:
        found = answer.json if flow == "resource" else told(answer)
        assert found["error"] == "temporarily_unavailable"


@pytest.mark.parametrize(("flow", "calls"), [(flow, calls) for flow, (calls, _) in FLOWS.items()])
def test_a_flow_makes_no_call_more(
    backend: WatchedBackend, new_site: Callable[..., Site], flow: str, calls: int
) -> None:
    given = Given(new_site)

    with FailingAt(backend, calls + 1, StoreUnavailableError) as failing:
        answer = FLOWS[flow][1](given)

    assert failing.verb is None
    assert answer.status_code == 200
