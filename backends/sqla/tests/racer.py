"""A process that uses the store: it races on what it reads from stdin, or saves until killed."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from oauthstore_core.testing.samples import access_token, grant, refresh_token
from oauthstore_sqla import SqlaBackend

NOW = 1_700_000_000
THREADS = 3


def save(store: SqlaBackend) -> None:
    while True:
        token = access_token(NOW)
        store.tokens.save_token(grant(NOW), [token])
        sys.stdout.write(token.digest + "\n")
        sys.stdout.flush()


def claim(store: SqlaBackend, kind: str, digest: str, client_id: str) -> str:
    return store.credentials.claim_credential(kind, digest, client_id, NOW).outcome.name


def rotate(store: SqlaBackend, family: str, digest: str, client_id: str) -> str:
    successors = [access_token(NOW), refresh_token(NOW, generation=1)]
    return store.tokens.rotate_refresh_token(
        family, digest, client_id, successors, b"x", NOW, 5
    ).outcome.name


def race(store: SqlaBackend, verb: Callable[..., str]) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        for line in sys.stdin:
            arguments = json.loads(line)
            calls = [pool.submit(verb, store, *arguments) for _ in range(THREADS)]
            sys.stdout.write(json.dumps([call.result() for call in calls]) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    opened = SqlaBackend(sys.argv[1])
    if sys.argv[2] == "save":
        save(opened)
    else:
        race(opened, {"claim": claim, "rotate": rotate}[sys.argv[2]])
