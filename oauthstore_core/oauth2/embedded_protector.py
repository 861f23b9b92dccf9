"""Protected resources inside of an application, on the store of a server or on validators."""

# What the stubs of Authlib that pyright brings say of its methods is narrower than what it does.
# pyright: reportIncompatibleMethodOverride=false, reportAttributeAccessIssue=false

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import MissingAuthorizationError, UnsupportedTokenTypeError
from authlib.oauth2.rfc6749 import ResourceProtector as AuthlibResourceProtector

from ..errors import StoreError
from ..http import HttpRequest
from ..settings.checks import judge_resource
from ..stores import Stores
from ..translation import Translation
from .challenges import NoAuthorizationError, OtherSchemeError, told_scopes
from .core import ServerCore
from .errors import InsufficientScopeError, TemporarilyUnavailableError, log_refusal
from .resource import BearerTokenValidator, Scopes

__all__ = ["EmbeddedProtector"]


class EmbeddedProtector(AuthlibResourceProtector):
    """What the protectors of synchronous web frameworks share, in front of Authlib's own."""

    def __init__(
        self, resource: str | None, translation: Translation | None, *arguments: Any
    ) -> None:
        """Protect the resource with this URI, if one is given. `ValueError`: it cannot be one."""
        super().__init__(*arguments)
        if resource is not None and (problem := judge_resource(resource)):
            raise ValueError(
                f"A protector of the resource {resource!r} was asked for; it {problem}"
            )
        self._resource = resource
        self._own_translation = translation
        self._made: tuple[Stores, BearerTokenValidator] | None = None

    @property
    def issuing_server(self) -> ServerCore | None:
        """The server whose store knows bearer tokens; None where registered validators alone do."""
        raise NotImplementedError

    def get_token_validator(self, token_type: str) -> Any:
        """Return the validator of a token type: one that is registered, else the server's."""
        server = self.issuing_server
        if server is None or token_type.lower() != "bearer" or "bearer" in self._token_validators:
            return super().get_token_validator(token_type)
        return self._validator_of(server)

    def _validator_of(self, server: ServerCore) -> BearerTokenValidator:
        """Return the validator on the server's stores, which may have been opened anew."""
        made = self._made
        if made is None or made[0] is not server.stores:
            validator = BearerTokenValidator(
                server.stores,
                server.clock,
                self._resource,
                load_resource_owner=server.load_resource_owner,
            )
            self._made = made = (server.stores, validator)
        return made[1]

    def parse_request_authorization(self, request: Any) -> Any:
        """Return validator and token. `MissingAuthorizationError`: none was sent."""
        try:
            return super().parse_request_authorization(request)
        except MissingAuthorizationError as error:
            raise NoAuthorizationError from error
        except UnsupportedTokenTypeError as error:
            raise OtherSchemeError from error

    @contextmanager
    def _refusing(self, scopes: Scopes) -> Generator[None]:
        """Turn what a validation raises into the RFC's errors; one of scope tells which are needed.

        A store's failure is 503, never a verdict.
        """
        try:
            yield
        except StoreError as error:
            raise TemporarilyUnavailableError from error
        except OAuth2Error as error:
            if error.error != "insufficient_scope" or isinstance(error, InsufficientScopeError):
                raise
            raise InsufficientScopeError(told_scopes(scopes)) from error

    def _tell(self, error: OAuth2Error, http: HttpRequest) -> dict[str, Any]:
        """Return the body of a refusal in the request's language, and log what was behind it."""
        log_refusal(error)
        body = dict[str, Any](error.get_body())
        translation = self._find_translation()
        return body if translation is None else translation.translate_body(body, http)

    def _find_translation(self) -> Translation | None:
        """Return what was given, else the server's; None: errors are told in English."""
        server = self.issuing_server
        if self._own_translation is not None or server is None:
            return self._own_translation
        return server.translation
