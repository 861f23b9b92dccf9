"""The gateway and its PostgreSQL are killed under load, and come back."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field

import pytest

from oauthstore_core.errors import StoreUnavailableError
from oauthstore_core.records import (
    ClaimOutcome,
    Credential,
    CredentialState,
    Grant,
    RotationOutcome,
    Token,
)
from oauthstore_core.testing.peers import attempt
from oauthstore_core.testing.samples import access_token, credential, fresh, grant, refresh_token
from oauthstore_mongo import MongoBackend

from .server import Server
from .server_processes import FerretDB

pytestmark = [pytest.mark.servers, pytest.mark.timeout(300)]

NOW = 1_700_000_000
END = NOW + 10**6
KILLS = 3
THREADS = 6


@pytest.fixture
def store(engine: FerretDB) -> Iterator[MongoBackend]:
    with closing(Server(engine.url)) as server:
        url = server.create_migrated()
    with closing(MongoBackend(url, {"timeout": 2})) as backend:
        yield backend


@dataclass
class Ledger:
    """What was answered to one caller, and what it asked without hearing an answer."""

    claimed: list[Credential] = field(default_factory=list)
    asked: list[Credential] = field(default_factory=list)
    issued: list[tuple[Grant, Token]] = field(default_factory=list)
    #: Grants whose refresh token was rotated, by whom it is spent and what came after it.
    rotated: list[tuple[Grant, Token, Token]] = field(default_factory=list)
    revoked: list[Token] = field(default_factory=list)
    nonces: list[str] = field(default_factory=list)
    told: Counter[str] = field(default_factory=Counter)
    wrong: list[object] = field(default_factory=list)


def work(store: MongoBackend, ledger: Ledger, over: threading.Event) -> None:
    """Issue, rotate and revoke whatever is heard, until it is over."""
    while not over.is_set():
        try:
            _flow(store, ledger)
            ledger.told["flows"] += 1
        except StoreUnavailableError:
            ledger.told["unavailable"] += 1
        except Exception as error:  # noqa: BLE001 - whatever it is, it is wrong
            ledger.wrong.append(error)


def _flow(store: MongoBackend, ledger: Ledger) -> None:
    nonce, code = fresh(), credential(NOW)
    _expect(ledger, store.nonces.claim_nonce(nonce, END, NOW), expected=True)
    ledger.nonces.append(nonce)
    store.credentials.save_credential(code, NOW)
    ledger.asked.append(code)
    claim = store.credentials.claim_credential(code.kind, code.digest, code.client_id, NOW)
    _expect(ledger, claim.outcome, expected=ClaimOutcome.WON)
    ledger.claimed.append(ledger.asked.pop())
    given, token, first = grant(NOW, family=fresh()), access_token(NOW), refresh_token(NOW)
    store.tokens.save_token(given, [token, first])
    ledger.issued.append((given, token))
    second = refresh_token(NOW, generation=1)
    _expect(ledger, rotate(store, given, first, second), expected=RotationOutcome.WON)
    ledger.rotated.append((given, first, second))
    if len(ledger.rotated) % 3 == 0:
        ledger.issued.pop()
        ledger.rotated.pop()
        store.tokens.revoke_all(given.client_id, None, NOW, END)
        ledger.revoked.append(token)


def _expect(ledger: Ledger, answer: object, *, expected: object) -> None:
    if answer is not expected:
        ledger.wrong.append(answer)


def rotate(store: MongoBackend, given: Grant, presented: Token, successor: Token) -> object:
    names = (str(given.family), presented.digest, given.client_id)
    return store.tokens.rotate_refresh_token(*names, [successor], b"s", NOW, 0).outcome


def kill_gateway(engine: FerretDB) -> None:
    engine.gateway.kill()


def kill_database(engine: FerretDB) -> None:
    engine.database.kill()


def kill_both(engine: FerretDB) -> None:
    engine.kill()


def start_again(engine: FerretDB, killed: Callable[[FerretDB], None]) -> None:
    if killed is not kill_gateway:
        engine.database.start()
    if killed is not kill_database:
        engine.gateway.start()


def wait_until_it_works(store: MongoBackend) -> float:
    """Return how long it takes; nothing but unavailable is said before."""
    began = time.monotonic()
    while isinstance(answer := attempt(store.ping), StoreUnavailableError):
        assert time.monotonic() < began + 60, "the store does not come back"
    assert answer is None
    return time.monotonic() - began


@pytest.mark.parametrize("kill", [kill_gateway, kill_database, kill_both])
def test_what_was_answered_before_a_kill_is_there_and_nothing_works_twice(
    engine: FerretDB, store: MongoBackend, kill: Callable[[FerretDB], None]
) -> None:
    ledgers, over = [Ledger() for _ in range(THREADS)], threading.Event()
    threads = [threading.Thread(target=work, args=(store, each, over)) for each in ledgers]
    for thread in threads:
        thread.start()
    try:
        for _ in range(KILLS):
            over.wait(0.5)  # for the load
            kill(engine)
            assert isinstance(attempt(store.ping), StoreUnavailableError)
            start_again(engine, kill)
            wait_until_it_works(store)
    finally:
        over.set()
        for thread in threads:
            thread.join()

    assert [wrong for ledger in ledgers for wrong in ledger.wrong] == []
    assert sum(ledger.told["unavailable"] for ledger in ledgers) > 0
    assert all(ledger.rotated for ledger in ledgers)
    for ledger in ledgers:
        assert_kept(store, ledger)


def assert_kept(store: MongoBackend, ledger: Ledger) -> None:
    """Check that all that was acknowledged is there, and that nothing works twice."""
    for given, token in ledger.issued:
        found = store.tokens.query_token(token.digest)
        assert found is not None
        assert (found.grant, found.token) == (given, token)
    for token in ledger.revoked:
        found = store.tokens.query_token(token.digest)
        assert found is not None
        assert found.grant.revoked_at == NOW
    assert not any(store.nonces.claim_nonce(nonce, END, NOW) for nonce in ledger.nonces)
    for code in ledger.claimed:
        assert claimed(store, code) is ClaimOutcome.ALREADY_USED
    for code in ledger.asked:
        outcomes = [claimed(store, code) for _ in range(3)]
        assert outcomes.count(ClaimOutcome.WON) <= 1
        assert outcomes[1:] == [ClaimOutcome.ALREADY_USED] * 2
    for given, first, second in ledger.rotated:
        family = store.tokens.query_refresh_token(str(given.family))
        assert family is not None
        assert (family.grant, family.current) == (given, second)
        assert rotate(store, given, first, refresh_token(NOW)) is RotationOutcome.REUSED
        assert rotate(store, given, second, refresh_token(NOW)) is RotationOutcome.REVOKED


def claimed(store: MongoBackend, code: Credential) -> object:
    asked = (code.kind, code.digest, code.client_id, NOW)
    return store.credentials.claim_credential(*asked).outcome


def test_a_flow_goes_on_where_all_is_killed_between_any_two_calls(
    engine: FerretDB, store: MongoBackend
) -> None:
    code, given = credential(NOW, state=CredentialState.APPROVED), grant(NOW, family=fresh())
    first, second = refresh_token(NOW), refresh_token(NOW, generation=1)
    steps: list[tuple[Callable[[], object], object]] = [
        (lambda: store.credentials.save_credential(code, NOW), None),
        (lambda: claimed(store, code), ClaimOutcome.WON),
        (lambda: claimed(store, code), ClaimOutcome.ALREADY_USED),
        (lambda: store.tokens.save_token(given, [access_token(NOW), first]), None),
        (lambda: rotate(store, given, first, second), RotationOutcome.WON),
        (lambda: rotate(store, given, first, refresh_token(NOW)), RotationOutcome.REUSED),
        (lambda: store.tokens.revoke_all(given.client_id, None, NOW, END), 0),
    ]
    for step, answer in steps:
        engine.kill()
        engine.start()
        wait_until_it_works(store)
        assert step() == answer
