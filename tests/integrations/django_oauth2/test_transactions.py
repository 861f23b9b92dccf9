"""Our views stay out of Django's transactions, and a view that does not is told what it does."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from django.db import connections, transaction
from django.urls import URLPattern, URLResolver

from oauthstore_core.backends import BackendPlugin
from oauthstore_core.errors import ConflictError
from oauthstore_core.integrations.django.routes import create_routes
from oauthstore_core.integrations.django_oauth2.transactions import outside_transactions
from oauthstore_core.memory import MemoryBackend
from oauthstore_core.plugins import register_backend

from ...oauth2.watched import FailingAt, WatchedBackend
from ..flask_oauth2.test_outages import ROLES
from .site import make_site


@pytest.fixture
def another() -> Iterator[str]:
    """Yield the alias of a second database."""
    alias = "another"
    connections.settings[alias] = {**connections.settings["default"], "ATOMIC_REQUESTS": True}
    yield alias
    del connections.settings[alias]


def test_a_view_stays_out_of_the_transactions_of_every_database(another: str) -> None:
    view = outside_transactions(lambda _: None)

    assert vars(view)["_non_atomic_requests"] >= {"default", another}


def test_no_view_of_the_urls_joins_a_transaction(another: str) -> None:
    found: list[URLPattern] = []
    left = [*create_routes(make_site().server)]
    for route in left:
        if isinstance(route, URLResolver):
            left += route.url_patterns
        else:
            found.append(route)

    assert len(found) >= 5
    for pattern in found:
        assert vars(pattern.callback)["_non_atomic_requests"] >= {"default", another}, pattern


@pytest.mark.parametrize("is_inside", [True, False])
def test_a_view_that_may_wait_for_its_own_transaction_is_told_so(
    caplog: pytest.LogCaptureFixture, *, is_inside: bool
) -> None:
    watched = WatchedBackend(MemoryBackend())
    plugin = BackendPlugin("watched", ROLES, watched.capabilities, lambda *_: watched)
    caplog.set_level(logging.WARNING, "oauthstore")
    with register_backend(plugin):
        site = make_site(store="watched://")
        client = site.register(grant_types=["client_credentials"])
        with FailingAt(watched, 1, ConflictError):
            if is_inside:
                with transaction.atomic():
                    answer = site.token(client, "client_credentials")
            else:
                answer = site.token(client, "client_credentials")

    assert answer.status_code == 503
    assert any("non_atomic_requests" in one.getMessage() for one in caplog.records) == is_inside
