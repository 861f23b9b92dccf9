"""SQLite's writers of one process share commits, and each has an outcome of its own."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from oauthstore_core.errors import (
    ConflictError,
    DuplicateError,
    GrantRevokedError,
    StoreUnavailableError,
)
from oauthstore_core.records import Claim, ClaimOutcome
from oauthstore_core.testing.samples import access_token, client, credential, grant
from oauthstore_sqla import SqlaBackend
from oauthstore_sqla.engine import Session
from oauthstore_sqla.sqlite.store import SqliteStore
from oauthstore_sqla.sqlite.turns import Turn, Turns

NOW = 1_700_000_000


class Io:
    """The store's I/O: counted, and told to somebody."""

    def __init__(self) -> None:
        self.count = 0
        self.tell: Callable[[int], None] = lambda _: None

    def __call__(self, when: str) -> None:
        if when == "before":
            self.count += 1
            self.tell(self.count)


class Crowd:
    """A store, and writers that all wait while another one writes."""

    def __init__(self, path: Path, patience: float = 60) -> None:
        self.io = Io()
        options = {"on_io": self.io, "busy_timeout": patience}
        self.store = SqlaBackend(f"sqlite:///{path}", options)
        self.store.migrate()
        assert isinstance(self.store._store, SqliteStore)
        self.turns = self.store._store._turns
        self.threads = ThreadPoolExecutor(20)

    def write(
        self,
        works: Sequence[Callable[[], Any]],
        tell: Callable[[int], None] = lambda _: None,
    ) -> list[Future[Any]]:
        """Return what comes of works that wait for the same turn; `tell` hears of their I/O."""
        futures: list[Future[Any]] = []

        def hold(_: Session) -> None:
            for number, work in enumerate(works, 1):
                futures.append(self.threads.submit(work))
                while len(self.turns._waiting) < number:
                    pass
            self.io.count, self.io.tell = 0, tell

        self.store._store.run(hold, writes=True)
        for future in futures:
            future.exception()
        self.io.tell = lambda _: None
        return futures

    def saved(self, digests: Sequence[str]) -> list[bool]:
        return [self.store.tokens.query_token(digest) is not None for digest in digests]


@pytest.fixture
def crowd(path: Path) -> Iterator[Crowd]:
    crowd = Crowd(path)
    yield crowd
    crowd.threads.shutdown()
    crowd.store.close()


def saving(crowd: Crowd, count: int) -> tuple[list[str], list[Callable[[], None]]]:
    tokens = [access_token(NOW) for _ in range(count)]
    works = [lambda t=t: crowd.store.tokens.save_token(grant(NOW), [t]) for t in tokens]
    return [token.digest for token in tokens], works


def test_saves_that_wait_share_one_commit(crowd: Crowd) -> None:
    digests, works = saving(crowd, 8)

    crowd.write(works)

    # BEGIN and COMMIT; SAVEPOINT, two INSERTs and RELEASE of each.
    assert crowd.io.count == 2 + 8 * 4
    assert crowd.saved(digests) == [True] * 8


def test_a_save_alone_needs_no_savepoint(crowd: Crowd) -> None:
    _, works = saving(crowd, 1)

    crowd.write(works)

    assert crowd.io.count == 4


def test_no_outcome_is_told_before_the_commit(crowd: Crowd, path: Path) -> None:
    digests, works = saving(crowd, 5)
    finished: list[int] = []
    seen: list[tuple[int, int]] = []

    def noting(work: Callable[[], None]) -> None:
        work()
        finished.append(1)

    def look(_: int) -> None:
        with closing(sqlite3.connect(path)) as other:
            rows = other.execute("SELECT count(*) FROM oauthstore_tokens").fetchone()[0]
        seen.append((rows, len(finished)))

    crowd.write([lambda w=w: noting(w) for w in works], look)

    assert seen == [(0, 0)] * (2 + 5 * 4)
    assert crowd.saved(digests) == [True] * 5


def test_who_fails_fails_alone(crowd: Crowd) -> None:
    digests, works = saving(crowd, 3)
    crowd.store.tokens.revoke_all("gone", None, NOW, NOW + 9999)
    taken = access_token(NOW)
    crowd.store.tokens.save_token(grant(NOW), [taken])
    fenced = access_token(NOW)

    def duplicate() -> None:
        crowd.store.tokens.save_token(grant(NOW), [taken])

    def revoked() -> None:
        crowd.store.tokens.save_token(grant(NOW, client_id="gone"), [fenced])

    futures = crowd.write([works[0], duplicate, works[1], revoked, works[2]])

    told = [type(future.exception()) for future in futures]
    nothing = type(None)
    assert told == [nothing, DuplicateError, nothing, GrantRevokedError, nothing]
    assert crowd.saved([*digests, fenced.digest]) == [True, True, True, False]


def test_who_fails_leaves_no_row(crowd: Crowd, path: Path) -> None:
    _, works = saving(crowd, 2)
    taken = access_token(NOW)
    crowd.store.tokens.save_token(grant(NOW), [taken])

    crowd.write([works[0], lambda: crowd.store.tokens.save_token(grant(NOW), [taken]), works[1]])

    with closing(sqlite3.connect(path)) as other:
        # The grant of the refused save was announced before its token was found to exist.
        assert other.execute("SELECT count(*) FROM oauthstore_grants").fetchone()[0] == 3


def test_of_claims_that_share_a_commit_one_wins(crowd: Crowd) -> None:
    code = credential(NOW)
    crowd.store.credentials.save_credential(code, NOW)

    def claim() -> Claim:
        return crowd.store.credentials.claim_credential(code.kind, code.digest, code.client_id, NOW)

    futures = crowd.write([claim] * 6)

    outcomes = [future.result().outcome for future in futures]
    assert outcomes == [ClaimOutcome.WON, *[ClaimOutcome.ALREADY_USED] * 5]


def test_where_the_commit_fails_nobody_has_won(crowd: Crowd) -> None:
    digests, works = saving(crowd, 4)

    def fail(count: int) -> None:
        if count == 2 + 4 * 4:
            raise OSError("the disk is gone")

    futures = crowd.write(works, fail)

    assert {type(future.exception()) for future in futures} == {StoreUnavailableError}
    assert crowd.saved(digests) == [False] * 4


def test_where_the_group_breaks_before_its_commit_each_is_tried_alone(crowd: Crowd) -> None:
    digests, works = saving(crowd, 4)

    def fail(count: int) -> None:
        if count == 7:
            raise OSError("once")

    futures = crowd.write(works, fail)

    assert [future.exception() for future in futures] == [None] * 4
    assert crowd.saved(digests) == [True] * 4


def test_one_statement_alone_is_undone_with_its_savepoint_only(crowd: Crowd) -> None:
    first, second = client(client_id="a"), client(client_id="b")
    crowd.store.clients.save_client(first)

    futures = crowd.write(
        [
            lambda: crowd.store.clients.save_client(second),
            lambda: crowd.store.clients.save_client(client(client_id="a")),
            lambda: crowd.store.clients.delete_client("a"),
        ]
    )

    told = [type(future.exception()) for future in futures]
    assert told == [type(None), DuplicateError, type(None)]
    assert crowd.store.clients.query_client("a") is None
    assert crowd.store.clients.query_client("b") is not None


def test_whose_turn_never_comes_has_written_nothing(path: Path) -> None:
    crowd = Crowd(path, patience=0.05)
    [digest], [work] = saving(crowd, 1)
    hurried: list[Future[Any]] = []

    def hold(_: Session) -> None:
        hurried.append(crowd.threads.submit(work))
        assert isinstance(hurried[0].exception(), ConflictError)

    crowd.store._store.run(hold, writes=True)

    assert crowd.saved([digest]) == [False]
    crowd.store.close()


# --- the queue itself ---


def test_an_interrupt_of_whose_turn_it_is_leaves_nobody_waiting(crowd: Crowd) -> None:
    digests, works = saving(crowd, 3)

    def interrupt(count: int) -> None:
        if count == 3:
            raise KeyboardInterrupt

    futures = crowd.write(works, interrupt)

    told = [type(future.exception()) for future in futures]
    assert told == [KeyboardInterrupt, StoreUnavailableError, StoreUnavailableError]
    assert crowd.saved(digests) == [False] * 3
    crowd.store.tokens.save_token(grant(NOW), [access_token(NOW)])


def test_a_crowd_is_served_in_the_order_it_came_in_groups() -> None:
    groups: list[int] = []
    first = threading.Event()

    def carry_out(turns: Sequence[Turn[Any]]) -> None:
        first.wait()
        groups.append(len(turns))
        for turn in turns:
            turn.settle(turn.work(None))  # type: ignore[arg-type]

    turns, served = Turns(carry_out), list[int]()
    with ThreadPoolExecutor(100) as threads:
        for number in range(100):
            threads.submit(turns.take, lambda _, n=number: served.append(n), 60)  # type: ignore[misc]
            while number and len(turns._waiting) < number:
                pass
        first.set()

    assert groups == [1, 64, 35]
    assert served == [*range(100)]


def test_who_is_called_while_he_gives_up_takes_his_turn() -> None:
    turns = Turns(lambda _: None)
    early, late = Turn(lambda _: None), Turn(lambda _: None)
    for turn in (early, late):
        turn.prepare_to_wait()
        turns._waiting.append(turn)

    turns._hand_over([Turn(lambda _: None)])

    assert not turns._withdraws(early)
    assert turns._withdraws(late)
    assert [*turns._waiting] == [early]
