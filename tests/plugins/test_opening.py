"""What can be wrong with a backend when its roles are routed and it is opened."""

from __future__ import annotations

import pytest

from oauthstore_core.backends import BackendPlugin, Capabilities
from oauthstore_core.errors import (
    PluginDescriptorError,
    RoleNotServedError,
    UnmarkedHookError,
)
from oauthstore_core.hookspecs import hookimpl
from oauthstore_core.memory import MemoryBackend
from oauthstore_core.plugins import register_backend
from oauthstore_core.records import Purged
from oauthstore_core.settings import Settings
from oauthstore_core.stores import open_stores


class Nonces:
    """A nonce store as the contract has it."""

    @hookimpl
    def claim_nonce(self, digest: str, expires_at: int, now: int) -> bool:
        return True

    @hookimpl
    def purge_nonces(self, now: int, limit: int) -> Purged:
        return Purged(0, more=False)


class NoncesOnly:
    capabilities = Capabilities()

    def __init__(self, url: str = "", options: object = None) -> None:
        self.nonces: object = MemoryBackend().nonces
        self.closed = False

    def migrate(self) -> None: ...

    def ping(self) -> None: ...

    def describe(self) -> dict[str, object]:
        return {}

    def close(self) -> None:
        self.closed = True


def offer(backend: type, *roles: str) -> register_backend:
    return register_backend(BackendPlugin("rock", roles, Capabilities(), backend))


def test_a_role_that_the_descriptor_does_not_have() -> None:
    settings = Settings.from_mapping({"store": "rock:///here"})

    with offer(NoncesOnly, "nonces"), pytest.raises(RoleNotServedError) as error:
        open_stores(settings)

    assert str(error.value) == (
        "The role 'clients' is routed to the store 'default', which does not serve it "
        "(it serves: nonces). Set `roles.clients` to another store."
    )


def test_a_role_of_the_descriptor_that_the_backend_does_not_have() -> None:
    settings = Settings.from_mapping({"store": "rock:///here"})

    with offer(NoncesOnly, "nonces", "tokens"), pytest.raises(RoleNotServedError) as error:
        open_stores(settings, required_roles=["nonces"])

    assert str(error.value) == (
        "The backend 'rock' declares the role 'tokens', but what it opened (NoncesOnly) has no "
        "attribute 'tokens'. Add the role's object there, or take the role out of `roles`."
    )


def test_what_a_backend_opens_is_a_backend() -> None:
    settings = Settings.from_mapping({"store": "rock:///here"})
    plugin = BackendPlugin("rock", ("nonces",), Capabilities(), lambda _url, _options: NONCES)

    with register_backend(plugin), pytest.raises(PluginDescriptorError) as error:
        open_stores(settings, required_roles=["nonces"])

    assert str(error.value) == (
        "The backend 'rock' opened an object of the type Nonces, which has no capabilities, "
        "migrate, ping, describe, close. Let `open` return a Backend."
    )


NONCES = Nonces()


def test_what_was_opened_is_closed_when_the_build_fails() -> None:
    opened: list[NoncesOnly] = []

    def open_(_url: str, _options: object) -> NoncesOnly:
        opened.append(NoncesOnly())
        return opened[0]

    plugin = BackendPlugin("rock", ("nonces",), Capabilities(), open_)

    with register_backend(plugin), pytest.raises(RoleNotServedError):
        open_stores(Settings.from_mapping({"store": "rock:///here"}))
    assert opened[0].closed


def test_a_store_without_tokens_is_told_nothing_about_tokens() -> None:
    given: list[object] = []

    def open_(_url: str, options: object) -> NoncesOnly:
        given.append(options)
        return NoncesOnly()

    settings = {"store": "rock:///here", "access_tokens_per_grant": 4}

    with register_backend(BackendPlugin("rock", ("nonces",), Capabilities(), open_)):
        open_stores(Settings.from_mapping(settings), required_roles=["nonces"])
    assert given == [{}]


def test_an_optional_role_may_be_absent_but_not_when_it_is_routed_by_name() -> None:
    roles = {"accounts": "default"}
    with offer(NoncesOnly, "nonces"):
        stores = open_stores(
            Settings.from_mapping({"store": "rock:///here"}), required_roles=["nonces"]
        )
        assert stores.accounts is None

        with pytest.raises(RoleNotServedError, match="The role 'accounts' is routed"):
            open_stores(
                Settings.from_mapping({"store": "rock:///here", "roles": roles}),
                required_roles=["nonces"],
            )


def test_a_role_object_is_checked_when_the_stores_are_opened() -> None:
    class Unmarked(Nonces):
        def purge_nonces(self, now: int, limit: int) -> Purged:
            return Purged(0, more=False)

    class Broken(NoncesOnly):
        def __init__(self, url: str, options: object) -> None:
            super().__init__()
            self.nonces = Unmarked()

    with offer(Broken, "nonces"), pytest.raises(UnmarkedHookError, match="the store 'default'"):
        open_stores(Settings.from_mapping({"store": "rock:///here"}), required_roles=["nonces"])
