"""What the author of a protected resource writes, judged by mypy and pyright; nothing is run."""

from __future__ import annotations

from collections.abc import Collection
from typing import assert_type

from oauthstore_core.http import HttpRequest
from oauthstore_core.oauth2.resource import ResourceProtector, Scopes
from oauthstore_core.oauth2.views import AccessToken
from oauthstore_core.stores import Stores


def reads_or_writes(held: Collection[str]) -> bool:
    return any(scope.startswith("mail:") for scope in held)


def protect(stores: Stores, request: HttpRequest) -> AccessToken:
    protector = ResourceProtector(stores, resource="https://api.example.com")
    protector.validate(request)
    protector.validate(request, "profile email")
    protector.validate(request, ["profile", "admin email"])
    protector.validate(request, reads_or_writes)
    protector.validate(request, lambda held: "profile" in held)
    protector.validate(request, 5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    token = protector.validate(request, ("profile",))
    assert_type(token.audience, tuple[str, ...])
    assert_type(token.subject, str | None)
    return token


ALTERNATIVES: Scopes = ["profile", "email"]
