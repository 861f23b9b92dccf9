"""Migrations, indexes, what is told of the server, and what remains when all has ended."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from pymongo.database import Database

from oauthstore_core.errors import SchemaError, StoreError, StoreUnavailableError
from oauthstore_core.testing.samples import (
    DAY,
    access_token,
    credential,
    fresh,
    grant,
    pending,
    refresh_token,
)
from oauthstore_mongo import MongoBackend, schema
from oauthstore_mongo.connections import SCHEMA

from .server import Server

pytestmark = pytest.mark.servers

NOW = 1_700_000_000


@pytest.fixture
def empty(server: Server) -> Iterator[str]:
    made = server.create()
    yield made
    server.drop(made)


@pytest.fixture
def database(server: Server, url: str) -> Database[Any]:
    return server.client[url.rpartition("/")[2]]


def keys_of(database: Database[Any]) -> dict[str, set[str]]:
    """Return the indexes that there are, by collection, as their fields."""
    return {
        name: {" ".join(i["key"]) for i in database[name].list_indexes()} for name in schema.INDEXES
    }


def test_many_processes_may_migrate_at_once(server: Server, empty: str) -> None:
    program = "import sys, oauthstore_mongo as m; m.plugin.open(sys.argv[1], {}).migrate()"
    started = [
        subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-c", program, empty], stderr=subprocess.PIPE, text=True
        )
        for _ in range(6)
    ]
    told = [each.communicate(timeout=60)[1] for each in started]

    assert [each.returncode for each in started] == [0] * 6, told
    with closing(MongoBackend(empty)) as store:
        store.ping()
    found = keys_of(server.client[empty.rpartition("/")[2]])
    assert all(len(found[name]) == len(schema.INDEXES[name]) + 1 for name in schema.INDEXES)


def test_a_migration_that_was_killed_is_completed(server: Server, empty: str) -> None:
    class Killed(Exception):  # noqa: N818 - it is no error
        pass

    flights = iter(range(99))

    def on_io(moment: str) -> None:
        if moment == "before" and next(flights) == 4:
            raise Killed

    with closing(MongoBackend(empty, {"on_io": on_io})) as store, pytest.raises(Killed):
        store.migrate()
    with closing(MongoBackend(empty)) as store:
        with pytest.raises(SchemaError, match="none"):
            store.ping()
        store.migrate()
        store.ping()


def test_a_store_that_is_newer_than_the_code_is_refused(
    database: Database[Any], url: str, store: MongoBackend
) -> None:
    database[SCHEMA].update_one({"_id": "schema"}, {"$set": {"version": 2}})

    for refused in (store.migrate, store.ping):
        with pytest.raises(SchemaError, match="at 2"):
            refused()
    with closing(MongoBackend(url)) as other, pytest.raises(StoreUnavailableError, match="at 2"):
        other.clients.query_client("c")


def test_no_verb_creates_a_collection_without_its_indexes(server: Server, empty: str) -> None:
    with closing(MongoBackend(empty)) as store:
        for verb in (
            lambda: store.tokens.save_token(grant(NOW), [access_token(NOW)]),
            lambda: store.nonces.claim_nonce(fresh(), NOW + 9, NOW),
        ):
            with pytest.raises(StoreUnavailableError, match="oauthstore migrate"):
                verb()

    assert server.client[empty.rpartition("/")[2]].list_collection_names() == []


def test_each_verbs_condition_begins_an_index(database: Database[Any]) -> None:
    found = keys_of(database)

    assert found[schema.GRANTS] == {
        "_id",  # save, revoke_token, revoke_grant, list_grants of all, fences
        "tokens.digest",  # query_token
        "family",  # query_refresh_token, rotate_refresh_token
        "client_id _id",  # revoke_all and list_grants of a client
        "subject _id",  # the same of a subject, or of both
        "keep_until",  # purge_tokens: grants and fences
        "tokens.expires_at",  # purge_tokens: access tokens
        "remove_at",
    }
    assert found[schema.CREDENTIALS] == {"_id", "alias kind", "keep_until", "remove_at"}
    assert found[schema.CLIENTS] == {"_id", "owner _id", "expires_at"}
    assert found[schema.NONCES] == {"_id", "expires_at", "remove_at"}
    assert found[schema.ACCOUNTS] == {"_id", "name"}
    assert found[schema.ATTEMPTS] == {"_id", "closes_at", "remove_at"}


def test_unique_indexes_leave_out_what_has_no_key(database: Database[Any]) -> None:
    indexes = {i["name"]: i for i in database[schema.GRANTS].list_indexes()}

    for name in ("tokens.digest_1", "family_1"):
        assert indexes[name]["unique"]
        assert indexes[name]["partialFilterExpression"]
    assert indexes["remove_at_1"]["expireAfterSeconds"] == 0


def test_a_description_tells_the_server_as_it_is(store: MongoBackend) -> None:
    told = store.describe()

    assert json.loads(json.dumps(told)) == told
    assert told["schema"] == {"current": 1, "head": 1}
    assert told["write_concern"] == {"w": "majority", "j": True}
    assert told["read_preference"] == "primary"
    assert told["topology"] in {"standalone", "sharded cluster"} or "replica" in told["topology"]
    assert told["server_version"].count(".") >= 2
    assert abs(told["clock_skew"]) < 60
    assert "tokens.digest_1" in told["indexes"][schema.GRANTS]


def test_the_ttl_monitor_is_told_the_real_time_whatever_the_cores(
    store: MongoBackend, database: Database[Any]
) -> None:
    long_ago = 1_000
    store.nonces.claim_nonce(fresh(), long_ago + 60, long_ago)
    store.credentials.save_credential(credential(long_ago), long_ago)
    store.tokens.save_token(grant(long_ago), [access_token(long_ago)])
    store.tokens.revoke_all("c", None, long_ago, long_ago + DAY)
    store.accounts.count_attempt(fresh(), 60, long_ago)
    store.tokens.save_token(grant(NOW, keep_until=None), [])

    documents = [each for name in schema.INDEXES for each in database[name].find()]
    dates = [each["remove_at"].timestamp() for each in documents if "remove_at" in each]
    assert len(dates) == len(documents) - 1
    assert min(dates) > NOW


def test_a_text_of_dollars_and_dots_is_data_in_every_step(store: MongoBackend) -> None:
    for text in ("$client_id", "$$ROOT", "$literal", "a.b", "{$ne: null}", "nul\0byte"):
        given = grant(
            NOW, grant_id=text, client_id=text, subject=text, payload=text, family=fresh()
        )
        first, second = refresh_token(NOW), refresh_token(NOW, generation=1, payload=text)
        store.tokens.save_token(given, [first, access_token(NOW, payload=text)])
        store.tokens.rotate_refresh_token(
            given.family or "", first.digest, text, [second], b"$$ROOT", NOW, 9
        )
        device = pending(NOW, client_id=text)
        store.credentials.save_credential(device, NOW)
        store.credentials.poll_credential(device.kind, device.digest, text, NOW)

        found = store.tokens.query_refresh_token(given.family or "")
        assert found is not None
        assert (found.grant, found.current) == (given, second)
        assert store.tokens.revoke_all(text, text, NOW, NOW + DAY) == 1


@pytest.mark.parametrize("operator", [{"$ne": None}, {"$gt": ""}, {"$exists": True}])
def test_an_operator_in_place_of_an_id_finds_nothing(
    store: MongoBackend,
    operator: Any,  # noqa: ANN401 - what no caller is to give
) -> None:
    given, token = grant(NOW), access_token(NOW)
    store.tokens.save_token(given, [token])

    assert store.clients.query_client(operator) is None
    assert store.accounts.query_account(operator) is None
    assert list(store.tokens.list_grants(operator, None, None, 5).items) == []
    store.tokens.revoke_token(operator, token.digest, NOW)
    found = store.tokens.query_token(token.digest)
    assert found is not None
    assert (found.grant, found.token) == (given, token)


def test_what_is_too_long_is_refused_and_written_nowhere(store: MongoBackend) -> None:
    given = grant(NOW, payload="x" * 17_000_000)
    with pytest.raises(StoreError) as caught:
        store.tokens.save_token(given, [access_token(NOW)])

    assert not isinstance(caught.value, StoreUnavailableError)
    assert list(store.tokens.list_grants(given.client_id, None, None, 5).items) == []


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_nothing_is_left_of_ten_thousand_grants_but_what_is_owed(
    store: MongoBackend, database: Database[Any]
) -> None:
    end = NOW + DAY
    for turn in range(10_000):
        given = grant(NOW, keep_until=end, client_id=f"c{turn % 50}", family=fresh())
        store.tokens.save_token(given, [access_token(NOW), refresh_token(NOW)])
        if turn % 100 == 0:
            store.tokens.revoke_grant(fresh(), NOW, end + 1)
            store.credentials.save_credential(credential(NOW, keep_until=end + 1), NOW)
            store.nonces.claim_nonce(fresh(), end, NOW)
    store.tokens.revoke_all("c1", None, NOW, end + 1)

    removed = 0
    while (purged := store.tokens.purge_tokens(end, 1000)).more or purged.count:
        removed += purged.count
    store.credentials.purge_credentials(end, 1000)
    store.nonces.purge_nonces(end, 1000)

    assert removed == 10_000
    left = {name: database[name].count_documents({}) for name in schema.INDEXES}
    # The marks of 100 grants that were yet to be saved, and a fence: owed until a second later.
    assert left[schema.GRANTS] == 101
    assert left[schema.CREDENTIALS] == 100
    assert left[schema.NONCES] == 0
    assert store.tokens.purge_tokens(end + 1, 1000).count == 101
    assert store.credentials.purge_credentials(end + 1, 1000).count == 100
    assert {database[name].count_documents({}) for name in schema.INDEXES} == {0}
