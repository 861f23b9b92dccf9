"""Where the endpoints lie: under the issuer's path, wherever the project itself is mounted."""

from __future__ import annotations

from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from django.urls import NoReverseMatch, get_script_prefix, reverse

__all__ = ["METADATA_PATH", "USUAL_PREFIX", "endpoint_prefix", "path_below"]

#: Where the endpoints lie if neither the issuer nor the project's URLs say.
USUAL_PREFIX: Final = "/oauth"
#: Where RFC 8414 wants the metadata of an issuer without a path.
METADATA_PATH: Final = "/.well-known/oauth-authorization-server"


@lru_cache(maxsize=64)
def path_below(issuer: str | None, script_prefix: str) -> str:
    """Return what the project's URLs have of the issuer's path, such as ``oauth/``.

    They lie below the path that the project is mounted at, which the issuer,
    an address that clients know, has in front (SCRIPT_NAME, FORCE_SCRIPT_NAME,
    ASGI's ``root_path``).
    """
    whole = urlsplit(issuer or "").path.strip("/") + "/"
    mounted = script_prefix.strip("/")
    own = whole.removeprefix(f"{mounted}/") if mounted else whole
    return (own.strip("/") or USUAL_PREFIX.strip("/")) + "/"


def endpoint_prefix(issuer: str | None) -> str:
    """Return the path that the endpoints lie under, as the client of this request has it."""
    mounted = get_script_prefix()
    try:
        # Of all routes the one that does not move with the issuer: Django remembers them.
        metadata = reverse("oauthstore:metadata", kwargs={"issuer_path": ""})
    except NoReverseMatch:  # the project has views of its own, at the usual place or it says where
        return mounted.rstrip("/") + USUAL_PREFIX
    return f"{metadata.removesuffix(METADATA_PATH)}/{path_below(issuer, mounted)}".rstrip("/")
