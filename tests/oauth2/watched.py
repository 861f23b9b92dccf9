"""A backend whose every call passes a watcher first, to be counted or to fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

from oauthstore_core.backends import Backend
from oauthstore_core.stores import (
    ForwardingClientStore,
    ForwardingCredentialCache,
    ForwardingNonceStore,
    ForwardingTokenStore,
)

#: Gets a verb, and a call that makes the store act; returns what the core is told.
Watch = Callable[[str, Callable[[], Any]], Any]

READS = frozenset({"query_client", "query_credential", "query_token", "query_refresh_token"})
_ROLES: Mapping[str, Any] = {
    "clients": ForwardingClientStore,
    "tokens": ForwardingTokenStore,
    "credentials": ForwardingCredentialCache,
    "nonces": ForwardingNonceStore,
}


class _WatchedRole:
    def __init__(self, role: object, backend: WatchedBackend) -> None:
        self._role = role
        self._backend = backend

    def __getattr__(self, verb: str) -> Callable[..., Any]:
        act = getattr(self._role, verb)

        def call(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - any verb's
            return self._backend.watch(verb, lambda: act(*arguments, **named))

        return call


class WatchedBackend:
    """Passes each call on through `watch`, which can be replaced at any time."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.watch: Watch = lambda _, act: act()
        self.capabilities = backend.capabilities
        for name, forwarding in _ROLES.items():
            role = _WatchedRole(getattr(backend, name), self)
            setattr(self, name, forwarding(role))

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a member of the backend
        if name == "accounts":
            return None
        return getattr(self._backend, name)


class Counter:
    """Notes the verbs that are called while it watches."""

    def __init__(self, backend: WatchedBackend) -> None:
        self.verbs: list[str] = []
        self._backend = backend

    def __call__(self, verb: str, act: Callable[[], Any]) -> Any:  # noqa: ANN401 - any verb's
        self.verbs.append(verb)
        return act()

    def __enter__(self) -> Self:
        self._backend.watch = self
        return self

    def __exit__(self, *_: object) -> None:
        self._backend.watch = lambda _, act: act()

    @property
    def reads_and_writes(self) -> tuple[int, int]:
        reads = sum(verb in READS for verb in self.verbs)
        return reads, len(self.verbs) - reads


class FailingAt:
    """Raises an error at the k-th call, before or after the store has acted."""

    def __init__(
        self, backend: WatchedBackend, k: int, error: type[Exception], *, after: bool = False
    ) -> None:
        self._backend = backend
        self._left = k
        self._error = error
        self._after = after
        self.verb: str | None = None

    def __call__(self, verb: str, act: Callable[[], Any]) -> Any:  # noqa: ANN401 - any verb's
        self._left -= 1
        if self._left != 0:
            return act()
        self.verb = verb
        if self._after:
            act()
        raise self._error

    def __enter__(self) -> Self:
        self._backend.watch = self
        return self

    def __exit__(self, *_: object) -> None:
        self._backend.watch = lambda _, act: act()
