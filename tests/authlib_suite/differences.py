"""Cases of Authlib's own suite whose outcome differs on our classes, each with the reason."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["MEANT"]

_UNSUPPORTED = (
    "It wants 401 for unsupported_token_type. RFC 7009 section 2.2.1 refers to RFC 6749 "
    "section 5.2: 400. A 401 would tell a client that authenticated to authenticate."
)
_REVOCATION = "tests.flask.test_oauth2.rfc9068.test_token_revocation"

MEANT: Mapping[str, str] = {
    f"{_REVOCATION}.test_revocation": _UNSUPPORTED,
    f"{_REVOCATION}.test_revocation_different_issuer": _UNSUPPORTED,
}
