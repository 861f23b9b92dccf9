"""The server's URLs, all derived from the issuer, and its metadata (RFC 8414)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url

from ..settings import Settings
from .client_authentication import CONFIDENTIAL_METHODS, METHODS

__all__ = ["EndpointPaths", "server_metadata"]


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


def server_metadata(settings: Settings, issuer: str, paths: EndpointPaths) -> dict[str, Any]:
    """Return the metadata: what is really served, and nothing else."""
    parts = urlsplit(issuer)
    origin = f"{parts.scheme}://{parts.netloc}"
    metadata: dict[str, Any] = {
        "issuer": issuer,
        "token_endpoint": origin + paths.token,
        "response_types_supported": [],
        "grant_types_supported": list(settings.grants),
        "token_endpoint_auth_methods_supported": list(METHODS),
        "revocation_endpoint": origin + paths.revocation,
        "revocation_endpoint_auth_methods_supported": list(METHODS),
        "introspection_endpoint": origin + paths.introspection,
        "introspection_endpoint_auth_methods_supported": list(CONFIDENTIAL_METHODS),
    }
    if settings.scopes:
        metadata["scopes_supported"] = list(settings.scopes)
    if "authorization_code" in settings.grants:
        metadata |= {
            "authorization_endpoint": origin + paths.authorization,
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
        }
    checked = AuthorizationServerMetadata(metadata)
    if metadata["response_types_supported"]:
        checked.validate()
    return metadata
