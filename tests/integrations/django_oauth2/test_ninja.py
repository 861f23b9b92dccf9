"""Django Ninja: operations take bearer tokens, and refuse as RFC 6750 wants it."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Mapping
from contextlib import closing
from types import ModuleType, SimpleNamespace
from typing import Any

import httpx
import pytest
from django.core.handlers.asgi import ASGIHandler
from django.http import HttpRequest
from django.test.utils import override_settings
from django.urls import include, path

from oauthstore_core.backends import BackendPlugin
from oauthstore_core.errors import StoreUnavailableError
from oauthstore_core.integrations.django.routes import create_routes
from oauthstore_core.integrations.django_oauth2 import ResourceProtector, default_server
from oauthstore_core.introspection import IntrospectionClient, IntrospectionTokenValidator
from oauthstore_core.memory import MemoryBackend
from oauthstore_core.plugins import register_backend

from ...introspection.endpoint import Endpoint
from ...oauth2.watched import FailingAt, WatchedBackend
from ..flask_oauth2.site import bearer
from .browser import Browser, DjangoAnswer
from .people import find_person, person_model
from .site import Site, make_site

# It asks for Django's settings when it is imported.
from ninja import NinjaAPI  # isort: skip
from oauthstore_core.integrations.ninja import OAuth, OAuthError, answer_error  # isort: skip

NONE: dict[str, str] = {}
#: Each API is to have a name of its own.
_names = itertools.count()


def _tell(request: HttpRequest) -> dict[str, Any]:
    return {"sub": request.auth.subject}  # type: ignore[attr-defined]  # the framework's


async def _tell_later(request: HttpRequest) -> dict[str, Any]:
    return _tell(request)


def _tell_user(request: HttpRequest) -> dict[str, Any]:
    user = request.auth.user  # type: ignore[attr-defined]  # the framework's
    return {"user": user and user.pk}


def _knows_ada(request: HttpRequest) -> Any:  # noqa: ANN401 - whatever the operation is to have
    """Another way in, which knows one person."""
    if request.headers.get("Authorization") != "Name ada":
        return None
    return SimpleNamespace(subject=find_person("ada").pk)


class Api:
    """An API whose operations the security class protects, by a server's tokens."""

    def __init__(
        self,
        protector: ResourceProtector,
        scopes: Any = "profile",  # noqa: ANN401 - as the class takes them
        server: Any = None,  # noqa: ANN401 - of Django
    ) -> None:
        self.native = NinjaAPI(urls_namespace=f"api-{next(_names)}")
        self.native.add_exception_handler(OAuthError, answer_error)
        auth = OAuth(scopes, protector=protector)
        self.native.get("/sync", auth=auth, operation_id="sync")(_tell)
        self.native.get("/async", auth=auth, operation_id="async")(_tell_later)
        self.native.get("/user", auth=auth, operation_id="user")(_tell_user)
        self.native.post("/sync", auth=auth, operation_id="post")(_tell)
        either = [OAuth(scopes, protector=protector, optional=True), _knows_ada]
        self.native.get("/either", auth=either, operation_id="either")(_tell)
        self.urls = ModuleType("urls")
        routes = (create_routes(server or default_server()), "oauthstore")
        self.urls.urlpatterns = [path("api/", self.native.urls), path("", include(routes))]  # type: ignore[attr-defined]

    def ask(self, where: str, headers: Mapping[str, str], method: str = "GET") -> DjangoAnswer:
        return Browser(self.urls).open(f"/api/{where}", method=method, headers=headers)

    def ask_asgi(self, where: str, headers: Mapping[str, str]) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(ASGIHandler())
            async with httpx.AsyncClient(transport=transport, base_url="http://api") as client:
                return await client.get(f"/api/{where}", headers=dict(headers))

        with override_settings(ROOT_URLCONF=self.urls):
            return asyncio.run(ask())


def _api(site: Site, scopes: Any = "profile") -> Api:  # noqa: ANN401 - as the class takes them
    return Api(ResourceProtector(site.server), scopes, site.server)


@pytest.mark.parametrize("where", ["sync", "async"])
def test_an_operation_has_the_token_under_wsgi_and_asgi(where: str) -> None:
    site = make_site()
    token, api = site.issue(site.register())["access_token"], _api(site)

    by_wsgi, by_asgi = api.ask(where, bearer(token)), api.ask_asgi(where, bearer(token))

    told = {"sub": "alice"}
    assert (by_wsgi.status_code, by_wsgi.json) == (200, told)
    assert (by_asgi.status_code, by_asgi.json()) == (200, told)


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
def test_an_operation_is_reached_with_the_scope_that_it_names(scopes: object, status: int) -> None:
    site = make_site()
    token = site.issue(site.register())["access_token"]

    assert _api(site, scopes).ask("sync", bearer(token)).status_code == status


@pytest.mark.parametrize("where", ["sync", "async"])
@pytest.mark.parametrize(
    "headers", [NONE, {"Authorization": "Basic eDp5"}, bearer("x"), bearer("\xe9")]
)
def test_what_is_refused_is_told_as_by_the_protector_of_views(
    headers: dict[str, str], where: str
) -> None:
    site = make_site()

    answer = _api(site).ask(where, headers)

    by_view = site.app.test_client().get("/profile", headers=headers)
    assert (answer.status_code, answer.json) == (401, by_view.json)
    assert answer.headers["WWW-Authenticate"] == by_view.headers["WWW-Authenticate"]
    assert answer.headers["Cache-Control"] == by_view.headers["Cache-Control"]


def test_a_scope_that_does_not_reach_is_told_in_the_challenge() -> None:
    site = make_site()
    token = site.issue(site.register())["access_token"]

    answer = _api(site, "mail").ask("sync", bearer(token))

    by_view = site.ask("/mail", token)
    assert (answer.status_code, answer.json) == (403, by_view.json)
    assert answer.headers["WWW-Authenticate"] == by_view.headers["WWW-Authenticate"]


def test_a_token_in_the_query_or_the_form_protects_nothing() -> None:
    site = make_site()
    token = site.issue(site.register())["access_token"]

    answer = _api(site).ask(f"sync?access_token={token}", NONE)

    assert answer.status_code == 401


def test_an_operation_that_changes_something_needs_no_csrf_token() -> None:
    site = make_site()
    token, api = site.issue(site.register())["access_token"], _api(site)
    strict = Browser(api.urls, enforce_csrf_checks=True)

    assert strict.post("/api/sync", headers=bearer(token)).status_code == 200


def test_without_a_bearer_token_the_next_one_is_asked_where_it_is_optional() -> None:
    site = make_site()
    token, api = site.issue(site.register())["access_token"], _api(site)

    assert api.ask("either", {"Authorization": "Name ada"}).json["sub"] == "ada"
    assert api.ask("either", bearer(token)).json["sub"] == "alice"
    assert api.ask("either", bearer("x")).json["error"] == "invalid_token"
    assert api.ask("either", NONE).status_code == 401


def test_a_token_whose_user_is_gone_has_none() -> None:
    site = make_site()
    token = site.issue(site.register())["access_token"]
    api, people = _api(site), person_model().objects.filter(pk="alice")

    people.update(is_active=False)
    try:
        gone = api.ask("user", bearer(token))
    finally:
        people.update(is_active=True)

    assert gone.json["user"] is None
    assert api.ask("user", bearer(token)).json["user"] == "alice"


@pytest.mark.parametrize("where", ["sync", "async"])
def test_a_store_that_is_away_is_503_with_retry_after(where: str) -> None:
    watched = WatchedBackend(MemoryBackend())
    roles = ("clients", "tokens", "credentials", "nonces")
    plugin = BackendPlugin("watched", roles, watched.capabilities, lambda *_: watched)
    with register_backend(plugin):
        site = make_site(store="watched://")
        token = site.issue(site.register())["access_token"]

        with FailingAt(watched, 1, StoreUnavailableError):
            answer = _api(site).ask(where, bearer(token))

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert answer.json["error"] == "temporarily_unavailable"


def test_without_the_handler_it_is_refused_all_the_same() -> None:
    site = make_site()
    api = _api(site)
    del api.native._exception_handlers[OAuthError]

    answer = api.ask("sync", bearer("x"))

    assert (answer.status_code, answer.json) == (401, {"detail": "invalid_token"})


def test_the_api_s_own_auth_protects_all_of_it() -> None:
    site = make_site()
    token = site.issue(site.register())["access_token"]
    native = NinjaAPI(
        urls_namespace=f"api-{next(_names)}",
        auth=OAuth("profile", protector=ResourceProtector(site.server)),
    )
    native.get("/me")(_tell)
    urls = ModuleType("urls")
    urls.urlpatterns = [path("api/", native.urls)]  # type: ignore[attr-defined]

    assert Browser(urls).get("/api/me").status_code == 401
    assert Browser(urls).get("/api/me", headers=bearer(token)).json["sub"] == "alice"


def test_openapi_shows_the_flows_and_the_scopes_of_the_server() -> None:
    site = make_site(issuer="https://example.com/auth")

    told = _api(site).ask("openapi.json", NONE).json

    scheme = told["components"]["securitySchemes"]["OAuth"]
    scopes = {"profile": "See your name", "mail": "Read your mail"}
    token = "https://example.com/auth/token"
    assert scheme["type"] == "oauth2"
    assert scheme["flows"] == {
        "authorizationCode": {
            "authorizationUrl": "https://example.com/auth/authorize",
            "tokenUrl": token,
            "scopes": scopes,
        },
        "clientCredentials": {"tokenUrl": token, "scopes": scopes},
    }
    assert told["paths"]["/api/sync"]["get"]["security"] == [{"OAuth": []}]


def test_openapi_names_the_endpoints_without_a_host_where_no_issuer_is_set() -> None:
    with override_settings(OAUTHSTORE={"store": "memory://"}):
        api = Api(ResourceProtector())
        told = api.ask("openapi.json", NONE).json

    flows = told["components"]["securitySchemes"]["OAuth"]["flows"]
    assert flows["clientCredentials"]["tokenUrl"] == "/oauth/token"


def _client_of(endpoint: Endpoint) -> IntrospectionClient:
    return IntrospectionClient(endpoint.url, "api", "secret")


def test_tokens_of_a_server_elsewhere_are_asked_about_by_introspection() -> None:
    with Endpoint() as endpoint, closing(_client_of(endpoint)) as client:
        protector = ResourceProtector()
        protector.register_token_validator(IntrospectionTokenValidator(client))
        api = Api(protector)

        good = api.ask("async", bearer("good"))
        endpoint.answer = {"active": False}
        bad = api.ask("async", bearer("bad"))
        told = api.ask("openapi.json", NONE).json

    assert (good.status_code, good.json) == (200, {"sub": "alice"})
    assert (bad.status_code, bad.json["error"]) == (401, "invalid_token")
    assert 'error="invalid_token"' in bad.headers["WWW-Authenticate"]
    scheme = told["components"]["securitySchemes"]["OAuth"]
    assert scheme == {"type": "http", "scheme": "bearer"}
