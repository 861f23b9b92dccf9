"""Authlib's request and payload over the neutral `HttpRequest`.

The authorization endpoint reads the query and nothing else, the others read
the form and nothing else; a repeated parameter is refused (RFC 6749 3.1, 3.2).
"""

# What the stubs of Authlib that pyright brings say of its methods is narrower than what it does.
# pyright: reportIncompatibleMethodOverride=false, reportIncompatibleVariableOverride=false

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from authlib.oauth2.base import invalid_error_characters
from authlib.oauth2.rfc6749 import (
    InvalidRequestError,
    InvalidScopeError,
    OAuth2Payload,
    OAuth2Request,
)

from ..http import FORM_TYPE, HttpRequest, MalformedRequestError, Pairs, repeated_names

__all__ = ["AuthorizationRequest", "FormRequest", "ParameterRequest", "Payload"]

#: RFC 8707 lets a request name several resources.
_REPEATABLE = frozenset({"resource"})
#: Of a parameter that an error description may repeat.
_NAME = re.compile(r"[a-z_]{1,40}")
#: RFC 6749 section 3.3: scope-token *( SP scope-token ).
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*")


class Payload(OAuth2Payload):
    """The parameters of one request, each of which occurs once."""

    def __init__(self, pairs: Pairs) -> None:
        repeated = [name for name in repeated_names(pairs) if name not in _REPEATABLE]
        if repeated:
            known = _NAME.fullmatch(repeated[0])
            told = f"Multiple '{repeated[0]}'" if known else "A parameter more than once"
            raise InvalidRequestError(f"{told} in request.")
        # "Parameters sent without a value MUST be treated as if they were omitted."
        self._given = [(name, value) for name, value in pairs if value]
        self._data = dict(self._given)

    @property
    def data(self) -> Mapping[str, str]:
        """Name to value."""
        return self._data

    @property
    def datalist(self) -> Mapping[str, list[str]]:
        """Name to values."""
        values: dict[str, list[str]] = {}
        for name, value in self._given:
            values.setdefault(name, []).append(value)
        return values

    # Authlib puts these two into error descriptions, which allow only some of ASCII.

    @property
    def response_type(self) -> str | None:
        """The response type, its words sorted."""
        return _describable("response_type", super().response_type)

    @property
    def redirect_uri(self) -> str | None:
        """The redirect URI as it was sent."""
        return _describable("redirect_uri", self._data.get("redirect_uri"))

    @property
    def scope(self) -> str | None:
        """The scope, as RFC 6749 section 3.3 writes it.

        Authlib splits at any white space; one that is white space and nothing
        else would pass for "within what was granted" and mean "everything".
        """
        scope = self._data.get("scope")
        if scope is not None and not _SCOPE.fullmatch(scope):
            raise InvalidScopeError
        return scope


def _describable(name: str, value: str | None) -> str | None:
    if value is not None and invalid_error_characters(value):
        raise InvalidRequestError(f"Malformed '{name}'.")
    return value


@lru_cache(maxsize=64)
def _blank(issuer: str) -> Mapping[str, Any]:
    """Return what Authlib sets of every request to an issuer, whose transport it judges once."""
    blank: dict[str, Any] = OAuth2Request("POST", issuer).__dict__
    return blank


class ParameterRequest(OAuth2Request):
    """An Authlib request of which nothing is read twice.

    The issuer's scheme, not the connection's, decides whether the transport
    is secure, so that a proxy in front changes nothing.
    """

    def __init__(self, http: HttpRequest, issuer: str, pairs: Pairs) -> None:
        # In the place of Authlib's own, which costs as much as all the rest of reading a request.
        self.__dict__.update(_blank(issuer))
        self.method = http.method
        self.http = http
        self.headers: Mapping[str, str] = http.headers
        self.payload: Payload = Payload(pairs)
        #: The client that the request names or authenticated as, for the log.
        self.client: Any = None
        #: Seconds since the epoch, before anything was looked up for it.
        self.received_at: int | None = None


class AuthorizationRequest(ParameterRequest):
    """A request at the authorization endpoint: its parameters are the query's."""

    def __init__(self, http: HttpRequest, issuer: str) -> None:
        try:
            pairs = http.query
        except MalformedRequestError as error:
            raise InvalidRequestError(str(error)) from error
        super().__init__(http, issuer, pairs)

    @property
    def args(self) -> Mapping[str, str]:
        """The query."""
        return self.payload.data

    @property
    def form(self) -> Mapping[str, str]:
        """Nothing: the form is the consent page's own."""
        return {}


class FormRequest(ParameterRequest):
    """A request at the token, revocation or introspection endpoint: a POSTed form."""

    def __init__(self, http: HttpRequest, issuer: str) -> None:
        if http.method != "POST":
            raise InvalidRequestError("This endpoint takes POST only.")
        try:
            if http.body and http.content_type != FORM_TYPE:
                raise InvalidRequestError(f"The request body must be {FORM_TYPE}.")
            pairs = http.form
        except MalformedRequestError as error:
            raise InvalidRequestError(str(error)) from error
        super().__init__(http, issuer, pairs)

    @property
    def args(self) -> Mapping[str, str]:
        """Nothing: parameters in the query do not count (RFC 6749 2.3.1)."""
        return {}

    @property
    def form(self) -> Mapping[str, str]:
        """The form."""
        return self.payload.data
