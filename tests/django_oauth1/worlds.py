"""The same project several times: on Authlib, on ours with its models, and on ours without."""

# ruff: noqa: ANN401 - of Authlib, which declares no types

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any, Final

from authlib.oauth1.rfc5849.errors import OAuth1Error
from django.core.cache import caches
from django.db.models.signals import pre_save
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.test.utils import override_settings
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

from ..flask_oauth1.own_application import CALLBACK, METHODS, SECRET
from ..flask_oauth1.signing import RSA_PUBLIC_KEY, Pairs, Signer
from ..flask_oauth1.worlds import World
from ..integrations.django_oauth2.browser import Browser
from ..integrations.django_oauth2.people import find_person
from .own_models import fill
from .pausing_cache import PausingCache

__all__ = ["CACHES", "OURS", "WORLDS", "DjangoWorld", "open_world"]

CACHES: Final = {
    "default": {"BACKEND": f"{PausingCache.__module__}.PausingCache", "LOCATION": "oauth1 worlds"}
}
#: Class of the server, and whether the project gives models.
OURS: Final[Mapping[str, tuple[str, bool]]] = {
    "cache, models": ("CacheAuthorizationServer", True),
    "cache": ("CacheAuthorizationServer", False),
    "store, models": ("AuthorizationServer", True),
    "store": ("AuthorizationServer", False),
}
WORLDS: Final = ("authlib", *OURS)


class DjangoWorld(World):
    """One of them: clients c1 and c2 with a secret, c3 with an RSA key alone, users 1 and 2."""

    def __init__(self, name: str, server: Any, require_oauth: Any, models: Any) -> None:
        self.name, self.server, self.models = name, server, models
        self.require_oauth = require_oauth
        self.client = Signer(client_secret=SECRET)
        self.urls = ModuleType("urls")
        self.urls.urlpatterns = _create_urls(server, require_oauth)  # type: ignore[attr-defined]
        self.app = self  # type: ignore[assignment]  # what Flask's tests ask for a client

    def test_client(self) -> Browser:
        return Browser(self.urls)

    def open(self, path: str, method: str, form: Pairs = (), **options: Any) -> Any:
        data: dict[str, list[str]] = {}
        for name, value in form:
            data.setdefault(name, []).append(value)
        return self.test_client().open(path, method=method, data=data, **options)

    def can_pause(self, model: str) -> bool:
        saved = model == "TokenCredential" and self.models is not None
        return saved or not self.name.startswith("store")

    def meanwhile(self, model: str, deed: Callable[[], object]) -> None:
        """Do something, once, while a request is about to store what is of that model."""
        known = re.compile(_KEYS[model])

        def once(key: str) -> None:
            if known.search(key):
                finish()
                deed()

        def before_save(**_: object) -> None:
            finish()
            deed()

        def finish() -> None:
            PausingCache.before_write = staticmethod(lambda _: None)  # type: ignore[method-assign]
            pre_save.disconnect(before_save, sender=_token_model(self.models))

        if model == "TokenCredential" and self.models is not None:
            pre_save.connect(before_save, sender=_token_model(self.models), weak=False)
        else:
            PausingCache.before_write = staticmethod(once)  # type: ignore[method-assign]

    def count(self, model: str) -> int:
        """Return how many things of a kind are kept."""
        cache: Any = caches["default"]
        return sum(re.search(_KEYS[model], key) is not None for key in cache.keys())  # noqa: SIM118 - a cache's


#: How keys are called, on Authlib and on ours.
_KEYS: Final[Mapping[str, str]] = {
    "Nonce": r"\bnonce:|\boauthstore:[0-9a-f]{64}$",
    "TemporaryCredential": r":decided$|\btemporary_credential:[^:]+$",
    "TokenCredential": r":used$",
}


def _token_model(models: Any) -> Any:
    return None if models is None else models.Token


def open_world(name: str, **provider: Any) -> Iterator[DjangoWorld]:
    """Yield the project; the cache is empty, and so are its tables."""
    caches["default"].clear()
    settings: dict[str, Any] = {
        "AUTHLIB_OAUTH1_PROVIDER": {"signature_methods": METHODS, **provider},
        "CACHES": CACHES,
        # As a project has it that comes from Authlib: where all is its own, there is no store.
        "OAUTHSTORE": {} if name in {"authlib", "cache, models"} else {"store": "memory://"},
    }
    with override_settings(**settings):
        caches["default"].clear()
        yield _open(name)


def _open(name: str) -> DjangoWorld:
    prefix = "authlib" if name == "authlib" else "oauthstore_core"
    module = import_module(f"{prefix}.integrations.django_oauth1")
    kind, with_models = OURS.get(name, ("CacheAuthorizationServer", True))
    models = fill(SECRET, RSA_PUBLIC_KEY, CALLBACK)
    if with_models:
        server = getattr(module, kind)(models.Client, models.Token)
        protector = module.ResourceProtector(models.Client, models.Token)
        return DjangoWorld(name, server, protector, models)
    server = getattr(module, kind)()
    _register(server)
    return DjangoWorld(name, server, module.ResourceProtector(server), None)


def _register(server: Any) -> None:
    for client_id, methods in (("c1", METHODS), ("c2", None)):
        server.register_client(
            {"redirect_uris": [CALLBACK, f"{CALLBACK}?a=b%26c%20d"], "client_name": "Album"},
            client_id=client_id,
            client_secret=SECRET,
            rsa_public_key=RSA_PUBLIC_KEY,
            signature_methods=methods,
        )
    server.register_client(
        {"redirect_uris": [CALLBACK]}, client_id="c3", rsa_public_key=RSA_PUBLIC_KEY
    )


def _create_urls(server: Any, require_oauth: Any) -> list[Any]:
    @csrf_exempt
    def authorize(request: HttpRequest) -> HttpResponse:
        try:
            if request.method == "GET":
                asked = server.check_authorization_request(request)
                return JsonResponse({"client": asked.credential.get_client_id()})
            user = request.POST["user"]
            owner = find_person(user) if user != "0" else None
            response: HttpResponse = server.create_authorization_response(request, owner)
        except OAuth1Error as error:
            return JsonResponse(dict(error.get_body()), status=error.status_code)
        return response

    @require_oauth()
    def me(request: HttpRequest) -> HttpResponse:
        credential: Any = request.oauth1_credential  # type: ignore[attr-defined]  # Authlib's name
        return JsonResponse({"user": int(credential.user.pk), "client": credential.client_id})

    return [
        path("oauth1/initiate", csrf_exempt(server.create_temporary_credentials_response)),
        path("oauth1/authorize", authorize),
        path("oauth1/token", csrf_exempt(server.create_token_response)),
        path("me", csrf_exempt(me)),
        path("café", csrf_exempt(me)),
    ]
