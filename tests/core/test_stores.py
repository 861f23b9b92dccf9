"""Opening and routing stores."""

from __future__ import annotations

import logging

import pytest

from oauthstore_core.backends import BackendPlugin, Capabilities
from oauthstore_core.errors import (
    CapabilityError,
    GrantRevokedError,
    RoleNotServedError,
    UnknownBackendError,
)
from oauthstore_core.memory import MemoryBackend
from oauthstore_core.plugins import register_backend
from oauthstore_core.records import Client, Grant
from oauthstore_core.settings import Settings
from oauthstore_core.stores import check_capabilities, open_stores

ROLES = ("clients", "tokens", "credentials", "nonces", "accounts")


class Recorded(MemoryBackend):
    """Remembers how it was opened and what it was told."""

    def __init__(self, url: str, options: object) -> None:
        super().__init__()
        self.opened_with = (url, options)
        self.told: list[str] = []

    def migrate(self) -> None:
        self.told.append("migrate")

    def ping(self) -> None:
        self.told.append("ping")

    def close(self) -> None:
        self.told.append("close")


class Lossy(Recorded):
    """A store that could be durable, but is set up to evict."""

    capabilities = Capabilities(shared=True, atomic="store")


def offer(
    name: str, backend: type[Recorded] = Recorded, promised: Capabilities | None = None
) -> register_backend:
    return register_backend(BackendPlugin(name, ROLES, promised or backend.capabilities, backend))


def two_stores() -> Settings:
    return Settings.from_mapping(
        {
            "stores": {"main": "disk://here", "cache": "fast://there"},
            "roles": {
                "clients": "main",
                "tokens": "main",
                "credentials": "cache",
                "nonces": "cache",
            },
        }
    )


def test_each_role_goes_to_its_store_and_to_no_other() -> None:
    with offer("disk"), offer("fast"), open_stores(two_stores()) as stores:
        stores.clients.save_client(Client("c1"))
        stores.nonces.claim_nonce("n", 10, 1)
        main, cache = stores.backends["main"], stores.backends["cache"]

    assert isinstance(main, Recorded)
    assert isinstance(cache, Recorded)
    assert main.clients.query_client("c1") is not None
    assert cache.clients.query_client("c1") is None
    assert main.nonces.claim_nonce("n", 10, 1)
    assert not cache.nonces.claim_nonce("n", 10, 1)
    assert stores.routes == dict(two_stores().roles)


def test_only_stores_that_a_role_needs_are_opened() -> None:
    settings = Settings.from_mapping({"store": "memory://", "stores": {"idle": "nowhere://"}})

    assert list(open_stores(settings).backends) == ["default"]


def test_migrate_ping_and_close_reach_every_store_once() -> None:
    with offer("disk"), offer("fast"), open_stores(two_stores()) as stores:
        stores.migrate()
        stores.ping()
    stores.close()

    told = [backend.told for backend in stores.backends.values() if isinstance(backend, Recorded)]
    assert told == [["migrate", "ping", "close"]] * 2


def test_a_backend_that_was_handed_over_open_stays_open() -> None:
    backend = Recorded("", {})

    with open_stores(Settings(), backends={"default": backend}) as stores:
        stores.clients.save_client(Client("c1"))

    assert backend.told == []
    assert backend.clients.query_client("c1") is not None


def test_a_backend_is_told_its_url_and_options_and_only_an_unusual_limit() -> None:
    mapping = {"stores": {"main": {"url": "disk://here", "options": {"pool": 3}}}}
    with offer("disk"):
        usual = open_stores(Settings.from_mapping(mapping)).backends["main"]
        unusual = open_stores(
            Settings.from_mapping({**mapping, "access_tokens_per_grant": 4})
        ).backends["main"]

    assert isinstance(usual, Recorded)
    assert isinstance(unusual, Recorded)
    assert usual.opened_with == ("disk://here", {"pool": 3})
    assert unusual.opened_with == ("disk://here", {"pool": 3, "access_tokens_per_grant": 4})


def test_an_unknown_scheme_is_refused() -> None:
    with pytest.raises(UnknownBackendError, match="memory"):
        open_stores(Settings.from_mapping({"store": "memoro://"}))


def test_a_role_that_was_not_asked_for_is_not_there() -> None:
    stores = open_stores(Settings(), required_roles=["nonces"], optional_roles=[])

    assert stores.accounts is None
    assert stores.nonces.claim_nonce("n", 10, 1)
    with pytest.raises(RoleNotServedError) as error:
        stores.clients.query_client("c1")
    assert str(error.value) == (
        "The role 'clients' is asked for, but these stores were opened without it "
        "(with: nonces). Open them with it in `required_roles`."
    )


def test_a_role_that_is_routed_nowhere_is_refused() -> None:
    memory = Settings().stores["default"]
    settings = Settings(stores={"a": memory, "b": memory}, roles={"tokens": "a"})

    with pytest.raises(RoleNotServedError) as error:
        open_stores(settings)

    assert str(error.value) == (
        "The role 'clients' is needed, but is routed to no store. "
        "Set `roles.clients` to one of: a, b."
    )


def test_memory_by_default_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    open_stores(Settings.from_mapping({"store": "memory://"}))
    open_stores(Settings(), backends={"default": MemoryBackend()})
    assert not caplog.records

    with caplog.at_level(logging.WARNING):
        open_stores(Settings())
    assert [record.getMessage() for record in caplog.records] == [
        (
            "No store is named, so everything is kept in memory and ends with this process. "
            "Set `store`, for example to sqlite:///oauth.db (pip install oauthstore-sqla)."
        )
    ]


# --- redeeming and revoking ------------------------------------------------


def test_stores_redeem_when_one_store_has_both_roles_and_promises_it() -> None:
    assert open_stores(Settings()).redeems
    with offer("disk"), offer("fast"):
        assert not open_stores(two_stores()).redeems
    with offer("lossy", Lossy):
        assert not open_stores(Settings.from_mapping({"store": "lossy://"})).redeems


def test_to_redeem_across_stores_is_refused_rather_than_ignored() -> None:
    with offer("disk"), offer("fast"):
        stores = open_stores(two_stores())

    with pytest.raises(CapabilityError) as error:
        stores.tokens.redeem_credential("authorization_code", "d", "c1", Grant("g", "c1"), [], 1)
    assert str(error.value) == (
        "redeem_credential() was called, but tokens and credentials are not kept by one store "
        "that redeems. Look at `Stores.redeems` first; claim and save instead."
    )


def test_the_fence_stands_ahead_by_the_clock_skew() -> None:
    stores = open_stores(Settings(clock_skew=3))
    stores.tokens.revoke_all("c1", None, 100, 900)

    with pytest.raises(GrantRevokedError):
        stores.tokens.save_token(Grant("early", "c1", granted_at=103), [])
    stores.tokens.save_token(Grant("late", "c1", granted_at=104), [])


# --- capabilities ----------------------------------------------------------


def test_memory_does_not_block_and_a_database_does() -> None:
    assert not open_stores(Settings()).blocking
    with offer("lossy", Lossy), offer("fast"):
        settings = Settings.from_mapping(
            {"store": "fast://", "stores": {"n": "lossy://"}, "roles": {"nonces": "n"}}
        )
        stores = open_stores(settings)

    assert stores.blocking
    assert stores.capabilities("nonces") is Lossy.capabilities
    assert stores.capabilities("tokens") is MemoryBackend.capabilities


def test_one_process_keeps_memory_and_several_do_not() -> None:
    settings = Settings.from_mapping({"store": "memory://"})
    stores = open_stores(settings, required_roles=["nonces"], optional_roles=[])

    check_capabilities(settings, stores, workers=1)
    with pytest.raises(CapabilityError) as error:
        check_capabilities(settings, stores, workers=2)
    assert str(error.value) == (
        "The role 'nonces' is kept by the store 'default' (memory://), which is of one process "
        "only, but 2 workers are asked for. Run one worker, or route `roles.nonces` to a database."
    )


def test_a_store_that_is_set_up_to_lose_what_it_could_keep_is_refused() -> None:
    settings = Settings.from_mapping({"store": "lossy://:pw@here"})
    with offer("lossy", Lossy, Capabilities(durable=True, shared=True, atomic="store")):
        stores = open_stores(settings, required_roles=["tokens"], optional_roles=[])

    with pytest.raises(CapabilityError) as error:
        check_capabilities(settings, stores, workers=4)
    assert str(error.value) == (
        "The role 'tokens' is kept by the store 'default' (lossy://:***@here), which can keep "
        "what it acknowledged, but as it is set up does not. Turn its eviction off and its "
        "persistence on, or route `roles.tokens` to another store."
    )
