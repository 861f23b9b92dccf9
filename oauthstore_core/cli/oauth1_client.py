"""An OAuth 1 client for a terminal: signs, and asks for both kinds of credentials."""

# What the stubs of Authlib that pyright brings say of its classes is narrower than what they do.
# pyright: reportIncompatibleVariableOverride=false

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping
from typing import Any, ClassVar, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import urllib3
from authlib.oauth1 import ClientAuth
from authlib.oauth1.rfc5849.signature import generate_signature_base_string
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from urllib3.exceptions import HTTPError

from ..oauth1.base_string import escape
from ..oauth1.paths import EndpointPaths
from ..oauth1.signatures import HMAC_SHA256, RSA_SHA256
from ..settings.checks import judge_issuer
from .authorization_client import refusal, unanswered
from .failures import RefusedFailure

__all__ = ["OAuth1Client"]

_TIMEOUT: Final = 30
_MAXIMUM_ANSWER: Final = 1 << 16
_OK: Final = 200

Answer = Mapping[str, str]


def _sign_hmac_sha256(client: Any, request: Any) -> str:  # noqa: ANN401 - of Authlib, untyped
    key = f"{escape(client.client_secret or '')}&{escape(client.token_secret or '')}"
    text = generate_signature_base_string(request)
    return base64.b64encode(hmac.digest(key.encode(), text.encode(), "sha256")).decode()


def _sign_rsa_sha256(client: Any, request: Any) -> str:  # noqa: ANN401 - of Authlib, untyped
    key = load_pem_private_key(client.rsa_key.encode(), None)
    if not isinstance(key, RSAPrivateKey):
        raise RefusedFailure("The private key is none of RSA. Name the file of one that is.")
    text = generate_signature_base_string(request)
    return base64.b64encode(key.sign(text.encode(), PKCS1v15(), SHA256())).decode()


class _ClientAuth(ClientAuth):  # type: ignore[misc]  # of Authlib, untyped
    """Authlib's client, with the methods that it lacks."""

    SIGNATURE_METHODS: ClassVar = {
        **ClientAuth.SIGNATURE_METHODS,
        HMAC_SHA256: _sign_hmac_sha256,
        RSA_SHA256: _sign_rsa_sha256,
    }


class OAuth1Client:
    """A client of one authorization server, whose endpoints lie below its issuer."""

    def __init__(
        self,
        issuer: str,
        client_id: str,
        *,
        client_secret: str | None,
        rsa_key: str | None,
        method: str,
    ) -> None:
        """Sign by `method` with the secret or the private key. `RefusedFailure`: no issuer."""
        if problem := judge_issuer(issuer):
            raise RefusedFailure(f"Tokens are asked of the issuer {issuer}, which {problem}")
        parts = urlsplit(issuer)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._paths = EndpointPaths.of(issuer)
        self._signing: dict[str, Any] = {
            "client_secret": client_secret,
            "rsa_key": rsa_key,
            "signature_method": method,
        }
        self._client_id = client_id
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(total=_TIMEOUT), retries=False, cert_reqs="CERT_REQUIRED"
        )

    def fetch_temporary_credentials(self, callback: str) -> Answer:
        """Return temporary credentials. `RefusedFailure` has the error's words."""
        url = self._origin + self._paths.initiate
        return self._ask(url, "No temporary credentials", {"redirect_uri": callback})

    def authorization_url(self, temporary: Answer) -> str:
        """Return where the resource owner decides."""
        query = urlencode({"oauth_token": temporary["oauth_token"]})
        return f"{self._origin}{self._paths.authorization}?{query}"

    def fetch_token_credentials(self, temporary: Answer, verifier: str) -> Answer:
        """Return token credentials. `RefusedFailure` has the error's words."""
        return self._ask(
            self._origin + self._paths.token,
            "No token credentials",
            {
                "token": temporary["oauth_token"],
                "token_secret": temporary["oauth_token_secret"],
                "verifier": verifier,
            },
        )

    def _ask(self, url: str, lacking: str, signed: dict[str, Any]) -> Answer:
        signer = _ClientAuth(self._client_id, **self._signing, **signed)
        url, headers, _ = signer.prepare("POST", url, {}, b"")
        try:
            response = self._pool.request(
                "POST", url, headers=headers, redirect=False, preload_content=False
            )
            body = response.read(_MAXIMUM_ANSWER)
        except HTTPError as error:
            raise unanswered(url, error) from error
        answer = dict(parse_qsl(body.decode("utf-8", "replace")))
        if response.status == _OK and {"oauth_token", "oauth_token_secret"} <= answer.keys():
            return answer
        raise refusal(lacking, {"error": f"status {response.status}", **answer})
