"""The server's URLs, all derived from the issuer, and its metadata (RFC 8414)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url

from .client_authentication import CONFIDENTIAL_METHODS, METHODS

__all__ = ["EndpointPaths", "Served", "server_metadata"]


@dataclass(frozen=True, slots=True)
class EndpointPaths:
    """Where the endpoints lie, as paths on the issuer's host."""

    authorization: str
    token: str
    revocation: str
    introspection: str
    metadata: str

    @classmethod
    def of(cls, issuer: str) -> EndpointPaths:
        """Return the paths under the issuer's own; the well-known one is at the root."""
        return cls.below(urlsplit(issuer).path, issuer)

    @classmethod
    def below(cls, path: str, issuer: str) -> EndpointPaths:
        """Return the paths under another one; the well-known one is still the issuer's."""
        base = path.rstrip("/")
        return cls(
            authorization=f"{base}/authorize",
            token=f"{base}/token",
            revocation=f"{base}/revoke",
            introspection=f"{base}/introspect",
            metadata=get_well_known_url(issuer.rstrip("/")),
        )


@dataclass(frozen=True, slots=True)
class Served:
    """What a server serves, whoever registered it."""

    grant_types: Sequence[str]
    response_types: Sequence[str]
    #: The PKCE methods of the grant that issues codes; empty: it asks for none.
    code_challenge_methods: Sequence[str]
    scopes: Sequence[str]
    #: The languages of the pages, English among them.
    languages: Sequence[str] = ()


def server_metadata(served: Served, issuer: str, paths: EndpointPaths) -> dict[str, Any]:
    """Return the metadata: what is really served, and nothing else."""
    parts = urlsplit(issuer)
    origin = f"{parts.scheme}://{parts.netloc}"
    metadata: dict[str, Any] = {
        "issuer": issuer,
        "token_endpoint": origin + paths.token,
        "response_types_supported": [],
        "grant_types_supported": list(served.grant_types),
        "token_endpoint_auth_methods_supported": list(METHODS),
        "revocation_endpoint": origin + paths.revocation,
        "revocation_endpoint_auth_methods_supported": list(METHODS),
        "introspection_endpoint": origin + paths.introspection,
        "introspection_endpoint_auth_methods_supported": list(CONFIDENTIAL_METHODS),
    }
    if served.scopes:
        metadata["scopes_supported"] = list(served.scopes)
    if served.response_types:
        metadata |= {
            "authorization_endpoint": origin + paths.authorization,
            "response_types_supported": list(served.response_types),
            "response_modes_supported": _response_modes(served.response_types),
            "authorization_response_iss_parameter_supported": True,
        }
        if len(served.languages) > 1:
            metadata["ui_locales_supported"] = list(served.languages)
    if served.code_challenge_methods:
        metadata["code_challenge_methods_supported"] = list(served.code_challenge_methods)
    checked = AuthorizationServerMetadata(metadata)
    if metadata["response_types_supported"]:
        checked.validate()
    return metadata


def _response_modes(response_types: Sequence[str]) -> Sequence[str]:
    """Return the modes that are the default of these types, which is what each edge answers in."""
    modes = ["query" if response_type == "code" else "fragment" for response_type in response_types]
    return list(dict.fromkeys(modes))
