"""Which of Django's caches will do, as the checks tell and as requests are answered."""

# ruff: noqa: ANN401 - fixtures, and classes as parameters

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from types import ModuleType
from typing import Any, Final

import pytest
from django.core.checks import CheckMessage, run_checks
from django.core.handlers.asgi import ASGIRequest
from django.http import HttpRequest
from django.test import AsyncRequestFactory, RequestFactory
from django.test.utils import (
    override_settings,
    setup_test_environment,
    teardown_test_environment,
)

from oauthstore_core.errors import CapabilityError
from oauthstore_core.integrations.django_oauth1 import (
    AuthorizationServer,
    BaseServer,
    CacheAuthorizationServer,
    ResourceProtector,
)
from oauthstore_core.integrations.django_oauth1 import checks as oauth1_checks
from oauthstore_core.integrations.django_oauth1.checks import (
    check_caches,
    check_deployed_caches,
)
from oauthstore_core.integrations.django_oauth2.reading import SettingsReader, living_readers

from .own_models import own_models

BACKENDS: Final = "django.core.cache.backends"
#: Of its own, for servers of other tests may still be about.
ALIAS: Final = "of-this-test"
PROVIDER: Final = {"cache": ALIAS}
PER_PROCESS: Final = {"BACKEND": f"{BACKENDS}.locmem.LocMemCache"}
REDIS: Final = {"BACKEND": f"{BACKENDS}.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1"}
DJANGO_REDIS: Final = "django_redis.cache.RedisCache"
UNFIT: Final[Mapping[str, tuple[Mapping[str, Any], str]]] = {
    "dummy": ({"BACKEND": f"{BACKENDS}.dummy.DummyCache"}, "keeps nothing"),
    "files": (
        {"BACKEND": f"{BACKENDS}.filebased.FileBasedCache", "LOCATION": "/nowhere"},
        "two can be first",
    ),
    "database": (
        {"BACKEND": f"{BACKENDS}.db.DatabaseCache", "LOCATION": "cache"},
        "looks first and writes then",
    ),
    "two servers": ({**REDIS, "LOCATION": ["redis://a:1", "redis://b:1"]}, "several servers"),
    "errors ignored": (
        {
            "BACKEND": f"{BACKENDS}.memcached.PyMemcacheCache",
            "LOCATION": "127.0.0.1:1",
            "OPTIONS": {"ignore_exc": True},
        },
        "ignore_exc",
    ),
    "exceptions ignored": (
        {**REDIS, "BACKEND": DJANGO_REDIS, "OPTIONS": {"IGNORE_EXCEPTIONS": True}},
        "IGNORE_EXCEPTIONS",
    ),
    "another client": (
        {
            **REDIS,
            "BACKEND": DJANGO_REDIS,
            "OPTIONS": {"CLIENT_CLASS": "django_redis.client.ShardClient"},
        },
        "ShardClient",
    ),
}
_NO_URLS: Final = ModuleType("no_urls")
_NO_URLS.urlpatterns = []  # type: ignore[attr-defined]  # a module that is made


@pytest.fixture
def configure(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Return what sets CACHES and Authlib's dict until the test's end."""
    # Those of other tests, whose URLs somebody may still hold, would be looked at, too.
    others = living_readers()

    def made_here() -> list[SettingsReader]:
        return [made for made in living_readers() if all(made is not other for other in others)]

    monkeypatch.setattr(oauth1_checks, "living_readers", made_here)
    overridden: list[override_settings] = []

    def set_(cache: Mapping[str, Any], /, *, debug: bool = False, **provider: object) -> None:
        one = override_settings(
            CACHES={"default": PER_PROCESS, ALIAS: cache},
            DEBUG=debug,
            AUTHLIB_OAUTH1_PROVIDER={**PROVIDER, **provider},
            OAUTHSTORE={},
            ROOT_URLCONF=_NO_URLS,
        )
        one.enable()
        overridden.append(one)

    yield set_
    for one in reversed(overridden):
        one.disable()


def _ids(messages: Any) -> list[str]:
    told: list[CheckMessage] = [*messages]
    return [str(one.id) for one in told if ALIAS in one.msg]


def _asked(**environ: object) -> HttpRequest:
    # As a server has it: what a test sends has a body of another type.
    extra: dict[str, Any] = {"HTTP_HOST": "localhost", "wsgi.input": BytesIO(), **environ}
    return RequestFactory().post("/initiate", **extra)


def _asked_by_asgi() -> HttpRequest:
    headers = [(b"host", b"localhost")]
    scope = {"type": "http", "method": "POST", "path": "/initiate", "headers": headers}
    return ASGIRequest(scope, BytesIO())


def test_a_cache_of_each_process_is_an_error_of_a_deployment(configure: Any) -> None:
    configure(PER_PROCESS)
    server = CacheAuthorizationServer()

    assert _ids(check_deployed_caches()) == ["oauthstore.E013"]
    assert _ids(check_caches()) == ["oauthstore.W011"]
    assert server.cache_place is not None


def test_where_the_environment_names_several_workers_every_check_refuses_it(
    configure: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(PER_PROCESS, debug=True, single_process=True)
    server = CacheAuthorizationServer()
    assert _ids(check_caches()) == []
    monkeypatch.setenv("WEB_CONCURRENCY", "2")

    assert _ids([*check_caches(), *check_deployed_caches()]) == ["oauthstore.E013"]
    del server


def test_one_process_may_be_told_of_and_is_warned_that_the_cache_forgets(configure: Any) -> None:
    configure(PER_PROCESS, single_process=True)
    server = CacheAuthorizationServer()

    assert _ids([*check_caches(), *check_deployed_caches()]) == ["oauthstore.W011"]
    del server


@pytest.mark.parametrize("name", UNFIT)
def test_a_cache_in_which_two_could_be_first_is_refused_everywhere(
    configure: Any, name: str
) -> None:
    cache, reason = UNFIT[name]
    configure(cache, debug=True)
    server = CacheAuthorizationServer()

    (message,) = [one for one in check_caches() if ALIAS in one.msg]
    assert (message.id, reason in message.msg) == ("oauthstore.E012", True)
    with pytest.raises(CapabilityError, match=reason):
        server.create_temporary_credential_response(_asked())


def test_an_alias_that_nobody_has_configured_is_an_error(configure: Any) -> None:
    configure(REDIS, cache="of-this-test-no-such")
    server = CacheAuthorizationServer()

    assert _ids(check_caches()) == ["oauthstore.E012"]
    del server


@pytest.mark.parametrize("backend", [REDIS["BACKEND"], DJANGO_REDIS])
def test_a_shared_cache_is_fine(configure: Any, backend: str) -> None:
    configure({**REDIS, "BACKEND": backend})
    server = CacheAuthorizationServer()

    assert _ids([*check_caches(), *check_deployed_caches()]) == []
    del server


@pytest.mark.parametrize("kind", [AuthorizationServer, BaseServer, ResourceProtector])
def test_with_a_token_model_and_no_store_the_cache_is_used_and_looked_at(
    configure: Any, kind: Any
) -> None:
    configure(PER_PROCESS)
    models = own_models()
    made = kind(models.Client, models.Token)

    assert _ids(check_deployed_caches()) == ["oauthstore.E013"]
    with override_settings(OAUTHSTORE={"store": "memory://"}):
        assert _ids(check_deployed_caches()) == []
    del made


def test_what_is_in_the_store_has_no_cache_to_look_at(configure: Any) -> None:
    configure(PER_PROCESS)
    server = AuthorizationServer()
    protector = ResourceProtector()

    assert _ids([*check_caches(), *check_deployed_caches()]) == []
    del server, protector


@pytest.mark.parametrize(
    ("provider", "word"),
    [
        ({"signature_methods": "HMAC-SHA1"}, "lists signature methods"),
        ({"temporary_credential_expires_in": 0}, "above 0"),
        ({"nonce_expires_in": "a day"}, "above 0"),
        ({"temporary_credential_key_prefix": "a b"}, "without spaces"),
        ({"token_generator": "no.such.function"}, "cannot be imported"),
        ({"single_process": "false"}, "is a switch"),
        ({"single_process": 1}, "is a switch"),
    ],
)
def test_what_authlib_s_dict_cannot_mean_is_an_error(
    configure: Any, provider: dict[str, object], word: str
) -> None:
    configure(REDIS, **provider)

    (message,) = check_caches()

    assert (message.id, word in message.msg) == ("oauthstore.E011", True)


# --- while requests are answered ---


@pytest.mark.parametrize(
    ("request_", "served"),
    [
        (_asked(**{"wsgi.multiprocess": True}), False),
        (_asked(**{"wsgi.multiprocess": False}), True),
        (_asked_by_asgi(), False),
    ],
    ids=["several", "one", "asgi"],
)
def test_a_cache_of_one_process_serves_only_where_one_process_answers(
    configure: Any,
    request_: HttpRequest,
    served: bool,  # noqa: FBT001 - what is expected
    caplog: pytest.LogCaptureFixture,
) -> None:
    configure(PER_PROCESS)
    server = CacheAuthorizationServer()

    if served:
        assert server.create_temporary_credential_response(request_).status_code == 400
    else:
        with pytest.raises(CapabilityError, match="single_process"):
            server.create_temporary_credential_response(request_)
        assert "single_process" in caplog.text


def test_a_request_of_django_s_test_tools_is_one_process_s(configure: Any) -> None:
    configure(PER_PROCESS)
    server = CacheAuthorizationServer()
    made = RequestFactory().post("/initiate", headers={"host": "localhost"})

    assert server.create_temporary_credential_response(made).status_code == 400


@pytest.mark.parametrize("asked", [_asked(**{"wsgi.multiprocess": True}), _asked_by_asgi()])
def test_a_middleware_that_turns_csrf_off_makes_no_request_a_test_s(
    configure: Any, asked: HttpRequest
) -> None:
    configure(PER_PROCESS)
    server = CacheAuthorizationServer()
    asked._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]  # as a known snippet does

    with pytest.raises(CapabilityError, match="single_process"):
        server.create_temporary_credential_response(asked)


def test_a_request_of_django_s_async_test_tools_is_one_process_s(configure: Any) -> None:
    configure(PER_PROCESS)
    server = CacheAuthorizationServer()
    made = AsyncRequestFactory().post("/initiate", headers={"host": "localhost"})
    read = AsyncRequestFactory().post("/initiate", headers={"host": "localhost"})
    assert read.body is not None

    assert server.create_temporary_credential_response(made).status_code == 400
    with pytest.raises(CapabilityError):  # nothing tells it from a server's any more
        server.create_temporary_credential_response(read)
    setup_test_environment()
    try:
        assert server.create_temporary_credential_response(read).status_code == 400
    finally:
        teardown_test_environment()


@pytest.mark.parametrize("told", [{"debug": True}, {"single_process": True}])
def test_where_nobody_knows_the_project_may_tell(configure: Any, told: dict[str, Any]) -> None:
    configure(PER_PROCESS, **told)
    server = CacheAuthorizationServer()

    assert server.create_temporary_credential_response(_asked_by_asgi()).status_code == 400
    with pytest.raises(CapabilityError):
        server.create_temporary_credential_response(_asked(**{"wsgi.multiprocess": True}))


def test_a_protector_refuses_as_its_server_does(configure: Any) -> None:
    configure(PER_PROCESS)
    models = own_models()
    several = _asked(**{"wsgi.multiprocess": True})

    for protector in (
        ResourceProtector(models.Client, models.Token),
        ResourceProtector(CacheAuthorizationServer()),
    ):
        with pytest.raises(CapabilityError):
            protector.acquire_credential(several)


def test_the_app_lets_django_run_the_checks(configure: Any) -> None:
    configure(PER_PROCESS)
    server = CacheAuthorizationServer()

    found = run_checks(include_deployment_checks=True, tags=["oauthstore", "security"])
    assert _ids(found) == ["oauthstore.W011", "oauthstore.E013"]
    del server
