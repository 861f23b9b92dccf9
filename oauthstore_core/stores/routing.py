"""Opening the stores that the settings name, and routing every role to its own."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Final, Self, cast

from ..backends import Backend, BackendPlugin, Capabilities
from ..clock import Clock, SystemClock
from ..errors import PluginDescriptorError, RoleNotServedError
from ..hookspecs import ROLES, AccountStore, ClientStore, CredentialCache, NonceStore
from ..judgement import ACCESS_TOKENS_PER_GRANT
from ..plugins.descriptors import PluginContext
from ..plugins.discovery import load_backend
from ..plugins.hooks import check_store
from ..plugins.manager import StoreManager
from ..plugins.wiring import EnabledPlugins, enable_plugins
from ..settings import Settings, StoreSettings
from .facades import (
    AccountStoreFacade,
    ClientStoreFacade,
    CredentialCacheFacade,
    NonceStoreFacade,
    TokenStoreFacade,
)

__all__ = ["OPTIONAL_ROLES", "REQUIRED_ROLES", "Stores", "open_stores"]

REQUIRED_ROLES: Final = ("clients", "tokens", "credentials", "nonces")
OPTIONAL_ROLES: Final = ("accounts",)

_BACKEND_MEMBERS: Final = ("capabilities", "migrate", "ping", "describe", "close")

_logger = logging.getLogger("oauthstore")


class Stores:
    """What the core talks to: one façade for each role. Made by `open_stores`.

    A context manager that closes the backends which it opened.
    """

    def __init__(
        self,
        *,
        manager: StoreManager,
        routes: Mapping[str, str],
        backends: Mapping[str, Backend],
        descriptors: Mapping[str, BackendPlugin],
        redeems: bool,
        cache_seconds: int,
        clock_skew: int,
        resources: ExitStack,
    ) -> None:
        #: Role to the name of the store that serves it.
        self.routes = dict(routes)
        #: Store name to open backend, for the stores in use.
        self.backends = dict(backends)
        #: Store name to its backend's descriptor, unless the backend was handed over open.
        self.descriptors = dict(descriptors)
        #: Tokens and credentials are kept by one store that has `redeem_credential`.
        self.redeems = redeems
        #: For how long what is read may be out of date; the most that any decorator declares.
        self.cache_seconds = cache_seconds
        #: By how many seconds the fence of `tokens.revoke_all` is ahead of its `now`.
        self.fence_lead = clock_skew + cache_seconds
        #: A call may wait for I/O: an async edge makes it in a worker thread.
        self.blocking = any(backend.capabilities.blocking for backend in backends.values())
        hook = manager.hook
        self._resources = resources
        self._clients = ClientStoreFacade(hook)
        self._tokens = TokenStoreFacade(hook, redeems=redeems, fence_lead=self.fence_lead)
        self._credentials = CredentialCacheFacade(hook)
        self._nonces = NonceStoreFacade(hook)
        self._accounts = AccountStoreFacade(hook)

    def __repr__(self) -> str:
        routes = ", ".join(f"{role}={store}" for role, store in self.routes.items())
        return f"<Stores {routes}>"

    @property
    def clients(self) -> ClientStore:
        """Return the client store. `RoleNotServedError`: it was not asked for."""
        self._require("clients")
        return self._clients

    @property
    def tokens(self) -> TokenStoreFacade:
        """Return the token store; use its `redeem_credential` only if `redeems`."""
        self._require("tokens")
        return self._tokens

    @property
    def credentials(self) -> CredentialCache:
        """Return the credential cache. `RoleNotServedError`: it was not asked for."""
        self._require("credentials")
        return self._credentials

    @property
    def nonces(self) -> NonceStore:
        """Return the nonce store. `RoleNotServedError`: it was not asked for."""
        self._require("nonces")
        return self._nonces

    @property
    def accounts(self) -> AccountStore | None:
        """Return the account store, or None where no store serves accounts."""
        return self._accounts if "accounts" in self.routes else None

    def _require(self, role: str) -> None:
        if role not in self.routes:
            raise RoleNotServedError(
                f"The role {role!r} is asked for, but these stores were opened without it "
                f"(with: {', '.join(self.routes)}). Open them with it in `required_roles`.",
                name=role,
            )

    def capabilities(self, role: str) -> Capabilities:
        """Return what the open store that serves this role promises."""
        self._require(role)
        return self.backends[self.routes[role]].capabilities

    def migrate(self) -> None:
        """Bring the schema of every store in use up to date."""
        for backend in self.backends.values():
            backend.migrate()

    def ping(self) -> None:
        """Return if every store in use answers and its schema fits."""
        for backend in self.backends.values():
            backend.ping()

    def close(self) -> None:
        """Close the backends that were opened here, not those handed over; twice is fine."""
        self._resources.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def open_stores(
    settings: Settings,
    *,
    required_roles: Sequence[str] = REQUIRED_ROLES,
    optional_roles: Sequence[str] = OPTIONAL_ROLES,
    backends: Mapping[str, Backend] | None = None,
    clock: Clock | None = None,
) -> Stores:
    """Return the stores that serve these roles, with the plugins that the settings name.

    `backends` are open ones by store name; they are used as they are and stay
    the caller's to close. Any `ConfigurationError` comes before a call could be
    made, and nothing stays open then.
    """
    plugins = enable_plugins(settings.plugins, settings.plugin_options)
    context = PluginContext(settings, clock or SystemClock())
    with ExitStack() as resources:
        opener = _Opener(settings, backends or {}, resources)
        for role in required_roles:
            opener.route(role, optional=False)
        for role in optional_roles:
            opener.route(role, optional=settings.source_of(f"roles.{role}") == "default")
        manager, redeems = opener.wire(plugins, context)
        stores = Stores(
            manager=manager,
            routes=opener.routes,
            backends=opener.backends,
            descriptors=opener.descriptors,
            redeems=redeems,
            cache_seconds=plugins.cache_seconds,
            clock_skew=settings.clock_skew,
            resources=resources.pop_all(),
        )
    if settings.names_no_store and not backends:
        _logger.warning(
            "No store is named, so everything is kept in memory and ends with this process. "
            "Set `store`, for example to sqlite:///oauth.db (pip install oauthstore-sqla)."
        )
    return stores


@dataclass
class _Opener:
    """Opens each store when the first role is routed to it."""

    settings: Settings
    given: Mapping[str, Backend]
    resources: ExitStack
    routes: dict[str, str] = field(default_factory=dict)
    backends: dict[str, Backend] = field(default_factory=dict)
    descriptors: dict[str, BackendPlugin] = field(default_factory=dict)

    def route(self, role: str, *, optional: bool) -> None:
        """Route a role to its store, if the store serves it."""
        name = self.settings.roles.get(role)
        if name is None or (name not in self.settings.stores and name not in self.given):
            if optional:
                return
            raise RoleNotServedError(
                f"The role {role!r} is needed, but is routed to no store. "
                f"Set `roles.{role}` to one of: {', '.join(sorted(self.settings.stores))}.",
                name=role,
            )
        served = self._served_by(name)
        if role in served:
            self.routes[role] = name
        elif not optional:
            raise RoleNotServedError(
                f"The role {role!r} is routed to the store {name!r}, which does not serve it "
                f"(it serves: {', '.join(served) or 'none'}). "
                f"Set `roles.{role}` to another store.",
                name=role,
            )

    def _served_by(self, name: str) -> list[str]:
        backend = self._open(name)
        present = [role for role in ROLES if getattr(backend, role, None) is not None]
        if name not in self.descriptors:
            return present
        descriptor = self.descriptors[name]
        for role in descriptor.roles:
            if role not in present:
                raise RoleNotServedError(
                    f"The backend {descriptor.name!r} declares the role {role!r}, but what it "
                    f"opened ({type(backend).__name__}) has no attribute {role!r}. "
                    "Add the role's object there, or take the role out of `roles`.",
                    name=role,
                )
        return [role for role in present if role in descriptor.roles]

    def _open(self, name: str) -> Backend:
        if name in self.backends:
            return self.backends[name]
        if name in self.given:
            self.backends[name] = self.given[name]
            return self.given[name]
        store = self.settings.stores[name]
        descriptor = self.descriptors[name] = load_backend(store.scheme)
        backend = descriptor.open(store.url, self._options(store, descriptor))
        self._check_backend(backend, descriptor)
        self.resources.callback(backend.close)
        self.backends[name] = backend
        return backend

    def _check_backend(self, backend: object, descriptor: BackendPlugin) -> None:
        absent = [member for member in _BACKEND_MEMBERS if not hasattr(backend, member)]
        if absent:
            raise PluginDescriptorError(
                f"The backend {descriptor.name!r} opened an object of the type "
                f"{type(backend).__name__}, which has no {', '.join(absent)}. "
                "Let `open` return a Backend.",
                name=descriptor.name,
            )

    def _options(self, store: StoreSettings, descriptor: BackendPlugin) -> Mapping[str, Any]:
        limit = self.settings.access_tokens_per_grant
        # A backend without tokens does not know the option; the default needs no telling.
        if limit == ACCESS_TOKENS_PER_GRANT or "tokens" not in descriptor.roles:
            return store.options
        return {"access_tokens_per_grant": limit, **store.options}

    def wire(self, plugins: EnabledPlugins, context: PluginContext) -> tuple[StoreManager, bool]:
        """Check, decorate and register each role's object, then the observers, and freeze."""
        manager = StoreManager()
        one_store = self.routes.get("tokens", "") == self.routes.get("credentials")
        takers: dict[str, frozenset[str]] = {}
        for role, name in self.routes.items():
            backend = self.backends[name]
            redeems = role == "tokens" and backend.capabilities.redeems
            raw = cast("object", getattr(backend, role))
            check_store(role, raw, owner=f"the store {name!r}", redeems=redeems)
            store, takers[role] = plugins.decorate(role, raw, context, redeems=redeems)
            manager.register(store, f"{name}.{role}")
        plugins.register_observers(manager, context)
        manager.freeze(frozenset(self.routes))
        # To redeem goes past what decorates the credentials alone.
        redeems = (
            one_store
            and self.backends[self.routes["tokens"]].capabilities.redeems
            and takers["credentials"] <= takers["tokens"]
        )
        return manager, redeems
