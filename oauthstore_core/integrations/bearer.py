"""Protected resources of a Starlette application, whoever validates their tokens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import TokenValidator
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response

from ..http import Headers, HttpRequest
from ..oauth2.resource import BearerProtector, Scopes
from ..translation import Translation
from .asgi import Workers

__all__ = ["OAuthError", "ResourceProtector", "answer_error", "read_request", "validate_bearer"]


class OAuthError(HTTPException):
    """A request to a protected resource is refused as RFC 6750 section 3 wants it.

    Any Starlette application answers it with its status and headers
    (``WWW-Authenticate``, ``Retry-After``). For RFC 6749's body as well:
    ``app.add_exception_handler(OAuthError, answer_error)``.
    """

    def __init__(self, status: int, body: Mapping[str, Any], headers: Mapping[str, str]) -> None:
        super().__init__(status, detail=json.dumps(body), headers=headers)
        #: ``{"error": ..., "error_description": ...}``.
        self.body = body


def answer_error(_: Request, error: Exception) -> Response:
    """Answer an `OAuthError` with its JSON body: an exception handler."""
    if not isinstance(error, OAuthError):
        raise TypeError(f"This handler answers OAuthError, but got {type(error).__name__}.")
    return JSONResponse(dict(error.body), error.status_code, error.headers)


class ResourceProtector:
    """Protects resources of an application that is no authorization server itself."""

    #: What `validate` raises.
    error_class: ClassVar[type[OAuthError]] = OAuthError

    def __init__(
        self, validator: TokenValidator, *, translation: Translation | None = None
    ) -> None:
        """Validate by `validator`, in worker threads; such as `IntrospectionTokenValidator`.

        `translation` has the languages of errors, by default English alone.
        """
        self._protector = BearerProtector(translation=translation)
        self._protector.register_token_validator(validator)
        self._workers = Workers(blocking=True)

    async def validate(self, request: HTTPConnection, scopes: Scopes = None) -> Any:
        """Return the request's token if it is valid and reaches `scopes`, else `OAuthError`.

        `scopes` are as in `AuthorizationServer.validate`.
        """
        return await validate_bearer(
            self.error_class, self._protector, self._workers, request, scopes
        )


async def validate_bearer(
    error_class: type[OAuthError],
    protector: BearerProtector,
    workers: Workers,
    request: HTTPConnection,
    scopes: Scopes,
) -> Any:
    """Return the request's token as `protector` judges it, else raise the error's class."""
    asked = read_request(request)
    try:
        return await workers.run(lambda: protector.validate(asked, scopes))
    except OAuth2Error as error:
        response = protector.create_error_response(error, asked)
        headers = {n: v for n, v in response.headers if n.lower() != "content-type"}
        raise error_class(response.status, json.loads(response.body), headers) from error


def read_request(request: HTTPConnection) -> HttpRequest:
    """Return the request without its query and body, which protect nothing."""
    scope = request.scope
    headers = Headers(
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw
    )
    return HttpRequest(scope.get("method", "GET"), scope["path"], headers=headers)
