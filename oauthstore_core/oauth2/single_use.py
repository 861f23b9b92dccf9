"""What a grant class that is not ours presents to be used once, used once.

Authlib's grants read a code, validate, save tokens and delete the code, each
step by itself: of concurrent requests all win. So the server claims what was
presented, as a nonce, between the validation and the saving.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..digests import nonce_digest
from .errors import RefusedGrantError

if TYPE_CHECKING:
    from .core import ServerCore

__all__ = ["claim_presented"]

#: Grant type to the parameter that may be used once.
_PRESENTED = {
    "authorization_code": "code",
    "refresh_token": "refresh_token",
    "urn:ietf:params:oauth:grant-type:device_code": "device_code",
}
#: For how many seconds a claim is remembered. The grant class keeps its own record of what is
#: used; this one is for the time in which that is not written, and for one that fails to be.
_REMEMBERED = 24 * 60 * 60


def claim_presented(server: ServerCore, token: dict[str, Any], request: Any) -> None:
    """Claim the code, device code or rotated refresh token of a token request.

    Atomic in the store of nonces, whose digest is all that it learns.
    `RefusedGrantError`: another request was first. A refresh token that stays
    valid, because the grant class issues no new one, may be used again.
    """
    grant_type = request.payload.grant_type
    name = _PRESENTED.get(grant_type or "")
    if name is None or (name == "refresh_token" and "refresh_token" not in token):
        return
    value = request.payload.data.get(name)
    if not value:
        return
    now = server.clock.now()
    digest = nonce_digest("single use", name, value)
    if not server.stores.nonces.claim_nonce(digest, now + _REMEMBERED, now):
        raise RefusedGrantError(f"the {name} was used by another request")
