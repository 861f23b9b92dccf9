"""An OAuth client for a terminal: finds a server's endpoints, and asks for tokens."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

import urllib3
from authlib.oauth2.rfc8414 import get_well_known_url
from urllib3.exceptions import HTTPError, SSLError

from ..oauth2.client_authentication import format_basic
from ..settings.checks import judge_issuer
from .failures import RefusedFailure
from .invocation import printable

__all__ = ["AuthorizationClient", "refusal", "unanswered"]

_TIMEOUT: Final = 30
_MAXIMUM_ANSWER: Final = 1 << 18
_OK: Final = 200

Form = Sequence[tuple[str, str]]


class AuthorizationClient:
    """A client of one authorization server, known by its issuer (RFC 8414)."""

    def __init__(self, issuer: str, client_id: str, client_secret: str | None, method: str) -> None:
        """Authenticate by `method`, a word of RFC 7591. `RefusedFailure`: it is no issuer."""
        if problem := judge_issuer(issuer):
            raise RefusedFailure(f"Tokens are asked of the issuer {issuer}, which {problem}")
        self.client_id = client_id
        self.issuer = issuer
        self._secret = client_secret
        self._method = method
        self._pool = urllib3.PoolManager(
            timeout=urllib3.Timeout(total=_TIMEOUT), retries=False, cert_reqs="CERT_REQUIRED"
        )

    def find_metadata(self) -> Mapping[str, Any]:
        """Return the server's metadata. `RefusedFailure`: there is none, or another issuer's."""
        url = get_well_known_url(self.issuer.rstrip("/"), external=True)
        status, metadata = self._ask("GET", url)
        if status != _OK:
            raise RefusedFailure(
                f"The metadata of {self.issuer} was asked for at {url}, but the answer is "
                f"{status}. Is that the issuer, to the letter?"
            )
        if metadata.get("issuer") != self.issuer:
            found = printable(metadata.get("issuer"))
            raise RefusedFailure(
                f"The metadata of {self.issuer} was asked for, but what is at {url} is that of "
                f"{found}. Name the issuer to the letter (RFC 8414 section 3.3)."
            )
        return metadata

    def fetch_token(self, endpoint: str, form: Form) -> Mapping[str, Any]:
        """Return the token response. `RefusedFailure` has the error's words (RFC 6749 5.2)."""
        fields, headers = [*form], {"Content-Type": "application/x-www-form-urlencoded"}
        if self._method == "client_secret_basic":
            headers["Authorization"] = format_basic(self.client_id, self._secret or "")
        else:
            fields.append(("client_id", self.client_id))
        if self._method == "client_secret_post":
            fields.append(("client_secret", self._secret or ""))
        status, answer = self._ask("POST", endpoint, urlencode(fields).encode(), headers)
        if status == _OK and "access_token" in answer:
            return answer
        raise refusal("No token", {"error": f"status {status}", **answer})

    def _ask(
        self, method: str, url: str, body: bytes | None = None, headers: Mapping[str, str] = {}
    ) -> tuple[int, dict[str, Any]]:
        try:
            response = self._pool.request(
                method,
                url,
                body=body,
                headers={"Accept": "application/json", **headers},
                redirect=False,
                preload_content=False,
            )
            read = response.read(_MAXIMUM_ANSWER)
        except HTTPError as error:
            raise unanswered(url, error) from error
        return response.status, _decoded(read)


def refusal(what: str, answer: Mapping[str, Any]) -> RefusedFailure:
    """Return the failure that repeats a server's error in its words."""
    error, description = answer.get("error", "no error"), answer.get("error_description", "")
    return RefusedFailure(f"{what}: {printable(error)}. {printable(description)}".strip())


def unanswered(url: str, error: HTTPError) -> RefusedFailure:
    """Return the failure that tells why a server did not answer, and what to do about it."""
    if isinstance(error, SSLError):
        return RefusedFailure(
            f"{url} was asked, but no TLS connection came about ({error}). If its certificate is "
            "an authority's of your own, let SSL_CERT_FILE name the file with that authority's."
        )
    return RefusedFailure(
        f"{url} was asked, but did not answer ({type(error).__name__}). Does the server run, and "
        "can it be reached from here?"
    )


def _decoded(body: bytes) -> dict[str, Any]:
    try:
        decoded = json.loads(body)
    except ValueError:
        return {}
    return decoded if isinstance(decoded, dict) else {}
