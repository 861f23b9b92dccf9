"""Authlib's OAuth 1 request over the neutral `HttpRequest`: read once, and to the letter."""

# What the stubs of Authlib that pyright brings say of its methods is narrower than what it does.
# pyright: reportIncompatibleMethodOverride=false, reportIncompatibleVariableOverride=false

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from typing import Any, Final

from authlib.oauth1 import OAuth1Request
from authlib.oauth1.rfc5849.errors import (
    DuplicatedOAuthProtocolParameterError,
    InsecureTransportError,
    InvalidRequestError,
)
from authlib.oauth1.rfc5849.signature import (
    SIGNATURE_TYPE_BODY,
    SIGNATURE_TYPE_HEADER,
    SIGNATURE_TYPE_QUERY,
)

from ..http import Headers, HttpRequest, MalformedRequestError, Pairs
from ..settings import is_loopback
from .base_string import escape, normalize_origin, signature_base_string
from .parameters import parse_authorization, select_protocol_parameters

__all__ = ["AuthorizationRequest", "SignedRequest", "origin_of", "refuse_insecure"]

_AUTHORITY: Final = re.compile(r"(?:[A-Za-z0-9._~-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")


def origin_of(http: HttpRequest) -> str:
    """Return scheme and host under which a client asked (RFC 5849 section 3.4.1.2)."""
    host = http.headers.get("Host", "")
    if not _AUTHORITY.fullmatch(host):
        raise InvalidRequestError("The Host header names no host.")
    return normalize_origin(http.scheme, host)


@lru_cache(256)
def _is_secure(origin: str) -> bool:
    return origin.startswith("https:") or is_loopback(origin)


def refuse_insecure(origin: str) -> None:
    """Raise `InsecureTransportError`, which AUTHLIB_INSECURE_TRANSPORT does not turn off."""
    if not _is_secure(origin):
        raise InsecureTransportError


class SignedRequest(OAuth1Request):
    """A request with the parameters of OAuth 1, and what is signed of it.

    Made of pairs, not of dicts: a name may be there more than once.
    """

    def __init__(self, http: HttpRequest, origin: str) -> None:
        """Read a request that was sent to `origin`, in lower case and without a default port.

        `InsecureTransportError`: it is neither https nor loopback.
        `InvalidRequestError`, `DuplicatedOAuthProtocolParameterError`: as named.
        """
        # In the place of Authlib's own, which flattens what repeats and fails of what it cannot
        # read. What only a custom method asks for is made when it does.
        refuse_insecure(origin)
        self.http = http
        self.method = http.method
        self.origin = origin
        self.client: Any = None
        self.credential: Any = None
        self.user: Any = None
        #: Digests of what this very request has claimed: asked again, it does not lose to itself.
        self.claims: set[str] = set()
        try:
            self._read(http)
        except MalformedRequestError as error:
            raise InvalidRequestError(str(error)) from error

    def _read(self, http: HttpRequest) -> None:
        self.auth_params, self.realm = parse_authorization(http.headers.get("Authorization"))
        self.query_params: Pairs = http.query
        self.body_params: Pairs = http.form
        self.signature_type, self.oauth_params = select_protocol_parameters(
            (
                (SIGNATURE_TYPE_HEADER, self.auth_params),
                (SIGNATURE_TYPE_QUERY, self.query_params),
                (SIGNATURE_TYPE_BODY, self.body_params),
            )
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.http.method} {self.http.path!r}>"

    @property
    def base_string(self) -> str:
        """The signature base string (RFC 5849 section 3.4.1)."""
        pairs = (*self.query_params, *self.body_params, *self.auth_params)
        return signature_base_string(
            self.method,
            self.origin + (self.http.encoded_path or "/"),
            [pair for pair in pairs if pair[0] != "oauth_signature"],
        )

    @property
    def client_secrets(self) -> tuple[str, ...]:
        """The client's shared secrets; two where one follows the other."""
        several: Sequence[str] | None = getattr(self.client, "client_secrets", None)
        found = (self.client_secret,) if several is None else several
        return tuple(secret for secret in found if secret)

    # --- what signature functions of Authlib's and applications' look at ---

    @property
    def uri(self) -> str:
        """The URI that was asked for."""
        query = self.http.query_string
        return f"{self.origin}{self.http.encoded_path}{'?' if query else ''}{query}"

    @property
    def query(self) -> str:
        """The query as it was sent."""
        return self.http.query_string

    @property
    def body(self) -> bytes:
        """The body as it was sent."""
        return self.http.body

    @cached_property
    def headers(self) -> Mapping[str, str]:
        """The header fields, with the host that clients know, which Authlib's base string takes."""
        fields = [pair for pair in self.http.headers.items() if pair[0].lower() != "host"]
        return Headers([*fields, ("Host", self.origin.partition("://")[2])])

    @cached_property
    def params(self) -> Pairs:
        """All parameters, for Authlib's base string, which decodes those of the protocol again."""
        pairs = (*self.query_params, *self.body_params, *self.auth_params)
        return [(k, escape(v)) if k.startswith("oauth_") else (k, v) for k, v in pairs]


class AuthorizationRequest(SignedRequest):
    """A resource owner's browser at the authorization endpoint: it signs nothing.

    The token is in the query; the form of a consent page may repeat it.
    """

    def _read(self, http: HttpRequest) -> None:
        self.auth_params, self.realm, self.signature_type = (), None, None
        self.query_params, self.body_params = http.query, http.form
        asked = select_protocol_parameters([(SIGNATURE_TYPE_QUERY, self.query_params)])[1]
        repeated = select_protocol_parameters([(SIGNATURE_TYPE_BODY, self.body_params)])[1]
        self.oauth_params = {**repeated, **asked}
        if any(self.oauth_params[name] != value for name, value in repeated.items()):
            raise DuplicatedOAuthProtocolParameterError(
                'The "oauth_" parameters of the form are not those of the address.'
            )
