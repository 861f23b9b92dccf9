"""Client authentication: one method a request, the registered one (RFC 6749 section 2.3)."""

from __future__ import annotations

import base64
import binascii
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import quote_plus, unquote_plus

from authlib.oauth2.rfc6749 import InvalidRequestError

from ..sealing import KeyRing
from .clients import verify_secret
from .requests import FormRequest

__all__ = [
    "CONFIDENTIAL_METHODS",
    "METHODS",
    "HasKeyRing",
    "format_basic",
    "no_secret",
    "parse_basic",
    "refuse_other_client",
    "refuse_several_methods",
    "registered",
    "secret_basic",
    "secret_post",
]

log = logging.getLogger(__name__)

#: The methods that need no further software on either side.
METHODS = ("client_secret_basic", "client_secret_post", "none")
#: Those of clients that have a secret.
CONFIDENTIAL_METHODS = ("client_secret_basic", "client_secret_post")

_TWO_CLIENTS = "The request names two clients."

QueryClient = Callable[[str], Any]
AuthenticateClient = Callable[[QueryClient, FormRequest], Any]


class HasKeyRing(Protocol):
    """A server, whose key ring is there once it serves."""

    key_ring: KeyRing


def format_basic(client_id: str, client_secret: str) -> str:
    """Return the Basic header of a client; each is form-encoded first (RFC 6749 2.3.1)."""
    pair = f"{quote_plus(client_id)}:{quote_plus(client_secret)}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def parse_basic(header: str | None) -> tuple[str, str] | None:
    """Return client id and secret of a Basic header, or None if it is not a correct one.

    Both are form-encoded inside it (RFC 6749 section 2.3.1 and appendix B).
    """
    scheme, _, encoded = (header or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode()
        client_id, colon, secret = decoded.partition(":")
        pair = unquote_plus(client_id, errors="strict"), unquote_plus(secret, errors="strict")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    return pair if colon and all(pair) and "\0" not in "".join(pair) else None


def refuse_several_methods(request: FormRequest) -> None:
    """Raise `invalid_request` where a request authenticates more than once, or as two clients."""
    header, form = request.headers.get("Authorization"), request.form
    used = (header is not None, "client_secret" in form, "client_assertion" in form)
    if sum(used) > 1:
        raise InvalidRequestError("More than one client authentication method is used.")
    named = form.get("client_id")
    basic = None if named is None else parse_basic(header)
    if basic is not None and named != basic[0]:
        raise InvalidRequestError(_TWO_CLIENTS)


def refuse_other_client(request: FormRequest, client: Any) -> None:
    """Raise `invalid_request` where the request names another client than it authenticates.

    An assertion may be another client's (RFC 7521 section 4.2).
    """
    named = request.payload.data.get("client_id")
    if named is not None and named != client.get_client_id():
        raise InvalidRequestError(_TWO_CLIENTS)


def registered(registry: Any, methods: Collection[str]) -> Sequence[str]:
    """Return those of the methods that somebody registered; the log tells of the others.

    `registry` is Authlib's `ClientAuthentication`.

    Authlib would answer with a traceback where a grant class names one too many.
    """
    known: Mapping[str, object] = registry._methods  # noqa: SLF001 - there is no other way to it
    for method in methods:
        if method not in known:
            log.error(
                "A client was to be authenticated by %s, which is not registered. "
                "Call register_client_auth_method, or take it out of the class's methods.",
                method,
            )
    return [method for method in methods if method in known]


def secret_basic(server: HasKeyRing) -> AuthenticateClient:
    """Return the method ``client_secret_basic``."""

    def authenticate(query_client: QueryClient, request: FormRequest) -> Any:
        pair = parse_basic(request.headers.get("Authorization"))
        return None if pair is None else _authenticate(query_client, server, *pair)

    return authenticate


def secret_post(server: HasKeyRing) -> AuthenticateClient:
    """Return the method ``client_secret_post``."""

    def authenticate(query_client: QueryClient, request: FormRequest) -> Any:
        client_id, secret = request.form.get("client_id"), request.form.get("client_secret")
        if not client_id or not secret:
            return None
        return _authenticate(query_client, server, client_id, secret)

    return authenticate


def no_secret(query_client: QueryClient, request: FormRequest) -> Any:
    """Authenticate a public client: it names itself and sends nothing else."""
    given = request.payload.data
    client_id = given.get("client_id")
    if not client_id or "client_secret" in given or "Authorization" in request.headers:
        return None
    return query_client(client_id)


def _authenticate(
    query_client: QueryClient, server: HasKeyRing, client_id: str, secret: str
) -> Any:
    client = query_client(client_id)
    if client is None:
        # Costs what a wrong secret costs.
        verify_secret(server.key_ring, secret, None)
        return None
    try:
        return client if client.check_client_secret(secret) else None
    except TypeError:
        # An application's own client that has no secret, or compares text that is not ASCII.
        return None
