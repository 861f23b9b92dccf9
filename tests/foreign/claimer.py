"""A process that opens the stores of a configuration, and claims each nonce that it reads."""

from __future__ import annotations

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from oauthstore_core.clock import SystemClock
from oauthstore_core.settings import Settings
from oauthstore_core.stores import open_stores

THREADS = 4


def claim(claim_nonce: Callable[[str, int, int], bool], digest: str) -> bool:
    now = SystemClock().now()
    return claim_nonce(digest, now + 300, now)


def main() -> None:
    settings = Settings.load(Path(sys.argv[1]), environ={})
    with open_stores(settings) as stores, ThreadPoolExecutor(THREADS) as threads:
        stores.ping()
        for line in sys.stdin:
            claim_this = partial(claim, stores.nonces.claim_nonce)
            firsts = sum(threads.map(claim_this, [line.strip()] * THREADS))
            sys.stdout.write(f"{firsts}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
