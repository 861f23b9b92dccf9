"""A process that saves tokens until it is killed, and tells of each that was acknowledged."""

from __future__ import annotations

import sys

from oauthstore_core.testing.samples import access_token, grant
from oauthstore_sqla import SqlaBackend

NOW = 1_700_000_000

if __name__ == "__main__":
    store = SqlaBackend(sys.argv[1])
    while True:
        token = access_token(NOW)
        store.tokens.save_token(grant(NOW), [token])
        sys.stdout.write(token.digest + "\n")
        sys.stdout.flush()
