"""What is LMDB's own, and what the conformance kit does not ask for."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import lmdb
import pytest

from oauthstore_core.errors import (
    ConfigurationError,
    SchemaError,
    StoreError,
    StoreUnavailableError,
)
from oauthstore_core.records import Purged
from oauthstore_core.testing.samples import fresh
from oauthstore_lmdb import LmdbBackend
from oauthstore_lmdb.errors import ENGINE_ERRORS, translated

NOW = 1_700_000_000
MIB = 1 << 20

Open = Callable[..., LmdbBackend]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "nonces.lmdb"


@pytest.fixture
def open_store(path: Path) -> Iterator[Open]:
    opened: list[LmdbBackend] = []

    def start(**options: Any) -> LmdbBackend:
        opened.append(LmdbBackend(f"lmdb://{path}", options))
        return opened[-1]

    yield start
    for backend in opened:
        backend.close()


@pytest.fixture
def store(open_store: Open) -> LmdbBackend:
    backend = open_store()
    backend.migrate()
    return backend


def claim(store: LmdbBackend, digest: str | None = None) -> bool:
    return store.nonces.claim_nonce(digest or fresh(), NOW + 300, NOW)


# --- opening ---


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"mapsize": MIB}, "'mapsize', which oauthstore-lmdb does not know"),
        ({"map_size": "1 GiB"}, "its value is '1 GiB'"),
        ({"map_size": True}, "its value is True"),
        ({"map_size": MIB - 1}, "bytes, 1048576 or more"),
    ],
)
def test_an_option_that_cannot_be_meant_is_refused(
    options: Mapping[str, Any], told: str, open_store: Open
) -> None:
    with pytest.raises(ConfigurationError, match=told):
        open_store(**options)


@pytest.mark.parametrize(
    "url", ["lmdb:nonces.lmdb", "lmdb://nonces.lmdb", "lmdb:///", "lmdb:///tmp/n?map_size=1"]
)
def test_a_url_that_names_no_file_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError, match="does not name one file"):
        LmdbBackend(url)


def test_a_directory_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=f"there is no directory {tmp_path}/none"):
        LmdbBackend(f"lmdb://{tmp_path}/none/nonces.lmdb")


def test_a_file_has_one_map_size_in_a_process(open_store: Open) -> None:
    open_store(map_size=MIB)

    with pytest.raises(ConfigurationError, match=f"has it open with {MIB}"):
        open_store(map_size=2 * MIB)


# --- schema ---


def test_nothing_but_migrate_creates_the_file(store_at_rest: LmdbBackend, path: Path) -> None:
    with pytest.raises(StoreUnavailableError, match="Run `oauthstore migrate`"):
        claim(store_at_rest)
    with pytest.raises(SchemaError, match="Run `oauthstore migrate`"):
        store_at_rest.ping()
    assert store_at_rest.describe()["schema"] == {"current": None, "head": "1"}
    assert not path.exists()

    store_at_rest.migrate()

    store_at_rest.ping()
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.fixture
def store_at_rest(open_store: Open) -> LmdbBackend:
    return open_store()


def test_a_store_that_is_newer_than_the_code_is_refused_and_left_alone(store: LmdbBackend) -> None:
    with store._store.transaction(write=True) as transaction:
        transaction.put(b"schema", b"2")

    for verb in (store.ping, store.migrate):
        with pytest.raises(SchemaError, match="it is at 2, which is newer than 1"):
            verb()
    assert store.describe()["schema"] == {"current": "2", "head": "1"}


def test_describe_tells_what_an_operator_may_want_to_know(store: LmdbBackend, path: Path) -> None:
    digest = fresh()
    for _ in range(2):
        claim(store, digest)

    facts = store.describe()

    assert facts["path"] == str(path)
    assert facts["nonces"] == 1
    assert facts["map_size"] == 1 << 30
    assert facts["durable"]
    assert facts["shared"]


# --- errors ---


def engine_errors() -> list[type[Exception]]:
    members = inspect.getmembers(lmdb, inspect.isclass)
    return [found for _, found in members if issubclass(found, Exception)]


def test_lmdb_has_the_errors_that_are_walked() -> None:
    assert {lmdb.Error, lmdb.MapFullError, lmdb.BadValsizeError} <= set(engine_errors())


@pytest.mark.parametrize("kind", [*engine_errors(), *OSError.__subclasses__(), OverflowError])
def test_every_exception_of_the_engine_becomes_ours(kind: type[Exception]) -> None:
    assert issubclass(kind, ENGINE_ERRORS)

    error = translated(kind("some reason"), "The file")

    refused = issubclass(kind, (lmdb.BadValsizeError, OverflowError))
    assert type(error) is (StoreError if refused else StoreUnavailableError)
    assert "The file" in str(error)
    assert "some reason" in str(error)


@pytest.mark.parametrize(("digest", "end"), [("d" * 600, NOW), ("d", -1), ("d", 1 << 64)])
def test_what_does_not_fit_is_refused_and_leaves_nothing(
    digest: str, end: int, store: LmdbBackend
) -> None:
    with pytest.raises(StoreError, match="nothing was written"):
        store.nonces.claim_nonce(digest, end, NOW)

    assert store.describe()["nonces"] == 0
    assert claim(store)


def test_a_full_map_loses_nothing_and_goes_on_when_it_is_larger(open_store: Open) -> None:
    full = open_store(map_size=MIB)
    full.migrate()
    known: list[str] = []
    with pytest.raises(StoreUnavailableError, match="a larger `map_size`"):
        claim_until_full(full, known)
    full.close()

    larger = open_store(map_size=2 * MIB)

    assert len(known) > 10
    assert not any(claim(larger, digest) for digest in known[:-1])
    assert claim(larger, known[-1])


def claim_until_full(store: LmdbBackend, tried: list[str]) -> None:
    while True:
        tried.append(fresh())
        claim(store, tried[-1])


def test_a_file_of_something_else_is_not_touched(store_at_rest: LmdbBackend, path: Path) -> None:
    path.write_bytes(b"something else " * 1000)

    for verb in (store_at_rest.migrate, store_at_rest.ping, lambda: claim(store_at_rest)):
        with pytest.raises(StoreUnavailableError, match="is not an LMDB file"):
            verb()
    assert path.read_bytes() == b"something else " * 1000


# --- handles and processes ---


def test_a_purge_leaves_nothing_of_what_it_removed(store: LmdbBackend) -> None:
    for _ in range(3):
        claim(store)

    assert store.nonces.purge_nonces(NOW + 300, 2) == Purged(2, more=True)
    assert store.describe()["nonces"] == 1


def test_one_handle_may_be_closed_while_another_is_in_use(
    store: LmdbBackend, open_store: Open
) -> None:
    other = open_store()
    for _ in range(2):
        store.close()

    assert claim(other)
    with pytest.raises(StoreUnavailableError, match="this handle on it is closed"):
        claim(store)


def test_a_file_that_was_replaced_is_noticed(store: LmdbBackend, path: Path) -> None:
    digest = fresh()
    assert claim(store, digest)
    path.unlink()

    with pytest.raises(StoreUnavailableError, match="Run `oauthstore migrate`"):
        claim(store, digest)
    store.migrate()
    assert claim(store, digest)
    assert not claim(store, digest)


#: Forks with two handles in use and the lock taken, as another thread might have it; then
#: parent and child claim through both.
FORK = f"""
import os
import sys
from oauthstore_lmdb import LmdbBackend, store

handles = [LmdbBackend(sys.argv[1]) for _ in range(2)]
handles[0].migrate()
answers = [handles[0].nonces.claim_nonce("before", {NOW + 300}, {NOW})]
store._lock.acquire()
child = os.fork()
if child:
    store._lock.release()
kept = handles[0]._store._file.environment is not None
answers += [each.nonces.claim_nonce("after", {NOW + 300}, {NOW}) for each in handles]
answers += [each.nonces.claim_nonce("before", {NOW + 300}, {NOW}) for each in handles]
answers += [kept]
os.write(1, (" ".join(str(int(answer)) for answer in answers) + "\\n").encode())
if child:
    os.waitpid(child, 0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")
def test_a_handle_goes_on_in_a_forked_process(path: Path) -> None:
    done = subprocess.run(  # noqa: S603 - our own fixed code
        [sys.executable, "-c", FORK, f"lmdb://{path}"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )

    in_one, in_other = sorted(line.split() for line in done.stdout.splitlines())
    assert (in_one[:5], in_other[:5]) == (list("10000"), list("11000"))
    # LMDB lets a child use what it inherited, and destroys the file sooner or later.
    assert {in_one[5], in_other[5]} == {"0", "1"}
