"""Bearer tokens judged by what the authorization server says of them."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from authlib.oauth2.rfc6750 import InvalidTokenError
from authlib.oauth2.rfc7662 import IntrospectTokenValidator

from ..clock import Clock, SystemClock
from ..digests import digest
from ..oauth2.errors import TemporarilyUnavailableError, WrongAudienceError
from ..oauth2.resource import Scopes, require_scope
from .cache import AnswerCache
from .client import IntrospectionClient, IntrospectionFailedError

__all__ = ["IntrospectedToken", "IntrospectionTokenValidator"]

log = logging.getLogger("oauthstore")

#: RFC 6750 section 2.1: b64token. What has another shape is no token; nobody need be asked.
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")


class IntrospectedToken(dict[str, Any]):
    """The claims of an active token (RFC 7662 section 2.2), as the server sent them."""

    @property
    def scope(self) -> str:
        """The scope."""
        return str(self.get("scope", ""))

    @property
    def subject(self) -> str | None:
        """The resource owner; None where the client acts for itself."""
        return self.get("sub")

    @property
    def client_id(self) -> str | None:
        """The client that it was issued to."""
        return self.get("client_id")

    @property
    def expires_at(self) -> int | None:
        """The end, in seconds since the epoch."""
        return self.get("exp")

    @property
    def audience(self) -> Sequence[str]:
        """The resources that it is for; none: for every one of the server's."""
        audience = self.get("aud", ())
        return (audience,) if isinstance(audience, str) else audience


class IntrospectionTokenValidator(IntrospectTokenValidator):
    """Validates bearer tokens by introspection: Authlib's validator, with client and cache.

    Register it with a protector: ``protector.register_token_validator(...)``.
    """

    def __init__(
        self,
        client: IntrospectionClient,
        *,
        audience: str | None = None,
        issuer: str | None = None,
        cache_seconds: int = 0,
        cache_entries: int = 10_000,
        accept_untyped: bool = False,
        realm: str = "oauthstore",
        clock: Clock | None = None,
    ) -> None:
        """Ask `client` about tokens.

        `audience` is this resource's own URI: only tokens whose `aud` names it
        are accepted (RFC 8707). `issuer`: only those that name it as `iss`.
        For `cache_seconds` an answer is taken as still true, and a token that
        was revoked meanwhile is honoured: 0 asks anew for each request. At most
        `cache_entries` answers are kept, of either kind, by the tokens'
        digests. `accept_untyped`: also tokens without `token_type`, which may
        be refresh tokens.
        """
        super().__init__(realm=realm)
        self._client = client
        self._audience = audience
        self._issuer = issuer
        self._cache = AnswerCache(cache_seconds, cache_entries)
        self._accept_untyped = accept_untyped
        self._clock: Clock = SystemClock() if clock is None else clock

    def introspect_token(self, token_string: str) -> IntrospectedToken | None:
        """Return the claims of a token that is an active access token, else None.

        `TemporarilyUnavailableError`, a 503: the server cannot be asked, which
        says nothing of the token.
        """
        if not _TOKEN.fullmatch(token_string):
            return None
        key, now = digest(token_string), self._clock.now()
        answer = self._cache.query(key, now)
        if answer is None:
            answer = self._ask(token_string)
            self._cache.save(key, answer, now)
        return IntrospectedToken(answer) if self._is_valid(answer, now) else None

    def _ask(self, token_string: str) -> Mapping[str, Any]:
        try:
            answer = self._client.introspect(token_string)
            _check_types(answer)
        except IntrospectionFailedError as error:
            log.warning("%s", error)
            raise TemporarilyUnavailableError from error
        return answer

    def _is_valid(self, answer: Mapping[str, Any], now: int) -> bool:
        if answer["active"] is not True:
            return False
        token_type = answer.get("token_type")
        if token_type is None:
            typed = self._accept_untyped
        else:
            typed = token_type.lower() == self.TOKEN_TYPE
        issued_here = self._issuer is None or answer.get("iss") == self._issuer
        in_time = answer.get("nbf", now) <= now < answer.get("exp", now + 1)
        return typed and issued_here and in_time

    def validate_token(self, token: IntrospectedToken | None, scopes: Scopes, request: Any) -> None:
        """Raise RFC 6750's error unless the token is valid, for here, and its scope reaches."""
        if token is None:
            raise InvalidTokenError(realm=self.realm)
        if self._audience is not None and self._audience not in token.audience:
            raise WrongAudienceError(realm=self.realm)
        require_scope(token.scope, scopes)


def _check_types(answer: Mapping[str, Any]) -> None:
    """Raise `IntrospectionFailedError` for claims of types that RFC 7662 does not give them."""
    texts = ("scope", "sub", "client_id", "iss", "token_type")
    wrong = [name for name in texts if not isinstance(answer.get(name, ""), str)]
    wrong += [name for name in ("exp", "nbf") if not _is_number(answer.get(name, 0))]
    audience = answer.get("aud", "")
    several = isinstance(audience, list) and all(isinstance(one, str) for one in audience)
    if not (several or isinstance(audience, str)):
        wrong.append("aud")
    if wrong:
        raise IntrospectionFailedError(
            f"A token was introspected, but the answer's {', '.join(wrong)} has a type that "
            "RFC 7662 section 2.2 does not allow. Tell the server's operator."
        )


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
