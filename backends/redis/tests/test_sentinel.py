"""Behind Sentinel: the primary that it names is used, also after it has named another."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from oauthstore_core.errors import StoreUnavailableError
from oauthstore_core.testing.peers import attempt
from oauthstore_core.testing.samples import access_token, grant
from oauthstore_redis import RedisBackend

from .server_processes import DURABLE, RedisProcess, find_redis, find_valkey_wheel, talk

pytestmark = pytest.mark.servers

NOW = 1_700_000_000


class SentinelProcess(RedisProcess):
    """A sentinel that watches one primary."""

    def __init__(self, program: Path, primary: int) -> None:
        super().__init__(program, ("--sentinel",))
        self._primary = primary

    def _command(self) -> list[str]:
        file = self.folder / "sentinel.conf"
        lines = [
            f"port {self.port}",
            "bind 127.0.0.1",
            f"dir {self.folder}",
            f"sentinel monitor main 127.0.0.1 {self._primary} 1",
            "sentinel down-after-milliseconds main 500",
            "sentinel failover-timeout main 5000",
        ]
        file.write_text("\n".join(lines) + "\n")
        file.chmod(0o666)
        return [str(self._program), str(file), "--sentinel"]


@dataclass
class Group:
    primary: RedisProcess
    replica: RedisProcess
    sentinel: SentinelProcess

    @property
    def url(self) -> str:
        return f"redis+sentinel://127.0.0.1:{self.sentinel.port}/main"


@pytest.fixture
def group() -> Iterator[Group]:
    program = find_redis() or find_valkey_wheel()
    assert program is not None
    with ExitStack() as stack:

        def started(process: RedisProcess) -> RedisProcess:
            stack.callback(process.close)
            process.start()
            return process

        primary = started(RedisProcess(program))
        behind = ("--replicaof", f"127.0.0.1 {primary.port}")
        replica = started(RedisProcess(program, (*DURABLE, *behind)))
        sentinel = SentinelProcess(program, primary.port)
        started(sentinel)
        _wait(sentinel, b"num-slaves\r\n$1\r\n1")
        yield Group(primary, replica, sentinel)


def _wait(sentinel: RedisProcess, sign: bytes) -> None:
    give_up = time.monotonic() + 40
    while sign not in talk(sentinel.port, "SENTINEL", "MASTER", "main"):
        assert time.monotonic() < give_up, "the sentinel does not see it"
        time.sleep(0.05)


def test_the_primary_that_the_sentinel_names_is_used(group: Group) -> None:
    store = RedisBackend(group.url)
    store.migrate()
    given, token = grant(NOW), access_token(NOW)
    store.tokens.save_token(given, [token])
    assert store.describe()["replicas"] == 1
    assert store.capabilities.durable
    _wait_for_replication(group)

    group.primary.kill()
    _wait(
        group.sentinel, f"port\r\n${len(str(group.replica.port))}\r\n{group.replica.port}".encode()
    )
    answer: object = StoreUnavailableError()
    for _ in range(100):
        answer = attempt(lambda: store.tokens.query_token(token.digest))
        if not isinstance(answer, StoreUnavailableError):
            break

    assert getattr(answer, "token", answer) == token
    store.tokens.revoke_grant(given.grant_id, NOW, NOW + 10**6)
    found = store.tokens.query_token(token.digest)
    assert found is not None
    assert found.grant.revoked_at == NOW
    store.close()


def _wait_for_replication(group: Group) -> None:
    give_up = time.monotonic() + 20
    while len(set(_offsets(group.primary.port))) > 1:
        assert time.monotonic() < give_up, "the replica does not follow"
        time.sleep(0.05)


def _offsets(port: int) -> list[bytes]:
    """Return how far the primary has come, and how far its replica."""
    return re.findall(rb"(?:master_repl_|,)offset[:=](\d+)", talk(port, "INFO", "replication"))
