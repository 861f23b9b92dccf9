"""A store that fails is 503 with Retry-After wherever it fails, never a verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from werkzeug.test import TestResponse

from oauthstore_core.backends import BackendPlugin
from oauthstore_core.errors import ConflictError, StoreTimeoutError, StoreUnavailableError
from oauthstore_core.memory import MemoryBackend
from oauthstore_core.oauth2.registration import Registration
from oauthstore_core.plugins import register_backend

from ...oauth2.watched import FailingAt, WatchedBackend
from ..opened import ask
from .own_grants import PasswordGrant
from .site import Site, decide, make_site

ROLES = ("clients", "tokens", "credentials", "nonces")
Act = Callable[[Site, Any, dict[str, str]], TestResponse]


def consent(client: Registration) -> str:
    """Return the path and query of a request whose question is asked again."""
    return ask(client.client.client_id, prompt="consent")


#: With the number of calls that each makes.
FLOWS: dict[str, tuple[int, Act]] = {
    "authorize": (1, lambda site, client, _: site.browser.get(consent(client))),
    "remembered": (3, lambda site, client, _: site.browser.get(ask(client.client.client_id))),
    "decide": (3, lambda site, client, _: decide(site.browser, ask(client.client.client_id))),
    "redeem": (3, lambda site, client, had: site.redeem(client, had["code"])),
    "refresh": (3, lambda site, client, had: site.refresh(client, had["refresh_token"])),
    "client": (2, lambda site, client, _: site.token(client, "client_credentials")),
    "password": (
        2,
        lambda site, client, _: site.token(
            client, "password", username="alice", password="wonderland"
        ),
    ),
    "revoke": (3, lambda site, client, had: site.revoke(client, had["access_token"])),
    "introspect": (
        2,
        lambda site, client, had: site.post("/oauth/introspect", client, token=had["access_token"]),
    ),
    "route": (1, lambda site, _, had: site.ask("/profile", had["access_token"])),
    "acquire": (1, lambda site, _, had: site.ask("/acquire", had["access_token"])),
    "optional": (1, lambda site, _, had: site.ask("/optional", had["access_token"])),
    "function": (1, lambda site, _, had: site.ask("/optional-function", had["access_token"])),
}
#: The first call of a decision is the question's, which stands for itself.
CALLS = [
    (flow, k)
    for flow, (calls, _) in FLOWS.items()
    for k in range(2 if flow == "decide" else 1, calls + 1)
]
PAGES = {"authorize", "remembered", "decide"}


@pytest.fixture
def backend() -> Iterator[WatchedBackend]:
    watched = WatchedBackend(MemoryBackend())
    plugin = BackendPlugin("watched", ROLES, watched.capabilities, lambda *_: watched)
    with register_backend(plugin):
        yield watched


@pytest.mark.parametrize("error", [StoreUnavailableError, StoreTimeoutError, ConflictError])
@pytest.mark.parametrize(("flow", "k"), CALLS)
def test_a_store_that_fails_is_503_with_retry_after(
    backend: WatchedBackend, flow: str, k: int, error: type[Exception]
) -> None:
    site = make_site(store="watched://")
    site.server.register_grant(PasswordGrant)
    grants = ["authorization_code", "refresh_token", "client_credentials", "password"]
    client = site.register(grant_types=grants)
    had = {**site.issue(client), "code": site.code(client)}

    with FailingAt(backend, k, error) as failing:
        answer = FLOWS[flow][1](site, client, had)

    assert failing.verb is not None
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    if flow in PAGES:
        assert answer.mimetype == "text/html"
        assert answer.location is None
    else:
        assert answer.json["error"] == "temporarily_unavailable"
