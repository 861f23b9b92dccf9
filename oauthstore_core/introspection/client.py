"""Asking an introspection endpoint over HTTP.

On urllib3: it keeps connections between threads, checks certificates, has time
limits, and brings no other library with it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

import urllib3
from urllib3.exceptions import HTTPError, ProtocolError

from ..oauth2.client_authentication import format_basic
from ..settings import is_loopback

__all__ = ["IntrospectionClient", "IntrospectionFailedError"]

#: Bytes; a longer answer is none.
_MAXIMUM_ANSWER: Final = 1 << 18
_OK: Final = 200


class IntrospectionFailedError(Exception):
    """The endpoint gave no answer from which anything follows of the token."""


class IntrospectionClient:
    """A client that may introspect, and the endpoint that it asks; for any number of threads."""

    def __init__(
        self,
        url: str,
        client_id: str,
        client_secret: str,
        *,
        timeout: float = 5,
        connections: int = 16,
        ca_file: str | None = None,
    ) -> None:
        """Ask at `url` as this client, by `client_secret_basic`.

        `timeout` is in seconds, for a connection and an answer; `connections`
        are kept open. `ca_file` names certificates to trust in place of the
        system's. `ValueError`: the URL is not https, nor http on loopback.
        """
        if problem := _judge(url):
            raise ValueError(f"An introspection endpoint was given, but its URL {problem}")
        self._url = url
        self._headers = {
            "Accept": "application/json",
            "Authorization": format_basic(client_id, client_secret),
            "Content-Type": "application/x-www-form-urlencoded",
        }
        self._pool = urllib3.PoolManager(
            maxsize=connections,
            timeout=urllib3.Timeout(total=timeout),
            retries=False,
            cert_reqs="CERT_REQUIRED",
            ca_certs=ca_file,
        )

    def __repr__(self) -> str:
        return f"<IntrospectionClient {self._url}>"

    def introspect(self, token: str) -> Mapping[str, Any]:
        """Return the endpoint's answer (RFC 7662 section 2.2); its `active` is a boolean.

        `IntrospectionFailedError`: it is not reachable, refuses this client, or
        its answer is none. That says nothing of the token.
        """
        form = urlencode({"token": token, "token_type_hint": "access_token"})
        try:
            status, body = self._post(form.encode())
        except HTTPError as error:
            raise IntrospectionFailedError(
                f"{self._url} was asked of a token, but did not answer ({type(error).__name__}). "
                "Is it reachable from here?"
            ) from error
        if status != _OK:
            raise IntrospectionFailedError(
                f"{self._url} was asked of a token, but answered {status}. Is this client's "
                "secret right, and may it introspect?"
            )
        return _checked(body, self._url)

    def _post(self, form: bytes) -> tuple[int, bytes]:
        try:
            return self._send(form)
        except ProtocolError:
            # A kept connection may end while a request is on its way; to ask twice does no harm.
            return self._send(form)

    def _send(self, form: bytes) -> tuple[int, bytes]:
        response = self._pool.request(
            "POST",
            self._url,
            body=form,
            headers=self._headers,
            redirect=False,
            preload_content=False,
        )
        body = response.read(_MAXIMUM_ANSWER)
        if len(body) == _MAXIMUM_ANSWER:
            response.close()
        response.release_conn()
        return response.status, body

    def close(self) -> None:
        """Close the connections."""
        self._pool.clear()


def _judge(url: str) -> str | None:
    try:
        parts = urlsplit(url)
        if parts.scheme == "https" and parts.hostname:
            return None
        if parts.scheme == "http" and is_loopback(url):
            return None
    except ValueError:
        pass
    return (
        "is not https, and http is for loopback only: tokens and the client's secret travel "
        "there. Use https, or http://127.0.0.1 while developing."
    )


def _checked(body: bytes, url: str) -> Mapping[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        answer = None
    if isinstance(answer, dict) and isinstance(answer.get("active"), bool):
        return answer
    raise IntrospectionFailedError(
        f"{url} was asked of a token, but its answer is no JSON with a boolean `active` "
        "(RFC 7662 section 2.2). Is it the introspection endpoint?"
    )
