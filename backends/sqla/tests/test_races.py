"""Two processes of three threads each, on one record at a time."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from oauthstore_core.testing.samples import (
    access_token,
    credential,
    fresh,
    grant,
    refresh_token,
)
from oauthstore_sqla import SqlaBackend

NOW = 1_700_000_000
ROUNDS = 20
RACER = Path(__file__).with_name("racer.py")


class Racers:
    def __init__(self, processes: Sequence[subprocess.Popen[str]]) -> None:
        self.processes = processes

    def race(self, *arguments: object) -> Counter[str]:
        """Let all threads of all processes make the same call, and count their outcomes."""
        for process in self.processes:
            assert process.stdin is not None
            process.stdin.write(json.dumps(arguments) + "\n")
            process.stdin.flush()
        outcomes: Counter[str] = Counter()
        for process in self.processes:
            assert process.stdout is not None
            outcomes.update(json.loads(process.stdout.readline()))
        return outcomes


@contextmanager
def racing(url: str, verb: str) -> Iterator[Racers]:
    command = [sys.executable, str(RACER), url, verb]
    pipe = subprocess.PIPE
    processes = [subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) for _ in range(2)]  # noqa: S603
    yield Racers(processes)
    for process in processes:
        process.communicate(timeout=10)


def test_of_claims_in_two_processes_one_wins(store: SqlaBackend, url: str) -> None:
    with racing(url, "claim") as racers:
        for _ in range(ROUNDS):
            code = credential(NOW)
            store.credentials.save_credential(code, NOW)

            outcomes = racers.race(code.kind, code.digest, code.client_id)
            assert outcomes == {"WON": 1, "ALREADY_USED": 5}


def test_of_rotations_in_two_processes_one_wins_and_the_rest_get_its_answer(
    store: SqlaBackend, url: str
) -> None:
    with racing(url, "rotate") as racers:
        for _ in range(ROUNDS):
            made, refresh = grant(NOW, family=fresh()), refresh_token(NOW)
            store.tokens.save_token(made, [access_token(NOW), refresh])

            outcomes = racers.race(made.family, refresh.digest, made.client_id)
            assert outcomes == {"WON": 1, "GRACE": 5}
            family = store.tokens.query_refresh_token(made.family or "")
            assert family is not None
            assert family.current.generation == 1
