"""Requests in own mode: an application's grants and models, on Authlib's flows.

What they take is what Authlib's take; what stock Authlib answers with a
traceback, or takes from where RFC 6749 does not allow it, is refused.
"""

# What the stubs of Authlib that pyright brings say of its methods is narrower than what it does.
# pyright: reportIncompatibleMethodOverride=false, reportIncompatibleVariableOverride=false

from __future__ import annotations

from collections.abc import Mapping

from authlib.oauth2.rfc6749 import InsecureTransportError, InvalidRequestError

from ..http import HttpRequest, MalformedRequestError, Pairs
from ..settings import is_loopback
from .requests import ParameterRequest

__all__ = ["OwnAuthorizationRequest", "OwnRequest"]


class OwnRequest(ParameterRequest):
    """A request at the token endpoint or another: the form of a POST, else the query."""

    def __init__(self, http: HttpRequest, url: str, issuer: str | None) -> None:
        """Take a request for `url`; where an issuer is set, its scheme decides on security."""
        _refuse_insecure(issuer or url)
        super().__init__(http, issuer or url, self._read(http))
        self.uri = url

    def _read(self, http: HttpRequest) -> Pairs:
        try:
            return self._select(http)
        except MalformedRequestError as error:
            raise InvalidRequestError(str(error)) from error

    def _select(self, http: HttpRequest) -> Pairs:
        return http.form if http.method == "POST" else http.query

    @property
    def args(self) -> Mapping[str, str]:
        """The query's parameters, where they count."""
        return {} if self.method == "POST" else self.payload.data

    @property
    def form(self) -> Mapping[str, str]:
        """The form."""
        return self.payload.data if self.method == "POST" else {}


class OwnAuthorizationRequest(OwnRequest):
    """A request at the authorization endpoint: the query, and what only the form has.

    A consent form may repeat the query's parameters in hidden fields: those of
    the query count, for they are what was shown.
    """

    def _select(self, http: HttpRequest) -> Pairs:
        named = {name for name, _ in http.query}
        return (*http.query, *(pair for pair in http.form if pair[0] not in named))

    @property
    def args(self) -> Mapping[str, str]:
        """The parameters."""
        return self.payload.data

    @property
    def form(self) -> Mapping[str, str]:
        """The parameters, where the request was posted."""
        return self.payload.data if self.method == "POST" else {}


def _refuse_insecure(url: str) -> None:
    """Raise `InsecureTransportError`, which AUTHLIB_INSECURE_TRANSPORT does not turn off."""
    if not url.lower().startswith("https:") and not is_loopback(url):
        raise InsecureTransportError
