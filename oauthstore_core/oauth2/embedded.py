"""An authorization server inside of an application: in store mode, or in own mode.

Store mode: grants, endpoints and storage are ours; what the application
registers goes before. Own mode, where it gives `save_token`: nothing is built
in, and what is stored, and how, is the application's. What may be used once is
claimed in either.
"""

# What the stubs of Authlib that pyright brings say of its methods is narrower than what it does.
# pyright: reportIncompatibleMethodOverride=false, reportIncompatibleVariableOverride=false

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc9207 import IssuerParameter

from ..http import HttpRequest, HttpResponse, json_response
from ..native import NativeAnswers
from .built_in import BuiltInMixin
from .issuer_parameter import IssuerInResponses, split_extensions
from .own_requests import OwnAuthorizationRequest, OwnRequest
from .single_use import claim_presented

__all__ = ["EmbeddedServer", "Generate", "QueryClient", "SaveToken"]

#: Client id to the application's client, None where there is none.
QueryClient = Callable[[str], Any]
#: Returns a token of an application's own making.
Generate = Callable[..., str]
#: Stores a token response of an Authlib request.
SaveToken = Callable[[dict[str, Any], Any], Any]


class EmbeddedServer(NativeAnswers, BuiltInMixin):
    """What the servers of synchronous web frameworks share, in front of Authlib's own."""

    _query_client: QueryClient | None
    _save_token: SaveToken | None
    #: The application's own generators; None where ours make tokens.
    _access_token_generator: Generate | None = None
    _refresh_token_generator: Generate | None = None

    def __init__(self) -> None:
        super().__init__()
        self._issuers = IssuerInResponses()

    @property
    def own_mode(self) -> bool:
        """Whether the application stores tokens itself."""
        return self._save_token is not None

    def request_url(self, http: HttpRequest) -> str:
        """Return the URL of a request as its client wrote it; each framework knows its own."""
        raise NotImplementedError

    def query_client_anew(self, client_id: str) -> Any:
        """Return the application's client where it finds clients itself, else the store's."""
        if self._query_client is None:
            return super().query_client_anew(client_id)
        return self._query_client(client_id)

    def save_token(self, token: dict[str, Any], request: Any) -> Any:
        """Store what a grant class issued that is not ours, once what it presented is claimed."""
        if self._save_token is None:
            return super().save_token(token, request)
        claim_presented(self, token, request)
        return self._save_token(token, request)

    def create_oauth2_request(self, request: Any) -> Any:
        """Return Authlib's request; one that is one already stays as it is."""
        return self._read_own(request, OwnRequest) or super().create_oauth2_request(request)

    def read_authorization(self, request: Any) -> Any:
        """Return Authlib's request at the authorization endpoint."""
        own = self._read_own(request, OwnAuthorizationRequest)
        return own or super().read_authorization(request)

    def _read_own(self, request: Any, kind: type[OwnRequest]) -> Any:
        if not self.own_mode or isinstance(request, OwnRequest):
            return request if isinstance(request, OwnRequest) else None
        http = self.read_http(request)
        read = kind(http, self.request_url(http), self.settings.issuer)
        read.received_at = self.clock.now()
        return read

    def query_remembered_consent(self, grant: Any, subject: str) -> int | None:
        """Return when a request was consented to; in own mode the application's page must know."""
        return None if self.own_mode else super().query_remembered_consent(grant, subject)

    def begin_authorization(self, request: Any, end_user: Any) -> Any:
        """Return the grant of a request that no consent page has looked at before.

        In own mode Authlib validates it later; what a consent page alone would
        ask, such as a prompt, is not asked.
        """
        if not self.own_mode:
            return super().begin_authorization(request, end_user)
        read = self.read_authorization(request)
        try:
            with self.remember_clients(), self._storing():
                return self.get_authorization_grant(read)
        except OAuth2Error as error:
            error.state = read.payload.state
            raise

    def create_authorization_response(
        self, request: Any = None, grant_user: Any = None, grant: Any = None
    ) -> Any:
        """Answer at the authorization endpoint; without `grant_user` consent was denied."""
        return self._with_issuer(super().create_authorization_response(request, grant_user, grant))

    def handle_error_response(self, request: Any, error: OAuth2Error) -> Any:
        """Answer an error; one that goes to the client names the issuer, too."""
        response = super().handle_error_response(request, error)
        return self._with_issuer(response) if error.redirect_uri else response

    def _with_issuer(self, response: Any) -> Any:
        if self.own_mode:
            self._issuers.add_to(response)
        return response

    def register_extension(self, extension: Any) -> None:
        """Register an extension; in store mode every response names the issuer without one."""
        if isinstance(extension, IssuerParameter):
            self._issuers.take([extension])
        else:
            super().register_extension(extension)

    def register_grant(self, grant_cls: type[Any], extensions: Any = None) -> None:
        """Register a grant class; ours serve only the grant types that no other one does."""
        naming, others = split_extensions(extensions)
        self._issuers.take(naming)
        super().register_grant(grant_cls, others or None)

    def handle_response(self, status: int, body: Any, headers: list[tuple[str, str]]) -> Any:
        """Return the framework's response, and within `neutral` the neutral one.

        In own mode a redirect names no issuer unless an extension does.
        """
        if not self.own_mode:
            return self.as_wanted(super().handle_response(status, body, headers))
        if isinstance(body, dict):
            return self.as_wanted(json_response(status, body, headers))
        return self.as_wanted(HttpResponse(status, (body or "").encode(), [*headers]))

    def create_metadata_response(self, request: Any = None) -> Any:
        """Answer with the server's metadata (RFC 8414 section 3)."""
        with self.neutral():
            try:
                request = self.read_http(request)
                response = self.metadata_response()
            except OAuth2Error as error:
                response = self.handle_error_response(request, error)
        return self.as_wanted(response)

    def generate_access_token(self, **kwargs: Any) -> str:
        """Return an access token, by the application's generator where it has one."""
        if self._access_token_generator is None:
            return super().generate_access_token(**kwargs)
        return self._access_token_generator(**kwargs)

    def generate_refresh_secret(self, **kwargs: Any) -> str:
        """Return the fresh part of a refresh token."""
        if self._refresh_token_generator is None:
            return super().generate_refresh_secret(**kwargs)
        return self._refresh_token_generator(**kwargs)
