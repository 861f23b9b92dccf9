"""Each role is kept where its route says, and a start is refused where the stores are not fit."""

from __future__ import annotations

from pathlib import Path

from oauthstore_mongo import MongoBackend
from oauthstore_redis import RedisBackend
from oauthstore_sqla import SqlaBackend

from ..oauth2.world import Routed, World
from .routes import ROUTES, Keepers


def test_each_role_is_kept_by_the_store_of_its_route(world: World, route: str) -> None:
    kinds = {
        "redis": RedisBackend,
        "cluster": RedisBackend,
        "sqlite": SqlaBackend,
        "postgresql": SqlaBackend,
        "mongodb": MongoBackend,
    }
    expected = {name: kinds[kind] for name, kind in ROUTES[route].items()}

    routes = world.stores.routes
    assert {name: type(b) for name, b in world.stores.backends.items()} == expected
    assert routes["clients"] == routes["tokens"] == routes["accounts"] == "main"
    assert routes["credentials"] == routes["nonces"]
    assert routes["credentials"] == ("fast" if "fast" in ROUTES[route] else "main")
    assert not world.stores.redeems


def test_a_code_is_where_codes_are_and_its_tokens_are_where_tokens_are(
    world: World, backend: Routed
) -> None:
    party = world.register()
    code = world.code(party)
    fast = backend.get("fast", backend["main"])
    before = _kinds(fast)
    tokens = world.redeem(party, code).json

    assert "credential" in before
    assert world.is_accepted(tokens["access_token"])
    assert ("token" in _kinds(fast)) is (len(backend) == 1)


def test_stores_of_one_server_do_not_see_each_other(keepers: Keepers, tmp_path: Path) -> None:
    with keepers.settings("redis", tmp_path) as one, keepers.settings("redis", tmp_path) as two:
        assert one != two


def _kinds(backend: object) -> set[str]:
    """Return of which kinds there is something in a store."""
    if isinstance(backend, MongoBackend):
        held = {"credential": "oauthstore_credentials", "token": "oauthstore_grants"}
        run = backend._connections.run
        return {kind for kind, name in held.items() if run(lambda db: db[name].find_one())}  # noqa: B023 - called at once
    assert isinstance(backend, RedisBackend)
    store = backend._store
    found = store.ask(lambda client: list(client.scan_iter(f"{store.keys.prefix}:*")))
    return {key.decode().split(":")[1] for key in found}
