"""A server that is killed, under load and between any two calls, and comes back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field

import pytest

from oauthstore_core.errors import StoreUnavailableError
from oauthstore_core.records import (
    Claim,
    ClaimOutcome,
    Credential,
    Grant,
    Rotation,
    RotationOutcome,
    Token,
)
from oauthstore_core.testing.peers import attempt
from oauthstore_core.testing.samples import (
    access_token,
    credential,
    fresh,
    grant,
    refresh_token,
)
from oauthstore_redis import RedisBackend

from .server_processes import ClusterProcesses, RedisProcess
from .servers import Server, open_server

pytestmark = pytest.mark.servers

NOW = 1_700_000_000
END = NOW + 10**6
KILLS = 5
THREADS = 6


@pytest.fixture(scope="module", params=["valkey", "redis", "cluster"])
def killed(request: pytest.FixtureRequest) -> Iterator[Server]:
    with closing(open_server(request.param, own=True)) as server:
        yield server


@pytest.fixture
def store(killed: Server) -> Iterator[RedisBackend]:
    address = killed.address()
    backend = RedisBackend(address.url, address.options)
    backend.migrate()
    yield backend
    backend.close()


def nodes(server: Server) -> list[RedisProcess]:
    process = server.process
    assert process is not None
    return process.nodes if isinstance(process, ClusterProcesses) else [process]


def restart(server: Server, node: RedisProcess) -> None:
    node.kill()
    node.start()
    if isinstance(server.process, ClusterProcesses):
        server.process.wait()


def until_it_works(call: Callable[[], object]) -> object:
    """Make a call until the store is back; nothing but unavailable is said before."""
    for _ in range(200):
        answer = attempt(call)
        if not isinstance(answer, StoreUnavailableError):
            return answer
    raise AssertionError("the store does not come back")


@dataclass
class Ledger:
    """What was answered to one caller."""

    won: list[Credential] = field(default_factory=list)
    issued: list[tuple[Grant, Token]] = field(default_factory=list)
    rotated: list[tuple[Grant, Token]] = field(default_factory=list)
    revoked: list[Token] = field(default_factory=list)
    doubtful: list[Credential] = field(default_factory=list)
    refused: int = 0
    wrong: list[object] = field(default_factory=list)


def work(store: RedisBackend, ledger: Ledger, through: threading.Event) -> None:
    while not through.is_set():
        try:
            _flow(store, ledger)
        except StoreUnavailableError:
            ledger.refused += 1
        except Exception as error:  # noqa: BLE001 - whatever it is, it is wrong
            ledger.wrong.append(error)


def _flow(store: RedisBackend, ledger: Ledger) -> None:
    code = credential(NOW)
    store.credentials.save_credential(code, NOW)
    ledger.doubtful.append(code)
    claim = store.credentials.claim_credential(code.kind, code.digest, code.client_id, NOW)
    ledger.doubtful.pop()
    if claim.outcome is not ClaimOutcome.WON:
        ledger.wrong.append(claim)
    ledger.won.append(code)
    given, token, first = grant(NOW, family=fresh()), access_token(NOW), refresh_token(NOW)
    store.tokens.save_token(given, [token, first])
    ledger.issued.append((given, token))
    brought = [refresh_token(NOW, generation=1)]
    names = (str(given.family), first.digest, given.client_id)
    rotation = store.tokens.rotate_refresh_token(*names, brought, b"s", NOW, 0)
    if rotation.outcome is not RotationOutcome.WON:
        ledger.wrong.append(rotation)
    ledger.rotated.append((given, first))
    if len(ledger.rotated) % 3 == 0:
        ledger.issued.pop()
        store.tokens.revoke_all(given.client_id, None, NOW, END)
        ledger.revoked.append(token)


def test_a_server_killed_under_load_forgets_nothing_that_it_answered(
    killed: Server, store: RedisBackend
) -> None:
    ledgers, through = [Ledger() for _ in range(THREADS)], threading.Event()
    threads = [threading.Thread(target=work, args=(store, each, through)) for each in ledgers]
    for thread in threads:
        thread.start()
    for turn in range(KILLS):
        threading.Event().wait(0.3)  # for the load
        each = nodes(killed)
        restart(killed, each[turn % len(each)])
        until_it_works(store.ping)
    through.set()
    for thread in threads:
        thread.join()

    assert [wrong for ledger in ledgers for wrong in ledger.wrong] == []
    for ledger in ledgers:
        assert ledger.won
        assert ledger.rotated
        assert_kept(store, ledger)


def assert_kept(store: RedisBackend, ledger: Ledger) -> None:
    for given, token in ledger.issued:
        found = store.tokens.query_token(token.digest)
        assert found is not None
        assert (found.grant.revoked_at, found.token) == (None, token), given
    for token in ledger.revoked:
        found = store.tokens.query_token(token.digest)
        assert found is not None
        assert found.grant.revoked_at == NOW
    for code in ledger.won:
        again = store.credentials.claim_credential(code.kind, code.digest, code.client_id, NOW)
        assert again.outcome is ClaimOutcome.ALREADY_USED
    for code in ledger.doubtful:
        asked = (code.kind, code.digest, code.client_id, NOW)
        outcomes = [store.credentials.claim_credential(*asked).outcome for _ in range(3)]
        assert outcomes.count(ClaimOutcome.WON) <= 1
        assert outcomes[1:] == [ClaimOutcome.ALREADY_USED] * 2
    for given, first in ledger.rotated:
        names = (str(given.family), first.digest, given.client_id)
        again = store.tokens.rotate_refresh_token(*names, [refresh_token(NOW)], None, NOW, 0)
        assert again.outcome in {RotationOutcome.REUSED, RotationOutcome.REVOKED}


def test_a_flow_goes_on_where_the_server_is_restarted_between_any_two_calls(
    killed: Server, store: RedisBackend
) -> None:
    code, given = credential(NOW), grant(NOW, family=fresh())
    token, first, second = access_token(NOW), refresh_token(NOW), refresh_token(NOW, generation=1)
    third = refresh_token(NOW, generation=2)
    claim = (code.kind, code.digest, code.client_id, NOW)

    def rotate(presented: Token, successor: Token, grace: int = 60) -> Rotation:
        names = (str(given.family), presented.digest, given.client_id)
        return store.tokens.rotate_refresh_token(*names, [successor], b"s", NOW, grace)

    nonce = fresh()
    steps: list[tuple[Callable[[], object], object]] = [
        (lambda: store.credentials.save_credential(code, NOW), None),
        (lambda: store.credentials.query_credential(code.kind, code.digest), code),
        (lambda: store.nonces.claim_nonce(nonce, END, NOW), True),
        (lambda: _outcome(store.credentials.claim_credential(*claim)), ClaimOutcome.WON),
        (lambda: store.nonces.claim_nonce(nonce, END, NOW), False),
        (lambda: _outcome(store.credentials.claim_credential(*claim)), ClaimOutcome.ALREADY_USED),
        (lambda: store.tokens.save_token(given, [token, first]), None),
        (lambda: _outcome(rotate(first, second)), RotationOutcome.WON),
        (lambda: _outcome(rotate(first, fresh_refresh())), RotationOutcome.GRACE),
        (lambda: _outcome(rotate(second, third)), RotationOutcome.WON),
        (lambda: _outcome(rotate(first, fresh_refresh())), RotationOutcome.REUSED),
        (lambda: _outcome(rotate(third, fresh_refresh())), RotationOutcome.REVOKED),
        (lambda: store.tokens.revoke_all(given.client_id, None, NOW, END), 0),
    ]
    for step, answer in steps:
        for node in nodes(killed):
            node.kill()
        for node in nodes(killed):
            node.start()
        if isinstance(killed.process, ClusterProcesses):
            killed.process.wait()
        assert until_it_works(step) == answer


def test_a_node_that_is_away_is_unavailable_and_the_others_work(
    killed: Server, store: RedisBackend
) -> None:
    away = nodes(killed)[0]
    codes = [credential(NOW) for _ in range(40)]
    for code in codes:
        store.credentials.save_credential(code, NOW)
    away.kill()
    answers = [attempt(lambda c=code: claimed(store, c)) for code in codes]
    away.start()
    if isinstance(killed.process, ClusterProcesses):
        killed.process.wait()
        assert answers.count(ClaimOutcome.WON) > 0
    assert any(isinstance(answer, StoreUnavailableError) for answer in answers)

    for code, answer in zip(codes, answers, strict=True):
        later = until_it_works(lambda c=code: claimed(store, c))
        won = answer is ClaimOutcome.WON
        assert later is (ClaimOutcome.ALREADY_USED if won else ClaimOutcome.WON)


def claimed(store: RedisBackend, code: Credential) -> ClaimOutcome:
    asked = (code.kind, code.digest, code.client_id, NOW)
    return store.credentials.claim_credential(*asked).outcome


def fresh_refresh() -> Token:
    return refresh_token(NOW)


def _outcome(answer: Claim | Rotation) -> object:
    return answer.outcome
