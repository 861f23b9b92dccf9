"""What a resource owner decided, and how the client hears of it (RFC 5849 section 2.2)."""

from __future__ import annotations

from dataclasses import dataclass, field

from authlib.oauth1.rfc5849.errors import AccessDeniedError

from ..oauth2.redirect_uris import with_parameters
from .credentials import OUT_OF_BAND
from .requests import SignedRequest

__all__ = ["AuthorizationDecision"]


@dataclass(frozen=True, slots=True)
class AuthorizationDecision:
    """A temporary credential is authorized, or denied for good."""

    request: SignedRequest
    #: Where the client waits for the resource owner, or "oob".
    callback: str
    #: What the client needs for the exchange; None: denied.
    verifier: str | None = field(repr=False)

    @property
    def location(self) -> str | None:
        """Where the resource owner is sent; None: the client has no callback."""
        if self.callback == OUT_OF_BAND:
            return None
        parameters: list[tuple[str, str]] = [("oauth_token", self.request.token)]
        if self.verifier is None:
            body = AccessDeniedError().get_body()
            parameters += [(name, str(value)) for name, value in body]
        else:
            parameters.append(("oauth_verifier", self.verifier))
        # The parameters belong to the query; the callback's own stays to the letter.
        uri, hash_, fragment = self.callback.partition("#")
        return with_parameters(uri, parameters) + hash_ + fragment
