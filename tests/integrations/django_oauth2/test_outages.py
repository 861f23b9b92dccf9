"""A store that fails is 503 with Retry-After wherever it fails, as on Flask."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import cast

import pytest
from django.db import OperationalError

from oauthstore_core.backends import BackendPlugin
from oauthstore_core.errors import ConflictError, StoreTimeoutError, StoreUnavailableError
from oauthstore_core.memory import MemoryBackend
from oauthstore_core.plugins import register_backend

from ...oauth2.watched import FailingAt, WatchedBackend
from ..flask_oauth2.own_grants import PasswordGrant
from ..flask_oauth2.test_outages import CALLS, FLOWS, PAGES, ROLES
from ..opened import ask
from .people import person_model
from .site import Site, make_site

#: What is in Flask's own words there, and the route that Django's table has instead.
OWN_CALLS = [(flow, k) for flow, k in CALLS if flow != "acquire"]


@pytest.fixture
def backend() -> Iterator[WatchedBackend]:
    watched = WatchedBackend(MemoryBackend())
    plugin = BackendPlugin("watched", ROLES, watched.capabilities, lambda *_: watched)
    with register_backend(plugin):
        yield watched


@pytest.mark.parametrize("error", [StoreUnavailableError, StoreTimeoutError, ConflictError])
@pytest.mark.parametrize(("flow", "k"), OWN_CALLS)
def test_a_store_that_fails_is_503_with_retry_after(
    backend: WatchedBackend, flow: str, k: int, error: type[Exception]
) -> None:
    site = make_site(store="watched://")
    site.server.register_grant(PasswordGrant)
    grants = ["authorization_code", "refresh_token", "client_credentials", "password"]
    client = site.register(grant_types=grants)
    had = {**site.issue(client), "code": site.code(client)}

    with FailingAt(backend, k, error) as failing:
        answer = FLOWS[flow][1](cast("Site", site), client, had)

    assert failing.verb is not None
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.mimetype == ("text/html" if flow in PAGES else "application/json")
    assert flow in PAGES or answer.json["error"] == "temporarily_unavailable"


@contextmanager
def no_database() -> Generator[None]:
    """Let the database of Django's users fail."""

    def fail(*_: object, **__: object) -> None:
        raise OperationalError("the server closed the connection unexpectedly")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(person_model().objects, "get", fail)
        yield


def test_a_database_without_an_answer_is_503_too_and_the_code_stays() -> None:
    site = make_site()
    client = site.register()
    code = site.code(client)

    with no_database():
        answer = site.redeem(client, code)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert site.redeem(client, code).status_code == 200


def test_where_nobody_can_tell_who_is_signed_in_the_page_is_503_and_leads_nowhere() -> None:
    site = make_site()
    asked = ask(site.register().client.client_id)

    with no_database():
        answer = site.browser.get(asked)

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.mimetype == "text/html"
    assert answer.location is None
