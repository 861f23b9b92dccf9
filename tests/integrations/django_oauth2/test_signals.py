"""Authlib's signals tell a project of clients, tokens and revocations, in either mode."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.dispatch import Signal
from django.test import RequestFactory

from oauthstore_core.integrations.django_oauth2 import (
    AuthorizationServer,
    ResourceProtector,
    RevocationEndpoint,
    client_authenticated,
    token_authenticated,
    token_revoked,
)

from ...seeds.test_django_authorization_server import Chapter, chapter
from ..flask_oauth2.site import basic, bearer
from .site import make_site

__all__ = ["chapter"]

#: Signal, sender, and what it brings.
Heard = tuple[Signal, object, dict[str, Any]]


@pytest.fixture
def mode() -> str:
    return "own models"


@pytest.fixture
def heard() -> Iterator[list[Heard]]:
    told: list[Heard] = []

    def hear(sender: object, signal: Signal, **given: Any) -> None:
        told.append((signal, sender, given))

    signals = (client_authenticated, token_authenticated, token_revoked)
    for signal in signals:
        signal.connect(hear)
    yield told
    for signal in signals:
        signal.disconnect(hear)


def test_in_store_mode_they_bring_the_store_s_client_and_token(heard: list[Heard]) -> None:
    site = make_site()
    client = site.register()
    token = site.token(client, "client_credentials").json["access_token"]

    site.ask("/any", token)
    site.ask("/any", "x")
    site.revoke(client, token)

    names = [(signal, sender, sorted(given)) for signal, sender, given in heard]
    assert names == [
        (client_authenticated, AuthorizationServer, ["client", "grant"]),
        (token_authenticated, ResourceProtector, ["token"]),
        (token_revoked, AuthorizationServer, ["client", "token"]),
    ]
    told = [each["client"].client_id for _, _, each in heard if "client" in each]
    told += [each["token"].client_id for _, _, each in heard if "token" in each]
    assert set(told) == {client.client.client_id}


def test_in_own_mode_they_bring_the_project_s_models(chapter: Chapter, heard: list[Heard]) -> None:
    chapter.server.register_endpoint(RevocationEndpoint)
    token = chapter.redeem(chapter.decide(confirm="yes")["code"]).json["access_token"]

    chapter.browser.get("/me", headers=bearer(token))
    request = RequestFactory().post(
        "/oauth/revoke",
        f"token={token}",
        "application/x-www-form-urlencoded",
        headers=basic("c1", "secret"),
        secure=True,
    )
    answer = chapter.server.create_endpoint_response("revocation", request)

    assert answer.status_code == 200
    assert [(signal, sender) for signal, sender, _ in heard] == [
        (client_authenticated, AuthorizationServer),
        (token_authenticated, ResourceProtector),
        (token_revoked, AuthorizationServer),
    ]
    assert isinstance(heard[0][2]["client"], chapter.names["OAuth2Client"])
    assert isinstance(heard[1][2]["token"], chapter.names["OAuth2Token"])


def test_a_receiver_may_name_a_class_of_the_project_s_own() -> None:
    class Protector(ResourceProtector):
        """The project's."""

    heard: list[str] = []

    def receive(token: Any, **_: object) -> None:  # noqa: ANN401 - a token
        heard.append(token.subject)

    site = make_site()
    token = site.issue(site.register())["access_token"]
    request = RequestFactory().get("/", headers=bearer(token))
    token_authenticated.connect(receive, sender=Protector)
    try:
        ResourceProtector(site.server).acquire_token(request)
        Protector(site.server).acquire_token(request)
    finally:
        token_authenticated.disconnect(receive, sender=Protector)

    assert heard == ["alice"]
