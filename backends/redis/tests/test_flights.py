"""How often each verb goes to the server and back, counted at the socket: the README's table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from importlib import resources
from pathlib import Path

import pytest

from oauthstore_core.records import CredentialState
from oauthstore_core.testing.samples import (
    access_token,
    account,
    client,
    credential,
    fresh,
    grant,
    pending,
    refresh_token,
)
from oauthstore_redis import RedisBackend
from oauthstore_redis.scripts import script

from .proxy import Proxy
from .servers import Server, open_server

NOW = 1_700_000_000
END = NOW + 10**6
README = Path(__file__).parents[1] / "README.md"

Call = Callable[[RedisBackend], object]


def save_token(s: RedisBackend) -> Call:
    """`save_token`, new grant or known, one token or two"""
    given = grant(NOW, family=fresh())
    return lambda s: s.tokens.save_token(given, [access_token(NOW), refresh_token(NOW)])


def query_token(s: RedisBackend) -> Call:
    """`query_token`"""
    token = access_token(NOW)
    s.tokens.save_token(grant(NOW), [token])
    return lambda s: s.tokens.query_token(token.digest)


def query_refresh_token(s: RedisBackend) -> Call:
    """`query_refresh_token`"""
    given = grant(NOW, family=fresh())
    s.tokens.save_token(given, [refresh_token(NOW)])
    return lambda s: s.tokens.query_refresh_token(str(given.family))


def _rotation(s: RedisBackend, presented: int, grace: int) -> Call:
    given, tokens = grant(NOW, family=fresh()), [refresh_token(NOW, generation=i) for i in range(4)]
    s.tokens.save_token(given, tokens[:1])

    def rotate(s: RedisBackend, old: int, new: int) -> object:
        brought = [access_token(NOW), tokens[new]]
        asked = (str(given.family), tokens[old].digest, given.client_id, brought, b"s", NOW, grace)
        return s.tokens.rotate_refresh_token(*asked)

    rotate(s, 0, 1)
    return lambda s: rotate(s, presented, 2)


def rotate_won(s: RedisBackend) -> Call:
    """`rotate_refresh_token`: WON"""
    return _rotation(s, 1, 0)


def rotate_grace(s: RedisBackend) -> Call:
    """`rotate_refresh_token`: GRACE"""
    return _rotation(s, 0, 60)


def rotate_reused(s: RedisBackend) -> Call:
    """`rotate_refresh_token`: REUSED"""
    return _rotation(s, 0, 0)


def revoke_token(s: RedisBackend) -> Call:
    """`revoke_token`"""
    given, token = grant(NOW), access_token(NOW)
    s.tokens.save_token(given, [token])
    return lambda s: s.tokens.revoke_token(given.grant_id, token.digest, NOW)


def revoke_grant(s: RedisBackend) -> Call:
    """`revoke_grant`"""
    given = grant(NOW)
    s.tokens.save_token(given, [access_token(NOW)])
    return lambda s: s.tokens.revoke_grant(given.grant_id, NOW, END)


def revoke_grant_without_end(s: RedisBackend) -> Call:
    """`revoke_grant`, of one without end"""
    given = grant(NOW, keep_until=None)
    s.tokens.save_token(given, [access_token(NOW)])
    return lambda s: s.tokens.revoke_grant(given.grant_id, NOW, END)


def revoke_all_of_ten(s: RedisBackend) -> Call:
    """`revoke_all`, up to 500 grants"""
    names = grant(NOW)
    for _ in range(10):
        s.tokens.save_token(grant(NOW, subject=names.subject), [access_token(NOW)])
    return lambda s: s.tokens.revoke_all(None, names.subject, NOW, END)


def list_grants(s: RedisBackend) -> Call:
    """`list_grants`, of a client or subject"""
    names = grant(NOW)
    for _ in range(10):
        s.tokens.save_token(grant(NOW, subject=names.subject), [access_token(NOW)])
    return lambda s: s.tokens.list_grants(None, names.subject, None, 5)


def purge_tokens(s: RedisBackend) -> Call:
    """`purge_tokens`"""
    for _ in range(10):
        s.tokens.save_token(grant(NOW - 99, keep_until=NOW), [access_token(NOW - 99)])
    return lambda s: s.tokens.purge_tokens(NOW, 100)


def save_credential(s: RedisBackend) -> Call:
    """`save_credential`"""
    return lambda s: s.credentials.save_credential(credential(NOW), NOW)


def save_credential_with_alias(s: RedisBackend) -> Call:
    """`save_credential`, with an alias"""
    return lambda s: s.credentials.save_credential(pending(NOW), NOW)


def query_credential(s: RedisBackend) -> Call:
    """`query_credential`"""
    code = credential(NOW)
    s.credentials.save_credential(code, NOW)
    return lambda s: s.credentials.query_credential(code.kind, code.digest)


def query_credential_by_alias(s: RedisBackend) -> Call:
    """`query_credential_by_alias`"""
    code = pending(NOW)
    s.credentials.save_credential(code, NOW)
    return lambda s: s.credentials.query_credential_by_alias(code.kind, str(code.alias))


def claim_won(s: RedisBackend) -> Call:
    """`claim_credential`: WON"""
    code = credential(NOW)
    s.credentials.save_credential(code, NOW)
    return lambda s: s.credentials.claim_credential(code.kind, code.digest, code.client_id, NOW)


def claim_lost(s: RedisBackend) -> Call:
    """`claim_credential`: lost"""
    claim = claim_won(s)
    claim(s)
    return claim


def decide(s: RedisBackend) -> Call:
    """`decide_credential`"""
    code = pending(NOW)
    s.credentials.save_credential(code, NOW)
    asked = (code.kind, code.digest, CredentialState.APPROVED, "s", "{}", NOW)
    return lambda s: s.credentials.decide_credential(*asked)


def poll(s: RedisBackend) -> Call:
    """`poll_credential`"""
    code = pending(NOW)
    s.credentials.save_credential(code, NOW)
    return lambda s: s.credentials.poll_credential(code.kind, code.digest, code.client_id, NOW)


def purge_credentials(s: RedisBackend) -> Call:
    """`purge_credentials`"""
    for _ in range(10):
        s.credentials.save_credential(credential(NOW - 99, keep_until=NOW), NOW - 99)
    return lambda s: s.credentials.purge_credentials(NOW, 100)


def claim_nonce(s: RedisBackend) -> Call:
    """`claim_nonce`"""
    return lambda s: s.nonces.claim_nonce(fresh(), END, NOW)


def count_attempt(s: RedisBackend) -> Call:
    """`count_attempt`"""
    return lambda s: s.accounts.count_attempt(fresh(), 60, NOW)


def registers(s: RedisBackend) -> Call:
    """clients and accounts: eight calls, each"""

    def all_of_them(s: RedisBackend) -> None:
        one, user = s.clients.save_client(client()), s.accounts.save_account(account())
        s.clients.query_client(one.client_id)
        s.clients.list_clients(one.owner, None, 5)
        s.accounts.query_account(user.name)
        s.accounts.query_account_by_subject(user.subject)
        s.clients.delete_client(one.client_id)
        s.accounts.delete_account(user.subject)

    return all_of_them


FLIGHTS = {
    save_token: 2,
    query_token: 2,
    query_refresh_token: 2,
    rotate_won: 2,
    rotate_grace: 2,
    rotate_reused: 2,
    revoke_token: 1,
    revoke_grant: 1,
    revoke_grant_without_end: 2,
    revoke_all_of_ten: 2,
    list_grants: 2,
    purge_tokens: 4,
    save_credential: 1,
    save_credential_with_alias: 2,
    query_credential: 1,
    query_credential_by_alias: 2,
    claim_won: 1,
    claim_lost: 1,
    decide: 1,
    poll: 1,
    purge_credentials: 2,
    claim_nonce: 1,
    count_attempt: 1,
    registers: 8,
}


@pytest.mark.parametrize("make", FLIGHTS, ids=lambda make: make.__name__)
def test_a_verb_makes_no_more_flights_than_the_readme_tells(
    make: Callable[[RedisBackend], Call], through_proxy: RedisBackend, proxy: Proxy
) -> None:
    make(through_proxy)(through_proxy)  # the server has seen the scripts
    call, before = make(through_proxy), proxy.flights
    call(through_proxy)

    assert proxy.flights - before == FLIGHTS[make]


def test_the_readme_tells_these_flights() -> None:
    told = README.read_text()
    rows = [f"| {make.__doc__} | {count} |" for make, count in FLIGHTS.items()]

    assert [row for row in rows[:-1] if row not in told] == []


@pytest.fixture(scope="module")
def cluster() -> Iterator[Server]:
    with closing(open_server("cluster")) as server:
        yield server


@pytest.mark.servers
def test_a_cluster_costs_no_more_flights_and_is_asked_for_no_keys(cluster: Server) -> None:
    flights: list[str] = []
    address = cluster.address(on_io=flights.append)
    store = RedisBackend(address.url, address.options)
    store.migrate()
    for file in resources.files("oauthstore_redis").joinpath("lua").iterdir():
        cluster.client.script_load(script(file.name.removesuffix(".lua")).text)
    asked = _getkeys(cluster)
    for make, expected in FLIGHTS.items():
        call = make(store)
        flights.clear()
        call(store)
        assert flights.count("before") == expected, make.__name__

    assert _getkeys(cluster) == asked
    store.close()
    cluster.clear(address)


def _getkeys(cluster: Server) -> object:
    told = cluster.client.info("commandstats", target_nodes="primaries")
    return [info.get("cmdstat_command|getkeys", {}).get("calls") for info in told.values()]
