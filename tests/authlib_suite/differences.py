"""Cases of Authlib's own suite whose outcome differs on our classes, each with the reason."""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["MEANT"]

_UNSUPPORTED = (
    "It wants 401 for unsupported_token_type. RFC 7009 section 2.2.1 refers to RFC 6749 "
    "section 5.2: 400. A 401 would tell a client that authenticated to authenticate."
)
_OUT_OF_BAND = (
    "It wants people sent to a default address whose client has no callback (oob). RFC 5849 "
    "section 2.1 has oob mean that the verifier reaches the client by another way."
)
_UNSIGNED = (
    "It wants a request without any signature to be told whether its verifier is right. Ours tells "
    "that to who has signed."
)
_REVOCATION = "tests.flask.test_oauth2.rfc9068.test_token_revocation"

MEANT: Mapping[str, str] = {
    f"{_REVOCATION}.test_revocation": _UNSUPPORTED,
    f"{_REVOCATION}.test_revocation_different_issuer": _UNSUPPORTED,
    **{
        f"tests.flask.test_oauth1.test_authorize.{test}[{cache}]": _OUT_OF_BAND
        for test in ("test_authorize_denied", "test_authorize_granted")
        for cache in (True, False)
    },
    "tests.flask.test_oauth1.test_token_credentials.test_invalid_token_and_verifiers": _UNSIGNED,
}
