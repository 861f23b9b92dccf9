"""Django REST framework: a view takes bearer tokens, and refuses as RFC 6750 wants it."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import RequestFactory

from oauthstore_core.backends import BackendPlugin
from oauthstore_core.errors import StoreUnavailableError
from oauthstore_core.integrations.django_oauth2 import ResourceProtector
from oauthstore_core.memory import MemoryBackend
from oauthstore_core.plugins import register_backend

from ...oauth2.watched import FailingAt, WatchedBackend
from ..flask_oauth2.site import bearer
from .people import find_person, person_model
from .site import Site, make_site
from .test_outages import no_database

# It asks for Django's settings when it is imported.
from rest_framework.authentication import BaseAuthentication  # isort: skip
from rest_framework.permissions import IsAuthenticated  # isort: skip
from rest_framework.response import Response  # isort: skip
from rest_framework.views import APIView  # isort: skip
from oauthstore_core.integrations.rest_framework import HasScope, OAuthAuthentication  # isort: skip

NONE: dict[str, str] = {}


class Ada(BaseAuthentication):
    """Another way to sign in, which knows one person."""

    def authenticate(self, request: Any) -> Any:  # noqa: ANN401 - the framework's
        header = request.headers.get("Authorization", "")
        return (find_person("ada"), None) if header == "Name ada" else None


def _ask(
    site: Site, headers: dict[str, str], *, scopes: object = "profile", signed_in: bool = False
) -> Any:  # noqa: ANN401 - the framework's response
    class Authentication(OAuthAuthentication):
        protector = ResourceProtector(site.server)  # type: ignore[assignment]  # of this server

    class Page(APIView):
        authentication_classes = (Authentication, Ada)
        permission_classes = (IsAuthenticated,) if signed_in else (HasScope,)
        required_scopes = scopes

        def get(self, request: Any) -> Response:  # noqa: ANN401 - the same
            client = None if request.auth is None else request.auth.client_id
            return Response({"user": request.user.pk, "client": client})

        post = get

    return Page.as_view()(RequestFactory().post("/", headers=headers))


def test_the_user_and_the_token_are_where_the_framework_has_them() -> None:
    site = make_site()
    client = site.register()
    token = site.issue(client)["access_token"]

    answer = _ask(site, bearer(token))

    assert (answer.status_code, answer.data) == (
        200,
        {"user": "alice", "client": client.client.client_id},
    )


def test_a_client_s_own_token_has_no_user_and_is_nobody_s_sign_in() -> None:
    site = make_site()
    token = site.token(site.register(), "client_credentials").json["access_token"]

    assert _ask(site, bearer(token)).data["user"] is None
    assert _ask(site, bearer(token), signed_in=True).status_code == 403


@pytest.mark.parametrize(
    ("scopes", "status"),
    [
        ("profile", 200),
        ("profile mail", 403),
        (["profile", "mail"], 200),
        (lambda held: "mail" in held, 403),
        (None, 200),
    ],
)
def test_a_view_is_reached_with_the_scope_that_it_names(scopes: object, status: int) -> None:
    site = make_site()
    token = site.issue(site.register())["access_token"]

    assert _ask(site, bearer(token), scopes=scopes).status_code == status


def test_what_is_refused_is_told_as_by_the_protector_of_views() -> None:
    site = make_site()
    token = site.issue(site.register())["access_token"]

    invalid, narrow = _ask(site, bearer("x")), _ask(site, bearer(token), scopes="mail")

    by_view = site.ask("/profile", "x")
    assert (invalid.status_code, dict(invalid.data)) == (401, by_view.json)
    assert invalid["WWW-Authenticate"] == by_view.headers["WWW-Authenticate"]
    by_view = site.ask("/mail", token)
    assert (narrow.status_code, dict(narrow.data)) == (403, by_view.json)
    assert narrow["WWW-Authenticate"] == by_view.headers["WWW-Authenticate"]


@pytest.mark.parametrize("headers", [NONE, {"Authorization": "Basic eDp5"}])
def test_without_a_bearer_token_the_challenge_has_no_error(headers: dict[str, str]) -> None:
    answer = _ask(make_site(), headers)

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="oauthstore"'


def test_other_classes_may_sign_in_but_bring_no_scope() -> None:
    site, headers = make_site(), {"Authorization": "Name ada"}

    assert _ask(site, headers, signed_in=True).data == {"user": "ada", "client": None}
    assert _ask(site, headers).status_code == 403


def test_a_token_whose_user_is_gone_is_not_valid() -> None:
    site = make_site()
    token = site.issue(site.register())["access_token"]
    people = person_model().objects.filter(pk="alice")

    people.update(is_active=False)
    try:
        answer = _ask(site, bearer(token))
    finally:
        people.update(is_active=True)

    assert (answer.status_code, answer.data["error"]) == (401, "invalid_token")


def test_a_database_of_users_that_is_away_is_503_with_retry_after() -> None:
    site = make_site()
    token = site.issue(site.register())["access_token"]

    with no_database():
        answer = _ask(site, bearer(token))

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


def test_a_store_that_is_away_is_503_with_retry_after() -> None:
    watched = WatchedBackend(MemoryBackend())
    roles = ("clients", "tokens", "credentials", "nonces")
    plugin = BackendPlugin("watched", roles, watched.capabilities, lambda *_: watched)
    with register_backend(plugin):
        site = make_site(store="watched://")
        token = site.issue(site.register())["access_token"]

        with FailingAt(watched, 1, StoreUnavailableError):
            answer = _ask(site, bearer(token))

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")


def test_a_view_that_names_no_scopes_is_a_mistake_that_is_told() -> None:
    class Page:
        """Names none."""

    class Request:
        auth = type("Token", (), {"get_scope": lambda _: "profile"})()

    with pytest.raises(ImproperlyConfigured, match=r"Page.*required_scopes"):
        HasScope().has_permission(Request(), Page())
