"""Our own grants and endpoints, which serve what nobody has registered something else for."""

# What the stubs of Authlib that pyright brings say of its methods is narrower than what it does.
# pyright: reportIncompatibleMethodOverride=false, reportIncompatibleVariableOverride=false
# pyright: reportAttributeAccessIssue=false

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7636 import CodeChallenge

from .core import ServerCore
from .endpoints import IntrospectionEndpoint, RevocationEndpoint
from .grants import AuthorizationCodeGrant, ClientCredentialsGrant, RefreshTokenGrant
from .metadata import Served
from .pkce import S256CodeChallenge
from .registration import Registration, register_client

__all__ = ["BuiltInMixin"]

_GRANTS: Final[dict[str, tuple[type[Any], list[Any] | None]]] = {
    "authorization_code": (AuthorizationCodeGrant, [S256CodeChallenge(required=True)]),
    "refresh_token": (RefreshTokenGrant, None),
    "client_credentials": (ClientCredentialsGrant, None),
}
_GRANT_CLASSES: Final = frozenset(grant for grant, _ in _GRANTS.values())
_ENDPOINTS: Final = (RevocationEndpoint, IntrospectionEndpoint)


class BuiltInMixin(ServerCore):
    """Registers our grants and endpoints, behind those of the application whenever they come."""

    #: What was registered when all of it was ours; None where it was not.
    _built_in: list[Any] | None = None
    #: What makes token responses; None where it is the application's from the beginning.
    _generator: BearerTokenGenerator | None = None

    def register_built_ins(self) -> None:
        """Register the grants that the settings name, the endpoints, and the token generator.

        Once more, with other settings, it registers those that they name instead.
        """
        self._authorization_grants[:] = [
            g for g in self._authorization_grants if not _is_built_in(g)
        ]
        self._token_grants[:] = [g for g in self._token_grants if not _is_built_in(g)]
        for name in self.settings.grants:
            grant, extensions = _GRANTS[name]
            self.register_grant(grant, extensions)
        for endpoint in _ENDPOINTS:
            if endpoint.ENDPOINT_NAME not in self._endpoints:
                self.register_endpoint(endpoint)
        if "default" not in self._token_generators:
            self.register_token_generator("default", self.create_generator())
        self._built_in = [*map(_copied, self._registered())] if self._is_all_built_in() else None

    def create_generator(self, *, refreshes: bool = True) -> BearerTokenGenerator:
        """Return what makes the token responses, with refresh tokens where they are served."""
        with_refresh = refreshes and "refresh_token" in self.settings.grants
        self._generator = BearerTokenGenerator(
            self.generate_access_token,
            self.generate_refresh_token if with_refresh else None,
            self.expires_in,
        )
        return self._generator

    def register_grant(self, grant_cls: type[Any], extensions: Any = None) -> None:
        """Register a grant class; ours serve only the grant types that no other one does."""
        super().register_grant(grant_cls, extensions)
        # Authlib takes the first that fits. The order is kept otherwise.
        self._authorization_grants.sort(key=_is_built_in)
        self._token_grants.sort(key=_is_built_in)

    @property
    def registered_grants(self) -> Sequence[Any]:
        """The grant classes, ours and the application's, as far as they are registered by now."""
        return [cls for cls, _ in (*self._authorization_grants, *self._token_grants)]

    @property
    def served(self) -> Served:
        """The grant types and all else that is registered."""
        types = _unique(cls.GRANT_TYPE for cls in self.registered_grants if cls.GRANT_TYPE)
        # In the settings' order; what an application registered follows.
        ours = [name for name in self.settings.grants if name in types]
        return Served(
            grant_types=_unique([*ours, *types]),
            response_types=self._response_types(),
            code_challenge_methods=self._code_challenge_methods(),
            scopes=tuple(self.scopes_supported or ()),
            languages=[texts.language for texts in self.translation],
        )

    def register_client(self, metadata: Mapping[str, Any], **options: Any) -> Registration:
        """Register a client in the store, of the grant types and scopes that are served by now.

        See `oauth2.registration.register_client` for options and errors.
        """
        served = self.served
        known: dict[str, Any] = {
            "grant_types": served.grant_types,
            "response_types": served.response_types,
            "scopes": served.scopes,
        }
        store, key_ring = self.stores.clients, self.key_ring
        return register_client(
            store, metadata, key_ring=key_ring, clock=self.clock, **{**known, **options}
        )

    def _response_types(self) -> Sequence[str]:
        sets = (sorted(cls.RESPONSE_TYPES) for cls, _ in self._authorization_grants)
        return _unique(name for names in sets for name in names)

    def _code_challenge_methods(self) -> Sequence[str]:
        """Return the PKCE methods of the grant that is asked for a code: of the first that fits."""
        for cls, extensions in self._authorization_grants:
            if "code" in cls.RESPONSE_TYPES:
                challenges = [e for e in extensions or () if isinstance(e, CodeChallenge)]
                return _unique(
                    name for one in challenges for name in one.SUPPORTED_CODE_CHALLENGE_METHOD
                )
        return ()

    @property
    def has_only_built_ins(self) -> bool:
        """Whether nothing is registered but what `register_built_ins` does, nor was before it."""
        return self._registered() == self._built_in and not any(self._hooks.values())

    def _registered(self) -> list[Any]:
        return [
            self._authorization_grants,
            self._token_grants,
            self._endpoints,
            self._token_generators,
            self._client_auth._methods,  # noqa: SLF001 - Authlib's registry has no reader
            self._extensions,
        ]

    def _is_all_built_in(self) -> bool:
        endpoints = (one for registered in self._endpoints.values() for one in registered)
        return (
            all(map(_is_built_in, (*self._authorization_grants, *self._token_grants)))
            and all(type(one) in _ENDPOINTS for one in endpoints)
            and self._token_generators == {"default": self._generator}
            and self._client_auth._methods == self._authentication  # noqa: SLF001 - the same
            and not self._extensions
        )

    def register_endpoint(self, endpoint: Any) -> None:
        """Register an endpoint class or instance; it replaces ours of that name."""
        known = self._endpoints.get(endpoint.ENDPOINT_NAME, [])
        if any(type(one) in _ENDPOINTS for one in known):
            del self._endpoints[endpoint.ENDPOINT_NAME]
        super().register_endpoint(endpoint)


def _copied(registered: Any) -> Any:
    """Return it with lists and dicts of its own, and the very same in them."""
    if isinstance(registered, dict):
        return {name: _copied(one) for name, one in registered.items()}
    return [*registered] if isinstance(registered, list) else registered


def _unique(names: Iterable[str]) -> Sequence[str]:
    return tuple(dict.fromkeys(names))


def _is_built_in(registered: tuple[type[Any], Any]) -> bool:
    return registered[0] in _GRANT_CLASSES
